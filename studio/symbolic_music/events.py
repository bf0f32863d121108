"""The vocabulary of the symbolic model, and the conversion of pieces to tokens and back.

A piece is a **brief** (style, mood, mode, tempo, lead, parts) and then bars. The tonic is always C,
so that the model learns one key; pieces are transposed at the end. A bar is `left:` (bars until the
end, with this one, at most 16), its section, and for each sixteenth with an onset: the chord, the
drums, bass, harmony from below, melody. Each note with its length is one token.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

STEPS_A_BEAT = 4
MOST_LEFT = 16
LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16)
"""Lengths of notes, in sixteenths."""

STYLES = (
    "classical",
    "ballad",
    "ambient",
    "pop",
    "rock",
    "jazz",
    "electronic",
    "lofi",
    "waltz",
    "folk",
    "chinese",
    "chiptune",
    "cinematic",
    "latin",
    "lullaby",
)
MOODS = ("neutral", "calm", "happy", "sad", "tense", "energetic", "dreamy")
MODES = ("major", "minor")
TEMPI = ("slow", "medium", "fast")
LEADS = ("keys", "pluck", "strings", "bell", "synth", "wind")
PARTS = "DBHM"
"""Drums, bass, harmony, melody."""
PART_SETS = tuple(
    "".join(part for bit, part in enumerate(PARTS) if mask >> bit & 1) for mask in range(1, 16)
)
SECTIONS = tuple(f"{letter}{bar}" for letter in "IABC" for bar in range(4))
"""Bars of phrases: an introduction and three themes of four bars; equal names sound similar."""
RANGES = {"B": (28, 52), "H": (45, 79), "M": (55, 88)}
"""Lowest and highest MIDI pitch of a part."""
CHORDS = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "hdim": (0, 3, 6, 10),
    "sus": (0, 5, 7),
}
"""Quality → semitones above the root."""
DRUMS = {"K": 36, "S": 38, "P": 39, "X": 37, "T": 45, "H": 42, "O": 46, "R": 51, "A": 70, "C": 49}
"""Kick, snare, clap, rim, tom, closed and open hi-hat, ride, shaker, crash → General MIDI's
notes.
"""
SCALES = {"major": frozenset({0, 2, 4, 5, 7, 9, 11}), "minor": frozenset({0, 2, 3, 5, 7, 8, 10})}


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens before the first bar, which condition the model."""

    style: str
    mood: str = "neutral"
    mode: str = "major"
    tempo: str = "medium"
    lead: str = "keys"
    """The family of the melody's instrument."""
    parts: str = "BHM"

    @property
    def steps(self) -> int:
        """Sixteenths in a bar."""
        return 12 if self.style == "waltz" else 16

    def tokens(self) -> list[str]:
        """Return the tokens before the first bar."""
        words = (self.style, self.mood, self.mode, self.tempo, self.lead, self.parts)
        return ["<begin>", *(f"{name}:{word}" for name, word in zip(_BRIEF, words, strict=True))]


_BRIEF = ("style", "mood", "mode", "tempo", "lead", "parts")


class Note(NamedTuple):
    """A note, a chord or drum hits at a position of a bar; one token."""

    part: str
    """One of `PARTS`, or C for a chord."""
    step: int
    """Position in the bar, in sixteenths."""
    pitch: int
    """MIDI pitch with the tonic as C; a chord's root as 0..11; 0 for drums."""
    length: int
    """In sixteenths; 0 for chords and drums."""
    label: str = ""
    """The quality of a chord; the letters of drum hits."""

    @property
    def token(self) -> str:
        """The note's token."""
        if self.part == "C":
            return f"C{self.pitch}:{self.label}"
        return f"D:{self.label}" if self.part == "D" else f"{self.part}{self.pitch}.{self.length}"


class Bar(NamedTuple):
    """One bar: its section, and the notes that begin in it."""

    section: str
    notes: tuple[Note, ...]


class Vocabulary:
    """All tokens. Within a position they come in the order of their ids."""

    def __init__(self) -> None:
        self.tokens = tuple(_tokens())
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        self.notes = tuple(_parse(token) for token in self.tokens)
        """The note of each token, at step 0; None for other tokens."""

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Return the tokens' ids."""
        return [self.ids[token] for token in tokens]


@functools.cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary."""
    return Vocabulary()


def _tokens() -> Iterator[str]:
    yield from ("<pad>", "<begin>", "<end>")
    for name, words in zip(_BRIEF, (STYLES, MOODS, MODES, TEMPI, LEADS, PART_SETS), strict=True):
        yield from (f"{name}:{word}" for word in words)
    yield from (f"left:{number}" for number in range(1, MOST_LEFT + 1))
    yield from (f"section:{name}" for name in SECTIONS)
    yield from (f"at:{step}" for step in range(16))
    yield from (f"C{root}:{quality}" for root in range(12) for quality in CHORDS)
    for cymbal in ("", "H", "O", "R", "A", "C"):
        yield from (
            f"D:{hits}"
            for kick in ("", "K")
            for other in ("", *"SPXT")
            if (hits := kick + other + cymbal)
        )
    for part, (low, high) in RANGES.items():
        yield from (
            f"{part}{pitch}.{length}" for pitch in range(low, high + 1) for length in LENGTHS
        )


def _parse(token: str) -> Note | None:
    if token.startswith("D:"):
        return Note("D", 0, 0, 0, token[2:])
    name, dot, length = token[1:].partition(".")
    if dot:
        return Note(token[0], 0, int(name), int(length))
    root, colon, quality = token[1:].partition(":")
    return Note("C", 0, int(root), 0, quality) if token[0] == "C" and colon else None


def drums(letters: Iterable[str]) -> str:
    """Return the letters of a token: the kick, one other drum and one cymbal."""
    hits = set(letters)
    kept = ["K"] if "K" in hits else []
    for group in ("SPXT", "COHRA"):
        kept += [letter for letter in group if letter in hits][:1]
    return "".join(kept)


def encode(brief: Brief, bars: Sequence[Bar], after: int = 0) -> list[int]:
    """Return a piece as tokens: brief, bars, and the end unless `after` more bars follow."""
    tokens = brief.tokens()
    for number, bar in enumerate(bars):
        tokens += [f"left:{min(MOST_LEFT, after + len(bars) - number)}", f"section:{bar.section}"]
        tokens += _encode_bar(bar)
    return vocabulary().encode([*tokens, "<end>"] if not after else tokens)


def _encode_bar(bar: Bar) -> Iterator[str]:
    ids = vocabulary().ids
    for step in sorted({note.step for note in bar.notes}):
        yield f"at:{step}"
        yield from sorted(
            {note.token for note in bar.notes if note.step == step}, key=ids.__getitem__
        )


def decode(tokens: Sequence[int]) -> list[Bar]:
    """Return the bars of tokens, without incomplete ones (no section, a position without notes)."""
    known, bars = vocabulary(), list[Bar]()
    section, notes, step = "", list[Note](), 0
    for number in tokens:
        token, note = known.tokens[number], known.notes[number]
        if token.startswith("left:") or token == "<end>":
            if section:
                bars.append(Bar(section, tuple(notes)))
            section, notes, step = "", [], 0
        elif token.startswith("section:"):
            section = token.partition(":")[2]
        elif token.startswith("at:"):
            step = int(token[3:])
        elif note is not None and section:
            notes.append(note._replace(step=step))
    return [*bars, Bar(section, tuple(notes))] if section and notes else bars
