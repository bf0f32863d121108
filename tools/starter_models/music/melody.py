"""Melodies: a motif that recurs over other chords, and a cadence at the end of each phrase."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from studio.symbolic_music.events import LENGTHS, RANGES, Note
from tools.starter_models.music.chords import Chord

PENTATONIC = {"major": (0, 2, 4, 7, 9), "minor": (0, 3, 5, 7, 10)}
_SCALE = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
_CENTRE = {"keys": 72, "pluck": 70, "strings": 72, "bell": 77, "synth": 73, "wind": 74}
_SHIFT = {"calm": -1, "happy": 2, "sad": -4, "tense": -2, "energetic": 2, "dreamy": 3}


class Motif(NamedTuple):
    """A bar of melody without chords: lengths (negative: rests) and the step in the scale to each
    note.
    """

    lengths: tuple[int, ...]
    moves: tuple[int, ...]


class Singer:
    """Writes one piece's melody; remembers where it is."""

    def __init__(
        self,
        random: Random,
        mode: str,
        mood: str,
        lead: str,
        rhythms: list[tuple[int, ...]],
        *,
        pentatonic: bool,
    ) -> None:
        self._random = random
        self._mood = mood
        self._mode = mode
        self._rhythms = rhythms
        classes = PENTATONIC[mode] if pentatonic else _SCALE[mode]
        self._pentatonic = pentatonic
        low, high = RANGES["M"]
        self._scale = [pitch for pitch in range(low, high + 1) if pitch % 12 in classes]
        self._centre = _CENTRE[lead] + _SHIFT.get(mood, 0)
        self._last = self._centre

    def motif(self) -> Motif:
        """Invent one."""
        random = self._random
        weights = [self._liking(lengths) for lengths in self._rhythms]
        lengths = random.choices(self._rhythms, weights)[0]
        turn = (
            random.choice((-1, 1))
            if self._mood not in ("sad", "happy")
            else (-1 if self._mood == "sad" else 1)
        )
        moves = []
        for number in range(len(lengths)):
            if number == len(lengths) // 2:
                turn = -turn
            size = random.choices(
                (0, 1, 2, 3), (0.15 + 0.2 * (self._mood == "tense"), 0.6, 0.18, 0.07)
            )[0]
            moves.append(turn * size if random.random() < 0.8 else -turn * size)
        return Motif(lengths, tuple(moves))

    def _liking(self, lengths: tuple[int, ...]) -> float:
        dense = {
            "energetic": 1.0,
            "happy": 0.5,
            "tense": 0.3,
            "calm": -1.0,
            "dreamy": -0.7,
            "sad": -0.6,
        }.get(self._mood, 0.0)
        return float(2.0 ** (dense * (len(lengths) - 4)))

    def sing(self, motif: Motif, chords: list[tuple[int, Chord]]) -> list[Note]:
        """Return the motif over a bar's chords: notes on strong beats belong to the chord."""
        notes, step = [], 0
        for length, move in zip(motif.lengths, motif.moves, strict=True):
            size = abs(length)
            if length > 0:
                chord = _sounding(chords, step)
                pitch = self._step(move)
                if step % 8 == 0 or size >= 6:
                    pitch = self._nearest(pitch, set(chord.pitches))
                self._last = pitch
                notes.append(
                    Note("M", step, pitch, max(known for known in LENGTHS if known <= size))
                )
            step += size
        return notes

    def cadence(self, chords: list[tuple[int, Chord]], steps: int, *, final: bool) -> list[Note]:
        """Return the end of a phrase: a short way down to a long note, the tonic where it is the
        end of all.
        """
        lead_in = (
            ()
            if final or self._random.random() < 0.4
            else self._random.choice(((4,), (2, 2), (4, 4)))
        )
        notes, step = [], 0
        for length in lead_in:
            pitch = self._nearest(
                self._step(-1 if self._last > self._centre else 1),
                set(_sounding(chords, step).pitches),
            )
            self._last = pitch
            notes.append(Note("M", step, pitch, length))
            step += length
        rest = steps - step
        length = max(
            size
            for size in LENGTHS
            if size <= (rest if final else max(2, rest - self._random.choice((0, 2, 4))))
        )
        aim = {0} if final else set(_sounding(chords, step).pitches)
        self._last = self._nearest(self._last, aim)
        return [*notes, Note("M", step, self._last, length)]

    def _step(self, move: int) -> int:
        """Return where so many steps of the scale lead, drawn back to the middle where it
        strays.
        """
        at = min(range(len(self._scale)), key=lambda number: abs(self._scale[number] - self._last))
        if abs(self._last - self._centre) > 7:
            move = -abs(move or 1) if self._last > self._centre else abs(move or 1)
        return self._scale[min(len(self._scale) - 1, max(0, at + move))]

    def _nearest(self, pitch: int, classes: set[int]) -> int:
        wanted = (
            {number for number in classes if number % 12 in {p % 12 for p in self._scale}}
            if self._pentatonic
            else classes
        )
        wanted = wanted or classes
        low, high = RANGES["M"]
        near = [p for p in range(max(low, pitch - 7), min(high, pitch + 7) + 1) if p % 12 in wanted]
        return min(near, key=lambda p: (abs(p - pitch), abs(p - self._centre))) if near else pitch


def _sounding(chords: list[tuple[int, Chord]], step: int) -> Chord:
    return [chord for begin, chord in chords if begin <= step][-1]
