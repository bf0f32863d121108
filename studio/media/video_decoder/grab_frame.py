"""One frame of a video, for a thumbnail, decoded by a child process."""

from __future__ import annotations

import queue
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_marked
from studio.media.video_decoder.messages import Frame, FromDecoder, Opened, Refused, Resize, Seek
from studio.media.video_decoder.open_video import DAMAGED
from studio.media.video_decoder.process import DecoderProcess

PATIENCE_SECONDS = 60.0


def grab_middle_frame(path: Path, side: int) -> NDArray[np.uint8]:
    """Return the frame in the middle, height × width × 3, whose longer side is at most `side`.

    Slow: starts a process. Raises StudioError.
    """
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
                process.send(Seek(1, answer.length / 2, 1))
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
