"""The dialog that finds models of other programs on this computer and adds them."""

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
from studio.core.translation import tr, tr_marked, tr_plural
from studio.models.card import ModelCard
from studio.models.install.add import add
from studio.models.install.known_folders import usual_places
from studio.models.install.scan import FoundModel, find
from studio.models.install.staging import InstallCancelledError
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.models.scan_list import KIND, NAME, PROGRAM, SIZE, FoundList, FoundView
from studio.ui.widgets.factory import Notice, button, label, name_control, row, size_text

NARROW = 620
"""Below this width only name and state are columns; the text below the table has the rest."""
_LIST_DELAY_MS = 80


class ScanDialog(QDialog):
    """Searches folders for models in another thread, and adds the selected ones.

    Closing the dialog stops searching and adding.
    """

    _found = Signal(object)
    _status_changed = Signal(str)
    _added = Signal(object, object)

    def __init__(
        self, shared: AppState, folders: list[Path] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.shared = shared
        self._stop: threading.Event | None = None
        self._pending: list[FoundModel] = []
        self._counts = (0, 0)
        self.setWindowTitle(tr("Models on this computer"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(420, 360)
        resize_to_fit(self, 900, 560)
        self.notice = Notice()
        self.list = FoundList()
        self.view = FoundView(self.list)
        self.empty_text = label("", "muted", wrap=True)
        self.empty_text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty_text.setMargin(32)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty_text)
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
        name_control(self.bar, tr("Progress"), tr("Searching or adding models"))
        self._create_buttons()
        self._create_layout()
        self._connect()
        self._list_timer = QTimer(self)
        self._list_timer.setSingleShot(True)
        self._list_timer.setInterval(_LIST_DELAY_MS)
        self._list_timer.timeout.connect(self._list_pending)
        self.search(usual_places() if folders is None else folders)

    def _create_buttons(self) -> None:
        self.folder_button = button(
            tr("Search a folder…"),
            tr("Search another folder for models"),
            self._choose_folder,
            "folder",
        )
        self.all_button = button(
            tr("All"), tr("Select all models that can be added"), lambda: self.list.select_all(True)
        )
        self.none_button = button(
            tr("None", context="selection"), tr("Select none"), lambda: self.list.select_all(False)
        )
        self.stop_button = button(
            tr("Stop"),
            tr("Stop searching or adding; models that were added stay"),
            self.stop,
            "stop",
        )
        self.add_button = button(
            tr("Add"),
            tr("Add the selected models; their files stay where they are"),
            self.add,
            primary=True,
        )
        self.close_button = button(tr("Close"), tr("Close this dialog"), self.close)

    def _create_layout(self) -> None:
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
        for control in self.findChildren(QPushButton):
            control.setAutoDefault(control is self.add_button)

    def _connect(self) -> None:
        self._found.connect(self._on_found)
        self._status_changed.connect(self.status.setText)
        self._added.connect(self._on_added)
        self.list.selection_changed.connect(self._update_controls)
        self.view.selectionModel().currentChanged.connect(self._on_current_changed)

    # Search
    # ----------------------------------------------------------------------

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Search this folder"), str(Path.home()))
        if folder:
            self.search([Path(folder)])

    def search(self, folders: list[Path]) -> None:
        """Search these folders; replaces earlier results."""
        self.stop()
        self.notice.clear()
        self.list.clear()
        self._pending.clear()
        self.about.setText("")
        if not folders:
            self._show_text(
                tr(
                    "No model folders of other programs were found. Search another folder "
                    "with the button below."
                )
            )
            return
        names = ", ".join(str(folder) for folder in folders)
        self._show_text(tr("Searching {names}", names=names))
        self.status.setText(tr("Searching…"))
        stop, data, report = threading.Event(), self.shared.data, self._found.emit

        def work() -> int:
            count = 0
            for folder in folders:
                for found in find(folder, data, stop.is_set):
                    report(found)
                    count += 1
            return count

        self._start(stop)
        background.run(
            self,
            work,
            lambda count: self._on_searched(stop, count, names),
            lambda error: self._on_failed(stop, error),
        )

    def _on_found(self, found: FoundModel) -> None:
        self._pending.append(found)
        if not self._list_timer.isActive():
            self._list_timer.start()

    def _list_pending(self) -> None:
        """List the models found since the last call."""
        if not self._pending:
            return
        self.list.append(self._pending)
        self._pending.clear()
        self.pages.setCurrentWidget(self.view)
        if not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.list.index(0, 0))
        self.status.setText(f"{tr('Searching…')} {self._summary()}")

    def _summary(self) -> str:
        return tr_plural(
            "1 model found, {addable} can be added",
            "{count} models found, {addable} can be added",
            self.list.rowCount(),
            addable=self.list.addable_count,
        )

    def _on_searched(self, stop: threading.Event, count: int, names: str) -> None:
        if stop is not self._stop:
            return  # another search has replaced this one
        self._list_pending()
        stopped = stop.is_set()
        self._finish()
        if not count and not stopped:
            self._show_text(tr("No models found in {names}.", names=names))
            self.status.setText("")
            return
        summary = self._summary()
        self.status.setText(tr("Stopped; {summary}", summary=summary) if stopped else summary)

    def _on_failed(self, stop: threading.Event, error: Exception) -> None:
        if stop is not self._stop:
            return
        self._finish()
        self.status.setText("")
        if not isinstance(error, StudioError):
            raise error
        if not self.list.rowCount():
            self._show_text("")
        self.notice.show_message(error.message, error.cure)

    def _show_text(self, text: str) -> None:
        self.empty_text.setText(text)
        self.pages.setCurrentWidget(self.empty_text)
        self._update_controls()

    # Adding
    # ----------------------------------------------------------------------

    def add(self) -> None:
        """Add the selected models one after the other, in another thread."""
        selected = self.list.selected()
        if not selected or self._stop is not None:
            return
        self.notice.clear()
        stop, data, report_status, report = (
            threading.Event(),
            self.shared.data,
            self._status_changed.emit,
            self._added.emit,
        )
        self._counts = (0, 0)

        def work() -> None:
            for found in selected:
                try:
                    report(
                        found, add(data, Path(found.inspection.path), report_status, stop.is_set)
                    )
                except InstallCancelledError:
                    return
                except StudioError as error:
                    report(found, error)

        self._start(stop)
        background.run(
            self,
            work,
            lambda _none: self._on_all_added(stop),
            lambda error: self._on_failed(stop, error),
        )

    def _on_added(self, found: FoundModel, result: ModelCard | StudioError) -> None:
        added, failed = self._counts
        if isinstance(result, StudioError):
            self._counts = (added, failed + 1)
            self.list.set_state(found, why_not=result.message)
        else:
            self._counts = (added + 1, failed)
            self.list.set_state(found, known=result.name)
            self.shared.reload_models()
        self._on_current_changed(self.view.currentIndex())

    def _on_all_added(self, stop: threading.Event) -> None:
        added, failed = self._counts
        self._finish()
        summary = tr_plural("1 model was added", "{count} models were added", added)
        stopped = stop.is_set()
        self.status.setText(tr("Stopped; {summary}", summary=summary) if stopped else summary)
        if failed:
            self.notice.show_message(
                tr_plural("1 model was not added.", "{count} models were not added.", failed),
                tr("The table shows why; select a model to read the whole reason."),
            )

    # Display
    # ----------------------------------------------------------------------

    def _start(self, stop: threading.Event) -> None:
        self._stop = stop
        self.destroyed.connect(stop.set)
        self.bar.setRange(0, 0)
        self._update_controls()

    def _finish(self) -> None:
        self._stop = None
        self._update_controls()

    def _update_controls(self) -> None:
        busy, selected = self._stop is not None, self.list.selected()
        self.bar.setVisible(busy)
        self.stop_button.setVisible(busy)
        self.folder_button.setEnabled(not busy)
        for control in (self.all_button, self.none_button):
            control.setEnabled(not busy and self.list.addable_count > 0)
        size = size_text(sum(found.inspection.size for found in selected)) if selected else ""
        self.add_button.setText(
            tr("Add {count} ({size})", count=len(selected), size=size) if selected else tr("Add")
        )
        self.add_button.setEnabled(bool(selected) and not busy)
        self.list.set_locked(busy)

    def _on_current_changed(self, index: QModelIndex, _previous: Any = None) -> None:
        found = self.list.found_at(index.row()) if index.isValid() else None
        if found is None:
            self.about.setText("")
            return
        inspection = found.inspection
        writes = (
            tr(
                "Adding it writes a converted copy of {size}.",
                size=size_text(inspection.converted_size),
            )
            if inspection.converted_size and inspection.runs
            else ""
        )
        facts = (
            inspection.what,
            tr_marked(inspection.precision),
            size_text(inspection.size) if inspection.size else "",
            found.program,
        )
        summary = ", ".join(filter(None, facts))
        state = self.list.state_of(found, whole=True)
        sentence = tr("{facts}.", facts=summary[:1].upper() + summary[1:])
        sentences = " ".join(filter(None, (sentence, state, writes)))
        self.about.setText(f"{inspection.path}\n{sentences}")

    def stop(self) -> None:
        """Stop searching or adding."""
        if self._stop is not None:
            self._stop.set()

    def done(self, result: int) -> None:
        """Stop everything when the dialog closes, in whatever way."""
        self.stop()
        self.shared.reload_models()
        super().done(result)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide columns if the dialog is narrow."""
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        self.view.setColumnWidth(NAME, 190 if narrow else 260)
        for column in (KIND, SIZE, PROGRAM):
            self.view.setColumnHidden(column, narrow)
