"""The pages of the batch dialog: prompts, variations, columns, output. Each says what it holds as
options of `read_batch`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.batch.axes import MAX_AXES
from studio.batch.expand import COMBINE
from studio.batch.output.collected import FORMATS
from studio.batch.seeds import MAX_REPEATS, POLICIES
from studio.batch.tables.encoding import ENCODINGS
from studio.core import file_names
from studio.core.kinds import KINDS
from studio.core.presets import presets
from studio.core.requests import fields
from studio.ui.app_state import AppState
from studio.ui.batch.preview import as_variables
from studio.ui.plain_editor import PlainEditor
from studio.ui.widgets.factory import button, label, name_control, row, show_message, style_table

AS_NAMED = "\0as named"
_COMBINE_TITLES = {
    "random": "Drawn by the row's seed",
    "all": "Every combination",
    "off": "Texts as they stand",
}
_AXIS_EXAMPLES = ("steps=10,20,30", "guidance=[5..9 step 2]", "prompt=a cat|a dog")
_COLLECT_TITLES = {
    "csv": "One table (.csv)",
    "jsonl": "One .jsonl",
    "md": "One Markdown file",
    "docx": "One Word document",
}


GRAMMAR = """In a template, {{topic}} is what the row's column of that name holds.

In a prompt, and in any other cell:
{red|blue} is one of them, and may hold others: {big|very {old|odd}}.
$style, or ${style}, is a variable, or the row's column of that name.
__animal__ is a line of animal.txt in the folder of wildcards.
[5..10 step 1] is every number from 5 to 10, a row each.

A backslash takes the sign as it stands: \\{ \\| \\} \\$ \\[ \\__

“Every combination” makes a row of each; else one is drawn by the row's seed. The table shows what each row becomes, before
anything runs."""  # noqa: E501


class Page(QWidget):
    """A page with titled fields in a grid."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(10, 8, 10, 10)
        self.grid.setHorizontalSpacing(12)
        self.grid.setVerticalSpacing(3)
        self.grid.setRowStretch(
            9, 1
        )  # the pages are as high as the highest; what is left is at the bottom

    def add(
        self, title: str, widget: QWidget, line: int, column: int, columns: int = 1, rows: int = 1
    ) -> None:
        """Put a field under its title, into a cell of the page."""
        name = label(title, "muted")
        name.setBuddy(widget)
        self.grid.addWidget(name, 2 * line, column, 1, columns)
        self.grid.addWidget(widget, 2 * line + 1, column, 2 * rows - 1, columns)

    def on(self, *signals: Any) -> None:
        """Say `changed` with each of these signals."""
        for signal in signals:
            signal.connect(lambda *_values: self.changed.emit())


def _combo(entries: Mapping[str, str], name: str, tip: str) -> QComboBox:
    box = QComboBox()
    for value, title in entries.items():
        box.addItem(title, value)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    name_control(box, name, tip)
    return box


class PromptsPage(Page):
    """What rows make, with which model, settings and seeds."""

    def __init__(self, shared: AppState, path: Path, kind: str, model: str) -> None:
        super().__init__()
        self._shared = shared
        self.template = QLineEdit()
        self.template.setPlaceholderText("Write a headline about {{topic}} for {{city}}")
        name_control(
            self.template,
            "Prompt template",
            "Makes each prompt from the row's columns; empty takes the prompts as they are",
        )
        self.kind = _combo(
            {name: kind_.title for name, kind_ in KINDS.items()},
            "Kind",
            "What rows make that do not say it",
        )
        self.kind.setCurrentIndex(self.kind.findData(kind))
        self.model = _combo({}, "Model", "The model for rows that name none")
        self.defaults = _combo({}, "Settings", "What holds for settings that a row leaves out")
        self.encoding = _combo(
            {"": "Found by itself", **{name: name for name in ENCODINGS}},
            "Encoding",
            "How the file's bytes are read, where the guess is wrong",
        )
        self.sheet = _combo({"": "The first"}, "Sheet", "Which sheet of the spreadsheet is read")
        self.sheet.setVisible(path.suffix.lower() == ".xlsx")
        self.encoding.setVisible(self.sheet.isHidden())
        told = "; ".join(f"{name}, {what}" for name, what in POLICIES.items())
        self.seeds = _combo(
            {name: name.title() for name in POLICIES},
            "Seeds",
            f"Seeds of rows that name none: {told}",
        )
        self.repeat = QSpinBox()
        self.repeat.setRange(1, MAX_REPEATS)
        self.repeat.lineEdit().setTextMargins(6, 0, 6, 0)
        name_control(self.repeat, "Repeats", "How often each row runs; a row's own seed counts on")
        self._lay_out()
        self._fill(model)
        self.kind.currentIndexChanged.connect(lambda _index: self._fill(""))
        boxes = (self.kind, self.model, self.defaults, self.encoding, self.sheet, self.seeds)
        self.on(
            self.template.textChanged,
            self.repeat.valueChanged,
            *(box.currentIndexChanged for box in boxes),
        )

    def _lay_out(self) -> None:
        self.add("Prompt template", self.template, 0, 0, 6)
        source = self.encoding if self.sheet.isHidden() else self.sheet
        titles = ("Kind", "Model", "Settings", source.accessibleName(), "Seeds", "Repeats")
        boxes = (self.kind, self.model, self.defaults, source, self.seeds, self.repeat)
        for column, (title, box) in enumerate(zip(titles, boxes, strict=True)):
            self.add(title, box, 1, column)
            self.grid.setColumnStretch(column, 1 if box is self.repeat else 2)

    def _fill(self, model: str) -> None:
        kind = self.kind.currentData()
        for box in (self.model, self.defaults):
            box.blockSignals(True)
            box.clear()
        for card in self._shared.cards(kind):
            self.model.addItem(card.title, card.name)
        self.model.setCurrentIndex(max(0, self.model.findData(model)))
        self.defaults.addItem("The model's own", {})
        if draft := self._shared.draft(kind):
            self.defaults.addItem(f"As in the {KINDS[kind].title} tab", _settings(kind, draft))
        for preset in presets(kind):
            self.defaults.addItem(f"Preset: {preset.title}", _settings(kind, preset.values))
        for box in (self.model, self.defaults):
            box.blockSignals(False)

    def offer_sheets(self, sheets: Sequence[str]) -> None:
        """Offer the spreadsheet's sheets; the one that is chosen stays."""
        if self.sheet.count() == 1 and len(sheets) > 1:
            self.sheet.blockSignals(True)
            for name in sheets[1:]:
                self.sheet.addItem(name, name)
            self.sheet.setItemText(0, sheets[0])
            self.sheet.blockSignals(False)

    def options(self) -> dict[str, Any]:
        """Return what the page says."""
        model = self.model.currentData() or ""
        return {
            "kind": self.kind.currentData(),
            "defaults": {**self.defaults.currentData(), **({"model": model} if model else {})},
            "encoding": self.encoding.currentData(),
            "sheet": self.sheet.currentData(),
            "template": self.template.text(),
            "seeds": self.seeds.currentData(),
            "repeat": self.repeat.value(),
        }


def _settings(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings among these values: neither prompt nor model nor seed, and nothing that
    is not set.
    """
    known = {info.name for info in fields(KINDS[kind].request_type)} - {"prompt", "model", "seed"}
    return {
        name: value for name, value in values.items() if name in known and value not in (None, "")
    }


class VariationsPage(Page):
    """Alternatives, variables, wildcards and the axes of a grid."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        told = "; ".join(f"{title}: {COMBINE[name]}" for name, title in _COMBINE_TITLES.items())
        self.combine = _combo(
            _COMBINE_TITLES,
            "Alternatives",
            f"What happens with {{a|b}}, __file__, $name and [1..5] in the rows. {told}",
        )
        self.wildcards = QLineEdit()
        self.wildcards.setPlaceholderText(str(path.absolute().parent / "wildcards"))
        name_control(
            self.wildcards,
            "Folder of wildcards",
            "__animal__ is a line of animal.txt in this folder; empty takes the one beside the "
            "file",
        )
        browse = button("…", "Choose the folder of wildcards", self._choose)
        browse.setAccessibleName("Choose the folder of wildcards")
        self.variables = PlainEditor()
        self.variables.setPlaceholderText("style = {oil|watercolour}\ncity = 北京")
        self.variables.setTabChangesFocus(True)
        self.variables.setFixedHeight(QFontMetrics(self.variables.font()).lineSpacing() * 5 + 14)
        name_control(
            self.variables,
            "Variables",
            "$style in a row stands for what is written here; a name = value on each line",
        )
        self.axes = [QLineEdit() for _axis in range(MAX_AXES)]
        for number, (line, example) in enumerate(
            zip(self.axes, _AXIS_EXAMPLES, strict=True), start=1
        ):
            line.setPlaceholderText(example)
            told = (
                "A setting or a variable and its values; every row runs with each, and a "
                "contact sheet is written at the end"
            )
            name_control(line, f"Axis {number} of the grid", told)
        explain = button(
            "?",
            "What can be written in a row",
            lambda: show_message(self, "What can be written in a row", GRAMMAR),
        )
        explain.setAccessibleName("What can be written in a row")
        self.combine.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.add("Alternatives", row(self.combine, explain, spacing=4), 0, 0)
        self.add("Folder of wildcards", row(self.wildcards, browse, spacing=4), 1, 0)
        self.add("Variables", self.variables, 0, 1, rows=2)
        self.grid.addWidget(label("Grid: a value of each axis for every row", "muted"), 0, 2)
        axes = QVBoxLayout()
        axes.setSpacing(4)
        for line in self.axes:
            axes.addWidget(line)
        self.grid.addLayout(axes, 1, 2, 3, 1)
        for column in range(3):
            self.grid.setColumnStretch(column, 1)
        lines = (line.textChanged for line in (self.wildcards, *self.axes))
        self.on(self.combine.currentIndexChanged, self.variables.textChanged, *lines)

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Folder of wildcards", self.wildcards.text()
        )
        if folder:
            self.wildcards.setText(folder)

    def options(self) -> dict[str, Any]:
        """Return what the page says. Raises StudioError for a variable that cannot be read."""
        folder = self.wildcards.text().strip()
        return {
            "combine": self.combine.currentData(),
            "wildcards": Path(folder).expanduser() if folder else None,
            "variables": as_variables(self.variables.toPlainText()),
            "axes": [line.text().strip() for line in self.axes if line.text().strip()],
        }


class ColumnsPage(Page):
    """What each column of the file means."""

    def __init__(self) -> None:
        super().__init__()
        self._header: Mapping[str, str] = {}
        self._kind = ""
        self._boxes: dict[str, QComboBox] = {}
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["Column", "First value", "Is"])
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        style_table(self.table, {0: 160, 2: 240}, (1,))
        self.table.verticalHeader().setDefaultSectionSize(34)
        name_control(self.table, "Columns", "The file's columns and what each is taken for")
        self.empty = label("The file has no columns: each line is a prompt.", "muted")
        self.grid.setRowStretch(9, 0)
        self.grid.addWidget(self.table, 0, 0)
        self.grid.addWidget(self.empty, 1, 0, Qt.AlignmentFlag.AlignCenter)
        self.table.hide()

    def show_columns(self, header: Mapping[str, str], kind: str) -> None:
        """Show the columns of the file that was read; what was chosen stays as long as they are the
        same.
        """
        if header == self._header and kind == self._kind:
            return
        before = self.mapping()
        self._header, self._kind = dict(header), kind
        self._boxes.clear()
        self.table.setRowCount(len(header))
        for number, (column, value) in enumerate(header.items()):
            self.table.setItem(number, 0, QTableWidgetItem(column))
            self.table.setItem(number, 1, QTableWidgetItem(" ".join(value[:200].split())))
            box = self._boxes[column] = _meanings(column, kind)
            box.setCurrentIndex(max(0, box.findData(before.get(column, AS_NAMED))))
            self.on(box.currentIndexChanged)
            self.table.setCellWidget(number, 2, box)
        self.table.setVisible(bool(header))
        self.empty.setVisible(not header)

    def mapping(self) -> dict[str, str]:
        """Return the columns that do not mean what their name says: column → field, empty for
        none.
        """
        return {
            column: box.currentData()
            for column, box in self._boxes.items()
            if box.currentData() != AS_NAMED
        }


def _meanings(column: str, kind: str) -> QComboBox:
    known = fields(KINDS[kind].request_type)
    own = next((info for info in known if column in (info.name, info.flag)), None)
    as_named = (
        f"{own.meta.title or own.name} (by its name)" if own else "For templates and names only"
    )
    box = _combo(
        {AS_NAMED: "Kind (by its name)" if column == "kind" else as_named},
        f"What {column} is",
        "Which field it fills",
    )
    for info in known:
        if info is not own:
            box.addItem(info.meta.title or info.name, info.name)
    box.addItem("Left out", "")
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return box


class OutputPage(Page):
    """Where results go, how they are called, and whether texts are collected."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = QLineEdit(str(folder))
        name_control(self.folder, "Folder", "Where results and report are saved")
        browse = button("…", "Choose the folder", self._choose)
        browse.setAccessibleName("Choose the folder")
        self.name = QLineEdit(file_names.DEFAULT_TEMPLATE)
        name_control(
            self.name,
            "File names",
            "From {row} {prompt:40} {seed} {model} {kind} {date} {time} and the file's own columns",
        )
        self.sample = label("", "muted")
        self.collect = _combo(
            {
                "": "A file for each row",
                **{name: f"Also {_COLLECT_TITLES[name].lower()}" for name in FORMATS},
            },
            "Texts",
            "Whether all texts are also written into one file, at the end",
        )
        self.add("Folder", row(self.folder, browse, spacing=4), 0, 0, 2)
        self.add("File names", self.name, 1, 0)
        self.add("Texts", self.collect, 1, 1)
        self.grid.addWidget(self.sample, 4, 0, 1, 2)
        self.grid.setColumnStretch(0, 3)
        self.grid.setColumnStretch(1, 1)
        self.on(self.name.textChanged, self.folder.textChanged)

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for results", self.folder.text())
        if folder:
            self.folder.setText(folder)

    @property
    def path(self) -> Path | None:
        """The folder; None where the field is empty."""
        text = self.folder.text().strip()
        return Path(text).expanduser() if text else None
