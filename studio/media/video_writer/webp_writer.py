"""Animated WebP, frame by frame: Pillow encodes each frame, and this puts them together.

Pillow's own writer holds all frames in memory. Source: WebP Container Specification.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.media.riff_id3 import tag_riff
from studio.media.video import WEBP_QUALITIES
from studio.media.video_writer.writer import Pixels, VideoSpec

_ANIMATED = 0x02
_DO_NOT_BLEND = 0x02
_CODED = (b"VP8 ", b"VP8L")


class WebpWriter:
    """See `VideoWriter`. A frame that equals the one before makes that one longer."""

    audio_block = 0

    def __init__(self, path: Path, spec: VideoSpec) -> None:
        self._file = path.open("xb")
        self._spec = spec
        self._count = 0
        self._begin = 0
        """Number of the frame that waits to be written."""
        self._waiting: Pixels | None = None
        size = _three(spec.width - 1) + _three(spec.height - 1)
        self._file.write(b"RIFF\0\0\0\0WEBP")
        self._write_chunk(b"VP8X", struct.pack("<I", _ANIMATED) + size)
        self._write_chunk(b"ANIM", struct.pack("<IH", 0, 0))  # no background, without an end

    def write_frame(self, pixels: Pixels) -> None:
        """See `VideoWriter`."""
        if self._waiting is None or not np.array_equal(self._waiting, pixels):
            self._write_waiting()
            self._waiting, self._begin = pixels.copy(), self._count
        self._count += 1

    def write_audio(self, samples: NDArray[np.float32]) -> None:
        """See `VideoWriter`. The format has no audio."""

    def _write_waiting(self) -> None:
        from PIL import Image

        if self._waiting is None:
            return
        buffer = io.BytesIO()
        quality = WEBP_QUALITIES[self._spec.quality]
        colors = np.ascontiguousarray(self._waiting[:, :, 2::-1])
        Image.fromarray(colors).save(buffer, "WEBP", quality=quality, method=4)
        milliseconds = self._milliseconds(self._count) - self._milliseconds(self._begin)
        header = bytes(6) + _three(self._spec.width - 1) + _three(self._spec.height - 1)
        header += _three(milliseconds) + bytes([_DO_NOT_BLEND])
        self._write_chunk(b"ANMF", header + _coded_image(buffer.getvalue()))

    def _milliseconds(self, number: int) -> int:
        """Return when a frame begins, so that rounding does not add up."""
        return round(1000 * number / self._spec.rate)

    def _write_chunk(self, name: bytes, content: bytes) -> None:
        self._file.write(name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2))

    def finish(self) -> None:
        """See `VideoWriter`."""
        self._write_waiting()
        if self._spec.comment:
            empty = b"RIFF\4\0\0\0WEBP"
            self._file.write(tag_riff(empty, self._spec.comment)[len(empty) :])
        size = self._file.tell()
        self._file.seek(4)
        self._file.write(struct.pack("<I", size - 8))
        self._file.close()

    def close(self) -> None:
        """See `VideoWriter`."""
        self._file.close()


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _coded_image(data: bytes) -> bytes:
    """Return the chunk with the pixels of a still WebP file, with its header."""
    position = 12
    while position + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, position + 4)
        end = position + 8 + length + length % 2
        if data[position : position + 4] in _CODED:
            return data[position:end]
        position = end
    raise ValueError("no coded image")  # not translated: Pillow always writes one
