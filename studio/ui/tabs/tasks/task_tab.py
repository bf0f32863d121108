"""A tab with guided tasks, each of whose forms takes the place of the plain prompt."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from PySide6.QtWidgets import QWidget

from studio.batch.form_prompt.texts import PromptTexts
from studio.core.errors import InvalidRequestError, Problem
from studio.core.presets import TASK, Preset
from studio.core.requests import Request
from studio.core.requests.task_entry import convert_entry, shared_entry
from studio.core.requests.text import CONSTRAINTS
from studio.core.requests.text_task import TextTask
from studio.core.translation import tr, tr_marked
from studio.models.card import ModelCard
from studio.ui.app_state import AppState
from studio.ui.tabs.base import GenerateTab
from studio.ui.tabs.presets.preset_button import PresetButton
from studio.ui.tabs.tasks.entry import TaskSettings, for_draft, read_entry
from studio.ui.tabs.tasks.task_box import TaskBox

_OF_PLAIN = ("prompt", "system_prompt", "task")
MAX_PRESET_CHARACTERS = 100_000
"""A longer main text, such as that of a book, is no part of a preset."""
FIELDS_OF_TASKS = ("prefix", "mode", "top_logprobs", *CONSTRAINTS)
"""Fields of the request that tasks set themselves, or that do not apply to their texts."""


class TaskTab(GenerateTab):
    """The form of a tab whose requests may come from a guided task."""

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        self.tasks = TaskBox(
            shared, lambda: self.card, self.take_document, lambda: self.prompt.toPlainText()
        )
        self.task_presets: PresetButton | None = None
        self._main_text = ""
        """Of a preset that is being used, for the form of its task; empty for none."""
        self._step = ""
        """What to write of a story, while its request is made; empty for the form's choice."""
        self._plain_settings: dict[str, Any] = {}
        """The edited settings of the plain prompt while a task's form is shown."""
        self.asked = ("", "")
        """Prompt and system prompt of the task's request that was built last."""
        super().__init__(shared, parent)
        self.prompt_box.add_to_title(self.tasks.write_button)
        self._connect_tasks()

    @abstractmethod
    def take_document(self, receive: Callable[[str, str], None]) -> None:
        """Call `receive` with text and title of the document in the editor."""

    def _connect_tasks(self) -> None:
        self.tasks.changed.connect(self._on_edited)
        self.tasks.opened.connect(self._on_task_opened)
        self.tasks.closed.connect(self._on_task_closed)
        self.tasks.model_chosen.connect(self.choose_model)
        self.prompt.textChanged.connect(self._on_prompt_changed)

    def write(self, name: str) -> None:
        """Show the form of a guided task."""
        self.form_side.show()
        self.tasks.write(name)

    def write_step(self, step: str) -> None:
        """Let the model write one step of the story in the form."""
        self._step = step
        try:
            self.generate()
        finally:
            self._step = ""

    def _on_task_opened(self) -> None:
        """Take the task's settings instead of those of the plain prompt."""
        if not self.prompt_box.isHidden():
            self._plain_settings = self.form.changed_values()
        self._offer_presets()
        self.prompt_box.hide()
        self._take_defaults()

    def _on_task_closed(self) -> None:
        self.prompt_box.show()
        self._take_defaults()
        self.form.set_values(self._plain_settings)
        self.prompt.setFocus()

    def _take_defaults(self) -> None:
        self.form.reset_edited()
        self._on_model_changed()

    def _on_prompt_changed(self) -> None:
        """Show the plain prompt if something else put a text into it."""
        if not self._is_loading and self.prompt_box.isHidden():
            self.tasks.close_task()

    def set_values(self, values: dict[str, Any]) -> None:
        """See `FormTab`. A request that a task made restores the task's form."""
        entry = read_entry(values.get("task"))
        if entry is None:
            if "task" in values:
                self.tasks.close_task()
            super().set_values({**values, "task": None} if "task" in values else values)
            return
        made = values["task"]
        settings = {name: value for name, value in values.items() if name in self.form.fields}
        if isinstance(made, TextTask):  # its prompts are made from the fields
            settings = {
                name: value for name, value in settings.items() if name not in FIELDS_OF_TASKS
            }
            settings["num_return_sequences"] = made.count
        else:
            super().set_values(
                {name: values[name] for name in ("prompt", "system_prompt") if name in values}
            )
        if values.get("model"):
            self.choose_model(str(values["model"]))
        plain = {**values, "task": None}
        self.tasks.show_entry(
            entry,
            functools.partial(self._fill, settings),
            functools.partial(super().set_values, plain) if made is not entry else lambda: None,
        )

    def use_preset(self, preset: Preset) -> None:
        """See `FormTab`. The prompt of a task's preset is the main text of its form."""
        entry, values = convert_entry(preset.values.get(TASK)), dict(preset.values)
        if entry is not None:
            panel = self.tasks.panel
            typed = panel.main.value() if panel is not None else self.prompt.toPlainText()
            self._main_text = str(values.pop("prompt", "") or typed)
        super().use_preset(msgspec.structs.replace(preset, values=values))

    def _offer_presets(self) -> None:
        """Put a button for presets above the form of a task; that of the prompt is hidden."""
        if self.task_presets is None:
            self.task_presets = PresetButton(self.shared, self.kind, self._as_preset)
            self.task_presets.chosen.connect(self.use_preset)
            self.tasks.add_to_title(self.task_presets)

    def _as_preset(self) -> Preset:
        """See `FormTab`. With the task of the form, whose main text is the prompt."""
        made, panel = super()._as_preset(), self.tasks.panel
        if panel is None:
            return made
        entry, text = panel.entry(), panel.main.value()
        fields = {name: value for name, value in entry.values.items() if name != panel.main_name}
        values = {name: value for name, value in made.values.items() if name not in _OF_PLAIN}
        values[TASK] = shared_entry(msgspec.structs.replace(entry, values=fields))
        if text and len(text) <= MAX_PRESET_CHARACTERS:
            values["prompt"] = text
        return Preset(made.title, values, family=made.family)

    def _fill(self, settings: dict[str, Any]) -> None:
        """Fill the form of a task that is shown now."""
        self.form.set_values(settings)
        panel, text, self._main_text = self.tasks.panel, self._main_text, ""
        if panel is not None and text:
            panel.main.hold(text, "")

    def unused_fields(self, card: ModelCard | None) -> Iterable[str]:
        """See `FormTab`."""
        unused = super().unused_fields(card)
        return (*unused, *FIELDS_OF_TASKS) if self.tasks.is_open else unused

    def defaults(self, card: ModelCard | None) -> dict[str, Any]:
        """See `FormTab`. Those of a task take precedence over the model's."""
        own = super().defaults(card)
        panel = self.tasks.panel
        return own if panel is None else {**own, **panel.defaults(card)}

    def build(self, card: ModelCard) -> Request:
        """See `FormTab`. A task's form makes the request that the command makes."""
        panel = self.tasks.panel
        if panel is None:
            if self.tasks.is_open:
                raise InvalidRequestError([Problem("task", tr("is being read"))])
            return super().build(card)
        formats = self.shared.format_defaults(self.kind)
        settings = {**formats, **self.form.changed_values()}
        settings["seed"] = self.form.fields["seed"].value()
        count = self.form.fields["num_return_sequences"].value()
        request = panel.request(card, TaskSettings(settings, count), self._step)
        self.asked = (request.prompt, request.system_prompt)
        return request

    def show_problems(self, problems: list[Problem]) -> None:
        """See `FormTab`."""
        if self.tasks.panel is None:
            super().show_problems(problems)
        else:
            self.tasks.panel.show_problems(self.form.set_problems(problems))

    def title_of(self, name: str) -> str:
        """See `FormTab`."""
        panel = self.tasks.panel
        return super().title_of(name) if panel is None else panel.title_of(name)

    def prompt_texts(self) -> PromptTexts:
        """See `FormTab`. The texts of a task are taken as they are."""
        return PromptTexts("", "") if self.tasks.is_open else super().prompt_texts()

    def _has_prompt(self) -> bool:
        panel = self.tasks.panel
        return super()._has_prompt() if panel is None else bool(panel.main.value().strip())

    def _describe(self, problems: list[Problem]) -> str:
        panel = self.tasks.panel
        if panel is not None and self.card is not None and not self._has_prompt():
            title = tr_marked(panel.task.main.title)
            return tr("Fill in “{title}” to begin.", title=title)
        return super()._describe(problems)

    def _draft(self) -> dict[str, Any]:
        draft = super()._draft()
        entry = self.tasks.entry()
        return {**draft, "task": for_draft(entry) if entry is not None else None}
