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
from studio.core.translation import mark, tr, tr_marked
from studio.ui.batch.page import Page, combo_box
from studio.ui.batch.preview import parse_variables
from studio.ui.widgets.factory import button, label, name_control, row, show_information
from studio.ui.widgets.plain_editor import PlainEditor

_COMBINE_TITLES = {
    "random": mark("Pick one by the row's seed"),
    "all": mark("Every combination"),
    "off": mark("Keep texts as they are"),
}
_AXIS_EXAMPLES = ("steps=10,20,30", "guidance=[5..9 step 2]", "prompt=a cat|a dog")

GRAMMAR = mark("""In a prompt template:
{{topic}} is the value of the row's column topic.

In a prompt and in any other cell:
{red|blue} is one of the alternatives; they can be nested: {big|very {old|odd}}.
$style or ${style} is a variable or the row's column style.
__animal__ is a line of animal.txt in the wildcards folder.
[5..10 step 1] is every number from 5 to 10, one row each.

A backslash keeps a sign as it is: \\{ \\| \\} \\$ \\[ \\__

"Every combination" makes one row of each; otherwise the row's seed picks one. The table shows \
every row before anything runs.""")


class VariationsPage(Page):
    """Alternatives, variables, wildcards and the axes of a grid."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        effects = tr("; ").join(
            f"{tr_marked(title)}: {tr_marked(COMBINE[name])}"
            for name, title in _COMBINE_TITLES.items()
        )
        self.combine = combo_box(
            {name: tr_marked(title) for name, title in _COMBINE_TITLES.items()},
            tr("Alternatives", context="prompt"),
            tr(
                "How {{a|b}}, __file__, $name and [1..5] in the rows are used. {effects}",
                effects=effects,
            ),
        )
        self.wildcards = QLineEdit()
        self.wildcards.setPlaceholderText(str(path.absolute().parent / "wildcards"))
        name_control(
            self.wildcards,
            tr("Wildcards folder"),
            tr(
                "__animal__ is a line of animal.txt in this folder; leave empty for the folder "
                "wildcards next to the file"
            ),
        )
        browse = button("…", tr("Choose the wildcards folder"), self._choose_folder)
        browse.setAccessibleName(tr("Choose the wildcards folder"))
        self.variables = PlainEditor()
        self.variables.setPlaceholderText(
            "style = {oil|watercolor}\ncity = 北京"  # not translated: syntax
        )
        self.variables.setTabChangesFocus(True)
        self.variables.setFixedHeight(QFontMetrics(self.variables.font()).lineSpacing() * 5 + 14)
        name_control(
            self.variables,
            tr("Variables"),
            tr("$style in a row is replaced by its value here; one name = value per line"),
        )
        self.axes = [QLineEdit() for _axis in range(MAX_AXES)]
        for number, (line, example) in enumerate(
            zip(self.axes, _AXIS_EXAMPLES, strict=True), start=1
        ):
            line.setPlaceholderText(example)
            tip = tr(
                "A setting or variable and its values. Every row runs with each value; a contact "
                "sheet is written at the end."
            )
            name_control(line, tr("Grid axis {number}", number=number), tip)
        explain = button(
            "?",
            tr("Explain the syntax for rows"),
            lambda: show_information(self, tr("Syntax for rows"), tr_marked(GRAMMAR)),
        )
        explain.setAccessibleName(tr("Syntax for rows"))
        self.combine.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.add(tr("Alternatives", context="prompt"), row(self.combine, explain, spacing=4), 0, 0)
        self.add(tr("Wildcards folder"), row(self.wildcards, browse, spacing=4), 1, 0)
        self.add(tr("Variables"), self.variables, 0, 1, rows=2)
        self.grid.addWidget(label(tr("Grid: every row with every value"), "muted"), 0, 2)
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
        folder = QFileDialog.getExistingDirectory(
            self, tr("Wildcards folder"), self.wildcards.text()
        )
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
