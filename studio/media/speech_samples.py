"""Reads the audio of a file as one channel of 16 kHz, block by block, as speech models need it.

libsndfile reads WAV, FLAC, OGG and MP3; PyAV, where it is installed, reads videos and the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.translation import mark, tr, tr_marked
from studio.media.audio import blocks, decoding_errors, open_audio
from studio.media.measures import AUDIO_SUFFIXES
from studio.media.video_decoder.open_video import can_decode, open_video

Samples = NDArray[np.float32]
RATE = 16_000
_TAPS = 16
"""Zero crossings of the resampling filter on each side."""
_MAX_RATE = 768_000
_MAX_CHANNELS = 64
_CURE = mark("Check that it plays in another program, or choose another file.")


def open_speech(path: Path) -> SpeechFile:
    """Open an audio or video file. Raises StudioError if it cannot be read or has no audio."""
    if not path.is_file():
        raise StudioError(
            tr("There is no file {path}.", path=path),
            cause="invalid",
            cure=tr("Check its name and place."),
        )
    own = _open_plainly(path)
    if own is not None:
        return own
    if path.suffix.lower() in AUDIO_SUFFIXES and not can_decode():
        raise _unreadable(path)
    return _AvFile(path)


class SpeechFile:
    """An open file. `seconds`: its length as its header states it; 0 if unknown."""

    seconds = 0.0

    def blocks(self) -> Iterator[Samples]:
        """Yield its samples as one channel of `RATE`, −1 to 1. Raises StudioError."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the file."""


def _open_plainly(path: Path) -> SpeechFile | None:
    try:
        return _PlainFile(open_audio(path), path)
    except OSError:
        return None
    except decoding_errors():
        return None


class _PlainFile(SpeechFile):
    def __init__(self, file: Any, path: Path) -> None:
        self._file, self._path = file, path
        if not (0 < file.samplerate <= _MAX_RATE and file.channels <= _MAX_CHANNELS):
            file.close()
            raise ValueError("impossible rate or channels")  # not translated: caught above
        self.seconds = max(0.0, file.frames / file.samplerate)

    def blocks(self) -> Iterator[Samples]:
        resampler = Resampler(self._file.samplerate)
        try:
            for block in blocks(self._file, "float32"):
                yield resampler.feed(_mono(block))
        except decoding_errors() as error:
            raise _unreadable(self._path) from error
        yield resampler.end()

    def close(self) -> None:
        self._file.close()


class _AvFile(SpeechFile):
    def __init__(self, path: Path) -> None:
        self._container = open_video(path)
        if not self._container.streams.audio:
            self._container.close()
            raise StudioError(
                tr("{name} has no audio.", name=path.name),
                cause="invalid",
                cure=tr("Choose a recording, or a video with audio."),
            )
        self._stream = self._container.streams.audio[0]
        self._path = path
        duration = self._container.duration
        self.seconds = duration / 1_000_000 if duration and duration > 0 else 0.0

    def blocks(self) -> Iterator[Samples]:
        import av

        graph, start = None, None
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                frames = packet.decode() if packet is not None else []
            except av.error.InvalidDataError:  # a damaged packet; the next one may be whole
                continue
            except (OSError, ValueError, av.error.FFmpegError):
                packet, frames = None, []
            for frame in frames:
                if graph is None:
                    graph, start = _graph(self._stream), frame.time or 0.0
                    yield np.zeros(int(max(0.0, min(start, 3600.0)) * RATE), np.float32)
                yield from _pulled(graph, frame)
            if packet is None:
                break
        if graph is None:
            raise _unreadable(self._path)
        yield from _pulled(graph, None)

    def close(self) -> None:
        self._container.close()


def _graph(stream: Any) -> Any:
    """Return filters from a stream to one channel of `RATE`, with silence in its gaps."""
    from av.filter import Graph

    graph = Graph()
    form = f"sample_fmts=flt:sample_rates={RATE}:channel_layouts=mono"
    nodes = (
        graph.add_abuffer(template=stream),
        graph.add("aresample", "async=1000"),
        graph.add("aformat", form),
        graph.add("abuffersink"),
    )
    graph.link_nodes(*nodes).configure()
    return graph


def _pulled(graph: Any, frame: Any) -> Iterator[Samples]:
    import av

    try:
        graph.push(frame)
        while True:
            made = graph.pull()
            yield np.frombuffer(made.planes[0], np.float32, made.samples).copy()
    except (av.error.BlockingIOError, av.error.EOFError):
        return


def _mono(block: NDArray[Any]) -> Samples:
    mean: Samples = block.mean(axis=1, dtype=np.float32)
    samples: Samples = np.clip(np.nan_to_num(mean), -1, 1)
    return samples


def _unreadable(path: Path) -> StudioError:
    return StudioError(
        tr("{name} cannot be read as audio.", name=path.name),
        cause="invalid",
        cure=tr_marked(_CURE),
    )


class Resampler:
    """Changes the sampling rate of audio that comes in blocks to `RATE`, by a windowed sinc.

    Both rates are whole numbers, so the distances between old and new samples repeat, and each of
    them has a filter of its own.
    """

    def __init__(self, rate: int) -> None:
        common = math.gcd(rate, RATE)
        self._old, self._new = rate // common, RATE // common
        self._filters = _filters(self._old, self._new)
        self._half = self._filters.shape[1] // 2
        self._kept = np.zeros(self._half, np.float32)
        self._next = 0
        """Number of the next new sample, from a multiple of `_new` on."""

    def feed(self, block: Samples) -> Samples:
        """Return the new samples that these old ones and those before them decide."""
        if self._old == self._new:
            return block
        samples = np.concatenate((self._kept, block))
        available = len(samples) - 2 * self._half
        if available <= 0:
            self._kept = samples
            return np.zeros(0, np.float32)
        last = -(-available * self._new // self._old)
        numbers = np.arange(self._next, last)
        places = numbers * self._old // self._new
        places = places[places < available]
        numbers = numbers[: len(places)]
        windows = np.lib.stride_tricks.sliding_window_view(samples, 2 * self._half)
        chosen = self._filters[numbers % self._new]
        result: Samples = np.einsum("ij,ij->i", windows[places + 1], chosen, dtype=np.float32)
        done = self._next + len(numbers)
        whole = min(done // self._new, available // self._old)
        self._kept = samples[whole * self._old :]
        self._next = done - whole * self._new
        return result

    def end(self) -> Samples:
        """Return the samples that silence after the end decides."""
        rest = self._half if self._old != self._new else 0
        return self.feed(np.zeros(rest, np.float32))


def _filters(old: int, new: int) -> NDArray[np.float32]:
    """Return a filter for each distance: `new` × taps."""
    cutoff = min(1.0, new / old)
    half = math.ceil(_TAPS / cutoff)
    distances = (np.arange(new) * old % new) / new
    offsets = np.arange(1 - half, half + 1)
    at = offsets[None, :] - distances[:, None]
    window = np.where(np.abs(at) < half, np.cos(np.pi * at / (2 * half)) ** 2, 0)
    filters = cutoff * np.sinc(cutoff * at) * window
    normalized: Samples = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalized
