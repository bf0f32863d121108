"""The frames of one clip of a project, at any time: of a video, an image or a title."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from studio.core.requests.video.project import Clip, ImageClip, Motion, TitleClip, VideoClip
from studio.engine.clips.layout import Layout, Size, lay_out, place, plain, scaled
from studio.engine.clips.lettering import draw_title
from studio.media.image_reader import read_image
from studio.media.video_decoder.frame_source import FrameSource, Picked
from studio.media.video_decoder.open_frames import open_frames
from studio.media.video_writer.writer import Pixels

_EPSILON = 1e-4
_ZOOM = 1.2
"""How much larger an image becomes while it moves."""
_BUFFER_BYTES = 96 << 20
"""Of frames that are kept to show a video backward."""


class ClipPixels(Protocol):
    """The frames of one clip."""

    def at(self, seconds: float) -> Pixels:
        """Return the frame at a time from the clip's beginning on; it must not be changed.

        Times never go back.
        """


def open_pixels(clip: Clip, seconds: float, frame: Size, background: Pixels) -> ClipPixels:
    """Return the frames of a clip that is shown for some seconds. Raises StudioError."""
    if isinstance(clip, TitleClip):
        return _Still(draw_title(clip, plain(frame, clip.background)))
    if isinstance(clip, ImageClip):
        return _image(clip, seconds, frame, background)
    if clip.reverse:
        return _Backward(clip, seconds, frame, background)
    return _Forward(clip, frame, background)


class _Still:
    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels

    def at(self, seconds: float) -> Pixels:
        return self._pixels


def _image(clip: ImageClip, seconds: float, frame: Size, background: Pixels) -> ClipPixels:
    image, _sha256 = read_image(Path(clip.source), max(frame))
    zoom = 1.0 if clip.motion == "none" else _ZOOM
    canvas = (round(frame[0] * zoom), round(frame[1] * zoom))
    pixels = np.ascontiguousarray(np.asarray(image.convert("RGBA"))[:, :, [2, 1, 0, 3]])
    layout = lay_out(image.size, canvas, clip.crop, clip.rotate, clip.fit)
    placed = place(pixels, layout, canvas, scaled(background, canvas))
    return _Still(placed) if clip.motion == "none" else _Moving(placed, clip.motion, seconds, frame)


class _Moving:
    """An image that is zoomed or moved at an even speed (Ken Burns)."""

    def __init__(self, canvas: Pixels, motion: Motion, seconds: float, frame: Size) -> None:
        self._canvas, self._motion, self._frame = canvas, motion, frame
        self._seconds = seconds

    def at(self, seconds: float) -> Pixels:
        import cv2

        share = min(1.0, seconds / self._seconds)
        left, top, size = _view(self._motion, share)
        height, width = self._canvas.shape[:2]
        # Positions are those of the middles of pixels.
        across, down = size * width / self._frame[0], size * height / self._frame[1]
        matrix = np.array(
            [
                [across, 0, left * width + across / 2 - 0.5],
                [0, down, top * height + down / 2 - 0.5],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        edges = cv2.BORDER_REPLICATE
        shown = cv2.warpAffine(self._canvas, matrix, self._frame, flags=flags, borderMode=edges)
        return np.asarray(shown, np.uint8)


def _view(motion: Motion, share: float) -> tuple[float, float, float]:
    """Return left, top and size of what is seen, as shares of the canvas, at a share of time."""
    small = 1 / _ZOOM
    if motion in ("zoom-in", "zoom-out"):
        share = share if motion == "zoom-in" else 1 - share
        size = 1 / (1 + (_ZOOM - 1) * share)
        return (1 - size) / 2, (1 - size) / 2, size
    room = 1 - small
    along = room * (share if motion in ("pan-right", "pan-down") else 1 - share)
    if motion in ("pan-left", "pan-right"):
        return along, room / 2, small
    return room / 2, along, small


class _Video:
    """What both directions share."""

    def __init__(self, clip: VideoClip, frame: Size, background: Pixels) -> None:
        self.clip, self._frame, self._background = clip, frame, background
        self.source: FrameSource = open_frames(Path(clip.source))
        opened = self.source.opened
        self._layout: Layout = lay_out(
            (opened.width, opened.height), frame, clip.crop, clip.rotate, clip.fit
        )

    def converted(self, picked: Picked) -> Pixels:
        """Return a decoded frame as a frame of the clip."""
        shown = self.source.convert(picked, self._layout.decoded)
        rows = np.frombuffer(shown.data, np.uint8)[: shown.stride * shown.height]
        pixels = rows.reshape(shown.height, shown.stride)[:, : 4 * shown.width]
        pixels = pixels.reshape(shown.height, shown.width, 4)
        return place(pixels, self._layout, self._frame, self._background)


class _Forward(_Video):
    def __init__(self, clip: VideoClip, frame: Size, background: Pixels) -> None:
        super().__init__(clip, frame, background)
        self._frames: Iterator[Picked] = self.source.frames_from(clip.start)
        self._picked = self._following = next(self._frames, None)
        self._pixels = background
        self._shown: Picked | None = None

    def at(self, seconds: float) -> Pixels:
        target = self.clip.start + seconds * self.clip.speed + _EPSILON
        while self._following is not None and self._following.seconds <= target:
            self._picked = self._following
            self._following = next(self._frames, None)
        if self._picked is not None and self._picked is not self._shown:
            self._shown = self._picked
            self._pixels = self.converted(self._picked)
        return self._pixels


class _Backward(_Video):
    """Decodes pieces of the video, the last one first, and keeps one piece of frames."""

    def __init__(self, clip: VideoClip, seconds: float, frame: Size, background: Pixels) -> None:
        super().__init__(clip, frame, background)
        self._end = clip.start + seconds * clip.speed
        self._limit = max(4, _BUFFER_BYTES // (4 * frame[0] * frame[1]))
        self._span = self._limit / (2 * max(1.0, self.source.opened.frame_rate or 25.0))
        self._kept: list[tuple[float, Pixels]] = []
        self._begin = float("inf")
        """Kept frames are those from here on."""

    def at(self, seconds: float) -> Pixels:
        # A frame is shown until the next one comes: just before the end of the part it is the last.
        target = max(self.clip.start, self._end - seconds * self.clip.speed - 2 * _EPSILON)
        if target < self._begin:
            self._keep(max(0.0, target - self._span), target)
        while len(self._kept) > 1 and self._kept[-1][0] > target:
            self._kept.pop()
        return self._kept[-1][1] if self._kept else self._background

    def _keep(self, begin: float, end: float) -> None:
        kept: list[tuple[float, Pixels]] = []
        for picked in self.source.frames_from(begin):
            if picked.seconds > end and kept:
                break
            kept.append((picked.seconds, self.converted(picked).copy()))
            if len(kept) > self._limit:  # more frames a second than the file states
                kept.pop(0)
                begin = kept[0][0]
        self._kept, self._begin = kept, begin
