"""Renders a clip into a file while it is made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Preview, Progress
from studio.core.regular_file import read_regular
from studio.core.requests.video.project import Captions, ClipProject
from studio.core.settings import CompressedQuality
from studio.core.translation import tr
from studio.engine.clips.audio_events import clip_events, part_events
from studio.engine.clips.compose import compose
from studio.engine.clips.layout import scaled
from studio.engine.clips.lettering import CaptionTrack
from studio.engine.clips.mixer import Mixer, spoken_intervals
from studio.engine.clips.timeline import Timeline
from studio.engine.protocol import JobContext
from studio.media.text_encoding import decode
from studio.media.transcript import Segment, parse_subtitles
from studio.media.video_writer.open_writer import open_writer
from studio.media.video_writer.writer import (
    AUDIO_RATE,
    FORMATS_WITH_AUDIO,
    Pixels,
    VideoSpec,
    VideoWriter,
)

_MAX_CAPTION_BYTES = 8 << 20
_REPORT_SECONDS = 0.25
_PREVIEW_SIDE = 320


class ClipVideo:
    """See `library.results.StreamedVideo`."""

    def __init__(
        self, context: JobContext, project: ClipProject, timeline: Timeline, file_format: str
    ) -> None:
        self._context, self._project, self._timeline = context, project, timeline
        self._format = file_format
        self.width, self.height = project.width, project.height
        self.duration = timeline.seconds
        self.thumbnail: NDArray[np.uint8] | None = None
        self._reported = 0.0

    def write(self, path: Path, comment: str, quality: CompressedQuality) -> None:
        """See `StreamedVideo`."""
        mixer = self._mixer() if self._format in FORMATS_WITH_AUDIO else None
        spec = VideoSpec(
            (self.width, self.height),
            self._timeline.rate,
            has_audio=mixer is not None,
            comment=comment,
            quality=quality,
        )
        writer = open_writer(path, self._format, spec)
        try:
            audio = _AudioPump(mixer, writer, self._timeline) if mixer is not None else None
            for number, pixels in enumerate(self._frames(), 1):
                self._context.check()
                writer.write_frame(pixels)
                if audio is not None:
                    audio.write_until(number)
                self._report(number, pixels)
            writer.finish()
        finally:
            writer.close()

    def _frames(self) -> Iterator[Pixels]:
        captions = self._project.captions
        track = None
        if captions is not None:
            size = (self.width, self.height)
            track = CaptionTrack(read_captions(captions), captions, size)
        return compose(self._project, self._timeline, track)

    def _mixer(self) -> Mixer | None:
        """Return what mixes the audio; None if there is no audio at all."""
        project, total = self._project, self._timeline.seconds
        voice = part_events(project.voice, total)
        music = part_events(project.music, total)
        plain = [*clip_events(self._timeline), *voice]
        if not plain and not music:
            return None
        is_ducked = bool(music) and project.ducking.volume < 1
        spoken = spoken_intervals(voice, self._context.check) if is_ducked else []
        return Mixer(plain, music, spoken, project.ducking)

    def _report(self, number: int, pixels: Pixels) -> None:
        if number - 1 == self._timeline.frames // 2:
            self.thumbnail = _colors(pixels)
        now = time.monotonic()
        if now - self._reported < _REPORT_SECONDS and number < self._timeline.frames:
            return
        self._reported = now
        share = min(1.0, _PREVIEW_SIDE / max(self.width, self.height))
        size = (max(1, round(self.width * share)), max(1, round(self.height * share)))
        preview = Preview(*size, _colors(scaled(pixels, size)).tobytes())
        self._context.emit(
            Progress(step=number, total=self._timeline.frames, unit="frame", preview=preview)
        )


class _AudioPump:
    """Writes audio up to the end of each frame, so that both streams are next to each other."""

    def __init__(self, mixer: Mixer, writer: VideoWriter, timeline: Timeline) -> None:
        self._mixer, self._writer, self._timeline = mixer, writer, timeline
        self._total = round(timeline.frames / timeline.rate * AUDIO_RATE)
        self._written = 0

    def write_until(self, frames: int) -> None:
        """Write the audio of the first frames."""
        end = round(frames / self._timeline.rate * AUDIO_RATE)
        while self._written < end:
            count = min(self._writer.audio_block, self._total - self._written)
            self._writer.write_audio(self._mixer.next_block(count))
            self._written += count


def read_captions(captions: Captions) -> tuple[Segment, ...]:
    """Return the captions in order; a file without any has none. Raises StudioError."""
    if not captions.source:
        found = [Segment(cue.start, cue.end, cue.text) for cue in captions.cues]
        return tuple(sorted(found, key=lambda one: one.start))
    path = Path(captions.source)
    try:
        data = read_regular(path, _MAX_CAPTION_BYTES)
    except OSError as error:
        raise StudioError(
            tr("{file} cannot be read: {reason}", file=path, reason=error.strerror or error),
            cause="invalid",
            cure=tr("Choose another file with captions."),
        ) from error
    return parse_subtitles(decode(data).text).segments


def _colors(pixels: Pixels) -> NDArray[np.uint8]:
    """Return height × width × 3 of red, green and blue."""
    return np.ascontiguousarray(pixels[:, :, 2::-1])
