"""The grammar of tokens, which keeps generated music playable, in its key and in whole bars.

It masks invalid tokens; all others keep the model's probabilities.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.symbolic_music.events import CHORDS, MOST_LEFT, SCALES, SECTIONS, Brief, vocabulary

Mask = NDArray[np.bool_]
_MAX_VOICES = 5


@functools.cache
def _classes() -> dict[str, Mask]:
    """Return token class (left, section, at, C, D, B, H, M, end) → mask of its tokens."""
    tokens = vocabulary().tokens
    found = {
        name: np.array([token.startswith(f"{name}:") for token in tokens])
        for name in ("left", "section", "at", "D")
    }
    for part in "CBHM":
        found[part] = np.array(
            [note is not None and note.part == part for note in vocabulary().notes]
        )
    return found | {"end": np.array([token == "<end>" for token in tokens])}


@functools.cache
def _numbers() -> dict[str, NDArray[np.int64]]:
    """Return pitch and length of every token, and the step of `at:`; −1 for other tokens."""
    known = vocabulary()
    return {
        "pitch": np.array([-1 if note is None else note.pitch for note in known.notes]),
        "length": np.array([-1 if note is None else note.length for note in known.notes]),
        "at": np.array(
            [int(token[3:]) if token.startswith("at:") else -1 for token in known.tokens]
        ),
    }


class Grammar:
    """Tracks a piece of `bars` bars token by token, after the brief."""

    def __init__(self, brief: Brief, bars: int, *, in_key: bool = True, entering: str = "") -> None:
        """`entering`: parts that must begin in each bar.

        The model forgets parts that the prompt adds to a continued piece, which lacks them.
        """
        self._brief = brief
        self._in_key = in_key
        self._left = bars + 1  # bars until the end, with the current one
        self._state = "bar"
        self._step = 0
        self._last = -1
        self._voices = 0
        self._chord: frozenset[int] = frozenset()
        self._entering = "".join(
            part for part in "DBHM" if part in entering and part in brief.parts
        )  # as tokens are ordered
        self._awaited = ""
        self.bars = 0
        """Number of complete bars."""

    @property
    def over(self) -> bool:
        """True after the end."""
        return self._state == "over"

    def allowed(self) -> Mask:
        """Return the mask of the tokens that may come next."""
        known = vocabulary()
        if self._state == "bar":
            return _only(known.ids[f"left:{min(MOST_LEFT, self._left - 1)}"])
        if self._state == "section":
            return _sections(self._left)
        if self._state == "first":
            return _only(known.ids["at:0"])
        if self._state == "chord":
            return _in_key_chords(self._brief.mode) if self._in_key else _classes()["C"]
        return self._next()

    def _next(self) -> Mask:
        """Return what may follow within a bar: notes above the last token, a later position, the
        next bar or the end.
        """
        mask = self._notes()
        mask[: self._last + 1] = False
        if self._awaited:
            return mask & _classes()[self._awaited[0]]
        if self._state == "note":  # something must begin at each position
            at = _numbers()["at"]
            mask |= (at > self._step) & (at < self._brief.steps)
            if self._left > 1:
                mask[vocabulary().ids[f"left:{min(MOST_LEFT, self._left - 1)}"]] = True
            else:
                mask |= _classes()["end"]
        return mask if mask.any() else _classes()["end" if self._left == 1 else "left"].copy()

    def _notes(self) -> Mask:
        classes, numbers = _classes(), _numbers()
        mask = np.zeros_like(classes["C"])
        if self._state == "at":
            mask |= _in_key_chords(self._brief.mode) if self._in_key else classes["C"]
        for part in self._brief.parts:
            if part != "H" or self._voices < _MAX_VOICES:
                mask |= classes[part]
        last = vocabulary().notes[self._last] if self._last >= 0 else None
        if last is not None and last.part in "DBM":
            mask &= ~classes[
                last.part
            ]  # one stroke, one bass note and one note of melody at a position
        if last is not None and last.part == "H":
            mask &= ~(classes["H"] & (numbers["pitch"] <= last.pitch))
        mask &= numbers["length"] <= self._brief.steps - self._step
        if self._in_key:
            pitched = classes["B"] | classes["H"] | classes["M"]
            mask &= ~pitched | _pitches(self._brief.mode, self._chord)
        return mask

    def push(self, token: int) -> None:
        """Advance by the chosen token."""
        text, note = vocabulary().tokens[token], vocabulary().notes[token]
        self._last = token
        if text.startswith("left:"):
            self.bars += self._state == "note"
            self._left -= 1
            self._state = "section"
        elif text.startswith("section:"):
            self._state = "first"
        elif text.startswith("at:"):
            self._step, self._voices = int(text[3:]), 0
            self._state = "chord" if self._step == 0 else "at"
        elif text == "<end>":
            self.bars += 1
            self._state = "over"
        elif note is not None:
            self._awaited = (
                self._entering
                if note.part == "C" and self._step == 0
                else self._awaited.replace(note.part, "")
            )
            self._voices += note.part == "H"
            if note.part == "C":
                self._chord = frozenset((note.pitch + step) % 12 for step in CHORDS[note.label])
            self._state = "note"


@functools.cache
def _only(token: int) -> Mask:
    mask = np.zeros(len(vocabulary().tokens), bool)
    mask[token] = True
    return mask


@functools.cache
def _sections(left: int) -> Mask:
    """The last bar is the fourth of a phrase; the others count towards it."""
    mask = np.zeros(len(vocabulary().tokens), bool)
    for name in SECTIONS:
        fits = int(name[1]) == 3 - (left - 1) % 4
        mask[vocabulary().ids[f"section:{name}"]] = fits and (name[0] != "I" or left > 4)
    return mask


@functools.cache
def _pitches(mode: str, chord: frozenset[int]) -> Mask:
    allowed = SCALES[mode] | chord
    return np.array(
        [
            note is not None and note.part in "BHM" and note.pitch % 12 in allowed
            for note in vocabulary().notes
        ]
    )


@functools.cache
def _in_key_chords(mode: str) -> Mask:
    """Chords of which at most one note is outside of the scale: those of the key, and the common
    ones borrowed.
    """
    mask = np.zeros(len(vocabulary().tokens), bool)
    for number, note in enumerate(vocabulary().notes):
        if note is not None and note.part == "C":
            outside = {(note.pitch + step) % 12 for step in CHORDS[note.label]} - SCALES[mode]
            mask[number] = len(outside) <= 1 and note.pitch in SCALES[mode] | {10}
    return mask


@functools.cache
def chords_in(mode: str) -> tuple[tuple[int, str], ...]:
    """Return (root, quality) of the chords that a piece in this mode may have."""
    notes = vocabulary().notes
    return tuple(
        (note.pitch, note.label)
        for number in np.flatnonzero(_in_key_chords(mode))
        if (note := notes[number]) is not None
    )


def follows(brief: Brief, bars: int, tokens: Sequence[int], *, in_key: bool = True) -> bool:
    """True where the grammar allows these tokens, from behind the brief on; for tests and the
    evaluation.
    """
    grammar = Grammar(brief, bars, in_key=in_key)
    for token in tokens:
        if not grammar.allowed()[token]:
            return False
        grammar.push(token)
    return True
