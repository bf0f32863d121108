"""Connects the bar below a document with the form's model and the generation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt

from studio.core.errors import Failure, InvalidRequestError, StudioError
from studio.core.translation import tr, tr_plural
from studio.models.card import ModelCard
from studio.text_tasks.instruction import instruction_task, save_instruction
from studio.text_tasks.task import Task
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.text.editor import DocumentEditor
from studio.ui.text.marking.marks import Marks
from studio.ui.text.writing.generate_bar import GenerateBar
from studio.ui.text.writing.generation import DocumentGeneration
from studio.ui.text.writing.instructions import Instruction, own_instructions, task_of
from studio.ui.text.writing.requests import Writing, continuation, problem_text, task_writing
from studio.ui.widgets.factory import Notice


class WritingForm(Protocol):
    """The part of the text tab's form that a document uses."""

    @property
    def card(self) -> ModelCard | None:
        """The chosen model."""

    def values(self) -> dict[str, Any]:
        """Return the values of the form."""


class ModelWriting(QObject):
    """Makes requests of what the person asks for, in the background, and starts them."""

    def __init__(
        self, shared: AppState, editor: DocumentEditor, marks: Marks, form: WritingForm
    ) -> None:
        super().__init__(editor)
        self._shared = shared
        self._editor = editor
        self._form = form
        self._is_preparing = False
        self.notice = Notice()
        self.generation = DocumentGeneration(shared, editor, marks)
        self.bar = GenerateBar(self.generation)
        self.bar.own = self._read_own
        self.bar.continue_requested.connect(self.go_on)
        self.bar.instruction_chosen.connect(self.run)
        self.bar.instruction_written.connect(self.run_own)
        self.bar.save_requested.connect(self._save_own)
        self.generation.failed.connect(self._on_failed)
        self.generation.state_changed.connect(self._on_state_changed)

    def go_on(self) -> None:
        """Let the model go on from the cursor, or from the end of the selection."""
        text, place = self._editor.text, self._editor.selection[1]
        if not text[:place].strip():
            self.notice.show_message(
                tr("There is no beginning to go on from."),
                tr("Write some words, or place the cursor after the text."),
            )
            return
        values = dict(self._form.values())
        self._prepare(text, lambda card: continuation(text, place, card, values))

    def run(self, instruction: Instruction) -> None:
        """Run an entry of the menu on the selection, or on the whole text."""
        fields = {instruction.field: instruction.value} if instruction.field else {}
        data = self._shared.data
        self._run_task(lambda: task_of(data, instruction), fields)

    def run_own(self, instruction: str) -> None:
        """Do what a person's instruction asks for with the selection, or the whole text."""
        self._run_task(lambda: instruction_task(instruction), {})

    def _run_task(self, read: Callable[[], Task], fields: Mapping[str, Any]) -> None:
        text, part = self._editor.text, self._editor.selection
        seed = self._form.values().get("seed")
        self._prepare(text, lambda card: task_writing(read(), text, part, fields, card, seed))

    def _prepare(self, text: str, make: Callable[[ModelCard], Writing]) -> None:
        card = self._form.card
        if card is None:
            self.notice.show_message(
                tr("A model for text is missing."), tr("Install one under Models.")
            )
        elif not self._is_preparing and self.generation.state != "running":
            self._is_preparing = True
            self.notice.clear()

            def start(writing: Writing) -> None:
                if self._editor.is_loading and self._editor.text is text:
                    once = Qt.ConnectionType.SingleShotConnection
                    self._editor.loaded.connect(lambda: start(writing), once)
                    return
                self._is_preparing = False
                if self._editor.text is text and not self._editor.isReadOnly():
                    self._start(writing)
                else:
                    self._shared.post_toast(tr("The text has changed. Start it again."))

            background.run(self, lambda: make(card), start, self._on_refused)

    def _start(self, writing: Writing) -> None:
        self.generation.start(writing)
        if writing.skipped:
            self._shared.post_toast(
                tr_plural(
                    "The model cannot read the first character: the text is too long for it",
                    "The model cannot read the first {count:,} characters: the text is too long "
                    "for it",
                    writing.skipped,
                )
            )

    def _on_refused(self, error: Exception) -> None:
        self._is_preparing = False
        if isinstance(error, InvalidRequestError):
            self.notice.show_message(problem_text(error), tr("Change the text or the settings."))
        elif isinstance(error, StudioError):
            self.notice.show_message(error.message, error.cure)
        else:
            raise error

    def _on_failed(self, failure: Failure) -> None:
        self.notice.show_failure(failure, [])

    def _on_state_changed(self, state: str) -> None:
        if state == "running":
            self.notice.clear()
        focused = self.bar.window().focusWidget()
        if state == "idle" and focused is not None and self.bar.isAncestorOf(focused):
            self._editor.setFocus()  # after a decision, keys belong to the text again

    # Own instructions
    # ----------------------------------------------------------------------

    def _read_own(self, show: Callable[[Sequence[Instruction]], None]) -> None:
        data = self._shared.data
        background.run(self.bar, lambda: own_instructions(data), show)

    def _save_own(self, instruction: str) -> None:
        data = self._shared.data

        def report(_name: str) -> None:
            self._shared.post_toast(tr("The instruction is in the menu now"))

        background.run(self, lambda: save_instruction(data, instruction), report, self._on_unsaved)

    def _on_unsaved(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) else error
        self.notice.show_message(
            tr("The instruction cannot be kept: {reason}.", reason=reason),
            tr("Check the data folder and its free space."),
        )
