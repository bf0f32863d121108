"""The guided task of a text request, and what it found about each result.

A request holds the task's checks and cleaning steps, not only its name, so that a queued job does
not change when the task's file does.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from studio.core.errors import Problem
from studio.core.requests.story import Story, StoryPrompts
from studio.core.translation import tr

CheckName = Literal[
    "article",
    "call",
    "claims",
    "facts",
    "form",
    "language",
    "length",
    "list",
    "prose",
    "python",
    "refusal",
    "repetition",
    "tones",
    "topic",
]
CleanupName = Literal[
    "code_block",
    "cut_end",
    "drop_meta",
    "first_line",
    "mark_points",
    "strip_label",
    "strip_full_stop",
    "strip_markdown",
    "strip_part_labels",
    "strip_quotes",
]
OmitName = Literal["facts", "statements"]
"""Sentences with facts that are not in the task's, and those that have hardly any of its words."""
Reason = Literal["empty", "refusal", "repeated", "echo", "failed_check", "surplus"]
"""Why a text is left out: nothing is left after cleaning, a refusal or a sentence about the answer,
nearly the same as a better one, the prompt itself, a required check, or more than were asked for.
"""
MAX_SOURCE_CHARACTERS = 4_000_000
"""Of a field, such as the text that a summary is about: about 700 000 English words."""
TEXT_PLACE = "\ue000"
COUNT_PLACE = "\ue001"
"""Characters that no text has: places in the prompts of `PartPrompts`."""
MAX_FIELDS = 32
_INVALID = re.compile("[\0\ud800-\udfff]")
MAX_FIXES = 10
"""Times that a model corrects a text."""


class TaskCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A check of the result: one of `studio.text_checks` with its parameters.

    A text as a parameter is the name of a field.
    """

    use: CheckName
    required: bool = False
    """A text that does not pass is left out instead of ranked lower."""
    unit: Literal["words", "characters", "sentences"] = "words"
    at_least: int | str = 0
    at_most: int | str | None = None
    size: int = 4
    most: int = 1
    field: str = ""
    """The field with the form, the facts or the topic."""


class FieldValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The value of one of a task's fields, a number as its digits."""

    name: str
    value: str


class PartPrompts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What a model is asked about a text that it reads in parts.

    `TEXT_PLACE` stands for the part, `COUNT_PLACE` for a number of sentences.
    """

    whole: str
    """About a text that is short enough to be read at once."""
    part: str
    group: str
    """About sentences on consecutive parts, of which fewer are to remain."""
    join: str = ""
    """About the sentences that remain; empty if they are the result as they are."""
    line: str = ""
    """Precedes each sentence of the result, as in a list."""


class TextTask(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """A task with the values of its fields."""

    name: str
    language: str
    """en or zh: the language of prompt and result."""
    fields: tuple[FieldValue, ...]
    """The first one is the task's main text: a topic, or the document of a summary."""
    count: int = 1
    """Results that are kept, the best of those that are generated."""
    clean: tuple[CleanupName, ...] = ()
    check: tuple[TaskCheck, ...] = ()
    omit: tuple[OmitName, ...] = ()
    """Sentences that are left out."""
    adds_facts: bool = False
    """Facts that the text lacks are added in the user's words."""
    fix: int = 0
    """At most so many times, the model corrects the best text while a check fails."""
    parts: PartPrompts | None = None
    """For a document of any length, which is read in parts."""
    story_prompts: StoryPrompts | None = None
    """For a story, which is written in steps."""
    story: Story | None = None
    """The story so far; None to begin one."""
    draft: str = ""
    """The text to correct, as the model wrote it; empty to write a new one first."""

    @property
    def main_text(self) -> str:
        """The value of its first field."""
        return self.fields[0].value if self.fields else ""

    @property
    def takes_steps(self) -> bool:
        """True if the model may run more than once, so that the job runs alone."""
        return self.fix > 0 or self.parts is not None or self.story_prompts is not None

    @property
    def reads_parts(self) -> bool:
        """True if the model writes several texts of different forms."""
        return self.parts is not None or self.story_prompts is not None

    def value(self, name: str) -> str:
        """Return a field's value; empty if the task has no such field."""
        return next((field.value for field in self.fields if field.name == name), "")

    def number(self, limit: int | str | None) -> int | None:
        """Return a number that a check names by its field or holds itself."""
        if not isinstance(limit, str):
            return limit
        text = self.value(limit)
        return int(text) if text.isdecimal() else None

    def problems(self) -> list[Problem]:
        """Return what is invalid, as problems of the request's field `task`."""
        if not 1 <= len(self.fields) <= MAX_FIELDS or not 1 <= self.count <= 32:
            return [Problem("task", tr("has too few or too many fields or results"))]
        if not 0 <= self.fix <= MAX_FIXES:
            return [Problem("fix", tr("must be {low} to {high}", low=0, high=MAX_FIXES))]
        longest = max(len(field.value) for field in self.fields)
        if longest > MAX_SOURCE_CHARACTERS:
            limit = MAX_SOURCE_CHARACTERS
            return [Problem("task", tr("is longer than {limit:,} characters", limit=limit))]
        if any(_INVALID.search(text) for text in (self.draft, *(one.value for one in self.fields))):
            return [Problem("task", tr("contains characters that are not valid text"))]
        return []


class Span(msgspec.Struct, frozen=True, gc=False):
    """A place in the text, in characters; `end` is the first one after it."""

    start: int
    end: int
    note: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a check found."""

    name: str
    passed: bool
    message: str
    """One sentence in English with the figures."""
    spans: tuple[Span, ...] = ()


class Passage(msgspec.Struct, frozen=True, gc=False):
    """A sentence of the source, in characters; `end` is the first one after it."""

    start: int
    end: int
    text: str


class LinkedSentence(msgspec.Struct, frozen=True, gc=False):
    """A sentence of a summary and the passage that it comes from."""

    text: str
    source: Passage | None
    """The passage with most of its words; None if the text has too few of them."""
    others: tuple[Passage, ...] = ()
    """Further passages with words that `source` lacks."""


class Coverage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which parts of the source a summary draws on."""

    sentences: tuple[LinkedSentence, ...]
    parts: int
    """Parts of the source, of about the same length, at borders of sentences."""
    covered: tuple[int, ...]
    """Numbers of the parts, from 0, that a sentence speaks of."""

    @property
    def unlinked(self) -> int:
        """Sentences without a source passage."""
        return sum(sentence.source is None for sentence in self.sentences)


class OmittedText(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A text that is not among the results, as the model wrote it."""

    text: str
    index: int
    """Its place among the texts that were generated."""
    reason: Reason


class LeftOut(msgspec.Struct, frozen=True, gc=False):
    """A sentence that the facts do not support, which is not in the result."""

    place: int
    """Where it stood, in characters of the result."""
    text: str


class AddedFact(msgspec.Struct, frozen=True, gc=False):
    """A fact of the user that the model's text lacked."""

    place: int
    """Where it begins, in characters of the result."""
    text: str


class PartNote(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the model wrote about one part of a long text."""

    start: int
    end: int
    """The part's place in the source, in characters."""
    text: str
    extracted: bool = False
    """True if it is a sentence of the part, because nothing that the model wrote stands there."""


class FixAttempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One time that the model was asked to correct a text."""

    checks: tuple[str, ...]
    """The checks that failed before."""
    text: str
    """What the model wrote."""
    helped: bool
    """True if the text took the place of the one before, because it does better in the checks."""
    by: Literal["model", "omission"] = "model"
    """Who changed it: the model, or sentences with unsupported facts were left out."""


class TaskReview(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a task found about one result; part of its recipe."""

    unedited: str
    """The text as the model wrote it, before it was cleaned."""
    index: int = 0
    """Its place among the texts that were generated."""
    checks: tuple[Check, ...] = ()
    omitted: tuple[OmittedText, ...] = ()
    """The texts that were left out, kept with the first result."""
    left_out: tuple[LeftOut, ...] = ()
    """Sentences that the facts do not support, in their order."""
    added: tuple[AddedFact, ...] = ()
    """Facts in the user's words, in their order in the text."""
    missing: tuple[str, ...] = ()
    """Facts for which the length of the text left no room."""
    fixes: tuple[FixAttempt, ...] = ()
    """What the model did to correct it."""
    coverage: Coverage | None = None
    """Of a summary."""
    story: Story | None = None
    """The story with its plan."""
    notes: tuple[PartNote, ...] = ()
    """What the model wrote about each part of a long text."""
