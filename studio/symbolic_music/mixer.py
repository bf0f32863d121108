"""Mixes strokes to stereo audio with reverb, at a normalized loudness."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.symbolic_music.instruments import instruments
from studio.symbolic_music.score import Playing, Stroke
from studio.symbolic_music.synth import RATE, Waveform, drum, released, tone

_PLACES = {"M": 0.1, "H": -0.15, "B": 0.0, "D": 0.05}
"""−1 left, 1 right."""
_DRUM_ROOM = 0.06
_LOUDNESS = 0.13
"""Target root mean square of the mix."""
_CEILING = 0.95
_BLOCK = 1 << 17


class Mixer:
    """Mixes strokes while they are composed, so that the end, or a cancel, takes little time."""

    def __init__(self, playing: Playing, seconds: float) -> None:
        self._playing = playing
        self._frames = max(1, round(seconds * RATE))
        self._dry = np.zeros((self._frames, 2), np.float32)
        self._wet = np.zeros((self._frames, 2), np.float32)
        self._reverbed = 0
        self._notes: dict[tuple[str, int], Waveform] = {}

    def add(self, strokes: Sequence[Stroke]) -> None:
        """Add strokes, in the order of their onsets."""
        for stroke in strokes:
            begin = round(stroke.begin * RATE)
            audio, room = self._render(stroke)
            audio = audio[: max(0, self._frames - begin)] * (stroke.velocity**1.3)
            self._dry[begin : begin + len(audio)] += audio
            self._wet[begin : begin + len(audio)] += room * audio
        if strokes:
            self._add_reverb(round(strokes[0].begin * RATE))

    def finish(self, seconds: float) -> Waveform:
        """Return the audio, frames × 2, at most of the length that was planned, with a fade-out."""
        end = max(1, round(seconds * RATE))
        # no further, so that a cancel does not wait for the silent rest of a long piece
        self._add_reverb(min(end, self._frames) + _BLOCK)
        return _finish(self._dry[:end])

    def _render(self, stroke: Stroke) -> tuple[Waveform, float]:
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

    def _add_reverb(self, until: int) -> None:
        """Add the reverb of complete blocks before `until`, which bounds the memory."""
        size = 1 << (_BLOCK + len(_impulse())).bit_length()
        while self._reverbed + _BLOCK <= until and self._reverbed < self._frames:
            begin, self._reverbed = self._reverbed, self._reverbed + _BLOCK
            spectrum = np.fft.rfft(
                self._wet[begin : begin + _BLOCK], size, axis=0
            ) * _impulse_spectrum(size)
            reverb = np.fft.irfft(spectrum, size, axis=0)[: self._frames - begin]
            self._dry[begin : begin + len(reverb)] += reverb.astype(np.float32)


@functools.cache
def _impulse() -> Waveform:
    """Return the impulse response of a 1.3 s room: noise that decays, high frequencies first."""
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


def _finish(audio: Waveform) -> Waveform:
    """Normalize the loudness, limit peaks softly, and fade out the end."""
    loud = float(np.sqrt(np.mean(audio**2)))
    if loud > 1e-6:
        audio = audio * (_LOUDNESS / loud)
    peak = np.abs(audio)
    audio = np.where(
        peak > 0.7,
        np.sign(audio) * (0.7 + (_CEILING - 0.7) * np.tanh((peak - 0.7) / (_CEILING - 0.7))),
        audio,
    )
    frames = len(audio)
    fade = min(frames, round(0.15 * RATE))
    audio[frames - fade :] *= np.linspace(1, 0, fade)[:, None]
    return np.ascontiguousarray(audio, np.float32)
