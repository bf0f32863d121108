"""Mixes the audio of a clip block by block, with the music quieter under the voice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from studio.core.requests.video.project import Ducking
from studio.engine.clips.audio_events import AudioEvent, Samples
from studio.media.video_writer.writer import AUDIO_RATE

_LOUD = 0.01
"""A voice speaks where its level (RMS) is above this: −40 dB."""
_FRAME = AUDIO_RATE // 20
_PAUSE_SECONDS = 0.8
"""Pauses of a voice up to this long do not bring the music back."""
_KNEE = 0.8
"""Level above which samples are bent, so that none is above 1."""
Interval = tuple[float, float]
"""From, to, in seconds."""


class Mixer:
    """Yields the mixed samples of a clip. Raises StudioError for files that cannot be read."""

    def __init__(
        self,
        plain: Sequence[AudioEvent],
        music: Sequence[AudioEvent],
        spoken: Sequence[Interval],
        ducking: Ducking,
    ) -> None:
        """`plain`: events of full volume; `music` is quieter in the `spoken` intervals."""
        self._inputs = [_Input(event, is_ducked=False) for event in plain]
        self._inputs += [_Input(event, is_ducked=True) for event in music]
        self._times, self._volumes = ducking_curve(spoken, ducking)
        self._position = 0

    def next_block(self, count: int) -> Samples:
        """Return the next samples."""
        mixed = np.zeros((count, 2), np.float32)
        begin, end = self._position / AUDIO_RATE, (self._position + count) / AUDIO_RATE
        times = (self._position + np.arange(count)) / AUDIO_RATE
        for one in self._inputs:
            if one.event.begin >= end or one.event.end <= begin:
                continue
            gains = one.event.gains(times)
            if one.is_ducked:
                gains = gains * np.interp(times, self._times, self._volumes)
            mixed += one.read(self._position, count) * gains[:, None].astype(np.float32)
        self._position += count
        self._inputs = [one for one in self._inputs if one.event.end > end]
        return limited(mixed)


class _Input:
    """An event with the samples that are not used yet."""

    def __init__(self, event: AudioEvent, *, is_ducked: bool) -> None:
        self.event, self.is_ducked = event, is_ducked
        self._first = round(event.begin * AUDIO_RATE)
        self._last = round(event.end * AUDIO_RATE)
        self._blocks: Iterator[Samples] | None = None
        self._rest = np.zeros((0, 2), np.float32)

    def read(self, position: int, count: int) -> Samples:
        """Return the samples from a position in the clip on, silence outside of the event."""
        result = np.zeros((count, 2), np.float32)
        begin = max(0, self._first - position)
        end = min(count, self._last - position)
        while begin < end:
            if not len(self._rest):
                if self._blocks is None:
                    self._blocks = self.event.samples()
                following = next(self._blocks, None)
                if following is None:
                    break
                self._rest = following
            used = min(end - begin, len(self._rest))
            result[begin : begin + used] = self._rest[:used]
            self._rest = self._rest[used:]
            begin += used
        return result


def limited(samples: Samples) -> Samples:
    """Return samples within −1 to 1: those above the knee are bent, the others stay."""
    level = np.abs(samples)
    if level.max(initial=0) <= _KNEE:
        return samples
    bent = _KNEE + (1 - _KNEE) * np.tanh((level - _KNEE) / (1 - _KNEE))
    return np.where(level > _KNEE, np.sign(samples) * bent, samples).astype(np.float32)


def spoken_intervals(
    voices: Sequence[AudioEvent], check: Callable[[], None] = lambda: None
) -> list[Interval]:
    """Return when a voice speaks, in order, without short pauses. `check` may raise to stop."""
    found: list[Interval] = []
    for event in voices:
        source = _Input(event, is_ducked=False)
        position, end = round(event.begin * AUDIO_RATE), round(event.end * AUDIO_RATE)
        while position < end:
            check()
            samples = source.read(position, _FRAME)
            if np.sqrt(np.mean(samples**2)) * event.volume > _LOUD:
                found.append((position / AUDIO_RATE, (position + _FRAME) / AUDIO_RATE))
            position += _FRAME
    return _merged(sorted(found))


def _merged(intervals: Sequence[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for begin, end in intervals:
        if merged and begin - merged[-1][1] <= _PAUSE_SECONDS:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def ducking_curve(
    spoken: Sequence[Interval], ducking: Ducking
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times and the music's volumes at them, between which it changes evenly."""
    times, volumes = [0.0], [1.0]
    for begin, end in spoken:
        before, after = begin - ducking.seconds, end + ducking.seconds
        if before <= times[-1] and len(times) > 1:  # it does not come back in between
            times.pop()
            volumes.pop()
        else:
            times += [max(before, times[-1]), begin]
            volumes += [1.0, ducking.volume]
        times += [end, after]
        volumes += [ducking.volume, 1.0]
    return np.array(times), np.array(volumes)
