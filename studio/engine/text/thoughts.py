"""Separates what a reasoning model thinks from its answer, while the text streams.

Families mark thoughts in their own ways: `<think>…</think>`, with the opening mark in the prompt or
nowhere; gpt-oss and Gemma with channels. Marks count only for models whose chat template or
vocabulary has them, and only before the answer: a text about `<think>` passes unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

PAIRS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("<longcat_think>", "</longcat_think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|channel>thought", "<channel|>"),
)
"""Opening and closing marks: DeepSeek R1, Qwen, SmolLM and others; Seed-OSS; Magistral; Kimi;
Command A; Apertus; Gemma 4 …
"""
WRAPPERS = (
    ("<answer>", "</answer>"),
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    ("<response>", "</response>"),
)
"""What some put around the answer that follows their thoughts."""
CHANNEL, MESSAGE = "<|channel|>", "<|message|>"
CHANNEL_MARKS = (
    "<|start|>",
    CHANNEL,
    MESSAGE,
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|constrain|>",
)
"""Of the harmony format (gpt-oss):
`<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…`
"""
ANSWER_CHANNEL = "final"
_PARTS = ("<|channel>", "<channel|>")
"""Single tokens that are a part of a mark."""
PieceKind = Literal["thought", "answer"]
Piece = tuple[PieceKind, str]


@dataclass(frozen=True)
class Marks:
    """How one model marks its thoughts; without any, all text is answer."""

    pairs: tuple[tuple[str, str], ...] = ()
    channels: bool = False
    tokens: dict[int, str] = field(default_factory=dict)
    """Token → mark. Tokenizers leave marks out of the text where they count as special."""

    @property
    def known(self) -> bool:
        """True for a model that marks its thoughts."""
        return bool(self.pairs) or self.channels


NO_MARKS = Marks()


def marks_of(tokenizer: Any) -> Marks:
    """Return the marks that a model's chat template names, or for which its vocabulary has a
    token.
    """
    template = str(getattr(tokenizer, "chat_template", None) or "")
    if not template:
        return NO_MARKS

    def token(mark: str) -> int | None:
        ids = list(tokenizer.encode(mark, add_special_tokens=False))
        return ids[0] if len(ids) == 1 else None

    pairs = tuple(
        pair for pair in PAIRS if any(mark in template or token(mark) is not None for mark in pair)
    )
    channels = all(mark in template or token(mark) is not None for mark in (CHANNEL, MESSAGE))
    wanted = [
        *(mark for pair in pairs for mark in pair),
        *(CHANNEL_MARKS if channels else ()),
        *(_PARTS if pairs else ()),
    ]
    tokens = {found: mark for mark in wanted if (found := token(mark)) is not None}
    return Marks(pairs, channels, tokens)


class Splitter:
    """Takes the text of one row in pieces and returns what is thought and what is answer; this one
    takes all as answer.
    """

    def __init__(self) -> None:
        self._held = ""
        """Text that may be the beginning of a mark."""
        self.thoughts = ""
        self.answer = ""

    @property
    def thinking(self) -> bool:
        """True while what comes next belongs to the thoughts."""
        return False

    def push(self, text: str) -> list[Piece]:
        """Take a piece of text; return what is certain now. `("thought", "")`: the answer so far
        was a thought.
        """
        return self._split(text, final=False)

    def finish(self) -> list[Piece]:
        """Return what was held back."""
        return self._split("", final=True)

    def _split(self, text: str, *, final: bool) -> list[Piece]:
        self._held += text
        pieces: list[Piece] = []
        before = None
        while before != (before := self._progress()):
            for sort, part in self._step(final=final):
                self._keep(sort, part)
                if pieces and pieces[-1][0] == sort and part and pieces[-1][1]:
                    pieces[-1] = (sort, pieces[-1][1] + part)
                else:
                    pieces.append((sort, part))
        return pieces

    def _keep(self, sort: PieceKind, part: str) -> None:
        if sort == "answer":
            self.answer += part
        elif part:
            self.thoughts += part
        else:
            self.thoughts, self.answer = self.thoughts + self.answer, ""

    def _progress(self) -> tuple[object, ...]:
        """Return what changes while there is something to do."""
        return (self._held,)

    def _step(self, *, final: bool) -> Iterator[Piece]:
        """Yield the next certain piece of what is held, and take it from there."""
        yield from self._take("answer", len(self._held))

    def _take(self, sort: PieceKind, count: int) -> Iterator[Piece]:
        part, self._held = self._held[:count], self._held[count:]
        if part:
            yield sort, part


class TagSplitter(Splitter):
    """Thoughts between an opening and a closing mark, before the answer.

    `prompt`: the end of the prompt as the model reads it, marks included: a template may open the
    thoughts, or close them.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], prompt: str = "") -> None:
        super().__init__()
        self._pairs = tuple(pairs)
        prompt = prompt.rstrip()
        self._close = next((close for mark, close in pairs if prompt.endswith(mark)), "")
        self._state: Literal["start", "thought", "answer"] = "thought" if self._close else "start"
        self._after_thoughts = any(prompt.endswith(close) for _mark, close in pairs)
        """The next text is an answer that follows thoughts, also where a template left these
        empty.
        """
        self._unopened = not self._close and not self._after_thoughts
        """A closing mark without an opening one ends thoughts, as long as nothing opened or closed
        them.
        """
        self._wrapper = ""
        """What closes the wrapper around the answer."""

    @property
    def thinking(self) -> bool:
        """See `Splitter`."""
        return self._state == "thought"

    def finish(self) -> list[Piece]:
        """See `Splitter`. Thoughts that ended after a quote sign all the same are cut there."""
        pieces = super().finish()
        if self._state == "thought" and self._close in self.thoughts:
            self.thoughts, _close, rest = self.thoughts.rpartition(self._close)
            self.answer = rest.lstrip()
            self._state = "answer"
            pieces += [("answer", self.answer)] if self.answer else []
        return pieces

    def _progress(self) -> tuple[object, ...]:
        return (self._held, self._state)

    def _step(self, *, final: bool) -> Iterator[Piece]:
        steps = {"start": self._start, "thought": self._thought, "answer": self._answer}
        yield from steps[self._state](final=final)

    def _start(self, *, final: bool) -> Iterator[Piece]:
        rest = self._held.lstrip()
        opening = (*self._pairs, *(WRAPPERS if self._after_thoughts else ()))
        found = next((pair for pair in opening if rest.startswith(pair[0])), None)
        if found is not None:
            self._held, self._unopened = rest[len(found[0]) :], False
            if found in WRAPPERS:
                self._wrapper = found[1]
            else:
                self._state, self._close = "thought", found[1]
        elif final or (rest and not any(mark.startswith(rest) for mark, _close in opening)):
            self._held = rest if self._after_thoughts else self._held
            self._state = "answer"
        yield from ()

    def _thought(self, *, final: bool) -> Iterator[Piece]:
        at = _find(self._held, self._close, self.thoughts)
        if at < 0:
            yield from self._take(
                "thought", len(self._held) - (0 if final else _overlap(self._held, self._close))
            )
            return
        yield from self._take("thought", at)
        self._held = self._held[len(self._close) :]
        self._state, self._after_thoughts = "start", True

    def _answer(self, *, final: bool) -> Iterator[Piece]:
        held = 0
        for close in [close for _mark, close in self._pairs] if self._unopened else []:
            at = _find(self._held, close, self.answer, fences=True)
            if at >= 0:
                yield from self._take("answer", at)
                yield "thought", ""
                self._held = self._held[len(close) :]
                self._state, self._after_thoughts, self._unopened = "start", True, False
                return
            held = max(held, _overlap(self._held, close))
        if self._wrapper:
            held = max(held, _trailing(self._held, self._wrapper))
            if final and self._held.rstrip().endswith(self._wrapper):
                self._held = self._held.rstrip().removesuffix(self._wrapper).rstrip()
        yield from self._take("answer", len(self._held) - (0 if final else held))


class ChannelSplitter(Splitter):
    """Harmony, as gpt-oss writes it: a header names a channel, its text follows, and only one
    channel is the answer.

    Text without any header is answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._channel = ANSWER_CHANNEL
        self._header = ""
        """The mark that began the header which is read; empty inside a text."""

    @property
    def thinking(self) -> bool:
        """See `Splitter`."""
        return bool(self._header) or self._channel != ANSWER_CHANNEL

    def _progress(self) -> tuple[object, ...]:
        return (self._held, self._header, self._channel)

    def _step(self, *, final: bool) -> Iterator[Piece]:
        match = _CHANNEL_MARK.search(self._held)
        count = match.start() if match else len(self._held)
        if match is None and not final:
            count -= max(_overlap(self._held, mark) for mark in CHANNEL_MARKS)
        if not self._header:
            yield from self._take("answer" if self._channel == ANSWER_CHANNEL else "thought", count)
        elif match is not None or final:
            words = self._held[:count].split()
            if self._header == CHANNEL and words:
                self._channel = words[0]
            self._held = self._held[count:]
        if match is not None:
            self._held = self._held[len(match.group()) :]
            self._header = "" if match.group() == MESSAGE else match.group()


_CHANNEL_MARK = re.compile("|".join(re.escape(mark) for mark in CHANNEL_MARKS))


def splitter_for(marks: Marks, prompt: str = "") -> Splitter:
    """Return what separates a row's thoughts from its answer. `prompt`: its end, as the model reads
    it.
    """
    if marks.channels:
        return ChannelSplitter()
    return TagSplitter(marks.pairs, prompt) if marks.pairs else Splitter()


def _find(text: str, mark: str, before: str, *, fences: bool = False) -> int:
    """Return where a mark stands in a text; −1 where it does not, or only as a word that is quoted.

    With `fences` also not in a block of code. `before`: the text that came earlier.
    """
    at = -1
    while (at := text.find(mark, at + 1)) >= 0:
        so_far = before + text[:at]
        if not so_far.endswith("`") and not (fences and so_far.count("```") % 2):
            return at
    return -1


def _overlap(text: str, mark: str) -> int:
    """Return how many characters at the end of a text may be the beginning of a mark."""
    return next(
        (
            count
            for count in range(min(len(mark) - 1, len(text)), 0, -1)
            if text.endswith(mark[:count])
        ),
        0,
    )


def _trailing(text: str, mark: str) -> int:
    """Return how many characters at the end may belong to a mark that ends the text, with blanks
    around it.
    """
    body = text.rstrip()
    body = (
        body.removesuffix(mark) if body.endswith(mark) else body[: len(body) - _overlap(body, mark)]
    )
    return len(text) - len(body.rstrip())
