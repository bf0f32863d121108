"""The frames of an animated WebP, which Pillow decodes: it plays without PyAV."""

from __future__ import annotations

import bisect
import itertools
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_marked
from studio.media.video_decoder.frame_source import Picked, Pixels, fit
from studio.media.video_decoder.messages import Opened
from studio.media.video_decoder.open_video import DAMAGED

STILL_SECONDS = 1.0
"""Length of an image without animation."""
_DEFAULT_SECONDS = 0.1
_DURATION_BYTES = slice(12, 15)
_CHUNK = struct.Struct("<4sI")


class WebpFrames:
    """See `FrameSource`. The format has no index, so that a seek decodes from the start."""

    def __init__(self, path: Path) -> None:
        from PIL import Image, UnidentifiedImageError

        try:
            self._image = Image.open(path, formats=["WEBP"])
            starts = [0.0, *itertools.accumulate(_durations(path) or [STILL_SECONDS])]
        except (OSError, ValueError, EOFError, UnidentifiedImageError) as error:
            raise StudioError(
                tr("{name} cannot be played.", name=path.name),
                cause="invalid",
                cure=tr_marked(DAMAGED),
            ) from error
        self._starts = starts
        """Where each frame starts, and where the last one ends."""
        self.is_damaged = False
        self.end = starts[-1]
        self.opened = Opened(
            width=self._image.width,
            height=self._image.height,
            length=self.end,
            frame_rate=(len(starts) - 1) / self.end,
            has_audio=False,
        )

    def frames_from(self, seconds: float) -> Iterator[Picked]:
        """See `FrameSource`."""
        starts = self._starts[:-1]
        first = max(0, bisect.bisect_right(starts, seconds + 1e-4) - 1)
        for number in range(first, len(starts)):
            try:
                self._image.seek(number)
                frame = self._image.convert("RGBA")
            except (OSError, ValueError, EOFError):
                self.is_damaged = True
                self.end = starts[number]
                return
            yield Picked(starts[number], frame)

    def convert(self, picked: Picked, box: tuple[int, int]) -> Pixels:
        """See `FrameSource`."""
        size = fit(picked.frame.size, box)
        frame = picked.frame.resize(size) if size != picked.frame.size else picked.frame
        rows = np.asarray(frame)[:, :, [2, 1, 0, 3]]
        return Pixels(*size, 4 * size[0], np.ascontiguousarray(rows).data.cast("B"))


def _durations(path: Path) -> list[float]:
    """Return the seconds of each frame, from the file's chunks, which need no decoding."""
    found = []
    with path.open("rb") as file:
        file.seek(12)
        while len(header := file.read(_CHUNK.size)) == _CHUNK.size:
            name, size = _CHUNK.unpack(header)
            end = file.tell() + size + size % 2
            if name == b"ANMF":
                milliseconds = int.from_bytes(file.read(16)[_DURATION_BYTES], "little")
                found.append(milliseconds / 1000 or _DEFAULT_SECONDS)
            file.seek(end)
    return found
