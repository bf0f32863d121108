"""The page for alternatives, wildcards, variables and the grid of a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QFileDialog,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
)

from studio.batch.axes import MAX_AXES
from studio.batch.expand import COMBINE
from studio.core.paths import expand_home
from studio.ui.batch.page import Page, combo_box
from studio.ui.batch.preview import parse_variables
from studio.ui.widgets.factory import button, label, name_control, row, show_information
from studio.ui.widgets.plain_editor import PlainEditor

_COMBINE_TITLES = {
    "random": "Pick one by the row's seed",
    "all": "Every combination",
    "off": "Keep texts as they are",
}
_AXIS_EXAMPLES = ("steps=10,20,30", "guidance=[5..9 step 2]", "prompt=a cat|a dog")

GRAMMAR = """In a prompt template:
{{topic}} is the value of the row's column topic.

In a prompt and in any other cell:
{red|blue} is one of the alternatives; they can be nested: {big|very {old|odd}}.
$style or ${style} is a variable or the row's column style.
__animal__ is a line of animal.txt in the wildcards folder.
[5..10 step 1] is every number from 5 to 10, one row each.

A backslash keeps a sign as it is: \\{ \\| \\} \\$ \\[ \\__

"Every combination" makes one row of each; otherwise the row's seed picks one. The table shows \
every row before anything runs."""


class VariationsPage(Page):
    """Alternatives, variables, wildcards and the axes of a grid."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        effects = "; ".join(f"{title}: {COMBINE[name]}" for name, title in _COMBINE_TITLES.items())
        self.combine = combo_box(
            _COMBINE_TITLES,
            "Alternatives",
            f"How {{a|b}}, __file__, $name and [1..5] in the rows are used. {effects}",
        )
        self.wildcards = QLineEdit()
        self.wildcards.setPlaceholderText(str(path.absolute().parent / "wildcards"))
        name_control(
            self.wildcards,
            "Wildcards folder",
            "__animal__ is a line of animal.txt in this folder; leave empty for the folder "
            "wildcards next to the file",
        )
        browse = button("…", "Choose the wildcards folder", self._choose_folder)
        browse.setAccessibleName("Choose the wildcards folder")
        self.variables = PlainEditor()
        self.variables.setPlaceholderText("style = {oil|watercolor}\ncity = 北京")
        self.variables.setTabChangesFocus(True)
        self.variables.setFixedHeight(QFontMetrics(self.variables.font()).lineSpacing() * 5 + 14)
        name_control(
            self.variables,
            "Variables",
            "$style in a row is replaced by its value here; one name = value per line",
        )
        self.axes = [QLineEdit() for _axis in range(MAX_AXES)]
        for number, (line, example) in enumerate(
            zip(self.axes, _AXIS_EXAMPLES, strict=True), start=1
        ):
            line.setPlaceholderText(example)
            tip = (
                "A setting or variable and its values. Every row runs with each value; a contact "
                "sheet is written at the end."
            )
            name_control(line, f"Grid axis {number}", tip)
        explain = button(
            "?",
            "Explain the syntax for rows",
            lambda: show_information(self, "Syntax for rows", GRAMMAR),
        )
        explain.setAccessibleName("Syntax for rows")
        self.combine.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.add("Alternatives", row(self.combine, explain, spacing=4), 0, 0)
        self.add("Wildcards folder", row(self.wildcards, browse, spacing=4), 1, 0)
        self.add("Variables", self.variables, 0, 1, rows=2)
        self.grid.addWidget(label("Grid: every row with every value", "muted"), 0, 2)
        axes = QVBoxLayout()
        axes.setSpacing(4)
        for line in self.axes:
            axes.addWidget(line)
        self.grid.addLayout(axes, 1, 2, 3, 1)
        for column in range(3):
            self.grid.setColumnStretch(column, 1)
        lines = (line.textChanged for line in (self.wildcards, *self.axes))
        self.emit_changed_on(self.combine.currentIndexChanged, self.variables.textChanged, *lines)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Wildcards folder", self.wildcards.text())
        if folder:
            self.wildcards.setText(folder)

    def options(self) -> dict[str, Any]:
        """Return the page's options. Raises StudioError for an invalid variable."""
        folder = self.wildcards.text().strip()
        return {
            "combine": self.combine.currentData(),
            "wildcards": expand_home(folder) if folder else None,
            "variables": parse_variables(self.variables.toPlainText()),
            "axes": [line.text().strip() for line in self.axes if line.text().strip()],
        }
