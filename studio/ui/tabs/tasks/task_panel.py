"""The form of one guided task."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QSpinBox, QVBoxLayout, QWidget

from studio.core.errors import InvalidRequestError, Problem
from studio.core.requests import TextRequest
from studio.core.requests.story import Story
from studio.core.requests.task_entry import TaskEntry
from studio.core.requests.text_task import MAX_FIXES
from studio.core.translation import tr, tr_marked
from studio.models.card import ModelCard, request_for
from studio.ui.app_state import AppState
from studio.ui.tabs.tasks.entry import TaskSettings
from studio.ui.tabs.tasks.extract_button import ExtractButton
from studio.ui.tabs.tasks.source_row import SourceRow, TakeDocument
from studio.ui.tabs.tasks.task_fields import NumberField, TaskField, TextField, create_field
from studio.ui.tabs.tasks.write_button import too_small
from studio.ui.widgets.factory import Notice, button, label, name_control, row
from studio.ui.widgets.request_field import WheelGuard

if TYPE_CHECKING:
    from studio.text_tasks.requests import TaskInput
    from studio.text_tasks.task import Task

SOURCE_CHARACTERS = 10_000
"""A main text that may be so long can be taken from a document."""
_LANGUAGES = {"en": "English", "zh": "中文"}
"""Each in its own name, as in the settings."""


class TaskPanel(QWidget):
    """Description, fields, language and corrections of a task."""

    changed = Signal()
    model_chosen = Signal(str)
    """Name of an installed model."""

    def __init__(self, shared: AppState, task: Task, take_document: TakeDocument) -> None:
        super().__init__()
        self._shared = shared
        self.task = task
        self.fields: dict[str, TaskField] = {}
        self.story: Story | None = None
        """The story so far, of the task that writes one."""
        self._card: ModelCard | None = None
        """The model of the tab."""
        self._guard = WheelGuard(self)
        self.size_note = Notice("banner")
        self.source = SourceRow(take_document)
        self.source.text_read.connect(self._on_text_read)
        self.extract = ExtractButton(task, self.entry)
        self.language = self._create_language()
        self.fix = self._create_fix()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(label(tr_marked(task.description), "muted", wrap=True))
        layout.addWidget(self.size_note)
        for definition in task.field:
            field = create_field(definition, self._guard, is_main=definition is task.main)
            self.fields[definition.name] = field
            layout.addWidget(field)
            if definition is task.main:
                layout.addWidget(self.source)
            field.changed.connect(self._on_changed)
        longest = task.main.at_most
        self.source.setVisible(longest is None or longest >= SOURCE_CHARACTERS)
        layout.addWidget(row(label(tr("Language", context="text"), "muted"), self.language))
        layout.addWidget(row(label(tr("Corrections"), "muted"), self.fix))
        layout.addWidget(self.extract)
        self._follow_choices()

    def _create_language(self) -> QComboBox:
        combo = QComboBox()
        combo.addItem(tr("As in the text"), "")
        for name in self.task.prompt:
            combo.addItem(_LANGUAGES[name], name)
        name_control(combo, tr("Language", context="text"), tr("The language of prompt and result"))
        combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        combo.installEventFilter(self._guard)
        combo.currentIndexChanged.connect(lambda _index: self.changed.emit())
        return combo

    def _create_fix(self) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(0, MAX_FIXES)
        spin.setSpecialValueText(tr("off"))
        spin.setValue(self.task.fix)
        spin.lineEdit().setTextMargins(6, 0, 6, 0)
        tip = tr("While a check fails, run the model again with what failed, at most so many times")
        name_control(spin, tr("Corrections"), tip)
        spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        spin.installEventFilter(self._guard)
        spin.valueChanged.connect(lambda _value: self.changed.emit())
        return spin

    @property
    def main(self) -> TextField:
        """The field of the main text."""
        field = self.fields[self.task.main.name]
        assert isinstance(field, TextField)
        return field

    @property
    def main_name(self) -> str:
        """Name of the field of the main text."""
        return self.task.main.name

    def _on_changed(self) -> None:
        self._follow_choices()
        if self.task.specialist is not None:
            self.show_model(self._card)
        self.changed.emit()

    def _follow_choices(self) -> None:
        for field in self.fields.values():
            needed = field.definition.only_with
            shown = all(self.fields[name].value() in found for name, found in needed.items())
            field.setVisible(shown)
        chosen: dict[str, int | str] = {}
        for field in self.fields.values():
            if field.definition.sets:
                chosen |= field.definition.sets.get(field.value(), {})
        for name, field in self.fields.items():
            if isinstance(field, NumberField):
                number = chosen.get(name)
                field.follow(None if number is None else int(number))

    def _on_text_read(self, text: str, name: str) -> None:
        self.main.hold(text, name)

    # Values
    # ----------------------------------------------------------------------

    def entry(self) -> TaskEntry:
        """Return what the user entered."""
        values = {name: field.value() for name, field in self.fields.items()}
        return TaskEntry(
            name=self.task.name,
            values={name: value for name, value in values.items() if value},
            language=str(self.language.currentData()),
            fix=self.fix.value(),
            story=self.story,
        )

    def set_story(self, story: Story | None) -> None:
        """Take the story so far, which the next steps go on with; report it as a change."""
        if (story is None) != (self.story is None) and "step" in self.fields:
            self.fields["step"].set_value("outline" if story is None else "all")
        self.story = story
        self.changed.emit()

    def set_entry(self, entry: TaskEntry) -> None:
        """Show an entry; values of fields that the task no longer has are ignored."""
        numbers = [name for name, one in self.fields.items() if isinstance(one, NumberField)]
        others = [name for name in self.fields if name not in numbers]
        for name in (*others, *numbers):  # choices set numbers
            self.fields[name].set_value(entry.values.get(name, ""))
        self.language.setCurrentIndex(max(0, self.language.findData(entry.language)))
        self.fix.setValue(entry.fix)
        self.set_story(entry.story)

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Mark the fields that have one. An empty form has none yet."""
        messages = {problem.field: problem.message for problem in problems}
        if "prompt" in messages:  # made of all fields
            messages.setdefault(self.task.main.name, messages["prompt"])
        if not self.main.value().strip():
            messages.pop(self.task.main.name, None)
        for name, field in self.fields.items():
            field.show_problem(messages.get(name, ""))

    def title_of(self, name: str) -> str:
        """Return the title of a field, for a problem."""
        if name in self.fields:
            return tr_marked(self.fields[name].definition.title)
        others = {"language": tr("Language", context="text"), "fix": tr("Corrections")}
        return others.get(name, tr_marked(self.task.title))

    # The request
    # ----------------------------------------------------------------------

    def defaults(self, card: ModelCard | None) -> dict[str, Any]:
        """Return the task's values of the request's fields."""
        task = self.task
        values = {"num_return_sequences": task.candidates, **task.generation}
        return values if card is None or card.chat else {**values, **task.base_generation}

    def request(self, card: ModelCard, settings: TaskSettings, step: str = "") -> TextRequest:
        """Return the request that the command makes of the same values.

        `step`: what to write of a story, instead of the form's choice. Raises InvalidRequestError.
        """
        from studio.text_tasks.requests import request_values

        inputs = self._inputs(settings, step)
        card = self._specialist(inputs) or card
        request = request_for(card, request_values(self.task, inputs, card))
        assert isinstance(request, TextRequest)
        return request

    def writer(self, card: ModelCard | None) -> ModelCard | None:
        """Return the model that writes what the form describes: `card`, or one for this form."""
        try:
            return self._specialist(self._inputs(TaskSettings({}, 0))) or card
        except InvalidRequestError:  # shown in the form
            return card

    def _specialist(self, inputs: TaskInput) -> ModelCard | None:
        from studio.text_tasks.model_prompts.specialist import find_specialist

        return find_specialist(self.task, inputs, self._shared.find_card)

    def _inputs(self, settings: TaskSettings, step: str = "") -> TaskInput:
        from studio.text_tasks.loader import LANGUAGE
        from studio.text_tasks.requests import TaskInput

        entry = self.entry()
        values = dict(entry.values)
        if step:
            values["step"] = step
        prompt = values.pop(self.task.main.name, "")
        story = entry.story and msgspec.structs.replace(entry.story, premise=prompt.strip())
        kept = settings.values
        others = {name: value for name, value in kept.items() if name != "num_return_sequences"}
        return TaskInput(
            prompt=prompt,
            fields={**values, LANGUAGE: entry.language},
            candidates=settings.candidates,
            fix=entry.fix,
            story=story,
            settings=others,
        )

    # The model
    # ----------------------------------------------------------------------

    def show_model(self, card: ModelCard | None) -> None:
        """Show whether the model is too small for the task, and lead to one that is not."""
        self._card = card
        card = self.writer(card)
        if not card or card.only_task or not self.task.is_too_small(card.parameters):
            self.size_note.clear()
            return
        least = self.task.min_parameters
        large = [one for one in self._shared.cards("text") if one.parameters >= least]
        if large:
            choose = button(
                tr("Use {title}", title=large[0].title),
                tr("Choose this model"),
                functools.partial(self.model_chosen.emit, large[0].name),
            )
        else:
            choose = button(
                tr("Get a larger model…"),
                tr("Show which model this computer can run, and what it costs"),
                self._shared.larger_requested.emit,
            )
        self.size_note.show_message(too_small(card), "", [choose])
