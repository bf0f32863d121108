"""One frame of a video, for a thumbnail or as an image, decoded by a child process."""

from __future__ import annotations

import queue
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_marked
from studio.media.video_decoder.messages import Frame, FromDecoder, Opened, Refused, Resize, Seek
from studio.media.video_decoder.open_video import DAMAGED
from studio.media.video_decoder.process import DecoderProcess

PATIENCE_SECONDS = 60.0
WHOLE = 1 << 15
"""A side that no frame exceeds, so that it keeps its size; but see `messages.MAX_PIXELS`."""


def grab_middle_frame(path: Path, side: int) -> NDArray[np.uint8]:
    """Return the frame in the middle; see `grab_frame`. `side`: limit of the longer side."""
    return _grab(path, side, lambda length: length / 2)


def grab_frame(path: Path, seconds: float | None) -> NDArray[np.uint8]:
    """Return the frame that is shown at a position, height × width × 3; None for the last frame.

    Slow: starts a process. Raises StudioError.
    """
    return _grab(path, WHOLE, lambda length: length + 1 if seconds is None else seconds)


def _grab(path: Path, side: int, place: Callable[[float], float]) -> NDArray[np.uint8]:
    """Return a frame; `place`: length of the video → seconds."""
    answers: queue.SimpleQueue[tuple[FromDecoder | str, bytearray]] = queue.SimpleQueue()
    process = DecoderProcess(
        path,
        lambda message, data: answers.put((message, data)),
        lambda reason: answers.put((reason, bytearray())),
    )
    try:
        process.send(Resize(side, side))
        while True:
            answer, data = answers.get(timeout=PATIENCE_SECONDS)
            if isinstance(answer, Opened):
                process.send(Seek(1, place(answer.length), 1))
            elif isinstance(answer, Frame) and answer.fits(data):
                return _colors(answer, data)
            elif isinstance(answer, Refused):
                raise StudioError(answer.message, cause="invalid", cure=answer.cure)
            elif isinstance(answer, str):
                raise StudioError(
                    tr("{name} cannot be read: {reason}", name=path.name, reason=answer),
                    cure=tr_marked(DAMAGED),
                )
            else:
                raise StudioError(
                    tr("{name} contains no frames.", name=path.name), cure=tr_marked(DAMAGED)
                )
    except queue.Empty:
        raise StudioError(
            tr("{name} cannot be read: it takes too long.", name=path.name), cure=tr_marked(DAMAGED)
        ) from None
    finally:
        process.close()


def _colors(frame: Frame, data: bytearray) -> NDArray[np.uint8]:
    rows = np.frombuffer(data, np.uint8)[: frame.stride * frame.height]
    pixels = rows.reshape(frame.height, frame.stride)[:, : 4 * frame.width]
    return np.ascontiguousarray(pixels.reshape(frame.height, frame.width, 4)[:, :, 2::-1])
