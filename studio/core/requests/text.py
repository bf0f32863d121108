"""A request for text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests.base import Request
from studio.core.requests.chat import ChatMessage, check_messages
from studio.core.requests.json_schema import schema_problem
from studio.core.requests.text_task import TextTask
from studio.core.translation import mark, tr

MAX_NEW_TOKENS = 32_768
MAX_STOP_STRINGS = 16
MAX_CHOICES = 100
MAX_TOP_LOGPROBS = 10
CONSTRAINTS = ("json_schema", "regex", "choices")
"""Fields that constrain the text, of which a request has at most one."""


class TextRequest(Request, frozen=True, kw_only=True, tag="text"):
    """Continue a prompt, or answer it with a chat model.

    The fields are those of transformers' `GenerationConfig`.
    """

    media_types: ClassVar = {"txt": "text/plain", "md": "text/markdown"}

    system_prompt: Annotated[
        str,
        Meta(
            title=mark("System prompt"),
            description=mark("How a chat model should behave; other models ignore it."),
            extra={"flag": "system"},
        ),
    ] = ""
    max_new_tokens: Annotated[
        int,
        Meta(
            title=mark("Length"),
            description=mark("At most this many new tokens."),
            ge=1,
            le=MAX_NEW_TOKENS,
            extra={"unit": mark("tokens"), "slider": (16, 1024)},
        ),
    ] = 256
    temperature: Annotated[
        float,
        Meta(
            title=mark("Temperature"),
            description=mark("0 always picks the likeliest token; higher is more varied."),
            ge=0,
            le=5,
            extra={"step": 0.05, "slider": (0.0, 1.5)},
        ),
    ] = 0.7
    top_p: Annotated[
        float,
        Meta(
            title=mark("Top-p"),
            description=mark(
                "Sample from the likeliest tokens that together have this probability."
            ),
            gt=0,
            le=1,
            extra={"step": 0.05, "advanced": True},
        ),
    ] = 0.95
    top_k: Annotated[
        int,
        Meta(
            title=mark("Top-k"),
            description=mark("Sample from this many likeliest tokens; 0 is off."),
            ge=0,
            le=1_000,
            extra={"advanced": True},
        ),
    ] = 50
    repetition_penalty: Annotated[
        float,
        Meta(
            title=mark("Repetition penalty"),
            description=mark("Above 1 avoids repetition."),
            ge=0.5,
            le=5,
            extra={"step": 0.05, "advanced": True},
        ),
    ] = 1.1
    no_repeat_ngram_size: Annotated[
        int,
        Meta(
            title=mark("No repeated n-grams"),
            description=mark("Never repeat this many tokens in a row; 0 is off."),
            ge=0,
            le=20,
            extra={"advanced": True},
        ),
    ] = 0
    num_beams: Annotated[
        int,
        Meta(
            title=mark("Beams"),
            description=mark("Above 1 searches this many continuations at once and ranks them."),
            ge=1,
            le=32,
            extra={"flag": "beams", "advanced": True},
        ),
    ] = 1
    num_return_sequences: Annotated[
        int,
        Meta(
            title=mark("Candidates"),
            description=mark("How many results to keep."),
            ge=1,
            le=32,
            extra={"flag": "candidates", "slider": (1, 8)},
        ),
    ] = 1
    mode: Annotated[
        Literal["chat", "complete"],
        Meta(
            title=mark("Mode"),
            description=mark(
                "chat answers the prompt; complete goes on from where the prompt ends. "
                "Models without chat always complete."
            ),
            extra={
                "advanced": True,
                "titles": {"chat": mark("chat", "mode"), "complete": mark("complete", "mode")},
            },
        ),
    ] = "chat"
    prefix: Annotated[
        str,
        Meta(
            title=mark("Answer begins with"),
            description=mark("The model continues this text, which is part of the result."),
            extra={"advanced": True},
        ),
    ] = ""
    stop: Annotated[
        tuple[str, ...],
        Meta(
            title=mark("Stop strings"),
            description=mark(
                "End the text before any of these, separated by commas; \\n is a line "
                "break, \\, a comma."
            ),
            max_length=MAX_STOP_STRINGS,
            extra={"advanced": True},
        ),
    ] = ()
    json_schema: Annotated[
        str,
        Meta(
            title=mark("JSON schema"),
            description=mark(
                "The text is JSON that matches this schema, a file or the JSON itself."
            ),
            extra={"advanced": True, "content": True},
        ),
    ] = ""
    regex: Annotated[
        str,
        Meta(
            title=mark("Regular expression"),
            description=mark("The whole text matches it, such as [A-Z][a-z]{2,9}."),
            extra={"advanced": True},
        ),
    ] = ""
    choices: Annotated[
        tuple[str, ...],
        Meta(
            title=mark("Choices"),
            description=mark(
                "The text is one of these, separated by commas; \\n is a line break, \\, a comma."
            ),
            max_length=MAX_CHOICES,
            extra={"advanced": True},
        ),
    ] = ()
    top_logprobs: Annotated[
        int,
        Meta(
            title=mark("Alternatives"),
            description=mark(
                "Keep the log-probabilities of this many likeliest tokens at each "
                "position; 0 is off."
            ),
            ge=0,
            le=MAX_TOP_LOGPROBS,
            extra={"advanced": True},
        ),
    ] = 0
    format: Annotated[
        Literal["txt", "md"],
        Meta(
            title=mark("File format"),
            description=mark("The file that is written."),
            extra={"advanced": True},
        ),
    ] = "txt"
    task: Annotated[TextTask, Meta(extra={"internal": True})] | None = None
    """The guided task that it is made from, which cleans, checks and ranks the results."""
    messages: Annotated[tuple[ChatMessage, ...], Meta(extra={"internal": True})] = ()
    """The turns of a chat before the prompt, which is its next message."""

    @classmethod
    def unused_with(cls, values: Mapping[str, Any]) -> frozenset[str]:
        """Beams do not sample or keep alternatives; temperature 0 takes the likeliest token."""
        if values.get("num_beams", 1) > 1:
            return frozenset({"temperature", "top_p", "top_k", "top_logprobs"})
        return frozenset({"top_p", "top_k"} if values.get("temperature") == 0 else ())

    @property
    def constraint(self) -> str:
        """The name of the field that constrains the text; empty if it is free."""
        return next((name for name in CONSTRAINTS if getattr(self, name)), "")

    @property
    def result_count(self) -> int:
        """One artifact per candidate, or the best ones of a task."""
        return self.num_return_sequences if self.task is None else self.task.count

    @property
    def work(self) -> float:
        """Tokens, at most."""
        return float(self.max_new_tokens * max(self.num_beams, self.num_return_sequences))

    @property
    def likely_bytes(self) -> int:
        """Five bytes per token; text and recipe take at least a block of the disk each."""
        chat = sum(len(message.content) for message in self.messages)
        blocks = 2 + (self.max_new_tokens * 5 + len(self.prompt) + chat) // 4096
        return blocks * 4096 * self.result_count

    @property
    def batch_key(self) -> tuple[object, ...] | None:
        """Everything that a batch shares in sampling; None with beams or candidates."""
        if self.num_beams > 1 or self.num_return_sequences > 1:
            return None
        if self.task is not None and self.task.takes_steps:
            return None
        sampling = (
            self.temperature,
            self.top_p,
            self.top_k,
            self.repetition_penalty,
            self.no_repeat_ngram_size,
        )
        return (self.kind, self.model, self.max_new_tokens, *sampling)

    def cross_check(self) -> list[Problem]:
        """Check the task, the chat, and that several candidates can differ."""
        if self.task is not None and (problems := self.task.problems()):
            return problems
        if problems := self._check_chat() or self._check_constraint():
            return problems
        if self.num_beams > 1 and self.num_return_sequences > self.num_beams:
            return [
                Problem(
                    "num_return_sequences",
                    tr("cannot be more than the {count} beams", count=self.num_beams),
                )
            ]
        if self.num_beams == 1 and self.temperature == 0 and self.num_return_sequences > 1:
            return [
                Problem(
                    "num_return_sequences",
                    tr("temperature 0 gives one result; raise it or use beams"),
                )
            ]
        return []

    def _check_constraint(self) -> list[Problem]:
        names = [name for name in CONSTRAINTS if getattr(self, name)]
        if len(names) > 1:
            return [Problem(names[1], tr("cannot be used with {other}", other=names[0]))]
        if names and self.num_beams > 1:
            return [Problem(names[0], tr("cannot be used with beams"))]
        if names and self.task is not None and self.task.reads_parts:
            return [
                Problem(names[0], tr("cannot be used with the task {task}", task=self.task.name))
            ]
        if self.json_schema and (problem := schema_problem(self.json_schema)):
            return [Problem("json_schema", problem)]
        return []

    def _check_chat(self) -> list[Problem]:
        if self.messages and self.task is not None:
            return [Problem("messages", tr("cannot be used with a guided task"))]
        if self.messages and self.mode == "complete":
            return [Problem("messages", tr("need the mode chat"))]
        return check_messages(self.messages)
