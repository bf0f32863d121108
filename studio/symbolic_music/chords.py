"""Estimates key and chords of the notes of a MIDI file."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.media.midi import Midi
from studio.symbolic_music.events import CHORDS, MODES, SCALES, Note
from studio.symbolic_music.grammar import chords_in

Weights = NDArray[np.float64]
"""Weight of each pitch class, from C or from the tonic."""
_PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
"""Key profiles by Krumhansl and Kessler (1982): weight of each pitch class above the tonic."""
_MIN_SCALE_SHARE = 0.8
"""Share of the notes that must be in the key signature's scale: many files claim C major."""
_ONE_CHORD = 1.15
"""How much better than one chord two chords in a bar must fit."""


def key_of(midi: Midi, *, own: bool) -> tuple[str, int]:
    """Return mode and tonic (semitones from C, −6..5).

    `own`: Studio wrote the file, so that its key signature is right.
    """
    weights = np.zeros(12)
    for note in midi.notes:
        if not note.is_drum:
            weights[note.pitch % 12] += min(note.length, 4 * midi.division)
    keys = [(mode, tonic) for mode in MODES for tonic in range(12)]
    if midi.key is not None:
        sharps, minor = midi.key
        major = 7 * sharps % 12
        if own:
            return ("minor", _near((major + 9) % 12)) if minor else ("major", _near(major))
        inside = sum(weights[(major + step) % 12] for step in SCALES["major"])
        if inside >= _MIN_SCALE_SHARE * weights.sum() > 0:
            keys = [("major", major), ("minor", (major + 9) % 12)]
    if not weights.any():
        return "major", 0
    mode, tonic = max(keys, key=lambda key: _fit(weights, *key))
    return mode, _near(tonic)


def _near(tonic: int) -> int:
    return (tonic + 6) % 12 - 6


def _fit(weights: Weights, mode: str, tonic: int) -> float:
    rotated = np.roll(weights, -tonic)
    return float(np.corrcoef(rotated, _PROFILES[mode])[0, 1]) if rotated.std() else 0.0


def chords_of(notes: Sequence[Note], steps: int, mode: str, before: tuple[int, str]) -> list[Note]:
    """Return the bar's chord, or two if they fit better; chord `before` for an empty bar."""
    half = steps // 2 if steps == 16 else 8
    whole, first, second = (_weigh(notes, *part) for part in ((0, steps), (0, half), (half, steps)))
    if not whole.any():
        return [Note("C", 0, before[0], 0, before[1])]
    chord, fit = _best(whole, _lowest(notes, 0, steps), mode)
    if first.any() and second.any() and _lowest(notes, half, half + 1) >= 0:
        one, fit_one = _best(first, _lowest(notes, 0, half), mode)
        two, fit_two = _best(second, _lowest(notes, half, steps), mode)
        if one != two and fit_one + fit_two > _ONE_CHORD * fit:
            return [Note("C", 0, one[0], 0, one[1]), Note("C", half, two[0], 0, two[1])]
    return [Note("C", 0, chord[0], 0, chord[1])]


def _weigh(notes: Sequence[Note], begin: int, end: int) -> Weights:
    weights = np.zeros(12)
    for note in notes:
        if note.part in "BHM":
            sounding = min(end, note.step + note.length) - max(begin, note.step)
            weights[note.pitch % 12] += max(0, sounding) * (0.5 if note.part == "M" else 1.0)
    return weights


def _lowest(notes: Sequence[Note], begin: int, end: int) -> int:
    """Return the pitch class of the lowest of the first notes, melody last; −1 without notes."""
    inside = [note for note in notes if note.part in "BHM" and begin <= note.step < end]
    if not inside:
        return -1
    return min(inside, key=lambda note: (note.part == "M", note.step, note.pitch)).pitch % 12


def _best(weights: Weights, lowest: int, mode: str) -> tuple[tuple[int, str], float]:
    total = weights.sum()

    def fit(chord: tuple[int, str]) -> float:
        inside = weights[list(_classes(chord))].sum()
        return float(
            2 * inside
            - total
            + 0.3 * total * (chord[0] == lowest)
            - 0.12 * total * (len(CHORDS[chord[1]]) - 3)
        )

    best = max(chords_in(mode), key=fit)
    return best, fit(best)


@functools.cache
def _classes(chord: tuple[int, str]) -> tuple[int, ...]:
    return tuple((chord[0] + step) % 12 for step in CHORDS[chord[1]])
