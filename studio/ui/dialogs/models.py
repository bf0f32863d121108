"""The models that are there: a list, and adding, removing, installing; from here the dialog of downloads is opened."""

from __future__ import annotations

import functools
import threading
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDialog, QFileDialog, QHeaderView, QSizePolicy, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.requests import KINDS
from studio.models.add import add, remove
from studio.models.card import ModelCard
from studio.models.catalogue import catalogue
from studio.models.staging import InstallCancelledError
from studio.ui import background
from studio.ui.parts import Notice, ask, button, label, name_control, row, size_text
from studio.ui.shared import Shared

COLUMNS = ("Model", "Kind", "Size", "Licence", "Default")


class ModelsDialog(QDialog):
    """Lists the installed models; a model file or folder may be dropped on it."""

    install_wanted = Signal(str)
    _progressed = Signal(str)

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shared = shared
        self.setWindowTitle("Models")
        self.setAcceptDrops(True)
        self.resize(860, 460)
        self.notice = Notice()
        self.status = label("", "muted", wrap=True)
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setHorizontalHeaderLabels(list(COLUMNS))
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setSectionResizeMode(3, QHeaderView.ResizeMode.ResizeToContents)
        self.table.itemSelectionChanged.connect(self._on_selected)
        name_control(self.table, "Installed models", "The models that are there")
        self.add_folder_button = button(
            "Add folder…", "Add a model folder from this computer; it stays where it is", self._choose_folder, "plus"
        )
        self.add_file_button = button(
            "Add file…", "Add a .gguf or .safetensors file from this computer", self._choose_file, "plus"
        )
        self.add_repository_button = button(
            "Add by repository id…", "Fetch a model from a hub by its organisation/name", self._add_by_repository, "plus"
        )
        self.default_button = button("Make default", "Use this model first for its kind", self._make_default)
        self.remove_button = button("Remove", "Take the model from the list", self._remove, "trash")
        self.stop_button = button("Stop", "Stop adding; nothing is kept of it", self._stop_adding, "stop")
        self.close_button = button("Close", "Close this dialog", self.accept)
        self._stop: threading.Event | None = None
        self._fetch = QWidget()
        self._fetch_layout = QVBoxLayout(self._fetch)
        self._fetch_layout.setContentsMargins(0, 0, 0, 0)
        self._fetch_layout.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        adds = (self.add_folder_button, self.add_file_button, self.add_repository_button)
        layout.addWidget(row(*adds, None, self.default_button, self.remove_button))
        layout.addWidget(label("Models that can be fetched", "title"))
        layout.addWidget(self._fetch)
        self.status.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout.addWidget(row(self.status, self.stop_button, self.close_button))
        self.stop_button.hide()
        self._progressed.connect(self.status.setText)
        shared.models_changed.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        cards = [card for kind in KINDS for card in self.shared.cards(kind)]
        defaults = {self.shared.cards(kind)[0].name for kind in KINDS if self.shared.cards(kind)}
        self.table.setRowCount(len(cards))
        for number, card in enumerate(cards):
            size = size_text(card.size)
            mark = "✓" if card.name in defaults else ""
            for column, text in enumerate((card.title, KINDS[card.kind].title, size, card.licence or "unknown", mark)):
                item = QTableWidgetItem(text)
                item.setData(Qt.ItemDataRole.UserRole, card)
                self.table.setItem(number, column, item)
        self._on_selected()
        self._fill_fetch({card.name for card in cards})

    def _fill_fetch(self, there: set[str]) -> None:
        while self._fetch_layout.count():
            item = self._fetch_layout.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        entries = [entry for entry in catalogue() if entry.download is not None and entry.card.name not in there]
        for entry in entries:
            assert entry.download is not None
            size = size_text(sum(wheel.size for wheel in entry.download.wheels))
            name = entry.card.name
            text = label(f"{entry.card.title} — {entry.card.description}", wrap=True)
            tip = f"Download {entry.card.title} ({size}, {entry.card.licence})"
            get = button(f"Get ({size})", tip, functools.partial(self._install, name), "save")
            line = row(text, get)
            text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            self._fetch_layout.addWidget(line)
        if not entries:
            self._fetch_layout.addWidget(label("All of them are there.", "muted"))

    def _chosen(self) -> ModelCard | None:
        items = self.table.selectedItems()
        card: ModelCard | None = items[0].data(Qt.ItemDataRole.UserRole) if items else None
        return card

    def _on_selected(self) -> None:
        card = self._chosen()
        idle = self.table.isEnabled()
        self.default_button.setEnabled(card is not None and idle)
        self.remove_button.setEnabled(card is not None and not card.builtin and idle)
        if idle and card is not None:
            self.status.setText(card.description or card.path)

    def _install(self, name: str) -> None:
        self.install_wanted.emit(name)
        self.accept()

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Model folder", str(Path.home()))
        if folder:
            self.add(Path(folder))

    def _choose_file(self) -> None:
        name, _filter = QFileDialog.getOpenFileName(
            self, "Model file", str(Path.home()), "Models (*.gguf *.safetensors);;All files (*)"
        )
        if name:
            self.add(Path(name))

    def _add_by_repository(self) -> None:
        from studio.ui.dialogs.download import DownloadDialog

        DownloadDialog(self.shared, self.parentWidget()).show()  # beside the window, so that several may run
        self.accept()

    def add(self, path: Path) -> None:
        """Add the model at `path`, in another thread; the reason is shown where it is refused. Closing the dialog stops it."""
        if self._stop is not None:
            self.notice.say("One model at a time.", "Wait for the first, or stop it.")
            return
        self.notice.clear()
        self._stop = stop = threading.Event()
        self.destroyed.connect(stop.set)
        self._set_busy(True)
        self.status.setText(f"Adding {path.name}…")
        say = self._progressed.emit
        background.run(self, lambda: add(self.shared.data, path, say, stop.is_set), self._on_added, self._on_failed)

    def done(self, result: int) -> None:
        """The dialog closes, in whatever way."""
        self._stop_adding()
        if not self.table.isEnabled():
            self.shared.reload_models()  # what runs may be complete in the last instant
        super().done(result)

    def _stop_adding(self) -> None:
        if self._stop is not None:
            self._stop.set()

    def _on_added(self, card: ModelCard) -> None:
        self._set_busy(False)
        self.status.setText(f"{card.title} was added")
        self.shared.reload_models()

    def _on_failed(self, error: Exception) -> None:
        self._set_busy(False)
        self.status.setText("")
        if isinstance(error, InstallCancelledError):
            self.status.setText("Stopped; nothing was added")
        elif isinstance(error, StudioError):
            self.notice.say(error.message, error.cure)
        else:
            raise error

    def _set_busy(self, busy: bool) -> None:
        if not busy:
            self._stop = None
        self.stop_button.setVisible(self._stop is not None)
        for control in (self.add_folder_button, self.add_file_button, self.add_repository_button, self.table, self._fetch):
            control.setEnabled(not busy)
        self._on_selected()

    def _make_default(self) -> None:
        card = self._chosen()
        if card is not None:
            self.shared.settings.default_models[card.kind] = card.name
            self.shared.settings_changed()
            self.shared.models_changed.emit()

    def _remove(self) -> None:
        card = self._chosen()
        if card is None:
            return
        own = Path(card.path).is_relative_to(self.shared.data.models)
        what = "Its files are deleted." if own else "Its folder stays where it is."
        if ask(self, "Remove the model?", f"{card.title} is taken from the list. {what}", "Remove"):
            self._set_busy(True)
            background.run(self, lambda: remove(self.shared.data, card.name), self._on_removed, self._on_failed)

    def _on_removed(self, card: ModelCard) -> None:
        self._set_busy(False)
        self.status.setText(f"{card.title} was removed")
        self.shared.reload_models()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file or folder may be dropped."""
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped."""
        event.acceptProposedAction()
        self.add(Path(event.mimeData().urls()[0].toLocalFile()))
