"""The text tab."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import msgspec
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QWidget

from studio.core.artifact import Recipe
from studio.core.errors import Problem
from studio.core.jobs import Job
from studio.core.requests import Request, TextRequest
from studio.core.settings import TextViewName
from studio.core.translation import tr, tr_plural
from studio.models.card import ModelCard
from studio.preflight.checks import check
from studio.preflight.tokens import count_tokens
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.stage.shown_result import ShownResult, of_file, of_job
from studio.ui.stage.text import TextStage
from studio.ui.tabs.chat.prompt_keys import SendKeys
from studio.ui.tabs.hints.grammar_check import GrammarCheck
from studio.ui.tabs.hints.language_note import LanguageNote
from studio.ui.tabs.hints.length_notice import ways_on
from studio.ui.tabs.story.story_job import read_story
from studio.ui.tabs.story.story_link import StoryLink
from studio.ui.tabs.tasks.task_tab import TaskTab
from studio.ui.text.text_views import TextViews
from studio.ui.widgets.factory import label, row, text_editor
from studio.ui.widgets.text_view import TextView

if TYPE_CHECKING:
    from studio.core.requests.chat import ChatFile
    from studio.documents.document import Document
    from studio.ui.tabs.chat.chat_page import ChatPage
    from studio.ui.tabs.chat.chat_results import ChatResults
    from studio.ui.tabs.chat.open_chat import OpenChat
    from studio.ui.text.document_page import DocumentPage

COUNT_DELAY_MS = 200
LANGUAGE_SAMPLE = 10_000
"""Characters of a source whose language is checked."""


class TextTab(TaskTab):
    """The form on the left, the text on the right, streamed."""

    kind = "text"
    own_fields = ("system_prompt", "format")
    values_of_preset: ClassVar = {"system_prompt": "", "task": None}
    stage: TextStage

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        self.system_prompt = text_editor(
            tr("System prompt"), tr("How a chat model should behave."), 48
        )
        self._system_title = label(tr("System prompt"), "muted")
        self.token_count = label("", "muted")
        self.language_note = LanguageNote(shared)
        self.grammar = GrammarCheck()
        self._tokens: int | None = None
        self._count_timer = QTimer()
        self.views = TextViews()
        super().__init__(shared, parent)
        self._prompt_keys = SendKeys(
            self.prompt, lambda: self.views.name == "chat" and not self.tasks.is_open
        )
        self._prompt_keys.sent.connect(self.generate)
        self._count_timer.setParent(self)
        self.grammar.setParent(self)
        self.grammar.checked.connect(self.check)
        self._count_timer.setSingleShot(True)
        self._count_timer.setInterval(COUNT_DELAY_MS)
        self._count_timer.timeout.connect(self._count)
        self.prompt.textChanged.connect(self._count_timer.start)
        self.system_prompt.textChanged.connect(self._count_timer.start)
        self.system_prompt.textChanged.connect(self._on_edited)
        self.language_note.model_chosen.connect(self.choose_model)
        self.form.fields["max_new_tokens"].changed.connect(self._on_length_changed)
        self.views.changed.connect(self._on_view_changed)
        self.tasks.changed.connect(self._count_timer.start)
        self.story = StoryLink(self, self)
        if shared.settings.text_view != "result":
            self.views.show_view(shared.settings.text_view)

    def extra_widgets(self) -> list[QWidget]:
        """See `FormTab`."""
        return [
            self.tasks,
            self.language_note,
            row(None, self.token_count),
            self._system_title,
            self.system_prompt,
        ]

    def create_stage(self) -> TextStage:
        """See `GenerateTab`."""
        stage = TextStage(self.shared)
        stage.prompt_requested.connect(self.use_as_prompt)
        stage.edit_requested.connect(self.edit_as_document)
        stage.limit_reached.connect(self._on_limit_reached)
        stage.review.fix_requested.connect(self._on_fix_requested)
        return stage

    def result_side(self) -> QWidget:
        """See `GenerateTab`. The stage, a document or a chat."""
        self.views.add("result", tr("Result"), lambda: self.stage)
        self.views.add("document", tr("Document"), self._create_document_page)
        self.views.add("chat", tr("Chat"), self._create_chat_page)
        self.views.add("story", tr("Story"), lambda: self.story.create_page())
        self.views.set_offered("story", False)
        self.views.show_view("result")
        return self.views

    def take_document(self, receive: Callable[[str, str], None]) -> None:
        """See `TaskTab`. A document that is not open yet is waited for."""
        is_open = self.views.is_created("document")
        page = self.document_page

        def take() -> None:
            receive(page.document.text, page.shown_title())

        if is_open:
            take()
        else:
            page.document_opened.connect(take, Qt.ConnectionType.SingleShotConnection)

    def _create_document_page(self) -> DocumentPage:
        from studio.ui.text.document_page import DocumentPage

        page = DocumentPage(self.shared, self)
        page.focus_mode_changed.connect(self._on_focus_mode_changed)
        return page

    def _create_chat_page(self) -> ChatPage:
        from studio.ui.tabs.chat.chat_page import ChatPage

        page = ChatPage(self.shared, lambda: self.card, self.values)
        page.prompt_refused.connect(self._on_prompt_refused)
        page.attachment.attached.connect(self._on_attached)
        self._prompt_keys.edit_requested.connect(page.edit_last)
        for signal in (page.open_chat.opened, page.open_chat.changed):
            signal.connect(self._show_system_prompt)
        page.actions_of_turns.document_requested.connect(
            lambda text, job: self.edit_as_document(text, "", job)
        )
        return page

    def _on_attached(self, text: str) -> None:
        """Put a document before what is written; the person asks about it below."""
        self.prompt.replace_text(text + self.prompt.toPlainText())
        self.prompt.moveCursor(QTextCursor.MoveOperation.End)
        self.prompt.setFocus()

    def _on_prompt_refused(self, prompt: str) -> None:
        if not self.prompt.toPlainText():
            self.prompt.replace_text(prompt)

    @functools.cached_property
    def _chat_results(self) -> ChatResults:
        """Created when a result is shown for the first time."""
        from studio.ui.tabs.chat.chat_results import ChatResults

        return ChatResults(self.shared.data.documents, self)

    @property
    def chat_page(self) -> ChatPage:
        """The chat view."""
        return cast("ChatPage", self.views.view("chat"))

    @property
    def document_page(self) -> DocumentPage:
        """The document view."""
        return cast("DocumentPage", self.views.view("document"))

    @property
    def is_document_shown(self) -> bool:
        """True if the document is shown instead of the result."""
        return self.views.name == "document"

    def show_view(self, name: TextViewName) -> None:
        """Show the result or the document."""
        self.views.show_view(name)

    def show_file(self, path: Path, recipe: Recipe) -> None:
        """See `GenerateTab`. An answer of a chat is shown there."""
        finish = "cancelled" if recipe.partial else recipe.finish_reason or "stop"
        show = functools.partial(super().show_file, path, recipe)
        self._open_chat(of_file(path, recipe), finish, show)

    def show_job(self, job: Job) -> None:
        """See `GenerateTab`. An answer of a chat is shown there."""
        self._open_chat(of_job(job), "", functools.partial(super().show_job, job))

    def _open_chat(self, result: ShownResult, finish: str, otherwise: Callable[[], None]) -> None:
        def show(open_it: Callable[[OpenChat], None]) -> None:
            values = result.form_values()
            own = ("prompt", "prefix", "messages", "num_return_sequences", "task")
            self.set_values({**{n: v for n, v in values.items() if n not in own}, "seed": None})
            self.show_view("chat")
            open_it(self.chat_page.open_chat)

        def show_result() -> None:
            self.show_view("result")
            otherwise()

        self._chat_results.find(
            result,
            finish,
            lambda place: show(lambda chats: chats.open_turn(place)),
            lambda chat: show(lambda chats: chats.add_chat(chat)),
            show_result,
        )

    def open_chat_file(self, found: ChatFile) -> None:
        """Show the messages of a file as a chat; the last prompt is in the form, to be sent."""
        self.tasks.close_task()
        self.show_view("chat")
        prompt = self.chat_page.open_chat.add_messages(found.messages)
        self.set_values({"system_prompt": found.system_prompt, "prompt": prompt})

    def edit_as_document(self, text: str, path: str, job_id: str) -> None:
        """Open a result as a new document, which remembers the file that it began with."""
        from studio.ui.text.files.result_document import result_document

        self.show_view("document")
        library = self.shared.library
        background.run(
            self,
            lambda: result_document(text, path, job_id, lambda: library.index),
            lambda document: self.open_document(document, job_id),
        )

    def open_document(self, document: Document, job_id: str) -> None:
        """Open a text that a job wrote as a new document."""
        page = self.document_page
        self.show_view("document")
        page.add(document, "generation", job_id)

    def _on_view_changed(self, name: TextViewName | Literal["story"]) -> None:
        self._show_system_prompt()
        if name != "story":  # it is there only with the form of a story
            self.shared.change_settings(text_view=name)

    def _on_focus_mode_changed(self, is_on: bool) -> None:
        self.form_side.setVisible(not is_on)
        self.views.bar.setVisible(not is_on)

    @property
    def view(self) -> TextView:
        """The texts."""
        return self.stage.view

    def own_values(self) -> dict[str, Any]:
        """See `FormTab`. `task`: None, or what was entered in the form of a task."""
        return {"system_prompt": self.system_prompt.toPlainText(), "task": self.tasks.entry()}

    def set_own_values(self, values: dict[str, Any]) -> None:
        """See `FormTab`."""
        if "system_prompt" in values:
            self.system_prompt.replace_text(str(values["system_prompt"]))

    def on_card_changed(self, card: ModelCard | None) -> None:
        """Show the system prompt for models that use it."""
        self._show_system_prompt()
        self._count_timer.start()
        if self.tasks.panel is not None:
            self.tasks.panel.show_model(card)
        if self.views.is_created("document"):
            self.document_page.counts.refresh()

    def _show_system_prompt(self) -> None:
        card = self.card
        is_used = (card is None or card.chat) and not self.tasks.is_open
        if self.views.name == "chat" and self.chat_page.chat.persona:
            is_used = False
        self._system_title.setVisible(is_used)
        self.system_prompt.setVisible(is_used)

    def generate(self) -> None:
        """See `FormTab`. Show the result, which is no part of the document; or answer in the chat.

        With the focus in the document, its text goes on instead.
        """
        if self.grammar.wait(self.generate):
            return
        if self.views.name == "chat":
            if self.check() is not None:
                prompt = self.prompt.toPlainText()
                self.prompt.replace_text("")
                self.chat_page.send(prompt)
            return
        if self.is_document_shown and self.document_page.editor.hasFocus():
            self.document_page.model_writing.go_on()
            return
        self.story.keep_now()
        super().generate()
        if self.generate_button.isEnabled() and self.story.panel is None:
            self.show_view("result")

    def _submit(self, requests: list[Request]) -> list[Job]:
        jobs = super()._submit(requests)
        if len(jobs) == 1:
            self.story.follow(jobs[0])
        return jobs

    def load(self, result: ShownResult) -> None:
        """See `GenerateTab`. The form goes on with the story that a result holds."""
        request = result.request
        task = request.task if isinstance(request, TextRequest) else None
        if task is None or task.story_prompts is None or not result.path:
            super().load(result)
            return
        load, path = super().load, Path(result.path)

        def read() -> ShownResult:
            story = read_story(path)
            kept = msgspec.structs.replace(task, story=story or task.story)
            made = msgspec.structs.replace(request, task=kept)
            return msgspec.structs.replace(result, request=made)

        background.run(self, read, load, lambda _error: load(result))

    def stop(self) -> None:
        """See `FormTab`. Stop what is written into the document if it is shown."""
        if self.is_document_shown and self.document_page.generation.state == "running":
            self.document_page.generation.stop()
        elif self.views.name == "chat":
            self.chat_page.stop()
        else:
            super().stop()

    def save_as(self) -> None:
        """See `FormTab`. Save the document if it is shown."""
        if self.is_document_shown:
            self.document_page.save()
        else:
            super().save_as()

    def copy(self) -> None:
        """See `FormTab`. Copy the document if it is shown."""
        if self.is_document_shown:
            self.document_page.copy()
        else:
            super().copy()

    def may_close(self) -> bool:
        """See `Tab`. Ask if the document cannot be stored."""
        return not self.views.is_created("document") or self.document_page.may_close()

    def release_devices(self) -> None:
        """See `Tab`. Store the document."""
        if self.views.is_created("document"):
            self.document_page.close_documents()
        if self.views.is_created("chat"):
            self.chat_page.close_chats()

    # Tokens
    # ----------------------------------------------------------------------

    def _count(self) -> None:
        card = self.card
        if self.views.is_created("chat"):
            self.chat_page.show_context()
        panel = self.tasks.panel
        if panel is not None:
            prompt, system = self.asked if self._has_prompt() else ("", "")
            self.language_note.check(panel.writer(card), panel.main.value()[:LANGUAGE_SAMPLE])
        else:
            prompt, system = self.prompt.toPlainText(), self.system_prompt.toPlainText()
            self.language_note.check(card, prompt)
        if card is None or not prompt:
            self._on_counted(None if card is None else 0)
            return
        background.run(
            self,
            lambda: count_tokens(card, prompt, system),
            self._on_counted,
            lambda _error: self._on_counted(None),
        )

    def _on_counted(self, tokens: int | None) -> None:
        self._tokens = tokens
        self._show_count()
        self.check()

    def _on_length_changed(self) -> None:
        self._show_count()
        if self.views.is_created("chat"):
            self.chat_page.show_context()

    def _show_count(self) -> None:
        card = self.card
        if card is None or self._tokens is None:
            self.token_count.setText("")
            return
        if card.max_positions:
            text = tr(
                "{tokens:,} of {limit:,} tokens", tokens=self._tokens, limit=card.max_positions
            )
        else:
            text = tr_plural("1 token", "{count:,} tokens", self._tokens)
        self.token_count.setText(text)

    def find_problems(self, card: ModelCard, request: Request) -> list[Problem]:
        """See `FormTab`. Tokens are counted, and grammars compiled, in the background."""
        card = self.shared.find_card("text", request.model)  # a task may have its specialist
        found = check(card, request, self.shared.find_card, read_files=False, tokens=self._tokens)
        return found + self.grammar.problems(card, request)

    # The result
    # ----------------------------------------------------------------------

    def _on_limit_reached(self, request: TextRequest, sentence: str) -> None:
        """Say that a text stops at its token limit, and offer what leads on."""
        longer = functools.partial(self._generate_longer, request)
        ways = ways_on(self.card, request, self._tokens or 0, longer, self._continue)
        cure = "" if ways else tr("The model takes no more tokens.")
        self.stage.notice.show_message(sentence, cure, ways, role="banner")

    def _on_fix_requested(self, request: TextRequest, times: int) -> None:
        """Add the job that corrects the text that is shown, with another seed."""
        from studio.text_tasks.requests import correction_request

        fixing = correction_request(request, self.view.text(), times)
        self._submit([msgspec.structs.replace(fixing, seed=None)])

    def _generate_longer(self, request: TextRequest, longer: int) -> None:
        seed = self.form.values().get("seed")
        self.set_values({**msgspec.structs.asdict(request), "max_new_tokens": longer})
        self.generate()
        self.set_values({"seed": seed})

    def _continue(self) -> None:
        self.use_as_prompt(self.view.text())
        self.generate()

    def use_as_prompt(self, text: str) -> None:
        """Put a text into the prompt."""
        self.prompt.replace_text(text)
        self.prompt.moveCursor(QTextCursor.MoveOperation.End)
        self.prompt.setFocus()
