"""Size and duration of media files, from their headers alone: no pixel or sample is decoded."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import NamedTuple

from studio.core.errors import StudioError
from studio.media import mp4

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff")
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi")
_MAX_SECONDS = 30 * 86_400
_MAX_SIDE = 1_000_000
_MAX_PIXELS = 1 << 40
_MAX_CHUNKS = 100_000
_VIDEO_MARKS = ((0, b"\x1aE\xdf\xa3"), (8, b"AVI "))
"""Position and first bytes of Matroska, WebM and AVI files."""


class Measures(NamedTuple):
    """Size in pixels and duration in seconds; 0 for what a file does not have."""

    width: int = 0
    height: int = 0
    duration: float = 0.0


def measure(path: Path) -> Measures | None:
    """Return the measures of an image, audio or video file; None if it is damaged or another file.

    Raises OSError.
    """
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return _measure_image(path, suffix)
    if suffix in AUDIO_SUFFIXES:
        return _measure_audio(path)
    return _measure_video(path, suffix) if suffix in VIDEO_SUFFIXES else None


def _measure_image(path: Path, suffix: str) -> Measures | None:
    from studio.media.image_reader import image_size

    try:
        width, height = image_size(path, max_pixels=_MAX_PIXELS)
    except StudioError:
        return None
    return Measures(width, height, _webp_duration(path) if suffix == ".webp" else 0.0)


def _webp_duration(path: Path) -> float:
    """Return the duration of an animated WebP file, 0 for a still image."""
    milliseconds = 0
    with path.open("rb") as file:
        file.seek(12)
        for _number in range(_MAX_CHUNKS):
            head = file.read(8)
            if len(head) < 8:
                break
            kind, length = struct.unpack("<4sI", head)
            if kind == b"ANMF" and length >= 16:
                milliseconds += int.from_bytes(file.read(16)[12:15], "little")
                length -= 16
            file.seek(length + length % 2, 1)
    return _seconds(milliseconds / 1000)


def _measure_audio(path: Path) -> Measures | None:
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            return Measures(duration=_seconds(file.frames / file.samplerate))
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError, ZeroDivisionError):
        return None


def _measure_video(path: Path, suffix: str) -> Measures | None:
    if suffix in (".mp4", ".mov", ".m4v"):
        found = mp4.read_measures(path)
        if found is None:
            return None
        width, height, seconds = found
        return Measures(_side(width), _side(height), _seconds(seconds))
    with path.open("rb") as file:
        beginning = file.read(16)
    is_video = any(beginning[at : at + len(mark)] == mark for at, mark in _VIDEO_MARKS)
    return Measures() if is_video else None


def _seconds(value: float) -> float:
    """Return a duration from a header; 0 for an impossible one."""
    return value if math.isfinite(value) and 0 <= value <= _MAX_SECONDS else 0.0


def _side(value: int) -> int:
    return value if 0 <= value <= _MAX_SIDE else 0
