"""GIF, frame by frame, each with its own 256 colors. Source: GIF89a specification."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from studio.media.video_writer.writer import Pixels, VideoSpec

if TYPE_CHECKING:
    from PIL.Image import Image

_COLORS = 256
_FOREVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
_SHORTEST = 2
"""Hundredths of a second; browsers show faster frames slowly."""


class GifWriter:
    """See `VideoWriter`. The format has no audio, and times in hundredths of a second."""

    audio_block = 0

    def __init__(self, path: Path, spec: VideoSpec) -> None:
        self._file = path.open("xb")
        self._spec = spec
        self._count = 0
        self._shown = 0
        """Hundredths of a second that are written."""
        self._waiting: Pixels | None = None
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", spec.width, spec.height, 0x70, 0, 0))
        self._file.write(_FOREVER)

    def write_frame(self, pixels: Pixels) -> None:
        """See `VideoWriter`."""
        hundredths = self._hundredths()
        if self._waiting is None:
            self._waiting = pixels.copy()
        elif hundredths - self._shown >= _SHORTEST and not np.array_equal(self._waiting, pixels):
            self._write_waiting(hundredths)
            self._waiting = pixels.copy()
        self._count += 1

    def write_audio(self, samples: NDArray[np.float32]) -> None:
        """See `VideoWriter`."""

    def _hundredths(self) -> int:
        return round(100 * self._count / self._spec.rate)

    def _write_waiting(self, end: int) -> None:
        from PIL import GifImagePlugin

        if self._waiting is None:
            return
        image = _reduced(self._waiting)
        duration = 10 * max(1, end - self._shown)
        blocks = GifImagePlugin.getdata(image, duration=duration, include_color_table=True)
        self._file.write(b"".join(blocks))
        self._shown = end

    def finish(self) -> None:
        """See `VideoWriter`."""
        self._write_waiting(self._hundredths())
        self._file.write(_comment(self._spec.comment) + b";")
        self._file.close()

    def close(self) -> None:
        """See `VideoWriter`."""
        self._file.close()


def _reduced(pixels: Pixels) -> Image:
    from PIL import Image as PILImage

    colors = PILImage.fromarray(np.ascontiguousarray(pixels[:, :, 2::-1]))
    palette = colors.quantize(_COLORS, PILImage.Quantize.MEDIANCUT)
    return colors.quantize(palette=palette, dither=PILImage.Dither.FLOYDSTEINBERG)


def _comment(text: str) -> bytes:
    """Return a comment extension: blocks of at most 255 bytes."""
    data = text.encode()
    if not data:
        return b""
    parts = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"\x21\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def read_comment(data: bytes) -> str | None:
    """Return the comment at the end of a file of `GifWriter`; None without one."""
    position = _after_header(data)
    while position is not None and position + 2 <= len(data):
        mark = data[position]
        if mark == 0x2C and position + 10 <= len(data):  # an image
            flags = data[position + 9]
            colors = 3 << ((flags & 7) + 1) if flags & 0x80 else 0
            _content, position = _blocks(data, position + 10 + colors + 1)
        elif mark == 0x21:
            content, after = _blocks(data, position + 2)
            if data[position + 1] == 0xFE:
                return content.decode(errors="replace")
            position = after
        else:
            return None
    return None


def _after_header(data: bytes) -> int | None:
    if data[:3] != b"GIF" or len(data) < 13:
        return None
    flags = data[10]
    return 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)


def _blocks(data: bytes, position: int) -> tuple[bytes, int]:
    """Return the content of data blocks, and where they end."""
    parts = []
    while position < len(data) and (length := data[position]):
        parts.append(data[position + 1 : position + 1 + length])
        position += 1 + length
    return b"".join(parts), position + 1


def is_complete(data: bytes) -> bool:
    """True if the file ends as a GIF does."""
    return data[:3] == b"GIF" and data[-1:] == b";"
