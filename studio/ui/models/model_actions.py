"""Buttons for the selected model, and for adding models."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QWidget

from studio.core.translation import tr
from studio.models.card import ADAPTER
from studio.ui.models.list import Item
from studio.ui.widgets.factory import button, name_control


class ModelActions(QWidget):
    """Install, make default, open folder, check, remove: those that apply to the selected model."""

    install_requested = Signal()
    default_requested = Signal()
    folder_requested = Signal()
    check_requested = Signal()
    remove_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.install_button = button(
            tr("Install"), tr("Download the model"), self.install_requested.emit, primary=True
        )
        self.default_button = button(
            tr("Make default"),
            tr("Select this model by default for its kind"),
            self.default_requested.emit,
        )
        self.folder_button = button(
            tr("Open folder"), tr("Show the model's files"), self.folder_requested.emit, "folder"
        )
        self.check_button = button(
            tr("Check files"),
            tr("Read all files and compare their hashes"),
            self.check_requested.emit,
        )
        self.remove_button = button(
            tr("Remove"),
            tr("Remove the model from the list (Delete)"),
            self.remove_requested.emit,
            "trash",
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.install_button)
        for control in self._installed_buttons():
            layout.addWidget(control)
        layout.addStretch(1)

    def _installed_buttons(self) -> tuple[QWidget, ...]:
        return (self.default_button, self.folder_button, self.check_button, self.remove_button)

    def show_item(self, item: Item | None, *, is_default: bool, busy: bool) -> None:
        """Show the buttons for a model; `is_default`: the user's settings name it as default."""
        installed = item is not None and item.installed
        for control in self._installed_buttons():
            control.setVisible(installed)
            control.setEnabled(installed and not busy)
        self.install_button.setVisible(item is not None and item.can_be_installed)
        if item is None:
            return
        card = item.card
        self.default_button.setVisible(installed and card.kind != ADAPTER and not card.only_task)
        self.default_button.setEnabled(installed and not busy and not is_default)
        self.remove_button.setEnabled(installed and not busy and not card.builtin)
        self.folder_button.setEnabled(installed and bool(card.path))
        self.install_button.setText(tr("Install ({size})", size=item.size_text))
        tip = tr(
            "Download {title} ({size}, {license})",
            title=card.title,
            size=item.size_text,
            license=card.license,
        )
        name_control(self.install_button, self.install_button.text(), tip)
        self.install_button.setEnabled(not busy)


class AddBar(QWidget):
    """The buttons that add a model: from a folder, a file, a hub, or other programs' folders."""

    path_chosen = Signal(object)
    """Path of a model's folder or file."""
    hub_requested = Signal()
    scan_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.folder_button = button(
            tr("Add folder…"),
            tr("Add a model folder from this computer; its files stay where they are"),
            self._choose_folder,
            "plus",
        )
        self.file_button = button(
            tr("Add file…"),
            tr("Add a .gguf or .safetensors file, for example a model or a LoRA"),
            self._choose_file,
            "plus",
        )
        self.hub_button = button(
            tr("Add from hub…"),
            tr("Download a model from a hub by its organization/name"),
            self.hub_requested.emit,
            "plus",
        )
        self.scan_button = button(
            tr("Find on this computer…"),
            tr("Find models of other programs on this computer; their files stay where they are"),
            self.scan_requested.emit,
            "folder",
        )
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self.arrange(narrow=False)

    def arrange(self, *, narrow: bool) -> None:
        """Place the buttons in one row, or in two if the dialog is narrow."""
        controls = (self.folder_button, self.file_button, self.hub_button, self.scan_button)
        for index, control in enumerate(controls):
            self._grid.addWidget(control, *(divmod(index, 2) if narrow else (0, index)))

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Model folder"), str(Path.home()))
        if folder:
            self.path_chosen.emit(Path(folder))

    def _choose_file(self) -> None:
        name, _filter = QFileDialog.getOpenFileName(
            self,
            tr("Model file"),
            str(Path.home()),
            tr("Models (*.gguf *.safetensors);;All files (*)"),
        )
        if name:
            self.path_chosen.emit(Path(name))
