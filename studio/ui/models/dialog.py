"""The models: what is installed and what the catalogue offers, the chosen one's card, and adding,
removing, checking.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import QEvent, QMetaMethod, QModelIndex, QObject, Qt, QUrl, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QBoxLayout,
    QDialog,
    QFileDialog,
    QGridLayout,
    QInputDialog,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.settings import LoadPreference
from studio.models.card import ADAPTER, ModelCard
from studio.models.catalog import how_to_get, listed
from studio.models.inspect.adapter import FamilyNotToldError
from studio.models.inspect.checkpoint import checkpoint_in
from studio.models.install.add import add, remove
from studio.models.install.staging import InstallCancelledError
from studio.models.install.verify import Checked, check
from studio.models.memory.hardware import Machine, look, look_closely
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.models.card_view import CardView
from studio.ui.models.filters import ModelsPane
from studio.ui.models.list import Item, items
from studio.ui.widgets.factory import Notice, button, confirm, label, name_control, row

NARROW = 860
"""Below this width the card lies under the list."""


class ModelsDialog(QDialog):
    """Lists the models and shows the chosen one; a model file or folder may be dropped on it."""

    install_wanted = Signal(str)
    """A model of the catalogue that Studio can fetch, by its name."""
    get_wanted = Signal(str, str)
    """A model on the hub: repository id and revision. While nobody listens, the button copies the
    id instead.
    """
    _progressed = Signal(str)
    _checked_share = Signal(float)

    machine: ClassVar[Machine | None] = None
    """What torch said about this computer; asked once a run of the program."""

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shared = shared
        self.setWindowTitle("Models")
        self.setAcceptDrops(True)
        self.setMinimumSize(460, 420)
        resize_to_fit(self, 1060, 680)
        self._stop: threading.Event | None = None
        self._busy = False
        self._adding: Path | None = None
        self._here = ModelsDialog.machine or look()
        self._looking: threading.Event | None = None
        self.notice = Notice()
        self.list = ModelsPane()
        self.view = CardView()
        self.how = label("", "muted", wrap=True)
        self.how.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.status = label("", "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setFixedWidth(140)
        name_control(self.bar, "Progress", "How much of the files was read")
        self._make_buttons()
        self._lay_out()
        self._connect()
        self._fill()
        self.list.text.setFocus()

    def _make_buttons(self) -> None:
        self.add_folder_button = button(
            "Add folder…",
            "Add a model folder from this computer; it stays where it is",
            self._choose_folder,
            "plus",
        )
        self.add_file_button = button(
            "Add file…",
            "Add a .gguf or .safetensors file (a model, a LoRA …) from this computer",
            self._choose_file,
            "plus",
        )
        self.add_repository_button = button(
            "Add by repository id…",
            "Fetch a model from a hub by its organisation/name",
            self._add_by_repository,
            "plus",
        )
        self.find_button = button(
            "Find on this computer…",
            "Find models that other programs keep on this computer; they stay where they are",
            self._find,
            "folder",
        )
        self.get_button = button("Install", "Get the model", self._get, primary=True)
        self.default_button = button(
            "Make default", "Use this model first for its kind", self._make_default
        )
        self.folder_button = button(
            "Open folder", "Show the model's files", self._open_folder, "folder"
        )
        self.check_button = button(
            "Check files", "Read the files and compare their hash", self._check
        )
        self.remove_button = button(
            "Remove", "Take the model from the list (Delete)", self._remove, "trash"
        )
        self.stop_button = button(
            "Stop", "Stop what runs; nothing is kept of it", self._stop_work, "stop"
        )
        self.close_button = button("Close", "Close this dialog", self.accept)

    def _lay_out(self) -> None:
        right = QWidget()
        card = QVBoxLayout(right)
        card.setContentsMargins(0, 0, 0, 0)
        card.setSpacing(8)
        card.addWidget(self.view, 1)
        card.addWidget(self.how)
        self.how.setContentsMargins(16, 0, 10, 0)
        actions = (
            self.get_button,
            self.default_button,
            self.folder_button,
            self.check_button,
            self.remove_button,
        )
        card.addWidget(row(*actions, None, margins=(16, 0, 0, 0), spacing=6))
        self.splitter = QSplitter()
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self.list)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([430, 600])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.notice)
        layout.addWidget(self.splitter, 1)
        self.status.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._adds = QGridLayout()
        self._adds.setSpacing(8)
        self._footer = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._footer.setSpacing(8)
        self._footer.addLayout(self._adds)
        self._footer.addWidget(row(self.status, self.bar, self.stop_button, self.close_button), 1)
        layout.addLayout(self._footer)
        self._place_adds(narrow=False)
        self.stop_button.hide()
        self.bar.hide()
        for made in self.findChildren(QPushButton):
            made.setAutoDefault(False)  # Return in the search does not press one

    def _place_adds(self, *, narrow: bool) -> None:
        """Put the buttons that add into one line; into two, and the rest below, where there is no
        room.
        """
        made = (
            self.add_folder_button,
            self.add_file_button,
            self.add_repository_button,
            self.find_button,
        )
        for number, control in enumerate(made):
            self._adds.addWidget(control, *(divmod(number, 2) if narrow else (0, number)))
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._footer.setDirection(direction)

    def _connect(self) -> None:
        self.list.chosen.connect(self._on_chosen)
        self.view.memory_wished.connect(self._on_memory_wished)
        self.list.view.activated.connect(self._on_activated)
        self.list.view.installEventFilter(self)
        self._progressed.connect(self.status.setText)
        self._checked_share.connect(lambda share: self.bar.setValue(int(share * 1000)))
        self.shared.models_changed.connect(self._fill)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.list.text.setFocus)

    # What is shown
    # ----------------------------------------------------------------------

    def _fill(self) -> None:
        kinds = sorted(KINDS, key=lambda name: KINDS[name].place)
        cards = [card for kind in kinds for card in self.shared.cards(kind)]
        adapters = [card for card in self.shared.cards(ADAPTER) if card.kind == ADAPTER]
        cards += sorted(adapters, key=lambda card: card.title.casefold())
        defaults = {found[0].name for kind in kinds if (found := self.shared.cards(kind))}
        self.list.show_items(items(listed(cards), len(cards), defaults, self._here))
        self._on_chosen()

    def _chosen(self) -> Item | None:
        return self.list.current()

    def _on_chosen(self) -> None:
        item = self._chosen()
        settings = self.shared.settings
        wish = settings.model_memory.get(item.card.name, "auto") if item is not None else "auto"
        self.view.show_item(item, self._here, wish, settings.memory)
        there = item is not None and item.installed
        gettable = item is not None and not item.installed and not item.hindrance
        self.get_button.setVisible(gettable)
        for made in (
            self.default_button,
            self.folder_button,
            self.check_button,
            self.remove_button,
        ):
            made.setVisible(there)
            made.setEnabled(there and not self._busy)
        self.how.setVisible(False)
        if item is None:
            return
        self.default_button.setVisible(there and item.card.kind != ADAPTER)
        chosen = self.shared.settings.default_models.get(item.card.kind) == item.card.name
        self.default_button.setEnabled(there and not self._busy and not chosen)
        self.remove_button.setEnabled(there and not self._busy and not item.card.builtin)
        self.folder_button.setEnabled(there and bool(item.card.path))
        if gettable:
            self._offer(item)

    def _offer(self, item: Item) -> None:
        """Say how the chosen model is got, on the button and above it."""
        card, entry = item.card, item.entry
        can_get = entry.download is not None or self.isSignalConnected(
            QMetaMethod.fromSignal(self.get_wanted)
        )
        self.get_button.setText(f"Install ({item.size_words})" if can_get else "Copy repository id")
        tip = (
            f"Download {card.title} ({item.size_words}, {card.licence})"
            if can_get
            else f"Copy {card.repo}"
        )
        name_control(self.get_button, self.get_button.text(), tip)
        self.get_button.setEnabled(not (can_get and self._busy))
        self.how.setText("" if can_get else _how(how_to_get(entry)))
        self.how.setVisible(bool(self.how.text()))

    # What can be done with the chosen model
    # ----------------------------------------------------------------------

    def _get(self) -> None:
        item = self._chosen()
        if item is None:
            return
        if item.entry.download is not None:
            self.install_wanted.emit(item.card.name)
            self.accept()
        elif self.isSignalConnected(QMetaMethod.fromSignal(self.get_wanted)):
            self.get_wanted.emit(item.card.repo, item.card.revision)
            self.accept()
        else:
            QGuiApplication.clipboard().setText(item.card.repo)
            self.status.setText(f"{item.card.repo} is in the clipboard")

    def _make_default(self) -> None:
        item = self._chosen()
        if item is not None:
            self.shared.change_settings(default_models={item.card.kind: item.card.name})
            self.shared.models_changed.emit()

    def _on_memory_wished(self, wish: LoadPreference) -> None:
        item = self._chosen()
        if item is None:
            return
        self.shared.change_settings(model_memory={item.card.name: None if wish == "auto" else wish})
        self._on_chosen()

    def _open_folder(self) -> None:
        item = self._chosen()
        if item is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(item.card.path)):
            self.notice.show_message("The folder could not be opened.", item.card.path)

    def _check(self) -> None:
        item = self._chosen()
        if item is None or self._busy:
            return
        card, data = item.card, self.shared.data
        self.bar.setValue(0)
        self.bar.show()

        def say(done: int, total: int) -> None:
            self._checked_share.emit(done / max(1, total))

        self._begin(
            f"Checking {card.title}…",
            lambda stop: check(data, self._as_installed(card), say, stop.is_set),
            lambda found: self._on_checked(card, found),
        )

    def _as_installed(self, card: ModelCard) -> ModelCard:
        """Return the card as it lies in its folder, without what only the catalogue knows."""
        return next(one for one in self.shared.all_cards() if one.name == card.name)

    def _on_checked(self, card: ModelCard, found: Checked) -> None:
        self._end()
        if found.state == "changed":
            self.notice.show_message(f"{card.title}: {found.words}")
        else:
            self.status.setText(f"{card.title}: {found.words}")
        if found.state == "noted":
            self.shared.reload_models()

    def _remove(self) -> None:
        item = self._chosen()
        if item is None or not item.installed or item.card.builtin or self._busy:
            return
        card = item.card
        own = Path(card.path).is_relative_to(self.shared.data.models)
        what = (
            "Its files are deleted."
            if own and not _lies_elsewhere(card)
            else "Its files stay where they are."
        )
        if confirm(
            self, "Remove the model?", f"{card.title} is taken from the list. {what}", "Remove"
        ):
            self._begin(
                "",
                lambda _stop: remove(self.shared.data, card.name),
                self._on_removed,
                can_stop=False,
            )

    def _on_removed(self, card: ModelCard) -> None:
        self._end()
        self.status.setText(f"{card.title} was removed")
        self.shared.reload_models()

    # Adding
    # ----------------------------------------------------------------------

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
        from studio.ui.models.download_dialog import DownloadDialog

        DownloadDialog(
            self.shared, self.parentWidget()
        ).show()  # beside the window, so that several may run
        self.accept()

    def _find(self) -> None:
        from studio.ui.models.scan_dialog import ScanDialog

        ScanDialog(self.shared, parent=self.parentWidget()).show()
        self.accept()

    def add(self, path: Path, made_for: ModelCard | None = None) -> None:
        """Add the model at `path`, in another thread; the reason is shown where it is refused.
        Closing the dialog stops it.
        """
        if self._busy:
            self.notice.show_message("One model at a time.", "Wait for the first, or stop it.")
            return
        data, say = self.shared.data, self._progressed.emit
        self._adding = path
        self._begin(
            f"Adding {path.name}…",
            lambda stop: add(data, path, say, stop.is_set, made_for=made_for),
            self._on_added,
        )

    def _on_added(self, card: ModelCard) -> None:
        self._end()
        self.status.setText(f"{card.title} was added")
        self.list.choose(card.name)
        self.shared.reload_models()

    # One piece of work at a time
    # ----------------------------------------------------------------------

    def _begin(
        self,
        words: str,
        work: Callable[[threading.Event], Any],
        done: Callable[[Any], None],
        *,
        can_stop: bool = True,
    ) -> None:
        self.notice.clear()
        stop = threading.Event()
        self._stop = stop if can_stop else None
        self.destroyed.connect(stop.set)
        self._set_busy(True)
        self.status.setText(words)
        background.run(self, lambda: work(stop), done, self._on_failed)

    def _end(self) -> None:
        self.bar.hide()
        self._set_busy(False)

    def _on_failed(self, error: Exception) -> None:
        adding = self.status.text() and not self.bar.isVisible()
        self._end()
        self.status.setText("")
        if isinstance(error, InstallCancelledError):
            self.status.setText("Stopped; nothing was added" if adding else "Stopped")
        elif isinstance(error, FamilyNotToldError):
            self._ask_family(error)
        elif isinstance(error, StudioError):
            self.notice.show_message(error.message, error.cure)
        else:
            raise error

    def _ask_family(self, error: FamilyNotToldError) -> None:
        """Ask which model an adapter was made for, where models are there that it may be."""
        models = {card.title: card for card in self.shared.cards("image") if not card.base}
        path = self._adding
        if not models or path is None:
            self.notice.show_message(error.message, "Add the model that it was made for first.")
            return
        question = f"{error.message}\nWhich of the installed models was it made for?"
        title, yes = QInputDialog.getItem(
            self, "For which model?", question, list(models), 0, False
        )
        if yes:
            self.add(path, models[title])

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        if not busy:
            self._stop = None
        self.stop_button.setVisible(self._stop is not None)
        for control in (
            self.add_folder_button,
            self.add_file_button,
            self.add_repository_button,
            self.find_button,
        ):
            control.setEnabled(not busy)
        self._on_chosen()

    def _stop_work(self) -> None:
        if self._stop is not None:
            self._stop.set()

    def done(self, result: int) -> None:
        """The dialog closes, in whatever way."""
        self._stop_work()
        self._stop_looking()
        if self._busy:
            self.shared.reload_models()  # what runs may be complete in the last instant
        super().done(result)

    # This computer
    # ----------------------------------------------------------------------

    def _look(self) -> None:
        """Ask torch about a GPU, in a child; until then the computer's memory counts."""
        if ModelsDialog.machine is not None or self._looking is not None or self.shared.fake:
            return
        self._looking = stop = threading.Event()
        self.destroyed.connect(stop.set)
        background.run(self, lambda: look_closely(stop.is_set), self._on_looked)

    def _on_looked(self, found: Machine) -> None:
        if self._looking is None or self._looking.is_set():
            return
        ModelsDialog.machine = self._here = found
        self._fill()

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.set()

    # Qt's events
    # ----------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Look at the machine once it can be seen; whoever listens for `get_wanted` does so by
        now.
        """
        super().showEvent(event)
        self._on_chosen()
        self._look()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nothing goes on behind a closed window."""
        self._stop_looking()
        super().closeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window has the card under the list."""
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        self.splitter.setOrientation(
            Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal
        )
        self._place_adds(narrow=narrow)

    def _on_activated(self, _index: QModelIndex) -> None:
        item = self._chosen()
        if item is not None and self.get_button.isVisible() and self.get_button.isEnabled():
            self._get()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Delete in the list removes the chosen model."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.matches(QKeySequence.StandardKey.Delete)
        ):
            self._remove()
            return True
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file or folder may be dropped."""
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped."""
        event.acceptProposedAction()
        self.add(Path(event.mimeData().urls()[0].toLocalFile()))


def _lies_elsewhere(card: ModelCard) -> bool:
    try:
        found = checkpoint_in(card.folder)
    except StudioError:
        return False
    return found is not None and not Path(found.path).is_relative_to(card.folder)


def _how(words: str) -> str:
    return f"How to get it: {words}, or Add folder… here."
