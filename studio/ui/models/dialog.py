"""The dialog of models: a list of installed and catalog models, and the selected one's card."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, QUrl, Signal
from PySide6.QtGui import (
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QBoxLayout,
    QDialog,
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
from studio.core.translation import tr
from studio.models.card import ADAPTED_KIND, ADAPTER, ModelCard
from studio.models.catalog import listed
from studio.models.inspect.adapter import UnknownFamilyError
from studio.models.install.add import add, remove
from studio.models.install.staging import InstallCancelledError
from studio.models.install.verify import Checked, check
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.models.card_view import CardView
from studio.ui.models.filters import ModelsPane
from studio.ui.models.hardware_probe import HardwareProbe
from studio.ui.models.list import Item, items
from studio.ui.models.model_actions import AddBar, ModelActions
from studio.ui.models.model_task import ModelTask, removing_deletes_files
from studio.ui.widgets.factory import Notice, button, confirm, label, name_control, row

NARROW = 860
"""Below this width the card is placed below the list."""


class ModelsDialog(QDialog):
    """Lists, installs, adds, checks and removes models; files and folders can be dropped on it."""

    install_requested = Signal(str)
    """Name of a catalog model with packages of its own."""
    download_requested = Signal(str, str)
    """Repository id and revision of a model on the hub."""
    _progressed = Signal(str)
    _check_progressed = Signal(float)

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shared = shared
        self.setWindowTitle(tr("Models"))
        self.setAcceptDrops(True)
        self.setMinimumSize(460, 420)
        resize_to_fit(self, 1060, 680)
        self._task = ModelTask(self)
        self._adding: Path | None = None
        """The model that is added, for an error about it."""
        self.probe = HardwareProbe(self, shared.settings.gpu)
        self.notice = Notice()
        self.list = ModelsPane()
        self.view = CardView()
        self.actions_bar = ModelActions()
        self.add_bar = AddBar()
        self.status = label("", "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setFixedWidth(140)
        name_control(self.bar, tr("Progress"), tr("Part of the files that was read"))
        self._create_buttons()
        self._create_layout()
        self._connect()
        self._fill()
        self.list.text.setFocus()

    def _create_buttons(self) -> None:
        self.stop_button = button(
            tr("Stop"), tr("Stop this; nothing is added"), self._task.stop, "stop"
        )
        self.close_button = button(tr("Close"), tr("Close this dialog"), self.accept)

    def _create_layout(self) -> None:
        right = QWidget()
        card = QVBoxLayout(right)
        card.setContentsMargins(0, 0, 0, 0)
        card.setSpacing(8)
        card.addWidget(self.view, 1)
        card.addWidget(self.actions_bar)
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
        self._footer = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._footer.setSpacing(8)
        self._footer.addWidget(self.add_bar)
        self._footer.addWidget(row(self.status, self.bar, self.stop_button, self.close_button), 1)
        layout.addLayout(self._footer)
        self.stop_button.hide()
        self.bar.hide()
        for control in self.findChildren(QPushButton):
            control.setAutoDefault(False)  # Return in the search field must not press a button

    def _connect(self) -> None:
        self.list.selection_changed.connect(self._on_selection_changed)
        self.view.memory_chosen.connect(self._on_memory_chosen)
        self.actions_bar.install_requested.connect(self._install)
        self.actions_bar.default_requested.connect(self._make_default)
        self.actions_bar.folder_requested.connect(self._open_folder)
        self.actions_bar.check_requested.connect(self._check)
        self.actions_bar.remove_requested.connect(self._remove)
        self.add_bar.path_chosen.connect(self.add)
        self.add_bar.hub_requested.connect(self._open_download_dialog)
        self.add_bar.scan_requested.connect(self._open_scan_dialog)
        self.probe.detected.connect(self._fill)
        self._task.busy_changed.connect(self._on_busy_changed)
        self._task.failed.connect(self._on_failed)
        self.list.view.activated.connect(self._on_activated)
        self.list.view.installEventFilter(self)
        self._progressed.connect(self.status.setText)
        self._check_progressed.connect(lambda share: self.bar.setValue(int(share * 1000)))
        self.shared.models_changed.connect(self._fill)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.list.text.setFocus)

    # List and card
    # ----------------------------------------------------------------------

    def _fill(self) -> None:
        kinds = sorted(KINDS, key=lambda name: KINDS[name].place)
        installed = [card for kind in kinds for card in self.shared.cards(kind)]
        adapters = [card for card in self.shared.cards(ADAPTER) if card.kind == ADAPTER]
        installed += sorted(adapters, key=lambda card: card.title.casefold())
        installed += [card for card in self.shared.all_cards() if card.only_task]
        defaults = {cards[0].name for kind in kinds if (cards := self.shared.cards(kind))}
        self.list.show_items(items(listed(installed), len(installed), defaults, self.probe.machine))
        self._on_selection_changed()

    def selected(self) -> Item | None:
        """Return the selected model."""
        return self.list.current()

    def _on_selection_changed(self) -> None:
        item = self.selected()
        settings = self.shared.settings
        name = item.card.name if item is not None else ""
        preference = settings.model_memory.get(name, "auto")
        self.view.show_item(item, self.probe.machine, preference, settings.memory)
        is_default = (
            item is not None and settings.default_models.get(item.card.kind) == item.card.name
        )
        self.actions_bar.show_item(item, is_default=is_default, busy=self._task.is_busy)

    # Actions on the selected model
    # ----------------------------------------------------------------------

    def _install(self) -> None:
        item = self.selected()
        if item is None:
            return
        if item.entry.download is not None:
            self.install_requested.emit(item.card.name)
        else:
            self.download_requested.emit(item.card.repo, item.card.revision)
        self.accept()

    def _make_default(self) -> None:
        item = self.selected()
        if item is not None:
            self.shared.change_settings(default_models={item.card.kind: item.card.name})
            self.shared.models_changed.emit()

    def _on_memory_chosen(self, preference: LoadPreference) -> None:
        item = self.selected()
        if item is None:
            return
        kept = None if preference == "auto" else preference
        self.shared.change_settings(model_memory={item.card.name: kept})
        self._on_selection_changed()

    def _open_folder(self) -> None:
        item = self.selected()
        if item is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(item.card.path)):
            self.notice.show_message(tr("The folder could not be opened."), item.card.path)

    def _check(self) -> None:
        item = self.selected()
        if item is None or self._task.is_busy:
            return
        card, data = item.card, self.shared.data
        self._adding = None
        self.bar.setValue(0)
        self.bar.show()

        def report(done: int, total: int) -> None:
            self._check_progressed.emit(done / max(1, total))

        self._start_task(
            tr("Checking {title}…", title=card.title),
            lambda stop: check(data, self._installed_card(card), report, stop.is_set),
            lambda checked: self._on_checked(card, checked),
        )

    def _installed_card(self, card: ModelCard) -> ModelCard:
        """Return the card of the model's folder, without the catalog's additions."""
        return next(other for other in self.shared.all_cards() if other.name == card.name)

    def _on_checked(self, card: ModelCard, checked: Checked) -> None:
        if checked.state == "changed":
            self.notice.show_message(f"{card.title}: {checked.words}")
        else:
            self.status.setText(f"{card.title}: {checked.words}")
        if checked.state == "noted":
            self.shared.reload_models()

    def _remove(self) -> None:
        item = self.selected()
        if item is None or not item.installed or item.card.builtin or self._task.is_busy:
            return
        card = item.card
        self._adding = None
        deletes = removing_deletes_files(self.shared.data, card)
        question = (
            tr("{title} is removed from the list. Its files are deleted.", title=card.title)
            if deletes
            else tr(
                "{title} is removed from the list. Its files stay where they are.",
                title=card.title,
            )
        )
        if confirm(self, tr("Remove the model?"), question, tr("Remove")):
            self._start_task(
                "",
                lambda _stop: remove(self.shared.data, card.name),
                self._on_removed,
                can_stop=False,
            )

    def _on_removed(self, card: ModelCard) -> None:
        self.status.setText(tr("{title} was removed", title=card.title))
        self.shared.reload_models()

    # Adding
    # ----------------------------------------------------------------------

    def _open_download_dialog(self) -> None:
        from studio.ui.models.download_dialog import DownloadDialog

        # Not modal: several downloads may run at once.
        DownloadDialog(self.shared, self.parentWidget()).show()
        self.accept()

    def _open_scan_dialog(self) -> None:
        from studio.ui.models.scan_dialog import ScanDialog

        ScanDialog(self.shared, parent=self.parentWidget()).show()
        self.accept()

    def add(self, path: Path, made_for: ModelCard | None = None) -> None:
        """Add the model at `path` in another thread; show why if it is refused.

        `made_for`: the base model of an adapter. Closing the dialog stops adding.
        """
        if self._task.is_busy:
            self.notice.show_message(
                tr("Another model is being added."), tr("Wait until it is added, or stop it.")
            )
            return
        data, report = self.shared.data, self._progressed.emit
        self._adding = path
        self._start_task(
            tr("Adding {name}…", name=path.name),
            lambda stop: add(data, path, report, stop.is_set, made_for=made_for),
            self._on_added,
        )

    def _on_added(self, card: ModelCard) -> None:
        self.status.setText(tr("{title} was added", title=card.title))
        self.list.select(card.name)
        self.shared.reload_models()

    # State of the task
    # ----------------------------------------------------------------------

    def _start_task(
        self,
        status: str,
        work: Callable[[threading.Event], Any],
        done: Callable[[Any], None],
        *,
        can_stop: bool = True,
    ) -> None:
        self.notice.clear()
        self.status.setText(status)
        self._task.start(work, done, can_stop=can_stop)

    def _on_busy_changed(self) -> None:
        if not self._task.is_busy:
            self.bar.hide()
        self.stop_button.setVisible(self._task.can_stop)
        self.add_bar.setEnabled(not self._task.is_busy)
        self._on_selection_changed()

    def _on_failed(self, error: Exception) -> None:
        adding = self._adding is not None
        self.status.setText("")
        if isinstance(error, InstallCancelledError):
            self.status.setText(tr("Stopped. Nothing was added.") if adding else tr("Stopped."))
        elif isinstance(error, UnknownFamilyError):
            self._ask_family(error)
        elif isinstance(error, StudioError):
            self.notice.show_message(error.message, error.cure)
        else:
            raise error

    def _ask_family(self, error: UnknownFamilyError) -> None:
        """Ask which of the installed models an adapter was made for."""
        models = {card.title: card for card in self.shared.cards(ADAPTED_KIND) if not card.base}
        path = self._adding
        if not models or path is None:
            self.notice.show_message(error.message, tr("Add the model it was made for first."))
            return
        question = f"{error.message}\n{tr('Which installed model was it made for?')}"
        title, accepted = QInputDialog.getItem(
            self, tr("Choose the base model"), question, list(models), 0, False
        )
        if accepted:
            self.add(path, models[title])

    def done(self, result: int) -> None:
        """Stop everything when the dialog closes, in whatever way."""
        self._task.stop()
        self.probe.stop()
        if self._task.is_busy:
            self.shared.reload_models()  # the task may have completed in the last moment
        super().done(result)

    # Qt's events
    # ----------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Query the GPU once the dialog is visible."""
        super().showEvent(event)
        if not self.shared.fake:
            self.probe.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the card below the list if the dialog is narrow."""
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        orientation = Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal
        if orientation != self.splitter.orientation():
            self.splitter.setOrientation(orientation)
            self.splitter.setSizes([300, 300] if narrow else [430, 600])
        self.add_bar.arrange(narrow=narrow)
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._footer.setDirection(direction)

    def _on_activated(self, _index: QModelIndex) -> None:
        item = self.selected()
        if item is not None and item.can_be_installed and not self._task.is_busy:
            self._install()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Remove the selected model on Delete in the list."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.matches(QKeySequence.StandardKey.Delete)
        ):
            self._remove()
            return True
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept a local file or folder."""
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add the dropped model."""
        event.acceptProposedAction()
        self.add(Path(event.mimeData().urls()[0].toLocalFile()))
