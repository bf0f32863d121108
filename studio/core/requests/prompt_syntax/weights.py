r"""Parse weights, BREAK and tags in image prompts, as A1111 writes them.

    (word)  (word:1.2)  [word]   1.1, 1.2 and 1 / 1.1 times the weight; brackets may be nested
    BREAK                        what follows begins a chunk of its own for the text encoder
    <lora:name:0.8>              an adapter and its strength
    \( \) \[ \] \\               the character itself

https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#attentionemphasis
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import msgspec

from studio.core.requests.adapter_list import AdapterChoice
from studio.core.requests.prompt_syntax.tags import TAG, read_tag
from studio.core.translation import tr

STEP = 1.1
"""What one pair of brackets multiplies by or divides by."""
MAX_WEIGHT = 10.0
MAX_DEPTH = 32
"""Nesting depth of brackets."""
NUMBER = r"[+-]?(?:\d{1,4}(?:\.\d{0,6})?|\.\d{1,6})"
_TOKEN = re.compile(
    r"\\(?P<escaped>[\\()\[\]])"
    rf"|(?P<tag>{TAG.pattern})"
    r"|(?<![\w\"'“«])(?P<chunk>BREAK)(?![\w\"'”»])"
    r"|(?P<open>[(\[])"
    rf"|:\s*+(?P<weight>{NUMBER})\s*+\)"
    r"|(?P<close>[)\]])",
    re.ASCII | re.IGNORECASE,
)
_CHANGES_LATER = re.compile(rf":\s*{NUMBER}\s*$|\|", re.ASCII)
"""In square brackets: A1111's prompt editing and alternation."""
_EXPLICIT = re.compile(rf"\([^()]{{1,400}}:\s*{NUMBER}\s*\)", re.ASCII)
_SPACES = re.compile(r"[ \t]{2,}")

MarkKind = Literal["weight", "adapter", "break"]


class PromptError(ValueError):
    """A prompt that cannot be parsed; the message is a sentence for the user."""


class Piece(msgspec.Struct, frozen=True):
    """A part of a prompt, and the weight of its words."""

    text: str
    weight: float = 1.0


class Mark(msgspec.Struct, frozen=True):
    """A place in the prompt with a weight, an adapter or BREAK; `start` and `end` count letters."""

    kind: MarkKind
    start: int
    end: int
    text: str
    weight: float


class ReadPrompt(msgspec.Struct, frozen=True):
    """A prompt without its syntax."""

    chunks: tuple[tuple[Piece, ...], ...]
    marks: tuple[Mark, ...] = ()
    """In the order in which they begin."""
    adapters: tuple[AdapterChoice, ...] = ()

    @property
    def text(self) -> str:
        """The words alone."""
        return " ".join("".join(piece.text for piece in chunk) for chunk in self.chunks)

    @property
    def is_plain(self) -> bool:
        """True without weights and BREAK."""
        return len(self.chunks) == 1 and all(piece.weight == 1 for piece in self.chunks[0])


@functools.lru_cache(maxsize=64)
def read_prompt(prompt: str, *, weights: bool = True) -> ReadPrompt:
    """Parse a prompt. Raises PromptError.

    `weights` False: only tags and escapes have a meaning, brackets and BREAK are words.
    """
    reader = _Reader(prompt, weights=weights)
    position = 0
    for found in _TOKEN.finditer(prompt):
        reader.add(prompt[position : found.start()])
        reader.read(found)
        position = found.end()
    reader.add(prompt[position:])
    return reader.finish()


def adapters_of(prompt: str) -> tuple[AdapterChoice, ...]:
    """Return the adapters that a prompt's tags name. Raises PromptError."""
    return read_prompt(prompt, weights=False).adapters if "<" in prompt else ()


def has_weights(prompt: str) -> bool:
    """Return True for a prompt with weights as numbers, as in (red:1.3)."""
    return ":" in prompt and _EXPLICIT.search(prompt) is not None


def has_breaks(prompt: str) -> bool:
    """Return True for a prompt with BREAK between its words."""
    return "BREAK" in prompt and any(found["chunk"] == "BREAK" for found in _TOKEN.finditer(prompt))


def as_words(prompt: str) -> str:
    """Return the prompt as any model reads it: without weights and BREAK, but with its tags.

    Brackets that cannot be parsed become plain characters.
    """
    tags = " ".join(found.group() for found in TAG.finditer(prompt))
    try:
        text = read_prompt(prompt).text
    except PromptError:
        text = TAG.sub(" ", prompt)
    text = re.sub(r"(?<!\\)\\*([()\[\]])", r"\\\1", _SPACES.sub(" ", text)).strip()
    return f"{text} {tags}".strip()


@dataclass(slots=True)
class _Part:
    """A piece whose weight is not known before the brackets around it end."""

    text: str
    weight: float = 1.0


class _Reader:
    """Collects the parts of one prompt."""

    def __init__(self, prompt: str, *, weights: bool) -> None:
        self._prompt = prompt
        self._has_weights = weights
        self._chunks: list[list[_Part]] = [[]]
        self._open: list[tuple[str, int, int, int]] = []
        """Bracket, its place in the prompt, chunk and piece that follow it."""
        self._marks: list[Mark] = []
        self._adapters: dict[str, AdapterChoice] = {}

    def add(self, text: str) -> None:
        """Add plain text."""
        if text:
            self._chunks[-1].append(_Part(text))

    def read(self, found: re.Match[str]) -> None:
        """Add what a token means."""
        if found["escaped"]:
            # Without weights a backslash that stands for itself stays as it was typed.
            plain = self._has_weights or found["escaped"] != "\\"
            self.add(found["escaped"] if plain else found.group())
        elif found["tag"]:
            self._add_tag(found)
        elif not self._has_weights:
            self.add(found.group())
        elif found["chunk"]:
            self._add_break(found)
        elif found["open"]:
            self._open_bracket(found)
        elif found["weight"]:
            self._close_round(found, float(found["weight"]))
        elif found["close"] == ")":
            self._close_round(found, STEP)
        else:
            self._close_square(found)

    def finish(self) -> ReadPrompt:
        """Return the prompt. Raises PromptError for a bracket that is not closed."""
        if self._open:
            raise self._unclosed()
        is_tagged = any(mark.kind == "adapter" for mark in self._marks)
        if is_tagged:
            _strip(self._chunks)
        return ReadPrompt(
            tuple(tuple(_merged(chunk, tidy=is_tagged)) for chunk in self._chunks),
            tuple(sorted(self._marks, key=lambda mark: (mark.start, -mark.end))),
            tuple(self._adapters.values()),
        )

    def _add_tag(self, found: re.Match[str]) -> None:
        choice = read_tag(found["tag"])
        if choice is None:
            raise PromptError(
                tr("{tag} cannot be used: remove it from the prompt.", tag=found["tag"][:80])
            )
        self.add(" ")
        mark = Mark("adapter", found.start(), found.end(), choice.name, choice.scale)
        self._marks.append(mark)
        if choice.scale:  # 0 has no effect
            self._adapters.setdefault(choice.name, choice)

    def _add_break(self, found: re.Match[str]) -> None:
        if found["chunk"] != "BREAK":
            self.add(found.group())
            return
        self._chunks.append([])
        self._marks.append(Mark("break", found.start(), found.end(), "BREAK", 1.0))

    def _open_bracket(self, found: re.Match[str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise PromptError(tr("The prompt nests more than {count} brackets.", count=MAX_DEPTH))
        place = (found.group(), found.start(), len(self._chunks) - 1, len(self._chunks[-1]))
        self._open.append(place)

    def _close_round(self, found: re.Match[str], weight: float) -> None:
        if not any(bracket == "(" for bracket, *_place in self._open):
            self.add(found.group())  # as in :)
            return
        if self._open[-1][0] != "(":
            raise self._unclosed()
        if abs(weight) > MAX_WEIGHT:
            raise PromptError(
                tr(
                    "The weight {weight} is not between -{limit} and {limit}. Write \\( for a "
                    "plain bracket.",
                    weight=found["weight"],
                    limit=f"{MAX_WEIGHT:g}",
                )
            )
        self._close(found, weight)

    def _close_square(self, found: re.Match[str]) -> None:
        if not any(bracket == "[" for bracket, *_place in self._open):
            self.add(found.group())
            return
        if self._open[-1][0] != "[":
            raise self._unclosed()
        start = self._open[-1][1]
        if _CHANGES_LATER.search(self._prompt[start + 1 : found.start()][-400:]):
            raise PromptError(
                tr(
                    "{part} changes the prompt between the steps, which Studio cannot do. Write "
                    "one of its words, or \\[ for a plain bracket.",
                    part=self._prompt[start : found.end()][:80],
                )
            )
        self._close(found, 1 / STEP)

    def _close(self, found: re.Match[str], weight: float) -> None:
        _bracket, start, first_chunk, first_piece = self._open.pop()
        for number, chunk in enumerate(self._chunks[first_chunk:]):
            for part in chunk[first_piece if number == 0 else 0 :]:
                part.weight *= weight
        text = self._prompt[start + 1 : found.start()]
        self._marks.append(Mark("weight", start, found.end(), text, weight))

    def _unclosed(self) -> PromptError:
        bracket, start, *_place = self._open[-1]
        return PromptError(
            tr(
                "The bracket {bracket} at character {place} is not closed. Close it, or write "
                "\\{bracket} for a plain bracket.",
                bracket=bracket,
                place=start + 1,
            )
        )


def _merged(parts: list[_Part], *, tidy: bool) -> Iterator[Piece]:
    """Yield the parts with neighbors of equal weight joined; `tidy`: close gaps of tags."""
    for weight, group in groupby(parts, key=lambda part: part.weight):
        text = "".join(part.text for part in group)
        if tidy:
            text = _SPACES.sub(" ", text.replace(" ,", ","))
        if text:
            yield Piece(text, weight)


def _strip(chunks: list[list[_Part]]) -> None:
    """Remove the spaces that tags leave at both ends."""
    parts = [part for chunk in chunks for part in chunk]
    for part in parts:
        part.text = part.text.lstrip()
        if part.text:
            break
    for part in reversed(parts):
        part.text = part.text.rstrip()
        if part.text:
            break
