"""Separates a reasoning model's thoughts from its answer while the text streams.

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
"""Marks that some models put around the answer after their thoughts."""
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
"""Single tokens that are part of a mark."""
PieceKind = Literal["thought", "answer"]
Piece = tuple[PieceKind, str]


@dataclass(frozen=True)
class Marks:
    """How a model marks its thoughts; without marks, all text is answer."""

    pairs: tuple[tuple[str, str], ...] = ()
    channels: bool = False
    tokens: dict[int, str] = field(default_factory=dict)
    """Token id → mark. Tokenizers leave out marks that are special tokens."""

    @property
    def known(self) -> bool:
        """True for a model that marks its thoughts."""
        return bool(self.pairs) or self.channels


NO_MARKS = Marks()


def marks_of(tokenizer: Any) -> Marks:
    """Return the marks in a model's chat template, or with a token of its vocabulary."""
    template = str(tokenizer.chat_template or "")
    if not template:
        return NO_MARKS

    def token(mark: str) -> int | None:
        ids = list(tokenizer.encode(mark, add_special_tokens=False))
        return ids[0] if len(ids) == 1 else None

    pairs = tuple(
        pair for pair in PAIRS if any(mark in template or token(mark) is not None for mark in pair)
    )
    channels = all(mark in template or token(mark) is not None for mark in (CHANNEL, MESSAGE))
    marks = [
        *(mark for pair in pairs for mark in pair),
        *(CHANNEL_MARKS if channels else ()),
        *(_PARTS if pairs else ()),
    ]
    tokens = {number: mark for mark in marks if (number := token(mark)) is not None}
    return Marks(pairs, channels, tokens)


class Splitter:
    """Splits the text of one row, in pieces, into thoughts and answer; here all is answer."""

    def __init__(self) -> None:
        self._held = ""
        """Text that may begin a mark."""
        self.thoughts = ""
        self.answer = ""

    @property
    def thinking(self) -> bool:
        """True while the next text belongs to the thoughts."""
        return False

    @property
    def openings(self) -> tuple[str, ...]:
        """What may come next to open thoughts: marks, or what is left of one."""
        return ()

    @property
    def closing(self) -> str:
        """What is left of the mark that closes the thoughts, if its beginning was written."""
        return ""

    @property
    def drops_blanks(self) -> bool:
        """True if white space that comes next is no part of the answer."""
        return False

    def push(self, text: str) -> list[Piece]:
        """Add a piece of text; return what is certain now.

        `("thought", "")` means that the answer so far was a thought.
        """
        return self._split(text, final=False)

    def finish(self) -> list[Piece]:
        """Return the text that was held back."""
        return self._split("", final=True)

    def _split(self, text: str, *, final: bool) -> list[Piece]:
        self._held += text
        pieces: list[Piece] = []
        before = None
        while before != (before := self._progress()):
            for kind, part in self._step(final=final):
                self._keep(kind, part)
                if pieces and pieces[-1][0] == kind and part and pieces[-1][1]:
                    pieces[-1] = (kind, pieces[-1][1] + part)
                else:
                    pieces.append((kind, part))
        return pieces

    def _keep(self, kind: PieceKind, part: str) -> None:
        if kind == "answer":
            self.answer += part
        elif part:
            self.thoughts += part
        else:
            self.thoughts, self.answer = self.thoughts + self.answer, ""

    def _progress(self) -> tuple[object, ...]:
        """Return a state that changes as long as `_step` makes progress."""
        return (self._held,)

    def _step(self, *, final: bool) -> Iterator[Piece]:
        """Remove the next certain piece from the held text and yield it."""
        yield from self._release("answer", len(self._held))

    def _release(self, kind: PieceKind, count: int) -> Iterator[Piece]:
        part, self._held = self._held[:count], self._held[count:]
        if part:
            yield kind, part


class TagSplitter(Splitter):
    """Thoughts between an opening and a closing mark, before the answer.

    `prompt`: the end of the prompt as the model reads it, with marks; a template may open or close
    the thoughts there.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], prompt: str = "") -> None:
        super().__init__()
        self._pairs = tuple(pairs)
        prompt = prompt.rstrip()
        self._close = next((close for mark, close in pairs if prompt.endswith(mark)), "")
        self._state: Literal["start", "thought", "answer"] = "thought" if self._close else "start"
        self._after_thoughts = any(prompt.endswith(close) for _mark, close in pairs)
        """The next text is an answer after thoughts, which a template may have left empty."""
        self._unopened = not self._close and not self._after_thoughts
        """Nothing opened or closed thoughts yet, so a closing mark alone ends them."""
        self._wrapper = ""
        """The mark that closes the wrapper around the answer."""

    @property
    def thinking(self) -> bool:
        """See `Splitter`."""
        return self._state == "thought"

    @property
    def openings(self) -> tuple[str, ...]:
        """See `Splitter`."""
        if self._state != "start" or self._after_thoughts:
            return ()
        return _rests(self._held.lstrip(), [mark for mark, _close in self._pairs])

    @property
    def closing(self) -> str:
        """See `Splitter`."""
        begun = _overlap(self._held, self._close) if self.thinking else 0
        return self._close[begun:] if begun else ""

    @property
    def drops_blanks(self) -> bool:
        """See `Splitter`."""
        return self._state == "start" and self._after_thoughts and not self._held.strip()

    def finish(self) -> list[Piece]:
        """See `Splitter`. Cuts thoughts at a quoted closing mark if no other one came."""
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
        pair = next((pair for pair in opening if rest.startswith(pair[0])), None)
        if pair is not None:
            self._held, self._unopened = rest[len(pair[0]) :], False
            if pair in WRAPPERS:
                self._wrapper = pair[1]
            else:
                self._state, self._close = "thought", pair[1]
        elif final or (rest and not any(mark.startswith(rest) for mark, _close in opening)):
            self._held = rest if self._after_thoughts else self._held
            self._state = "answer"
        yield from ()

    def _thought(self, *, final: bool) -> Iterator[Piece]:
        at = _find(self._held, self._close, self.thoughts)
        if at < 0:
            yield from self._release(
                "thought", len(self._held) - (0 if final else _overlap(self._held, self._close))
            )
            return
        yield from self._release("thought", at)
        self._held = self._held[len(self._close) :]
        self._state, self._after_thoughts = "start", True

    def _answer(self, *, final: bool) -> Iterator[Piece]:
        held = 0
        for close in [close for _mark, close in self._pairs] if self._unopened else []:
            at = _find(self._held, close, self.answer, fences=True)
            if at >= 0:
                yield from self._release("answer", at)
                yield "thought", ""
                self._held = self._held[len(close) :]
                self._state, self._after_thoughts, self._unopened = "start", True, False
                return
            held = max(held, _overlap(self._held, close))
        if self._wrapper:
            held = max(held, _trailing(self._held, self._wrapper))
            if final and self._held.rstrip().endswith(self._wrapper):
                self._held = self._held.rstrip().removesuffix(self._wrapper).rstrip()
        yield from self._release("answer", len(self._held) - (0 if final else held))


class ChannelSplitter(Splitter):
    """Harmony, the format of gpt-oss: a header names a channel, and one channel is the answer.

    Text without a header is answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._channel = ANSWER_CHANNEL
        self._header = ""
        """The mark that began the current header; empty inside a text."""

    @property
    def thinking(self) -> bool:
        """See `Splitter`."""
        return bool(self._header) or self._channel != ANSWER_CHANNEL

    @property
    def openings(self) -> tuple[str, ...]:
        """See `Splitter`."""
        return () if self.thinking or self.answer else _rests(self._held, [CHANNEL])

    def _progress(self) -> tuple[object, ...]:
        return (self._held, self._header, self._channel)

    def _step(self, *, final: bool) -> Iterator[Piece]:
        match = _CHANNEL_MARK.search(self._held)
        count = match.start() if match else len(self._held)
        if match is None and not final:
            count -= max(_overlap(self._held, mark) for mark in CHANNEL_MARKS)
        if not self._header:
            yield from self._release(
                "answer" if self._channel == ANSWER_CHANNEL else "thought", count
            )
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
    """Return a splitter for one row. `prompt`: its end, as the model reads it."""
    if marks.channels:
        return ChannelSplitter()
    return TagSplitter(marks.pairs, prompt) if marks.pairs else Splitter()


def answer_opening(marks: Marks, prompt: str) -> str:
    """Return what goes between a prompt and an answer that is prefilled, so that it is no thought.

    `prompt`: as the model reads it; a template may open the thoughts at its end.
    """
    end = prompt.rstrip()
    if marks.channels and end.endswith("assistant"):
        return f"{CHANNEL}{ANSWER_CHANNEL}{MESSAGE}"
    close = next((close for mark, close in marks.pairs if end.endswith(mark)), "")
    return f"\n{close}\n\n" if close else ""


def _find(text: str, mark: str, before: str, *, fences: bool = False) -> int:
    """Return the position of a mark in a text; −1 if it is missing, or quoted in backticks.

    `fences`: skip blocks of code, too. `before`: the text that came earlier.
    """
    at = -1
    while (at := text.find(mark, at + 1)) >= 0:
        so_far = before + text[:at]
        if not so_far.endswith("`") and not (fences and so_far.count("```") % 2):
            return at
    return -1


def _rests(begun: str, marks: Sequence[str]) -> tuple[str, ...]:
    """Return what is left of the marks that begin with a text."""
    return tuple(mark[len(begun) :] for mark in marks if mark.startswith(begun))


def _overlap(text: str, mark: str) -> int:
    """Return how many characters at the end of a text may begin a mark."""
    return next(
        (
            count
            for count in range(min(len(mark) - 1, len(text)), 0, -1)
            if text.endswith(mark[:count])
        ),
        0,
    )


def _trailing(text: str, mark: str) -> int:
    """Return how many characters at the end may belong to a closing mark and blanks around it."""
    body = text.rstrip()
    body = (
        body.removesuffix(mark) if body.endswith(mark) else body[: len(body) - _overlap(body, mark)]
    )
    return len(text) - len(body.rstrip())
