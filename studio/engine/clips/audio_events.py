"""Which part of which file is played when, as loud as what: of clips, voice and music."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.core.requests.video.project import AudioPart, VideoClip
from studio.engine.clips.timeline import Timeline
from studio.media.video_decoder.audio_source import AvAudio
from studio.media.video_decoder.open_video import open_video
from studio.media.video_writer.writer import AUDIO_RATE

Samples = NDArray[np.float32]
"""frames × 2, −1 to 1."""


@dataclass(frozen=True, kw_only=True)
class AudioEvent:
    """A part of a file that is played once or repeated."""

    path: Path
    begin: float
    """When it begins in the clip, in seconds."""
    seconds: float
    """How long it is played."""
    start: float = 0.0
    """Where it begins in the file."""
    length: float = 0.0
    """Seconds of the file until it is over or repeated; 0 for its end."""
    speed: float = 1.0
    reverse: bool = False
    loop: bool = False
    volume: float = 1.0
    fade_in: float = 0.0
    fade_out: float = 0.0

    @property
    def end(self) -> float:
        """When it is over."""
        return self.begin + self.seconds

    def samples(self) -> Iterator[Samples]:
        """Yield the samples from its beginning on, in blocks of any size. Raises StudioError."""
        if self.reverse:
            blocks = list(self._once())
            if blocks:
                yield np.concatenate(blocks)[::-1]
            return
        yield from self._once()
        while self.loop:
            count = 0
            for block in self._once():
                count += len(block)
                yield block
            if not count:
                return

    def _once(self) -> Iterator[Samples]:
        left = round(self.length / self.speed * AUDIO_RATE) if self.length else None
        source = AvAudio(self.path, start_of(self.path))
        for data in source.blocks_from(self.start, self.speed):
            block = np.frombuffer(data, "<i2").reshape(-1, 2).astype(np.float32)
            block *= np.float32(1 / 32768)
            if left is not None:
                block = block[:left]
                left -= len(block)
            if len(block):
                yield block
            if left == 0:
                return

    def gains(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return its volume at times within it, in seconds from the clip's start."""
        gains = np.full(len(times), self.volume)
        if self.fade_in:
            gains *= np.clip((times - self.begin) / self.fade_in, 0, 1)
        if self.fade_out:
            gains *= np.clip((self.end - times) / self.fade_out, 0, 1)
        return gains


def start_of(path: Path) -> float:
    """Return the time stamp of a file's beginning: of its video, else of its audio."""
    with open_video(path) as container:
        stream = (*container.streams.video, *container.streams.audio)[0]
        return float((stream.start_time or 0) * stream.time_base)


def has_audio(path: Path) -> bool:
    """Return whether a file has audio that can be decoded. Raises StudioError."""
    with open_video(path) as container:
        audio = container.streams.audio
        return bool(audio) and audio[0].codec_context is not None


def clip_events(timeline: Timeline) -> list[AudioEvent]:
    """Return the audio of the videos, which transitions and fades make quieter."""
    found = []
    for piece, following in zip(timeline.pieces, [*timeline.pieces[1:], None], strict=True):
        clip = piece.clip
        if not isinstance(clip, VideoClip) or not clip.volume or not has_audio(Path(clip.source)):
            continue
        overlap = following.overlap if following is not None else 0.0
        found.append(
            AudioEvent(
                path=Path(clip.source),
                begin=piece.begin,
                seconds=piece.seconds,
                start=clip.start,
                length=piece.seconds * clip.speed,
                speed=clip.speed,
                reverse=clip.reverse,
                volume=clip.volume,
                fade_in=max(clip.fade_in, piece.overlap),
                fade_out=max(clip.fade_out, overlap),
            )
        )
    return found


def part_events(parts: tuple[AudioPart, ...], total: float) -> list[AudioEvent]:
    """Return the parts of a track in a clip of `total` seconds. Raises StudioError."""
    return [_part_event(part, total) for part in parts if part.at < total]


def _part_event(part: AudioPart, total: float) -> AudioEvent:
    length = part.end - part.start if part.end is not None else 0.0
    known = length or _length_of(Path(part.source)) - part.start
    seconds = total - part.at
    if not part.loop and known > 0:
        seconds = min(known, seconds)
    return AudioEvent(
        path=Path(part.source),
        begin=part.at,
        seconds=seconds,
        start=part.start,
        length=length,
        loop=part.loop,
        volume=part.volume,
        fade_in=part.fade_in,
        fade_out=part.fade_out,
    )


def _length_of(path: Path) -> float:
    with open_video(path) as container:
        return float(container.duration or 0) / 1_000_000
