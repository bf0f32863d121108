"""The page for kind, model, settings, seeds and prompt template of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import (
    QLineEdit,
    QSpinBox,
)

from studio.batch.seeds import MAX_REPEATS, POLICIES
from studio.core.kinds import KINDS
from studio.core.presets import presets
from studio.core.requests import fields
from studio.core.translation import mark, tr, tr_marked
from studio.media.text_encoding import ENCODINGS
from studio.ui.app_state import AppState
from studio.ui.batch.page import Page, combo_box
from studio.ui.widgets.factory import name_control

_SEED_TITLES = {
    "random": mark("Random"),
    "fixed": mark("Fixed"),
    "step": mark("Step"),
}
"""Seed policy → title."""


class PromptsPage(Page):
    """What the rows generate, with which model, settings and seeds."""

    def __init__(self, shared: AppState, path: Path, kind: str, model: str) -> None:
        super().__init__()
        self._shared = shared
        self.template = QLineEdit()
        self.template.setPlaceholderText(
            "Write a headline about {{topic}} for {{city}}"  # not translated: syntax
        )
        name_control(
            self.template,
            tr("Prompt template"),
            tr("Builds each prompt from the row's columns; leave empty to use the prompt column"),
        )
        self.kind = combo_box(
            {name: tr_marked(record.title) for name, record in KINDS.items()},
            tr("Kind"),
            tr("Kind of the rows that have none of their own"),
        )
        self.kind.setCurrentIndex(self.kind.findData(kind))
        self.model = combo_box({}, tr("Model"), tr("Model of the rows that name none"))
        self.defaults = combo_box(
            {}, tr("Settings"), tr("Settings for the columns that a row leaves empty")
        )
        self.encoding = combo_box(
            {"": tr("Detect"), **{name: name for name in ENCODINGS}},
            tr("Encoding"),
            tr("The file's text encoding, in case the detected one is wrong"),
        )
        self.sheet = combo_box(
            {"": tr("First sheet")}, tr("Sheet"), tr("Which sheet of the spreadsheet to read")
        )
        self.sheet.setVisible(path.suffix.lower() == ".xlsx")
        self.encoding.setVisible(self.sheet.isHidden())
        policies = tr("; ").join(
            f"{tr_marked(title)}: {tr_marked(POLICIES[name])}"
            for name, title in _SEED_TITLES.items()
        )
        self.seeds = combo_box(
            {name: tr_marked(title) for name, title in _SEED_TITLES.items()},
            tr("Seeds"),
            tr("Seeds of the rows that name none: {policies}", policies=policies),
        )
        self.repeat = QSpinBox()
        self.repeat.setRange(1, MAX_REPEATS)
        self.repeat.lineEdit().setTextMargins(6, 0, 6, 0)
        name_control(
            self.repeat,
            tr("Repeats"),
            tr("How often each row runs; a row's own seed is counted up"),
        )
        self._create_layout()
        self._fill_choices(model)
        self.kind.currentIndexChanged.connect(lambda _index: self._fill_choices(""))
        boxes = (self.kind, self.model, self.defaults, self.encoding, self.sheet, self.seeds)
        self.emit_changed_on(
            self.template.textChanged,
            self.repeat.valueChanged,
            *(box.currentIndexChanged for box in boxes),
        )

    def _create_layout(self) -> None:
        self.add(tr("Prompt template"), self.template, 0, 0, 6)
        source = self.encoding if self.sheet.isHidden() else self.sheet
        titles = (
            tr("Kind"),
            tr("Model"),
            tr("Settings"),
            source.accessibleName(),
            tr("Seeds"),
            tr("Repeats"),
        )
        boxes = (self.kind, self.model, self.defaults, source, self.seeds, self.repeat)
        for column, (title, box) in enumerate(zip(titles, boxes, strict=True)):
            self.add(title, box, 1, column)
            self.grid.setColumnStretch(column, 1 if box is self.repeat else 2)

    def _fill_choices(self, model: str) -> None:
        kind = self.kind.currentData()
        for box in (self.model, self.defaults):
            box.blockSignals(True)
            box.clear()
        for card in self._shared.cards(kind):
            self.model.addItem(card.title, card.name)
        self.model.setCurrentIndex(max(0, self.model.findData(model)))
        self.defaults.addItem(tr("Model defaults"), {})
        if draft := self._shared.draft(kind):
            self.defaults.addItem(
                tr("As in the {title} tab", title=tr_marked(KINDS[kind].title)),
                _settings(kind, draft),
            )
        for preset in presets(kind):
            self.defaults.addItem(
                tr("Preset: {title}", title=tr_marked(preset.title)), _settings(kind, preset.values)
            )
        for box in (self.model, self.defaults):
            box.blockSignals(False)

    def offer_sheets(self, sheets: Sequence[str]) -> None:
        """List the spreadsheet's sheets, keeping the selected one."""
        if self.sheet.count() == 1 and len(sheets) > 1:
            self.sheet.blockSignals(True)
            for name in sheets[1:]:
                self.sheet.addItem(name, name)
            self.sheet.setItemText(0, sheets[0])
            self.sheet.blockSignals(False)

    def options(self) -> dict[str, Any]:
        """Return the page's options."""
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
    """Return the values that are settings and not empty: no prompt, model or seed."""
    known = {info.name for info in fields(KINDS[kind].request_type)} - {"prompt", "model", "seed"}
    return {
        name: value for name, value in values.items() if name in known and value not in (None, "")
    }
