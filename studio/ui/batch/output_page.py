"""The page for folder, file names and collected texts of a batch."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QFileDialog,
    QLineEdit,
)

from studio.batch.output.collected import FORMATS
from studio.core import file_names
from studio.core.paths import expand_home
from studio.core.translation import mark, tr, tr_marked
from studio.ui.batch.page import Page, combo_box
from studio.ui.widgets.factory import button, label, name_control, row

_COLLECT_TITLES = {
    "csv": mark("Also one table (.csv)"),
    "jsonl": mark("Also one .jsonl"),
    "md": mark("Also one Markdown file"),
    "docx": mark("Also one Word document"),
}


class OutputPage(Page):
    """Where results are saved, their names, and whether texts are collected."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = QLineEdit(str(folder))
        name_control(self.folder, tr("Folder"), tr("Folder for the results and the report"))
        browse = button("…", tr("Choose the folder"), self._choose_folder)
        browse.setAccessibleName(tr("Choose the folder"))
        self.name = QLineEdit(file_names.DEFAULT_TEMPLATE)
        name_control(
            self.name,
            tr("File names"),
            tr(
                "Made of {row} {prompt:40} {seed} {model} {kind} {date} {time} and the file's "
                "columns"
            ),
        )
        self.sample = label("", "muted")
        self.collect = combo_box(
            {
                "": tr("A file for each row"),
                **{name: tr_marked(_COLLECT_TITLES[name]) for name in FORMATS},
            },
            tr("Texts"),
            tr("Whether to also write all texts into one file at the end"),
        )
        self.add(tr("Folder"), row(self.folder, browse, spacing=4), 0, 0, 2)
        self.add(tr("File names"), self.name, 1, 0)
        self.add(tr("Texts"), self.collect, 1, 1)
        self.grid.addWidget(self.sample, 4, 0, 1, 2)
        self.grid.setColumnStretch(0, 3)
        self.grid.setColumnStretch(1, 1)
        self.emit_changed_on(self.name.textChanged, self.folder.textChanged)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, tr("Folder for results"), self.folder.text()
        )
        if folder:
            self.folder.setText(folder)

    @property
    def path(self) -> Path | None:
        """The folder; None if the field is empty."""
        text = self.folder.text().strip()
        return expand_home(text) if text else None
