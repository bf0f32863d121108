"""The frames of a video from any position on, scaled and rotated for the screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from studio.media.video_decoder.messages import MAX_PIXELS, Opened
from studio.media.video_decoder.open_video import open_video, video_stream
from studio.media.video_decoder.tone_mapping import LUT_FORMAT, ToneMapper, is_hdr

MAX_THREADS = 4
HD_HEIGHT = 720
"""From here on, a video that does not state its color matrix has that of BT.709, else BT.601."""
_MISSING_SECONDS = 1.0
"""A video that ends this much before its stated length is cut off."""
_EPSILON = 1e-4
"""Seconds; time stamps of frames are rounded."""


class Picked(NamedTuple):
    """A decoded frame that is not converted yet."""

    seconds: float
    frame: Any


class Pixels(NamedTuple):
    """A frame for the screen: rows of blue, green, red and an unused byte."""

    width: int
    height: int
    stride: int
    data: Any
    """A buffer."""


class FrameSource(Protocol):
    """A file that yields frames."""

    opened: Opened
    is_damaged: bool
    """True if something could not be decoded since the last seek."""
    end: float
    """Where the last frame that was decoded ends."""

    def frames_from(self, seconds: float) -> Iterator[Picked]:
        """Yield the frame that is shown at a position, and those after it."""

    def convert(self, picked: Picked, box: tuple[int, int]) -> Pixels:
        """Scale a frame to fit into width × height pixels, never up, and rotate it."""


class AvFrames:
    """The frames that PyAV decodes. Raises StudioError if the file contains none."""

    def __init__(self, path: Path) -> None:
        self._container = open_video(path)
        self._stream = stream = video_stream(self._container, path.name)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = MAX_THREADS
        self._time_base = float(stream.time_base)
        self.start = float((stream.start_time or 0) * stream.time_base)
        """Time stamp of the beginning, in seconds."""
        self._interval = 1 / float(stream.average_rate) if stream.average_rate else 1 / 25
        self._stated_length = float((stream.duration or 0) * stream.time_base)
        self.is_damaged = False
        self.end = 0.0
        self._mapper: ToneMapper | None = None
        self._mapper_key = (0, 0, 0)
        first = next(self.frames_from(0.0), None)
        self.opened = self._describe(first)

    def _describe(self, first: Picked | None) -> Opened:
        stream = self._stream
        width, height = stream.codec_context.width, stream.codec_context.height
        if first is not None:
            width, height = _display_size(first.frame, stream.sample_aspect_ratio)
        length = 0.0
        if stream.duration:
            length = self._stated_length
        elif self._container.duration:
            length = self._container.duration / 1_000_000 - self.start
        audio = self._container.streams.audio
        return Opened(
            width=width if first is not None else 0,
            height=height if first is not None else 0,
            length=max(0.0, length),
            frame_rate=float(stream.average_rate or 0),
            has_audio=bool(audio) and audio[0].codec_context is not None,
        )

    def frames_from(self, seconds: float) -> Iterator[Picked]:
        """See `FrameSource`."""
        self._seek(seconds)
        before: Picked | None = None
        for picked in self._decode():
            self.end = picked.seconds + self._interval
            if picked.seconds <= seconds + _EPSILON:
                before = picked
                continue
            if before is not None:
                yield before
                before = None
            yield picked
        if before is not None:
            yield before
        if self.end < self._stated_length - _MISSING_SECONDS:
            self.is_damaged = True

    def _seek(self, seconds: float) -> None:
        import av

        self.is_damaged = False
        target = int((max(0.0, seconds) + self.start) / self._time_base)
        try:
            self._container.seek(target, stream=self._stream)
        except (OSError, ValueError, av.error.FFmpegError):
            # Some files have no index that a seek could use: start at the beginning.
            self._container.seek(0)

    def _decode(self) -> Iterator[Picked]:
        import av

        packets = self._container.demux(self._stream)
        latest = -self._interval
        while True:
            try:
                packet = next(packets, None)
                frames = packet.decode() if packet is not None else []
            except (OSError, ValueError, av.error.FFmpegError) as error:
                self.is_damaged = True
                if not isinstance(error, av.error.InvalidDataError):
                    return
                continue
            if packet is None:
                return
            for frame in frames:
                if frame.is_corrupt:
                    self.is_damaged = True
                seconds = latest + self._interval if frame.time is None else frame.time
                seconds = seconds - self.start if frame.time is not None else seconds
                latest = max(latest, seconds)
                yield Picked(seconds, frame)

    def convert(self, picked: Picked, box: tuple[int, int]) -> Pixels:
        """See `FrameSource`."""
        frame = picked.frame
        turns = _quarter_turns(frame)
        shown = fit(_display_size(frame, self._stream.sample_aspect_ratio), box)
        width, height = shown[::-1] if turns % 2 else shown
        scaled = self._to_colors(frame, width, height)
        plane = scaled.planes[0]
        if not turns:
            return Pixels(width, height, plane.line_size, memoryview(plane))
        rows = np.frombuffer(plane, np.uint8).reshape(height, plane.line_size)[:, : 4 * width]
        turned = np.ascontiguousarray(np.rot90(rows.reshape(height, width, 4), turns))
        return Pixels(shown[0], shown[1], 4 * shown[0], turned.data.cast("B"))

    def _to_colors(self, frame: Any, width: int, height: int) -> Any:
        """Return a frame of a size in blue, green, red and an unused byte; HDR is tone-mapped."""
        is_mapped = is_hdr(frame)
        scaled = frame.reformat(
            width=width,
            height=height,
            format=LUT_FORMAT if is_mapped else "bgra",
            interpolation=_interpolation(frame, width, height),
            src_colorspace=_color_matrix(frame),
            dst_color_range="JPEG",
            threads=0 if _is_converted_whole(frame, width, height) else 1,
        )
        if is_mapped:
            scaled = self._tone_mapper(scaled, int(frame.color_trc)).map(scaled)
            scaled = scaled.reformat(format="bgra")
        return scaled

    def _tone_mapper(self, first: Any, transfer: int) -> ToneMapper:
        key = (first.width, first.height, transfer)
        if self._mapper is None or self._mapper_key != key:
            self._mapper, self._mapper_key = ToneMapper(first, transfer), key
        return self._mapper


def fit(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of the same ratio that is in a box, is not above `size` and has at
    most `MAX_PIXELS`.
    """
    width, height = size
    factor = min(1.0, box[0] / width, box[1] / height, (MAX_PIXELS / (width * height)) ** 0.5)
    return max(1, int(width * factor + 1e-6)), max(1, int(height * factor + 1e-6))


def _quarter_turns(frame: Any) -> int:
    """Return how often a frame has to be rotated by 90° counterclockwise; phones store this."""
    return int(round(frame.rotation / 90) % 4)


def _display_size(frame: Any, pixel_ratio: Any) -> tuple[int, int]:
    """Return width × height in square pixels, after rotation."""
    width, height = frame.width, frame.height
    if pixel_ratio and 0.1 < pixel_ratio < 10:
        width = max(1, round(width * float(pixel_ratio)))
    return (height, width) if _quarter_turns(frame) % 2 else (width, height)


def _interpolation(frame: Any, width: int, height: int) -> int:
    """Return the flags of swscale for a conversion to width × height.

    Without scaling, FFmpeg 8.1 leaves up to four columns at the right unconverted if the width is
    not a multiple of 16, unless rounding is to be accurate.
    """
    from av.video.reformatter import Interpolation

    is_whole = _is_converted_whole(frame, width, height)
    return int(Interpolation.BILINEAR) | (0 if is_whole else int(Interpolation.ACCURATE_RND))


def _is_converted_whole(frame: Any, width: int, height: int) -> bool:
    """Return False if swscale converts up to 16 columns at once beyond the width.

    A thread then writes over the beginning of the next row, which is another thread's.
    """
    return (width, height) != (frame.width, frame.height) or width % 16 == 0


def _color_matrix(frame: Any) -> Any:
    """Return the color matrix that the frame states, or that of its size."""
    from av.video.reformatter import Colorspace

    unspecified, rgb = 2, 0
    if frame.colorspace not in (unspecified, rgb):
        return frame.colorspace
    return Colorspace.ITU709 if frame.height >= HD_HEIGHT else Colorspace.ITU601
