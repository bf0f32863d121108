"""Models that lie on this computer already: found in other programs' folders, chosen, and added
where they are.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError
from studio.models.card import ModelCard
from studio.models.install.add import add
from studio.models.install.known_folders import usual_places
from studio.models.install.scan import Found, find
from studio.models.install.staging import InstallCancelledError
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.models.scan_list import KIND, NAME, PROGRAM, SIZE, FoundList, FoundView
from studio.ui.widgets.factory import Notice, button, label, name_control, row, size_text

NARROW = 620
"""Below this width only name and state have a column; the line below the table says the rest."""
_GATHER_MS = 80


class ScanDialog(QDialog):
    """Looks through folders in another thread, shows what is there, and adds what is chosen.
    Closing it stops both.
    """

    _found = Signal(object)
    _said = Signal(str)
    _added = Signal(object, object)

    def __init__(
        self, shared: AppState, folders: list[Path] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.shared = shared
        self._stop: threading.Event | None = None
        self._waiting: list[Found] = []
        self._counts = (0, 0)
        self.setWindowTitle("Models on this computer")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(420, 360)
        resize_to_fit(self, 900, 560)
        self.notice = Notice()
        self.list = FoundList()
        self.view = FoundView(self.list)
        self.nothing = label("", "muted", wrap=True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setMargin(32)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.nothing)
        self.pages.addWidget(self.view)
        self.about = label("", "muted", wrap=True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.about.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.status = label("", "muted", wrap=True)
        self.status.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        name_control(self.bar, "Progress", "Something is going on")
        self._make_buttons()
        self._lay_out()
        self._connect()
        self._gather = QTimer(self)
        self._gather.setSingleShot(True)
        self._gather.setInterval(_GATHER_MS)
        self._gather.timeout.connect(self._show_waiting)
        self.look(usual_places() if folders is None else folders)

    def _make_buttons(self) -> None:
        self.folder_button = button(
            "In a folder…", "Look through another folder", self._choose_folder, "folder"
        )
        self.all_button = button(
            "All", "Choose everything that can be added", lambda: self.list.choose_all(True)
        )
        self.none_button = button("None", "Choose nothing", lambda: self.list.choose_all(False))
        self.stop_button = button("Stop", "Stop what runs; what was added stays", self.stop, "stop")
        self.add_button = button(
            "Add", "Add the chosen models; their files stay where they are", self.add, primary=True
        )
        self.close_button = button("Close", "Close this dialog", self.close)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.notice)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.about)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        layout.addWidget(
            row(
                self.folder_button,
                self.all_button,
                self.none_button,
                None,
                self.stop_button,
                self.add_button,
                self.close_button,
            )
        )
        for made in self.findChildren(QPushButton):
            made.setAutoDefault(made is self.add_button)

    def _connect(self) -> None:
        self._found.connect(self._on_found)
        self._said.connect(self.status.setText)
        self._added.connect(self._on_added)
        self.list.choice_changed.connect(self._show_state)
        self.view.selectionModel().currentChanged.connect(self._on_current)

    # Looking
    # ----------------------------------------------------------------------

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Look through this folder", str(Path.home())
        )
        if folder:
            self.look([Path(folder)])

    def look(self, folders: list[Path]) -> None:
        """Look through these folders, in place of what was found before."""
        self.stop()
        self.notice.clear()
        self.list.clear()
        self._waiting.clear()
        self.about.setText("")
        if not folders:
            self._show_nothing(
                "None of the folders where other programs keep models is here. “In a folder…” "
                "looks elsewhere."
            )
            return
        names = ", ".join(str(folder) for folder in folders)
        self._show_nothing(f"Looking through {names}")
        self.status.setText("Looking…")
        stop, data, tell = threading.Event(), self.shared.data, self._found.emit

        def work() -> int:
            count = 0
            for folder in folders:
                for found in find(folder, data, stop.is_set):
                    tell(found)
                    count += 1
            return count

        self._begin(stop)
        background.run(
            self,
            work,
            lambda count: self._on_looked(stop, count, names),
            lambda error: self._on_failed(stop, error),
        )

    def _on_found(self, found: Found) -> None:
        self._waiting.append(found)
        if not self._gather.isActive():
            self._gather.start()

    def _show_waiting(self) -> None:
        """Show what came since the last time, together."""
        if not self._waiting:
            return
        self.list.append(self._waiting)
        self._waiting.clear()
        self.pages.setCurrentWidget(self.view)
        if not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.list.index(0, 0))
        self.status.setText(f"Looking… {self._words()}")

    def _words(self) -> str:
        there = self.list.rowCount()
        return (
            f"{there} {'model' if there == 1 else 'models'} found, {self.list.possible} can be "
            "added"
        )

    def _on_looked(self, stop: threading.Event, count: int, names: str) -> None:
        if stop is not self._stop:
            return  # of a search that was followed by another
        self._show_waiting()
        stopped = stop.is_set()
        self._end()
        if not count and not stopped:
            self._show_nothing(f"No models were found in {names}.")
            self.status.setText("")
            return
        self.status.setText(f"{'Stopped; ' if stopped else ''}{self._words()}")

    def _on_failed(self, stop: threading.Event, error: Exception) -> None:
        if stop is not self._stop:
            return
        self._end()
        self.status.setText("")
        if not isinstance(error, StudioError):
            raise error
        if not self.list.rowCount():
            self._show_nothing("")
        self.notice.show_message(error.message, error.cure)

    def _show_nothing(self, words: str) -> None:
        self.nothing.setText(words)
        self.pages.setCurrentWidget(self.nothing)
        self._show_state()

    # Adding
    # ----------------------------------------------------------------------

    def add(self) -> None:
        """Add the chosen models one after the other, in another thread."""
        chosen = self.list.chosen()
        if not chosen or self._stop is not None:
            return
        self.notice.clear()
        stop, data, say, tell = (
            threading.Event(),
            self.shared.data,
            self._said.emit,
            self._added.emit,
        )
        self._counts = (0, 0)

        def work() -> None:
            for found in chosen:
                try:
                    tell(found, add(data, Path(found.inspection.path), say, stop.is_set))
                except InstallCancelledError:
                    return
                except StudioError as error:
                    tell(found, error)

        self._begin(stop)
        background.run(
            self,
            work,
            lambda _none: self._on_all_added(stop),
            lambda error: self._on_failed(stop, error),
        )

    def _on_added(self, found: Found, result: ModelCard | StudioError) -> None:
        good, bad = self._counts
        if isinstance(result, StudioError):
            self._counts = (good, bad + 1)
            self.list.set_state(found, why_not=result.message)
        else:
            self._counts = (good + 1, bad)
            self.list.set_state(found, known=result.name)
            self.shared.reload_models()
        self._on_current(self.view.currentIndex())

    def _on_all_added(self, stop: threading.Event) -> None:
        good, bad = self._counts
        self._end()
        words = f"{good} {'model was' if good == 1 else 'models were'} added"
        self.status.setText(f"Stopped; {words}" if stop.is_set() else words)
        if bad:
            words = f"{bad} {'model was' if bad == 1 else 'models were'} not added."
            self.notice.show_message(words, "The table says why; choose one to read it whole.")

    # What is shown
    # ----------------------------------------------------------------------

    def _begin(self, stop: threading.Event) -> None:
        self._stop = stop
        self.destroyed.connect(stop.set)
        self.bar.setRange(0, 0)
        self._show_state()

    def _end(self) -> None:
        self._stop = None
        self._show_state()

    def _show_state(self) -> None:
        busy, chosen = self._stop is not None, self.list.chosen()
        self.bar.setVisible(busy)
        self.stop_button.setVisible(busy)
        self.folder_button.setEnabled(not busy)
        for made in (self.all_button, self.none_button):
            made.setEnabled(not busy and self.list.possible > 0)
        size = size_text(sum(found.inspection.size for found in chosen)) if chosen else ""
        self.add_button.setText(f"Add {len(chosen)} ({size})" if chosen else "Add")
        self.add_button.setEnabled(bool(chosen) and not busy)
        self.list.set_locked(busy)

    def _on_current(self, index: QModelIndex, _before: Any = None) -> None:
        found = self.list.found_at(index.row()) if index.isValid() else None
        if found is None:
            self.about.setText("")
            return
        seen = found.inspection
        writes = (
            f" Adding it writes a copy of {size_text(seen.converted_size)}."
            if seen.converted_size and seen.runs
            else ""
        )
        facts = (
            seen.what,
            seen.precision,
            size_text(seen.size) if seen.size else "",
            found.program,
        )
        self.about.setText(
            f"{seen.path}\n{', '.join(filter(None, facts))}. "
            f"{self.list.state_of(found, whole=True)}{writes}"
        )

    def stop(self) -> None:
        """Stop what runs."""
        if self._stop is not None:
            self._stop.set()

    def done(self, result: int) -> None:
        """Nothing goes on behind a closed window."""
        self.stop()
        self.shared.reload_models()
        super().done(result)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window has fewer columns."""
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        self.view.setColumnWidth(NAME, 190 if narrow else 260)
        for column in (KIND, SIZE, PROGRAM):
            self.view.setColumnHidden(column, narrow)
