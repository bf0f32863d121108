"""Export and import of settings in the window; an import shows first what it changes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError
from studio.core.files import write_whole
from studio.core.settings import Settings
from studio.core.settings_catalog.catalog import BY_KEY
from studio.core.settings_catalog.transfer import (
    ImportedSettings,
    export_settings,
    read_settings_file,
)
from studio.core.settings_catalog.values import value_change, value_text
from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.settings.shortcuts import usable_shortcuts
from studio.ui.widgets.factory import (
    button,
    label,
    name_control,
    row,
    shorten_for_label,
    show_message,
    style_table,
)

FILTER = mark("Settings (*.json)")


def export_to_file(shared: AppState, parent: QWidget) -> None:
    """Ask for a file and write all settings to it."""
    name, _filter = QFileDialog.getSaveFileName(
        parent, tr("Export settings"), "studio-settings.json", tr_marked(FILTER)
    )
    if not name:
        return
    content = export_settings(shared.settings)
    background.run(
        parent,
        lambda: write_whole(Path(name), content, replace=True),  # the dialog has asked
        lambda _none: shared.post_toast(tr("Saved {name}", name=name)),
        lambda error: _show_error(parent, error),
    )


def import_from_file(shared: AppState, parent: QWidget) -> None:
    """Ask for a file and show what it changes."""
    name, _filter = QFileDialog.getOpenFileName(
        parent, tr("Import settings"), "", tr_marked(FILTER)
    )
    if name:
        open_import(shared, Path(name), parent)


def open_import(shared: AppState, path: Path, parent: QWidget) -> None:
    """Show what a file of settings changes, with a button that takes it over."""

    def show(imported: ImportedSettings) -> None:
        ImportDialog(shared, imported, parent).open()

    background.run(
        parent,
        lambda: _without_wrong_shortcuts(
            read_settings_file(path, shared.settings), shared.settings
        ),
        show,
        lambda error: _show_error(parent, error),
    )


def _without_wrong_shortcuts(imported: ImportedSettings, settings: Settings) -> ImportedSettings:
    """Refuse keys that edit text or belong to another action."""
    setting = BY_KEY["shortcuts"]
    chosen = imported.values.pop(setting.key, None)
    if chosen is None:
        return imported
    usable, problems = usable_shortcuts(chosen)
    del imported.change[setting.key]
    if usable != settings.shortcuts:
        imported.values[setting.key] = usable
        imported.change |= value_change(setting, usable, settings)
    if problems:
        imported.refused[setting.key] = " ".join(problems)
    return imported


def _show_error(parent: QWidget, error: Exception) -> None:
    if isinstance(error, StudioError):
        show_message(parent, tr("Settings"), f"{error.message} {error.cure}".strip())
    elif isinstance(error, OSError):
        show_message(parent, tr("Settings"), f"{error.filename}: {error.strerror or error}.")
    else:
        raise error


class ImportDialog(QDialog):
    """The changes of an imported file, before they are made."""

    def __init__(self, shared: AppState, imported: ImportedSettings, parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self._imported = imported
        self.setWindowTitle(tr("Import settings"))
        resize_to_fit(self, 620, 420)
        self.table = _table(imported, shared.settings)
        refused = "\n".join(
            f"{tr_marked(BY_KEY[key].title) if key in BY_KEY else key}: {reason}"
            for key, reason in imported.refused.items()
        )
        self.refused = label(shorten_for_label(refused), "error", wrap=True)
        self.refused.setVisible(bool(refused))
        count = len(imported.values)
        text = tr_plural("One setting changes.", "{count} settings change.", count)
        self.use_button = button(tr("Use these settings"), text, self._use, primary=True)
        self.use_button.setEnabled(bool(count))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.addWidget(
            label(text if count else tr("Nothing changes: all settings are the same."))
        )
        layout.addWidget(self.table, 1)
        layout.addWidget(self.refused)
        layout.addWidget(
            row(None, button(tr("Cancel"), tr("Change nothing"), self.reject), self.use_button)
        )

    def _use(self) -> None:
        self._shared.change_settings(**self._imported.change)
        self.accept()


def _table(imported: ImportedSettings, settings: Settings) -> QTableWidget:
    table = QTableWidget(len(imported.values), 3)
    table.setHorizontalHeaderLabels([tr("Setting"), tr("Now"), tr("New")])
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    style_table(table, {0: 220, 1: 150}, (2,))
    name_control(table, tr("Changes"), tr("The settings that change, with old and new value"))
    for at, (key, value) in enumerate(imported.values.items()):
        setting = BY_KEY[key]
        now = value_text(setting, getattr(settings, key))
        for column, text in enumerate((tr_marked(setting.title), now, value_text(setting, value))):
            table.setItem(at, column, QTableWidgetItem(text[:200]))
    return table
