"""The dialog that renames, deletes and shares own presets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError
from studio.core.file_names import slug
from studio.core.files import write_whole
from studio.core.presets import (
    SUFFIX,
    Preset,
    delete_preset,
    describe,
    encode_preset,
    own_presets,
    save_preset,
    shareable,
)
from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import button, label, name_control, row
from studio.ui.widgets.replace_file import may_write

SIZE = (520, 360)


class ManageDialog(QDialog):
    """Lists the own presets of a kind."""

    def __init__(self, shared: AppState, kind: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self._kind = kind
        self._own: list[Preset] = []
        self.setWindowTitle(tr("Presets"))
        self.setModal(True)
        self.resize(*SIZE)
        self.list = QListWidget()
        name_control(self.list, tr("Own presets"), tr("Presets that you saved or imported"))
        self._about = label("", "muted", wrap=True)
        self.rename_button = button(tr("Rename…"), tr("Give it another name (F2)"), self.rename)
        self.delete_button = button(tr("Delete"), tr("Delete it (Delete)"), self.delete, "trash")
        self.export_button = button(tr("Export…"), tr("Write it to a file to share"), self.export)
        close = button(tr("Close"), tr("Close this window"), self.accept)
        side = QVBoxLayout()
        for one in (self.rename_button, self.delete_button, self.export_button):
            side.addWidget(one)
        side.addStretch(1)
        middle = QHBoxLayout()
        middle.addWidget(self.list, 1)
        middle.addLayout(side)
        layout = QVBoxLayout(self)
        layout.addLayout(middle, 1)
        layout.addWidget(self._about)
        layout.addWidget(row(None, close))
        self.list.currentRowChanged.connect(self._show_current)
        self.list.itemActivated.connect(lambda _item: self.rename())
        shared.presets_changed.connect(self._on_presets_changed)
        self._show_current()
        self.reload()

    def reload(self) -> None:
        """Read the presets again."""
        background.run(self, lambda: own_presets(self._shared.data, self._kind), self._on_read)

    def _on_presets_changed(self, kind: str) -> None:
        if kind == self._kind:
            self.reload()

    def _on_read(self, own: list[Preset]) -> None:
        line = max(0, self.list.currentRow())
        self._own = own
        self.list.clear()
        self.list.addItems([preset.title for preset in own])
        self.list.setCurrentRow(min(line, len(own) - 1))
        self._show_current()

    def current(self) -> Preset | None:
        """Return the selected preset."""
        line = self.list.currentRow()
        return self._own[line] if 0 <= line < len(self._own) else None

    def _show_current(self) -> None:
        preset = self.current()
        for one in (self.rename_button, self.delete_button, self.export_button):
            one.setEnabled(preset is not None)
        if preset is not None:
            self._about.setText(tr("Sets {settings}", settings=describe(self._kind, preset)))
        else:
            self._about.setText(tr("No preset of your own yet. Save one from the menu of a form."))

    def keyPressEvent(self, event: object) -> None:
        """Rename with F2 and delete with Delete."""
        from PySide6.QtGui import QKeyEvent

        assert isinstance(event, QKeyEvent)
        if event.key() == Qt.Key.Key_F2:
            self.rename()
        elif event.key() == Qt.Key.Key_Delete:
            self.delete()
        else:
            super().keyPressEvent(event)

    def rename(self) -> None:
        """Ask for another name."""
        preset = self.current()
        if preset is None:
            return
        title, accepted = QInputDialog.getText(
            self, tr("Rename the preset"), tr("Name"), QLineEdit.EchoMode.Normal, preset.title
        )
        title = " ".join(title.split())
        if not accepted or not title or title == preset.title:
            return
        renamed = msgspec.structs.replace(preset, title=title)

        def store() -> None:
            same = title.casefold() == preset.title.casefold()
            save_preset(self._shared.data, self._kind, renamed, replace=same)
            if not same:
                delete_preset(self._shared.data, self._kind, preset.title)

        self._change(store)

    def delete(self) -> None:
        """Delete the selected preset; a toast offers to undo it."""
        preset = self.current()
        if preset is None:
            return
        data, kind, shared = self._shared.data, self._kind, self._shared

        def undo() -> None:
            save_preset(data, kind, preset, replace=True)
            shared.presets_changed.emit(kind)

        self._change(
            lambda: delete_preset(data, kind, preset.title),
            lambda: shared.post_toast(
                tr("Deleted the preset {title}", title=preset.title), tr("Undo"), undo
            ),
        )

    def export(self) -> None:
        """Write the selected preset to a file; without seed and names of files."""
        preset = self.current()
        if preset is None:
            return
        suggested = Path.home() / f"{slug(preset.title) or 'preset'}{SUFFIX}"
        name, _filter = QFileDialog.getSaveFileName(
            self, tr("Export the preset"), str(suggested), tr("Presets (*{suffix})", suffix=SUFFIX)
        )
        path = Path(name if name.endswith(SUFFIX) else name + SUFFIX)
        if not name or not may_write(self, name, path):
            return
        values = shareable(self._kind, preset.values)
        content = encode_preset(self._kind, msgspec.structs.replace(preset, values=values))
        self._change(
            lambda: write_whole(path, content, replace=True),
            lambda: self._shared.post_toast(tr("Saved {path}", path=path)),
        )

    def _change(self, change: Callable[[], None], report: Callable[[], None] | None = None) -> None:
        def done(_result: object) -> None:
            self._shared.presets_changed.emit(self._kind)
            if report is not None:
                report()

        background.run(self, change, done, self._show_error)

    def _show_error(self, error: Exception) -> None:
        cure = error.cure if isinstance(error, StudioError) else ""
        self._about.setText(f"{error} {cure}".strip())
