"""The timing of a MIDI file: tempo, time signature, swing, and the grid of sixteenths."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple

from studio.media.midi import Midi
from studio.symbolic_music.events import STEPS_A_BEAT

_SWINGS = (0.0, 0.34, 0.66)


class Grid(NamedTuple):
    """The sixteenths of a piece, in MIDI ticks."""

    division: int
    begin: int
    """The tick of a bar line."""
    steps: int
    swing: float

    def step(self, tick: int) -> int:
        """Return the sixteenth nearest to the tick, counted from the bar line."""
        beat, rest = divmod((tick - self.begin) * STEPS_A_BEAT / self.division, STEPS_A_BEAT)
        places = (*_offsets(self.swing), float(STEPS_A_BEAT))
        return int(beat) * STEPS_A_BEAT + min(
            range(len(places)), key=lambda place: abs(places[place] - rest)
        )


def _offsets(swing: float) -> tuple[float, ...]:
    """Return where the sixteenths of a beat are, in straight sixteenths."""
    return (0.0, 1 + swing / 2, 2 + swing, 3 + swing / 2)


def find_swing(midi: Midi) -> float:
    """Return the swing that fits the notes best; 0 unless it is clearly better than none."""
    rests = [note.begin * STEPS_A_BEAT / midi.division % STEPS_A_BEAT for note in midi.notes]

    def cost(swing: float) -> float:
        places = (*_offsets(swing), float(STEPS_A_BEAT))
        return sum(min(abs(place - rest) for place in places) for rest in rests)

    straight = cost(0.0)
    best = min(_SWINGS, key=cost)
    return best if cost(best) < 0.7 * straight else 0.0


def _longest(changes: Iterable[tuple[int, object]], end: int) -> int:
    """Return the index of the change that is in effect longest before `end`."""
    ticks = [min(tick, end) for tick, _value in changes] + [end]
    spans = [after - before for before, after in itertools.pairwise(ticks)]
    return max(range(len(spans)), key=lambda number: (spans[number], -number))


def find_tempo(midi: Midi) -> float:
    """Return the median tempo over the time between the first and the last note, in beats a minute.

    The median is the tempo of most of the piece: a ritardando, a fermata or a pick-up does not
    change it. In a tempo map with a change at every beat it is the middle one.
    """
    first, end = midi.notes[0].begin, max(note.begin + note.length for note in midi.notes)
    ticks = [min(max(tick, first), end) for tick, _bpm in midi.tempi] + [end]
    spans = sorted(
        (bpm, after - before)
        for (_, bpm), before, after in zip(midi.tempi, ticks, ticks[1:], strict=False)
    )
    passed = 0
    for bpm, span in spans:
        passed += span
        if 2 * passed >= end - first:
            return bpm
    return midi.tempi[0][1]


def find_meter(midi: Midi) -> tuple[int, int, int]:
    """Return the tick of the first bar line, and the time signature that is used longest."""
    end = max(note.begin + note.length for note in midi.notes)
    tick, beats, unit = midi.bars[_longest([(bar[0], bar) for bar in midi.bars], end)]
    length = midi.division * 4 * beats // unit * (2 if beats * 16 // unit == 8 else 1)
    return tick % length if length else 0, beats, unit
