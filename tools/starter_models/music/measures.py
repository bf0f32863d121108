"""Metrics of symbolic music: Wu and Yang (The Jazz Transformer …, 2020), Mogren (2016)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from studio.symbolic_music.events import SCALES, Bar


def pitch_entropy(bars: Sequence[Bar]) -> float:
    """Return the entropy of the pitch classes in bits: 0 for one, 3.58 for twelve that are as
    frequent, 2.81 for a scale.
    """
    counts = Counter(note.pitch % 12 for bar in bars for note in bar.notes if note.part in "BHM")
    total = sum(counts.values())
    return (
        -sum(count / total * math.log2(count / total) for count in counts.values())
        if total
        else 0.0
    )


def scale_consistency(bars: Sequence[Bar]) -> float:
    """Return the largest share of notes that fit one of the 24 major and natural minor scales."""
    classes = [note.pitch % 12 for bar in bars for note in bar.notes if note.part in "BHM"]
    shares = [
        sum((pitch - tonic) % 12 in scale for pitch in classes)
        for scale in SCALES.values()
        for tonic in range(12)
    ]
    return max(shares) / len(classes) if classes else 0.0


def groove_consistency(bars: Sequence[Bar], steps: int) -> float:
    """Return how alike the onsets of neighbouring bars are: 1 less the share of sixteenths in which
    they differ.
    """
    grid = np.zeros((len(bars), steps), bool)
    for number, bar in enumerate(bars):
        for note in bar.notes:
            if note.part != "C" and note.step < steps:
                grid[number, note.step] = True
    return 1 - float(np.mean(grid[1:] ^ grid[:-1])) if len(bars) > 1 else 1.0


def chord_share(bars: Sequence[Bar]) -> float:
    """Return the share of harmony notes, and of melody notes on the first beat, that belong to the
    chord of the moment.
    """
    from studio.symbolic_music.events import CHORDS

    fits = []
    for bar in bars:
        chords = sorted((note.step, note) for note in bar.notes if note.part == "C")
        for note in bar.notes:
            before = [chord for step, chord in chords if step <= note.step]
            if before and (note.part == "H" or (note.part == "M" and note.step == 0)):
                fits.append((note.pitch - before[-1].pitch) % 12 in CHORDS[before[-1].label])
    return sum(fits) / len(fits) if fits else 0.0


def ends_well(bars: Sequence[Bar], mode: str) -> bool:
    """True for an end on the tonic chord, with the tonic in the bass or, without a bass, in the
    melody or the harmony's notes.
    """
    last = [note for note in bars[-1].notes if note.part != "D"]
    chords = [note for note in last if note.part == "C"]
    home = (
        bool(chords)
        and chords[-1].pitch == 0
        and (chords[-1].label.startswith("min") == (mode == "minor"))
    )
    low = [note.pitch % 12 for note in last if note.part == "B"] or [
        note.pitch % 12 for note in last if note.part in "HM"
    ]
    return home and (0 in low or not low)


def repetition(bars: Sequence[Bar]) -> float:
    """Return the share of bars that an earlier bar is the same as."""
    seen: set[frozenset[str]] = set()
    again = 0
    for bar in bars:
        content = frozenset(f"{note.token}@{note.step}" for note in bar.notes)
        again += content in seen
        seen.add(content)
    return again / len(bars) if bars else 0.0
