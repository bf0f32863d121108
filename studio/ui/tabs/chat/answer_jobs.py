"""Submits the jobs that write a chat's answers and summaries, if the chat fits the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from studio.core.errors import InvalidRequestError, StudioError
from studio.core.requests import TextRequest
from studio.core.translation import tr
from studio.documents.chat import ROOT, SUMMARY, Chat, Turn, new_turn, title_from
from studio.models.card import ModelCard
from studio.preflight.checks import check
from studio.preflight.tokens import count_tokens
from studio.text_checks.refusal import check_refusal
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.tabs.chat.kept_statements import summarized_turns, with_statements
from studio.ui.tabs.chat.open_chat import OpenChat
from studio.ui.tabs.chat.requests import answer_request
from studio.ui.tabs.chat.summaries import Summary, choose_summary, summarizable, summary_requests


@dataclass(frozen=True)
class _Question:
    """What is asked: an answer to a turn, or the rest of an answer."""

    chat: Chat
    card: ModelCard
    request: TextRequest
    turn: Turn
    continued: Turn | None


class AnswerJobs(QObject):
    """Asks the model of the form for answers."""

    refused = Signal(str, str, bool)
    """(Why the request cannot be made, what to do, whether a summary helps)."""
    prompt_refused = Signal(str)
    """A prompt that could not be sent, to be changed or sent later."""
    submitted = Signal()

    def __init__(
        self,
        shared: AppState,
        open_chat: OpenChat,
        card: Callable[[], ModelCard | None],
        values: Callable[[], dict[str, Any]],
    ) -> None:
        """`values`: those of the form."""
        super().__init__(open_chat)
        self._shared = shared
        self._open_chat = open_chat
        self._card = card
        self._values = values
        self._waiting = ""
        """A prompt to send when the chat is open."""
        self._sent = ""
        """Id of the turn that was sent last."""
        open_chat.answers.ended.connect(self._on_answer_ended)

    def send(self, prompt: str) -> None:
        """Add the person's turn at the end, and ask for its answer."""
        if not self._open_chat.is_open:
            self._waiting = prompt
            return
        path = self._open_chat.chat.path()
        question = new_turn(path[-1].id if path else ROOT, "user", prompt)
        self._sent = question.id
        self.ask(question, is_new=True)

    def send_waiting(self) -> None:
        """Send the prompt that was sent before the chat was open."""
        if prompt := self._waiting:
            self._waiting = ""
            self.send(prompt)

    def ask(self, turn: Turn, *, is_new: bool = False, continued: Turn | None = None) -> None:
        """Submit the request for an answer, or for the rest of one, if the chat fits the model."""
        card, chat = self._card(), self._open_chat.chat
        values = self._values()
        if not is_new:
            values["seed"] = None  # another answer
        try:
            if card is None:
                raise StudioError(tr("A model is missing."), cure=tr("Add one under Models."))
            request = answer_request(card, values, chat, turn, continued)
        except InvalidRequestError as error:
            self._refuse(turn, str(error), tr("Change the form."))
            return
        except StudioError as error:
            self._refuse(turn, error.message, error.cure)
            return
        question = _Question(chat, card, request, turn, continued)
        text = request.prompt + request.prefix
        background.run(
            self,
            lambda: count_tokens(card, text, request.system_prompt, request.messages),
            lambda tokens: self._on_counted(question, tokens),
            lambda error: self._refuse(turn, str(error)),
        )

    def _refuse(
        self, turn: Turn, message: str, cure: str = "", *, summary_helps: bool = False
    ) -> None:
        self.refused.emit(message, cure, summary_helps)
        if turn.id == self._sent:
            self.prompt_refused.emit(turn.text)

    def _on_counted(self, question: _Question, tokens: int | None) -> None:
        chat, continued = question.chat, question.continued
        problems = check(
            question.card,
            question.request,
            self._shared.find_card,
            read_files=False,
            tokens=tokens,
        )
        if problems:
            cure = tr(
                "Delete or shorten earlier turns, begin a new chat, or choose a model that takes "
                "more. Nothing is cut by itself."
            )
            helps = bool(summarizable(chat))
            self._refuse(question.turn, problems[0].message, cure, summary_helps=helps)
            return
        if continued is not None and chat.turns.get(continued.id) is not continued:
            return  # it was deleted, or goes on already
        self._submit(question)

    def _submit(self, question: _Question) -> None:
        chat, continued = question.chat, question.continued
        job = self._shared.new_job(question.request)
        self.submitted.emit()
        if continued is not None:
            self._open_chat.answers.give_up(continued.job)
            rest = msgspec.structs.replace(continued, job=job.id, finish="")
            self._open_chat.add(chat, rest, job=job)
        else:
            chat.title = chat.title or title_from(question.turn.text)
            answer = new_turn(question.turn.id, "assistant", "", job=job.id)
            self._open_chat.add(chat, question.turn, answer, job=job)

    # Summaries
    # ----------------------------------------------------------------------

    def summarize(self) -> None:
        """Ask the model for a summary, which it reads in place of older turns from then on."""
        card, chat = self._card(), self._open_chat.chat
        if card is None or self._open_chat.answers.jobs_of(chat.id):
            return
        try:
            summaries = summary_requests(card, self._values(), chat)
        except InvalidRequestError as error:
            self.refused.emit(str(error), tr("Change the form."), False)
            return
        background.run(
            self,
            lambda: choose_summary(card, summaries),
            lambda chosen: self._submit_summary(chat, chosen),
            lambda error: self.refused.emit(
                str(error), error.cure if isinstance(error, StudioError) else "", False
            ),
        )

    def _submit_summary(self, chat: Chat, chosen: Summary) -> None:
        if self._open_chat.answers.jobs_of(chat.id) or chosen.last.id not in chat.turns:
            return
        job = self._shared.new_job(chosen.request)
        self.submitted.emit()
        summary = new_turn(SUMMARY + chosen.last.id, "assistant", "", job=job.id)
        self._open_chat.add(chat, summary, job=job)

    def _on_answer_ended(self, chat: Chat, turn_id: str, failure: str) -> None:
        """Complete a summary, or remove one that cannot take the place of turns."""
        turn = chat.turns.get(turn_id)
        if turn is None or not turn.parent.startswith(SUMMARY):
            return
        is_refusal = not check_refusal(turn.text).passed
        if turn.finish in ("cancelled", "failed") or not turn.text.strip() or is_refusal:
            self._open_chat.remove(chat, turn)
            if not failure and turn.finish != "cancelled":
                message = tr("The model did not write a summary.")
                self.refused.emit(message, tr("Try again, or choose another model."), False)
            return
        turns = summarized_turns(chat, turn.parent.removeprefix(SUMMARY))
        whole = msgspec.structs.replace(turn, text=with_statements(turn.text, turns))
        chat.replace(whole)
        self._open_chat.save(whole, chat=chat)
