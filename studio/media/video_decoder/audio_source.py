"""The audio of a video from any position on, as int16 stereo, faster or slower at the same pitch.

Reads the file a second time: where a file does not interleave audio and video, one of them would
have to be kept in memory until the other one comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.media.video_decoder.messages import BYTES_PER_AUDIO_FRAME, CHANNELS, SAMPLING_RATE
from studio.media.video_decoder.open_video import open_video

_TEMPO_LIMITS = (0.5, 2.0)
"""What one filter can do; several follow each other beyond them."""
_SILENCE_SECONDS = 0.5
"""Length of a block."""


class AvAudio:
    """The first audio stream. `video_start`: time stamp of the video's start, in seconds."""

    def __init__(self, path: Path, video_start: float) -> None:
        self._container = open_video(path)
        self._stream = self._container.streams.audio[0]
        self._start = video_start

    def blocks_from(self, seconds: float, speed: float) -> Iterator[bytes]:
        """Yield samples from a position on, silence where the audio has a gap at its start."""
        import av

        time_base = float(self._stream.time_base)
        target = int((seconds + self._start) / time_base)
        try:
            self._container.seek(target, stream=self._stream)
        except (OSError, ValueError, av.error.FFmpegError):
            self._container.seek(0)
        graph: Any = None
        skipped = 0
        for frame in self._decode():
            if graph is None:
                offset = (frame.time or 0.0) - self._start - seconds
                if offset + frame.samples / frame.sample_rate <= 0:
                    continue
                yield from _silence(offset / speed)
                skipped = round(max(0.0, -offset) / speed * SAMPLING_RATE)
                graph = _make_graph(self._stream, speed)
            for data in _filter(graph, frame):
                first = min(skipped, len(data) // BYTES_PER_AUDIO_FRAME)
                skipped -= first
                if block := data[first * BYTES_PER_AUDIO_FRAME :]:
                    yield block
        if graph is not None:
            yield from _filter(graph, None)

    def _decode(self) -> Iterator[Any]:
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from packet.decode()
            except av.error.InvalidDataError:
                continue
            except (OSError, ValueError, av.error.FFmpegError):
                return


def _silence(seconds: float) -> Iterator[bytes]:
    left = seconds
    while left > 0:
        yield bytes(round(min(left, _SILENCE_SECONDS) * SAMPLING_RATE) * BYTES_PER_AUDIO_FRAME)
        left -= _SILENCE_SECONDS


def _make_graph(stream: Any, speed: float) -> Any:
    """Return filters from the stream to int16 stereo: fill gaps, change the tempo, convert."""
    from av.filter import Graph

    graph = Graph()
    nodes = [graph.add_abuffer(template=stream), graph.add("aresample", "async=1000")]
    for tempo in _tempos(speed):
        nodes.append(graph.add("atempo", f"{tempo:.4f}"))
    layout = "stereo" if CHANNELS == 2 else "mono"
    form = f"sample_fmts=s16:sample_rates={SAMPLING_RATE}:channel_layouts={layout}"
    nodes += [graph.add("aformat", form), graph.add("abuffersink")]
    graph.link_nodes(*nodes).configure()
    return graph


def _tempos(speed: float) -> list[float]:
    """Split a speed into factors that one filter can do."""
    tempos, rest = [], speed
    low, high = _TEMPO_LIMITS
    while rest < low or rest > high:
        step = low if rest < low else high
        tempos.append(step)
        rest /= step
    return [*tempos, rest] if abs(rest - 1) > 1e-6 else tempos


def _filter(graph: Any, frame: Any) -> Iterator[bytes]:
    import av

    try:
        graph.push(frame)
        while True:
            made = graph.pull()
            yield bytes(made.planes[0])[: made.samples * BYTES_PER_AUDIO_FRAME]
    except (av.error.BlockingIOError, av.error.EOFError):
        return
