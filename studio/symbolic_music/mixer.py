"""From strokes to sound: every note once by its instrument, placed left and right, with a room
around, at an even loudness.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.symbolic_music.instruments import instruments
from studio.symbolic_music.score import Playing, Stroke
from studio.symbolic_music.synth import RATE, Sound, drum, released, tone

_PLACES = {"M": 0.1, "H": -0.15, "B": 0.0, "D": 0.05}
"""−1 left, 1 right."""
_DRUM_ROOM = 0.06
_LOUDNESS = 0.13
"""Root mean square that the whole is brought to."""
_CEILING = 0.95
_BLOCK = 1 << 17


class Mixer:
    """Takes strokes as they are composed, so that little is left to do at the end, or at a
    cancel.
    """

    def __init__(self, playing: Playing, seconds: float) -> None:
        self._playing = playing
        self._frames = max(1, round(seconds * RATE))
        self._dry = np.zeros((self._frames, 2), np.float32)
        self._wet = np.zeros((self._frames, 2), np.float32)
        self._roomed = 0
        self._notes: dict[tuple[str, int], Sound] = {}

    def add(self, strokes: Sequence[Stroke]) -> None:
        """Add strokes, in the order of time."""
        for stroke in strokes:
            begin = round(stroke.begin * RATE)
            sound, room = self._sound(stroke)
            sound = sound[: max(0, self._frames - begin)] * (stroke.velocity**1.3)
            self._dry[begin : begin + len(sound)] += sound
            self._wet[begin : begin + len(sound)] += room * sound
        if strokes:
            self._add_room(round(strokes[0].begin * RATE))

    def finish(self, seconds: float) -> Sound:
        """Return the sound, frames × 2, `seconds` long, or as long as was said first; what would
        sound beyond fades out.
        """
        end = max(1, round(seconds * RATE))
        self._add_room(
            min(end, self._frames) + _BLOCK
        )  # no further: a cancel does not wait for the silence of a long piece
        return _finish(self._dry[:end])

    def _sound(self, stroke: Stroke) -> tuple[Sound, float]:
        if stroke.part == "D":
            return drum(stroke.drum) * 0.8, _DRUM_ROOM
        instrument, key = (
            instruments()[self._playing.instruments[stroke.part]],
            (stroke.part, stroke.pitch),
        )
        frames = round((stroke.seconds + instrument.release) * RATE)
        if key not in self._notes or len(self._notes[key]) < frames:
            place = _PLACES[stroke.part]
            sides = np.array([1 - place, 1 + place], np.float32) * (0.45 * instrument.level)
            self._notes[key] = tone(instrument, stroke.pitch, frames / RATE) * sides
        return released(instrument, self._notes[key][:frames], stroke.seconds), instrument.room

    def _add_room(self, until: int) -> None:
        """Add the room's answer to the blocks that end before `until`, so that ten minutes need no
        gigabytes.
        """
        size = 1 << (_BLOCK + len(_impulse())).bit_length()
        while self._roomed + _BLOCK <= until and self._roomed < self._frames:
            begin, self._roomed = self._roomed, self._roomed + _BLOCK
            spectrum = np.fft.rfft(
                self._wet[begin : begin + _BLOCK], size, axis=0
            ) * _impulse_spectrum(size)
            answer = np.fft.irfft(spectrum, size, axis=0)[: self._frames - begin]
            self._dry[begin : begin + len(answer)] += answer.astype(np.float32)


@functools.cache
def _impulse() -> Sound:
    """Return how a room of 1.3 s answers: noise that falls, duller and duller."""
    random = np.random.default_rng(3)
    time = np.arange(round(1.3 * RATE)) / RATE
    noise = random.standard_normal((len(time), 2))
    dull = np.cumsum(noise - np.roll(noise, 12, axis=0), axis=0) / 12
    mixed = noise * np.exp(-time / 0.12)[:, None] * 0.5 + dull * np.exp(-time / 0.32)[:, None]
    mixed[: round(0.012 * RATE)] = 0
    return np.asarray(mixed / np.sqrt((mixed**2).sum(0)), np.float32)


@functools.cache
def _impulse_spectrum(size: int) -> NDArray[np.complexfloating]:
    return np.fft.rfft(_impulse(), size, axis=0)


def _finish(sound: Sound) -> Sound:
    """Bring to one loudness, round off what is above the ceiling, and let nothing end in a
    click.
    """
    loud = float(np.sqrt(np.mean(sound**2)))
    if loud > 1e-6:
        sound = sound * (_LOUDNESS / loud)
    peak = np.abs(sound)
    sound = np.where(
        peak > 0.7,
        np.sign(sound) * (0.7 + (_CEILING - 0.7) * np.tanh((peak - 0.7) / (_CEILING - 0.7))),
        sound,
    )
    frames = len(sound)
    fade = min(frames, round(0.15 * RATE))
    sound[frames - fade :] *= np.linspace(1, 0, fade)[:, None]
    return np.ascontiguousarray(sound, np.float32)
