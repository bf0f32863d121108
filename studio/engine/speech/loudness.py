"""Loudness after ITU-R BS.1770-5 and EBU R128, true peak, and a limiter; numpy only.

The weighting filter is applied as its impulse response: it is 60 dB down after 0.1 s, and a Python
loop over the samples of an hour would take minutes.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

TRUE_PEAK = -1.0
"""Limit in dB of full scale, as EBU R128 has it for production."""
SILENT = -70.0
"""LUFS below which a block counts as silence, and the loudness of silence."""
_BLOCK_SECONDS = 0.4
_STEPS = 4
"""Blocks begin every 0.1 s."""
_RELATIVE_THRESHOLD = -10.0
_OVERSAMPLING = 4
_LIMITER_SECONDS = 0.002
_REACH = 3
"""Blocks on each side that the limiter lowers with a loud one."""

Samples = NDArray[np.float32]


def loudness(samples: Samples, rate: int) -> float:
    """Return the integrated loudness in LUFS of frames × channels (mono or stereo) at `rate` Hz.

    Silence, and less than 0.1 s, is -70.
    """
    powers = _block_powers(samples, rate)
    loud = powers[_lufs(powers) > SILENT]
    if not len(loud):
        return SILENT
    threshold = _lufs(np.asarray([loud.mean()]))[0] + _RELATIVE_THRESHOLD
    loud = loud[_lufs(loud) > threshold]
    return float(_lufs(np.asarray([loud.mean()]))[0]) if len(loud) else SILENT


def true_peak(samples: Samples, rate: int) -> float:
    """Return the true peak in dB of full scale, at four times the sampling rate."""
    highest = max((float(peaks.max()) for _at, peaks in _peaks(samples, rate // 10)), default=0.0)
    return 20 * math.log10(highest) if highest > 0 else -math.inf


def normalized(samples: Samples, rate: int, target: float, peak: float = TRUE_PEAK) -> Samples:
    """Return the samples at `target` LUFS, with true peaks above `peak` dB lowered around them.

    Silence stays as it is.
    """
    measured = loudness(samples, rate)
    if measured <= SILENT:
        return samples
    gain, result = target - measured, samples
    for _attempt in range(4):  # lowering many peaks takes loudness, too
        result = limited(samples * np.float32(10 ** (gain / 20)), rate, peak)
        missing = target - loudness(result, rate)
        if missing < 0.1:
            break
        gain += missing
    return result


def limited(samples: Samples, rate: int, peak: float = TRUE_PEAK) -> Samples:
    """Return the samples with true peaks of at most `peak` dB; the rest is unchanged.

    The gain falls and rises within 10 ms, before and after a peak.
    """
    size = max(1, round(rate * _LIMITER_SECONDS))
    highest = np.concatenate([peaks for _at, peaks in _peaks(samples, size)] or [np.zeros(0)])
    ceiling = 10 ** (peak / 20) * 0.999
    if not len(highest) or highest.max() <= ceiling:
        return samples
    needed = np.minimum(1.0, ceiling / np.maximum(highest, 1e-9))
    padded = np.pad(needed, _REACH, constant_values=1.0)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 1)
    lowest = np.pad(windows.min(axis=1), 2, mode="edge")
    smooth = np.convolve(lowest, np.asarray([1, 2, 3, 2, 1]) / 9, mode="valid")
    middles = (np.arange(len(smooth)) + 0.5) * size
    gain = np.interp(np.arange(len(samples)), middles, smooth).astype(np.float32)
    return samples * gain[:, None]


def _lufs(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    return -0.691 + 10 * np.log10(np.maximum(powers, 1e-12))


def _block_powers(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Return the weighted power of blocks of 0.4 s, which overlap by three quarters."""
    hop = round(rate * _BLOCK_SECONDS / _STEPS)
    count = len(samples) // hop
    if not count:
        return np.zeros(0)
    sums = np.zeros(count)
    for channel in samples.T:
        weighted = _filtered(channel, _weighting(rate))[: count * hop]
        sums += np.sum(weighted.reshape(count, hop) ** 2, axis=1, dtype=np.float64)
    steps = min(_STEPS, count)  # a shorter text is one block
    return np.convolve(sums, np.ones(steps), mode="valid") / (hop * steps)


@functools.lru_cache(maxsize=8)
def _weighting(rate: int) -> NDArray[np.float64]:
    """Return the impulse response of K weighting: a shelf, then a high-pass.

    The analog filters behind the coefficients that BS.1770 lists for 48 kHz, for any rate.
    """
    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band, a0 = high**0.4996667741545416, 1 + k / q + k * k
    shelf = (
        [
            (high + band * k / q + k * k) / a0,
            2 * (k * k - high) / a0,
            (high - band * k / q + k * k) / a0,
        ],
        [2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0],
    )
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    high_pass = ([1.0, -2.0, 1.0], [2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0])
    response = [1.0, *[0.0] * (rate // 4)]
    for (b0, b1, b2), (a1, a2) in (shelf, high_pass):
        x1 = x2 = y1 = y2 = 0.0
        for place, value in enumerate(response):
            result = b0 * value + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            x1, x2, y1, y2 = value, x1, result, y1
            response[place] = result
    return np.asarray(response)


def _filtered(channel: NDArray[np.float32], response: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the channel through a filter, by overlapping pieces in the frequency domain."""
    size = 1 << (4 * len(response)).bit_length()
    step = size - len(response) + 1
    spectrum = np.fft.rfft(response, size)
    result = np.zeros(len(channel) + size)
    for start in range(0, len(channel), step):
        piece = np.fft.rfft(channel[start : start + step], size)
        result[start : start + size] += np.fft.irfft(piece * spectrum, size)
    return result[: len(channel)]


@functools.cache
def _interpolation() -> NDArray[np.float64]:
    """Return the taps of the filter between samples: a windowed sinc of 12 samples' length."""
    places = (np.arange(12 * _OVERSAMPLING + 1) - 6 * _OVERSAMPLING) / _OVERSAMPLING
    return np.asarray(np.sinc(places) * np.kaiser(len(places), 5.0))


def _peaks(samples: Samples, size: int) -> list[tuple[int, NDArray[np.float64]]]:
    """Return (start, highest absolute value of each `size` frames, between samples too)."""
    result, taps, margin = [], _interpolation(), 16
    step = max(1, 65_536 // size) * size
    for start in range(0, len(samples), step):
        begin = max(0, start - margin)
        part = samples[begin : start + step + margin]
        wanted = min(step, len(samples) - start)
        highest = np.zeros(-(-wanted // size))
        for channel in part.T:
            spread = np.zeros(len(part) * _OVERSAMPLING)
            spread[::_OVERSAMPLING] = channel
            fine = np.abs(np.convolve(spread, taps, mode="same"))
            fine = fine.reshape(len(part), _OVERSAMPLING).max(axis=1)
            fine = np.maximum(fine, np.abs(channel))[start - begin : start - begin + wanted]
            padded = np.pad(fine, (0, len(highest) * size - wanted))
            highest = np.maximum(highest, padded.reshape(-1, size).max(axis=1))
        result.append((start, highest))
    return result
