"""The frames of a clip: its pieces one after the other, with transitions, fades and captions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from studio.core.requests.video.project import ClipProject, Transition
from studio.engine.clips.layout import plain
from studio.engine.clips.lettering import CaptionTrack
from studio.engine.clips.pixels import ClipPixels, open_pixels
from studio.engine.clips.timeline import Piece, Timeline
from studio.media.video_writer.writer import Pixels

_EPSILON = 1e-6


def compose(
    project: ClipProject, timeline: Timeline, captions: CaptionTrack | None
) -> Iterator[Pixels]:
    """Yield all frames. Pieces are opened when they are first seen. Raises StudioError."""
    size = (project.width, project.height)
    background = plain(size, project.background)
    opened: dict[int, ClipPixels] = {}
    cursor = _Cursor(timeline.pieces)
    half = 0.5 / float(timeline.rate)
    for number in range(timeline.frames):
        seconds = float(number / timeline.rate)
        shown = cursor.shown_at(seconds)
        for done in opened.keys() - {piece.number for piece in shown}:
            del opened[done]
        frames = []
        for piece in shown:
            if piece.number not in opened:
                opened[piece.number] = open_pixels(piece.clip, piece.seconds, size, background)
            within = max(0.0, seconds - piece.begin)
            frames.append(_faded(opened[piece.number].at(within), piece, within, background))
        frame = frames[0]
        if len(frames) == 2:
            share = (seconds - shown[1].begin) / shown[1].overlap
            frame = _joined(frames[0], frames[1], shown[1].clip.transition, share)
        # The frame that is nearest to a caption's start is the first one with it.
        lettering = captions.lettering_at(seconds + half) if captions is not None else None
        yield lettering.over(frame) if lettering is not None else frame


class _Cursor:
    """Finds the pieces that are seen, for times in order."""

    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        self._pieces = pieces
        self._first = 0

    def shown_at(self, seconds: float) -> list[Piece]:
        """Return the pieces that are seen at a time: one, or two in a transition."""
        last = len(self._pieces) - 1
        while self._first < last and self._pieces[self._first].end - _EPSILON <= seconds:
            self._first += 1
        first, *following = self._pieces[self._first : self._first + 2]
        return [first, *(one for one in following if one.begin - _EPSILON <= seconds)]


def _faded(frame: Pixels, piece: Piece, within: float, background: Pixels) -> Pixels:
    import cv2

    clip, left = piece.clip, piece.seconds - within
    share = min(
        1.0,
        within / clip.fade_in if clip.fade_in else 1.0,
        left / clip.fade_out if clip.fade_out else 1.0,
    )
    if share >= 1:
        return frame
    share = max(0.0, share)
    return np.asarray(cv2.addWeighted(frame, share, background, 1 - share, 0), np.uint8)


def _joined(before: Pixels, after: Pixels, transition: Transition, share: float) -> Pixels:
    """Return a frame of a transition, of which a share is over."""
    import cv2

    if transition.kind == "crossfade":
        return np.asarray(cv2.addWeighted(before, 1 - share, after, share, 0), np.uint8)
    height, width = before.shape[:2]
    result = before.copy()
    across, down = round(width * share), round(height * share)
    if transition.direction == "left":
        result[:, : width - across] = before[:, across:]
        result[:, width - across :] = after[:, :across]
    elif transition.direction == "right":
        result[:, across:] = before[:, : width - across]
        result[:, :across] = after[:, width - across :]
    elif transition.direction == "up":
        result[: height - down] = before[down:]
        result[height - down :] = after[:down]
    else:
        result[down:] = before[: height - down]
        result[:down] = after[height - down :]
    return result
