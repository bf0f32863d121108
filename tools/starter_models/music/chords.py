"""Chords from degrees, and their voicings."""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

from studio.symbolic_music.events import CHORDS, RANGES

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII")
_STEPS = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}


class Chord(NamedTuple):
    """A root as 0..11 above the tonic, and a quality of `events.CHORDS`."""

    root: int
    quality: str

    @property
    def pitches(self) -> tuple[int, ...]:
        """The pitch classes, root first."""
        return tuple((self.root + step) % 12 for step in CHORDS[self.quality])


def parse(degree: str, mode: str) -> Chord:
    """Return the chord of a degree: `ii`, `V7`, `iio` (diminished), `VIIb` (a semitone lower)."""
    found = re.fullmatch(r"([IVXivx]+)(o?)(b?)(7?)", degree)
    assert found, degree
    name, diminished, flat, seventh = found.groups()
    root = (_STEPS[mode][_ROMAN.index(name.upper())] - bool(flat)) % 12
    quality = "dim" if diminished else "7" if seventh else "maj" if name.isupper() else "min"
    return Chord(root, quality)


def with_seventh(chord: Chord, mode: str) -> Chord:
    """Return the chord with the seventh that belongs to it in the key."""
    dominant = chord.root == 7 or (mode == "minor" and chord.root == 10)
    quality = {"maj": "7" if dominant else "maj7", "min": "min7", "dim": "hdim"}.get(
        chord.quality, chord.quality
    )
    return Chord(chord.root, quality)


def bar_chords(
    text: str, mode: str, sevenths: float, steps: int, random: Random
) -> list[tuple[int, Chord]]:
    """Return (step, chord) for a bar such as `IV-V`."""
    chords = [parse(degree, mode) for degree in text.split("-")]
    chords = [
        with_seventh(chord, mode) if random.random() < sevenths else chord for chord in chords
    ]
    half = steps // 2 if steps == 16 else 8
    return list(zip((0, half), chords, strict=False))


def voicing(chord: Chord, before: tuple[int, ...], centre: int = 60) -> tuple[int, ...]:
    """Return three or four pitches near those of the chord before, so that the voices move
    little.
    """
    low, high = RANGES["H"]
    classes = chord.pitches if len(chord.pitches) == 3 else (*chord.pitches[1:], chord.pitches[0])
    best: tuple[int, ...] = (60, 64, 67)
    best_cost = 1e9
    for lowest in range(low + 3, high - 16):
        if lowest % 12 not in classes:
            continue
        pitches = [lowest]
        while len(pitches) < len(classes):
            pitches.append(
                next(p for p in range(pitches[-1] + 1, pitches[-1] + 13) if p % 12 in classes)
            )
        if {pitch % 12 for pitch in pitches} != set(classes):
            continue
        near = sum(abs(a - b) for a, b in zip(pitches, before, strict=False)) if before else 0
        cost = near + 0.5 * abs(sum(pitches) / len(pitches) - centre)
        if cost < best_cost:
            best, best_cost = tuple(pitches), cost
    return best
