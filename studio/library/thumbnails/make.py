"""Makes thumbnails: small JPEGs of images and videos, outlines of audio. No Qt.

Made from the pixels or samples when a result is saved, else from the file when it is first shown.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.library.items import Media
from studio.library.results import AudioResult, ImageResult, Result, StreamedResult, VideoResult

SIDE = 320
"""Pixels of the longer side."""
OUTLINE_PARTS = 200
"""Of audio: one byte per part, its highest absolute sample in 1/255."""
_JPEG_QUALITY = 85


def thumbnail_of(result: Result) -> bytes:
    """Return the thumbnail of a result: a JPEG, an outline of audio, or empty for a text."""
    if isinstance(result, ImageResult):
        return _jpeg(result.pixels)
    if isinstance(result, VideoResult):
        return _jpeg(result.frames[len(result.frames) // 2])
    if isinstance(result, StreamedResult) and result.video.thumbnail is not None:
        return _jpeg(result.video.thumbnail)
    if isinstance(result, AudioResult):
        return _outline(result.samples)
    return b""


def thumbnail_of_file(path: Path, media: Media) -> bytes:
    """Return the thumbnail of a file; empty for a text, or a video that cannot be decoded here.

    Raises StudioError if the file is damaged or missing.
    """
    if media == "image" or (media == "video" and path.suffix.lower() == ".webp"):
        from studio.media.image_reader import MAX_REDUCED_PIXELS, read_image

        image, _sha256 = read_image(path, SIDE, MAX_REDUCED_PIXELS)
        return _jpeg(np.asarray(image))
    if media == "audio":
        return _outline_of_file(path)
    return _video_frame(path) if media == "video" else b""


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels (height × width × 3 or 4) as a JPEG whose longer side is at most `SIDE`."""
    from PIL import Image

    from studio.media.image_reader import on_background

    image = on_background(Image.fromarray(pixels), "white").convert("RGB")
    if max(image.size) > SIDE:
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()


def _outline(samples: NDArray[np.float32]) -> bytes:
    """Return the outline of frames × channels."""
    if not len(samples):
        return b""
    loudest = np.abs(np.nan_to_num(samples)).max(axis=1)
    starts = np.arange(OUTLINE_PARTS) * len(loudest) // OUTLINE_PARTS
    parts = np.maximum.reduceat(loudest, starts)
    return bytes(np.clip(parts * 255, 0, 255).astype(np.uint8))


def _outline_of_file(path: Path) -> bytes:
    import soundfile

    from studio.media.audio import blocks

    try:
        with soundfile.SoundFile(path) as file:
            parts = [np.abs(block).max(axis=1) for block in blocks(file, "float32")]
    except (OSError, soundfile.SoundFileError, RuntimeError) as error:
        raise StudioError(
            tr("{name} cannot be read: {error}", name=path.name, error=error)
        ) from error
    return _outline(np.concatenate(parts)[:, None]) if parts else b""


def _video_frame(path: Path) -> bytes:
    """Return a frame from the middle of a video; empty without the library that decodes it."""
    from studio.media.video_decoder.open_video import can_decode

    if not can_decode():
        return b""
    from studio.media.video_decoder.grab_frame import grab_middle_frame

    return _jpeg(grab_middle_frame(path, SIDE))
