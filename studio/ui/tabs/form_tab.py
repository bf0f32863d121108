"""The form of a tab: prompt, model and settings, which become a request."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

from PySide6.QtGui import QKeySequence, QShortcut, QTextCursor
from PySide6.QtWidgets import QComboBox, QWidget

from studio.batch.form_prompt.texts import PromptTexts
from studio.core.errors import InvalidRequestError, Problem
from studio.core.jobs import NO_SOURCES, Job, Sources
from studio.core.kinds import KINDS
from studio.core.presets import Preset, describe, shareable
from studio.core.requests import Request, fields
from studio.core.translation import mark, tr, tr_marked
from studio.models.card import ModelCard, request_for
from studio.preflight.checks import check
from studio.ui.actions import ACTIONS_BY_KEY, shortcut_of
from studio.ui.app_state import AppState
from studio.ui.tabs.layout import form_side
from studio.ui.tabs.no_model import show_no_model
from studio.ui.tabs.presets.preset_button import PresetButton
from studio.ui.tabs.prompt_box import PromptBox
from studio.ui.widgets.factory import Notice, button, label, name_control, row
from studio.ui.widgets.request_form import RequestForm
from studio.ui.widgets.shortcut import shortcut_within

ALTERNATIVES = "alternatives"
"""In a draft, besides the fields of the request: what to do with alternatives in the prompt."""


class Tab(QWidget):
    """A tab of the window, which shows one form or switches between several.

    `core.kinds` names the tab of each kind: `audio` is the class `AudioTab` in `ui/tabs/audio.py`,
    constructed with the `AppState` and the widget that it will be in: `theme.add_style_sheet`.
    """

    @abstractmethod
    def current(self) -> FormTab:
        """Return the form that is shown."""

    @abstractmethod
    def forms(self) -> Sequence[FormTab]:
        """Return all forms of the tab."""

    @abstractmethod
    def for_kind(self, kind: str) -> FormTab:
        """Show and return the form of one of the tab's kinds."""

    @abstractmethod
    def load_draft(self) -> None:
        """Fill the form as the user left it when Studio was closed."""

    def may_close(self) -> bool:
        """Return False to keep the window open: something is not stored, and the user stays."""
        return True

    def release_devices(self) -> None:
        """Close the audio device and the like, before the window closes."""


class FormTab(Tab):
    """A tab with the form of one kind of request."""

    kind: str
    form_side: QWidget
    """The side with the form, which can be hidden to leave its space to the result."""
    own_fields: tuple[str, ...] = ()
    """Fields besides prompt and model that the subclass shows itself."""
    start_title: ClassVar[str] = mark("Generate")
    """Of the button that starts."""
    values_of_preset: ClassVar[Mapping[str, Any]] = {}
    """Values that every preset sets, unless it has its own."""

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shared = shared
        self._is_loading = True
        """Until `load_draft` ends: building the form must not overwrite the draft."""
        request_type = KINDS[self.kind].request_type
        self._titles = {info.name: info.title for info in fields(request_type)}
        self.preset_button = PresetButton(shared, self.kind, self._as_preset)
        self.prompt_box = PromptBox(shared, self.kind, self.preset_button)
        self.prompt = self.prompt_box.editor
        self.alternatives = self.prompt_box.alternatives
        self.sources = NO_SOURCES
        """What the form was filled from, until the prompt is emptied; see `Job.sources`."""
        self.model = QComboBox()
        name_control(self.model, tr("Model"), tr("The model to use"))
        self.model.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.model_title = label(tr("Model"), "muted")
        self._no_model = Notice("banner")
        self.form = RequestForm(
            request_type,
            skip=("prompt", "model", *self.own_fields),
            expanded=shared.settings.advanced_shown.get(self.kind, False),
        )
        self._hint = label(role="muted", wrap=True)
        """What is missing or wrong, above the buttons."""
        self.editing = Notice("banner")
        title = tr_marked(self.start_title)
        self.generate_button = button(title, "", self.generate, "play", primary=True)
        self.stop_button = button(tr("Stop"), "", self.stop, "stop")

        self._shortcuts: dict[str, QShortcut] = {}
        """Key of an action → its shortcut, which the form that has the focus gets."""
        self._buttons_with_keys = {
            "generate": (self.generate_button, tr("Start")),
            "stop": (self.stop_button, tr("Stop and keep partial results")),
        }

    def current(self) -> Self:
        """See `Tab`."""
        return self

    def forms(self) -> Sequence[Self]:
        """See `Tab`."""
        return [self]

    def for_kind(self, kind: str) -> Self:
        """See `Tab`."""
        assert kind == self.kind
        return self

    # What subclasses implement
    # ----------------------------------------------------------------------

    @abstractmethod
    def generate(self) -> None:
        """Add a job with the request to the queue."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the jobs that are shown."""

    @abstractmethod
    def edit(self, job: Job) -> None:
        """Fill the form with a waiting job, to change the job."""

    @abstractmethod
    def save_as(self) -> None:
        """Save a copy of the result under a name that the user chooses."""

    def copy(self) -> None:
        """Copy the result, if it can be copied."""

    def show_full_screen(self) -> None:
        """Show the result on the full screen, if it is an image."""

    def focus_form(self) -> None:
        """Give the focus to the control that is filled first."""
        self.prompt.setFocus()

    def extra_widgets(self) -> list[QWidget]:
        """Return the widgets between prompt and model."""
        return []

    def model_widgets(self) -> list[QWidget]:
        """Return the widgets between model and settings."""
        return []

    def bottom_widget(self) -> QWidget:
        """Return the widget between the form and its buttons."""
        return row(self._hint, margins=(16, 4, 16, 0))

    def own_values(self) -> dict[str, Any]:
        """Return the values of `own_fields`."""
        return {}

    def set_own_values(self, values: dict[str, Any]) -> None:
        """Show values of `own_fields`."""

    def on_card_changed(self, card: ModelCard | None) -> None:
        """Show what the chosen model needs."""

    def unused_fields(self, card: ModelCard | None) -> Iterable[str]:
        """Return the fields of the request that have no effect."""
        return card.unused_fields if card else ()

    def defaults(self, card: ModelCard | None) -> dict[str, Any]:
        """Return the values of fields that the user has not edited."""
        return card.defaults if card else {}

    def build(self, card: ModelCard) -> Request:
        """Return the request for a model, unchecked. Raises InvalidRequestError."""
        formats = self.shared.format_defaults(self.kind)  # the form of texts has no field for it
        return request_for(card, {**formats, **self.values()})

    def show_problems(self, problems: list[Problem]) -> None:
        """Mark the fields that have one."""
        self.prompt_box.show_problem(self.form.set_problems(problems))

    def find_problems(self, card: ModelCard, request: Request) -> list[Problem]:
        """Return why the model cannot run the request. Subclasses add problems of their panels."""
        return check(card, request, self.shared.find_card, read_files=False)

    # Layout
    # ----------------------------------------------------------------------

    def _form_side(self, parent: QWidget) -> QWidget:
        self.generate_button.setSizePolicy(
            self.prompt.sizePolicy().horizontalPolicy(),
            self.generate_button.sizePolicy().verticalPolicy(),
        )
        return form_side(
            parent,
            row(self.editing, margins=(16, 8, 16, 0)),
            [
                self.prompt_box,
                *self.extra_widgets(),
                self.model_title,
                self.model,
                self._no_model,
                *self.model_widgets(),
                self.form,
            ],
            [
                self.bottom_widget(),
                row(self.generate_button, self.stop_button, margins=(16, 4, 16, 12)),
            ],
        )

    def _connect_form(self) -> None:
        self.prompt.textChanged.connect(self._on_edited)
        self.form.changed.connect(self._on_edited)
        self.preset_button.chosen.connect(self.use_preset)
        self.preset_button.example_chosen.connect(self.prompt.replace_text)
        self.alternatives.changed.connect(self._on_edited)
        self.form.expanded_changed.connect(self._on_expanded_changed)
        self.form.was_reset.connect(self._on_reset)
        self.model.currentIndexChanged.connect(self._on_model_changed)
        self.shared.models_changed.connect(self.refresh_models)
        self.shared.settings_changed.connect(self._on_settings_changed)
        for name, slot in (("generate", self.generate), ("stop", self.stop)):
            self._shortcuts[name] = shortcut_within(self, "", slot)
        self._update_shortcuts()

    def _update_shortcuts(self) -> None:
        """Use the user's shortcuts; Ctrl+Enter includes the Enter key of the number pad."""
        chosen = self.shared.settings.shortcuts
        for name, shortcut in self._shortcuts.items():
            keys = QKeySequence(shortcut_of(ACTIONS_BY_KEY[name], chosen))
            both = [keys, QKeySequence("Ctrl+Enter")]
            shortcut.setKeys(both if keys == QKeySequence("Ctrl+Return") else [keys])
            shown = keys.toString(QKeySequence.SequenceFormat.NativeText).replace("Return", "Enter")
            control, tip = self._buttons_with_keys[name]
            name_control(control, control.text(), f"{tip} ({shown})" if shown else tip)

    # Models
    # ----------------------------------------------------------------------

    @property
    def card(self) -> ModelCard | None:
        """The chosen model."""
        name = self.model.currentData()
        return next((card for card in self.shared.cards(self.kind) if card.name == name), None)

    def refresh_models(self) -> None:
        """Fill the list of models, and keep the chosen one."""
        chosen = self.model.currentData()
        self.model.blockSignals(True)
        self.model.clear()
        for card in self.shared.cards(self.kind):
            self.model.addItem(card.title, card.name)
        self.model.setCurrentIndex(max(0, self.model.findData(chosen)))
        self.model.blockSignals(False)
        self.model.setVisible(self.model.count() > 0)
        if self.model.count():
            self._no_model.clear()
        else:
            show_no_model(self._no_model, self.shared, self.kind)
        self._on_model_changed()

    def choose_model(self, name: str) -> None:
        """Choose a model by name, if it is installed."""
        index = self.model.findData(name)
        if index >= 0:
            self.model.setCurrentIndex(index)

    def _on_model_changed(self) -> None:
        card = self.card
        self.form.hide_fields(self.unused_fields(card))
        self.form.set_defaults({**self.defaults(card), **self.shared.format_defaults(self.kind)})
        self.on_card_changed(card)
        self._on_edited()

    def _on_expanded_changed(self, expanded: bool) -> None:
        self.shared.change_settings(advanced_shown={self.kind: expanded})

    def _on_reset(self, undo: Callable[[], None]) -> None:
        self.shared.post_toast(tr("All settings are the model's defaults"), tr("Undo"), undo)

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        if "shortcuts" in names:
            self._update_shortcuts()
        if names & {"text_format", "image_format", "audio_format"}:
            self._on_model_changed()

    # Values
    # ----------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """Return all values of the tab except the model."""
        return {**self.form.values(), **self.own_values(), "prompt": self.prompt.toPlainText()}

    def _values_with_model(self) -> dict[str, Any]:
        return {**self.values(), "model": self.model.currentData() or ""}

    def set_values(self, values: dict[str, Any]) -> None:
        """Fill the tab from a preset, a draft or an artifact's recipe."""
        if isinstance(values.get("prompt"), str):
            self.sources = NO_SOURCES
            if self._is_loading:  # a draft is no step to undo
                self.prompt.setPlainText(values["prompt"])
            else:
                self.prompt.replace_text(values["prompt"])
        if values.get("model"):
            self.choose_model(str(values["model"]))
        self.form.set_values(values)
        self.set_own_values(values)

    def use_text_of(self, text: str, sha256: str) -> None:
        """Put the text of an artifact into the prompt, and remember its hash for the job."""
        self.prompt.replace_text(text)
        self.sources = Sources(prompt=sha256)
        self.prompt.moveCursor(QTextCursor.MoveOperation.End)
        self.prompt.setFocus()

    # Presets
    # ----------------------------------------------------------------------

    def use_preset(self, preset: Preset) -> None:
        """Fill the form, select the part to overwrite, prefer a model of the preset's family."""
        before = self._values_with_model()
        fitting = [
            card
            for card in self.shared.cards(self.kind)
            if preset.family and card.family == preset.family
        ]
        if fitting:
            self.choose_model(fitting[0].name)
        self.form.reset_edited()
        self._on_model_changed()
        self.set_values({**self.values_of_preset, **preset.values})
        self.prompt_box.select(preset.select)
        self.prompt.setFocus()
        self.shared.post_toast(
            tr(
                "{preset} set {fields}",
                preset=tr_marked(preset.title),
                fields=describe(self.kind, preset),
            ),
            tr("Undo"),
            lambda: self.set_values(before),
        )

    def _as_preset(self) -> Preset:
        """Return the prompt, the model and what differs from the model's defaults."""
        values = {name: value for name, value in self._values_with_model().items() if value}
        unchanged = [name for name in self.form.fields if not self.form.is_changed(name)]
        for name in unchanged:
            values.pop(name, None)
        return Preset("", shareable(self.kind, values))

    # The request
    # ----------------------------------------------------------------------

    def request(self) -> Request:
        """Return the request that the form describes. Raises InvalidRequestError."""
        card = self.card
        if card is None:
            raise InvalidRequestError([Problem("model", tr("none is installed"))])
        request = self.build(card)
        problems = self.find_problems(card, request)
        if self.alternatives.problem:
            problems.append(Problem("prompt", self.alternatives.problem))
        if problems:
            raise InvalidRequestError(problems)
        return request

    def check(self) -> Request | None:
        """Mark wrong fields; return the request if all are right."""
        problems: list[Problem] = []
        request = None
        try:
            request = self.request()
        except InvalidRequestError as error:
            problems = error.problems
        self.show_problems(problems)
        hint = self._describe(problems)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.generate_button.setEnabled(request is not None)
        return request

    def _has_prompt(self) -> bool:
        return bool(self.prompt.toPlainText().strip())

    def _describe(self, problems: list[Problem]) -> str:
        """Return what the user has to do first."""
        if self.card is None:
            return tr("A model is missing.")
        if not self._has_prompt():
            return tr("Write a prompt to begin.")
        if not problems:
            return ""
        name = problems[0].field
        field = self.form.fields.get(name)
        title = field.info.title if field else self.title_of(name)
        return f"{title}: {problems[0].message}"

    def title_of(self, name: str) -> str:
        """Return the title of a field of the request."""
        return self._titles.get(name, name.title())

    def prompt_texts(self) -> PromptTexts:
        """Return the texts that may have alternatives."""
        values = self.values()
        return PromptTexts(values["prompt"], str(values.get("negative_prompt", "")))

    def _on_edited(self) -> None:
        if not self._has_prompt():
            self.sources = NO_SOURCES
        self.alternatives.show_texts(self.prompt_texts())
        self.check()
        if not self._is_loading:
            self.shared.keep_draft(self.kind, self._draft())

    def _draft(self) -> dict[str, Any]:
        """Return the values to keep; a format that was not chosen here follows the settings."""
        values = {**self._values_with_model(), ALTERNATIVES: self.alternatives.choice.currentData()}
        if not self.form.is_edited("format"):
            values.pop("format", None)
        return values

    def load_draft(self) -> None:
        """See `Tab`."""
        draft = self.shared.draft(self.kind)
        if draft:
            self.alternatives.choose(draft.get(ALTERNATIVES))
            self.set_values(draft)
        self._is_loading = False
        self.check()
