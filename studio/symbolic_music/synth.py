"""Synthesizes instruments from partials and noise, so that no samples have to be shipped."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from studio.symbolic_music.instruments import Instrument

RATE = 44_100
"""Samples per second."""
Waveform = NDArray[np.float32]
"""frames × 2, left and right."""
_MIDDLE_C = 261.63
_HIGHEST = 16_000.0
"""Hz; higher partials are omitted."""


def tone(instrument: Instrument, pitch: int, seconds: float) -> Waveform:
    """Return a note that is held for `seconds`, at about full scale; `released` adds its end."""
    count = max(1, round(seconds * RATE))
    time = np.asarray(np.arange(count, dtype=np.float32) / RATE, np.float32)
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    bend = _vibrato(instrument, time)
    sides = [
        _side(instrument, frequency, time, bend, side)
        for side in ((-0.5, 0.5) if instrument.spread else (0.0,))
    ]
    wave = np.stack([sides[0], sides[-1]], axis=1) / sum(instrument.partials)
    if instrument.noise:
        wave += _noise(instrument, pitch, time)[:, None]
    if instrument.drive:
        wave = _centred(np.tanh(instrument.drive * 2 * wave) / instrument.drive)
    rise = min(count, max(1, round(instrument.attack * RATE)))
    wave[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)[:, None]
    return wave.astype(np.float32)


def _centred(wave: Waveform) -> Waveform:
    """Remove the offset that overdrive adds to asymmetric waves."""
    size = min(len(wave), round(0.06 * RATE))
    sums = np.cumsum(
        np.concatenate(
            [
                np.zeros((1, 2)),
                np.pad(wave, ((size // 2, size - size // 2 - 1), (0, 0)), "reflect"),
            ]
        ),
        axis=0,
    )
    return np.asarray(wave - (sums[size:] - sums[:-size]) / size, np.float32)


def _vibrato(instrument: Instrument, time: Waveform) -> Waveform:
    """Return the phase shift of a 5.2 Hz vibrato that sets in within 0.4 s, in seconds."""
    depth = (2 ** (instrument.vibrato / 1200) - 1) / (2 * np.pi * 5.2)
    grown = np.clip((time - 0.12) / 0.3, 0, 1)
    return np.asarray(depth * grown * np.sin(2 * np.pi * 5.2 * time), np.float32)


def _side(
    instrument: Instrument, frequency: float, time: Waveform, bend: Waveform, side: float
) -> Waveform:
    out = np.zeros_like(time)
    frequency *= 2 ** (side * instrument.spread / 1200)
    ratios = instrument.ratios or tuple(range(1, len(instrument.partials) + 1))
    for number, (ratio, loudness) in enumerate(zip(ratios, instrument.partials, strict=True)):
        own = frequency * ratio * np.sqrt(1 + instrument.stiffness * ratio**2)
        if own > _HIGHEST or not loudness:
            continue
        # Phases that differ by partial and side avoid the click of a saw wave, and widen the
        # stereo image.
        wave = np.sin((2 * np.pi * own) * (time + bend) + number * (1.0 + side))
        if instrument.decay:
            falls = (
                instrument.decay
                / (1 + instrument.damping * number)
                * (_MIDDLE_C / frequency) ** 0.5
            )
            wave *= np.exp(-time / falls)
        out += loudness * wave
    return out


def _noise(instrument: Instrument, pitch: int, time: Waveform) -> Waveform:
    noise = np.random.default_rng(pitch).standard_normal(len(time)).astype(np.float32)
    noise = np.convolve(noise, np.full(6, 1 / 6, np.float32), "same")
    return (
        instrument.noise
        * noise
        * (np.exp(-time / instrument.noise_decay) if instrument.noise_decay else 1)
    )


def released(instrument: Instrument, wave: Waveform, seconds: float) -> Waveform:
    """Return the note released after `seconds`, with the instrument's decay."""
    held = round(seconds * RATE)
    tail = wave[held:]
    fade = np.exp(-np.arange(len(tail), dtype=np.float32) / (instrument.release * RATE / 3))
    return np.concatenate([wave[:held], tail * fade[:, None]])


@functools.cache
def drum(letter: str) -> Waveform:
    """Return a hit of a drum of `events.DRUMS`."""
    random = np.random.default_rng(ord(letter))
    seconds = {"C": 1.4, "O": 0.35, "R": 0.6, "K": 0.3, "T": 0.35}.get(letter, 0.2)
    time = np.arange(round(seconds * RATE)) / RATE
    hiss = random.standard_normal((len(time), 2))
    bright = np.diff(hiss, 2, axis=0, prepend=hiss[:2]) * 0.35
    makers: dict[str, Callable[[], NDArray[np.float64]]] = {
        "K": lambda: _sweep(time, 45, 120, 0.035) * _fall(time, 0.09) * 1.3,
        "T": lambda: _sweep(time, 95, 60, 0.06) * _fall(time, 0.11),
        "S": lambda: (
            0.5 * _sweep(time, 185, 60, 0.02) * _fall(time, 0.05) + _wide(hiss, 0.3, time, 0.06)
        ),
        "P": lambda: (
            _wide(bright, 0.45, time, 0.05) + _wide(np.roll(hiss, 500, axis=0), 0.2, time, 0.04)
        ),
        "X": lambda: (
            0.5 * _sweep(time, 820, 0, 0.01) * _fall(time, 0.012) + _wide(bright, 0.25, time, 0.008)
        ),
        "H": lambda: _wide(bright, 0.22, time, 0.022),
        "O": lambda: _wide(bright, 0.22, time, 0.12),
        "R": lambda: (
            _wide(bright, 0.1, time, 0.2) + 0.03 * _sweep(time, 3300, 0, 1) * _fall(time, 0.2)
        ),
        "A": lambda: (
            _wide(bright, 0.13, time, 0.03) * np.minimum(1, time / 0.012)[:, None].clip(0, 1)
        ),
        "C": lambda: _wide(bright, 0.22, time, 0.4),
    }
    return np.asarray(makers[letter](), np.float32)


def _sweep(time: NDArray[np.float64], low: float, more: float, falls: float) -> NDArray[np.float64]:
    """Return a tone that falls from low + more to low Hz, equal on both channels."""
    phase = 2 * np.pi * (low * time + more * falls * (1 - np.exp(-time / falls)))
    return np.repeat(np.sin(phase)[:, None], 2, axis=1)


def _wide(
    noise: NDArray[np.float64], level: float, time: NDArray[np.float64], falls: float
) -> NDArray[np.float64]:
    return level * noise * _fall(time, falls)


def _fall(time: NDArray[np.float64], falls: float) -> NDArray[np.float64]:
    return np.asarray(np.exp(-time / falls)[:, None])
