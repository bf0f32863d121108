"""Video files whose frames can be told apart: frame n is gray with the level `level(n)`."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 25
MILLISECOND = Fraction(1, 1000)


def level(number: int) -> int:
    return 20 + 4 * number % 220


def number_of(value: int) -> int:
    """Return the frame (of the first 55) that has about this level."""
    return round((value - 20) / 4)


def gray(number: int, size: tuple[int, int]) -> np.ndarray:
    return np.full((size[1], size[0], 3), level(number), np.uint8)


def write_video(
    path: Path,
    *,
    count: int = 50,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    tone: float = 0.0,
    tone_start: float = 0.0,
    milliseconds: Sequence[int] = (),
    frames: Sequence[np.ndarray] = (),
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video; `tone`: seconds of audio; `milliseconds`: when each frame is shown."""
    with av.open(str(path), "w", options=options or {}) as file:
        video = file.add_stream(codec, rate=RATE)
        video.width, video.height, video.pix_fmt = *size, pix_fmt
        video.gop_size = 20
        if milliseconds:
            video.time_base = video.codec_context.time_base = MILLISECOND
        audio = _audio_stream(file, path) if tone else None
        for number in range(len(milliseconds) or count):
            pixels = frames[number] if frames else gray(number, size)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if milliseconds:
                frame.pts, frame.time_base = milliseconds[number], MILLISECOND
            file.mux(video.encode(frame))
        file.mux(video.encode())
        if audio is not None:
            _write_tone(file, audio, tone, tone_start)
    return path


def _audio_stream(file, path):
    codec = "libopus" if path.suffix == ".webm" else "aac"
    return file.add_stream(codec, rate=48_000, layout="stereo")


def _write_tone(file, stream, seconds: float, start: float) -> None:
    time = np.arange(int(48_000 * seconds)) / 48_000
    samples = np.repeat((np.sin(time * 2 * np.pi * 440) * 9_000).astype(np.int16), 2)
    for first in range(0, len(time), 960):
        part = samples[2 * first : 2 * (first + 960)][None, :]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "s16", "stereo")
        frame.sample_rate = 48_000
        frame.pts, frame.time_base = first + round(start * 48_000), Fraction(1, 48_000)
        file.mux(stream.encode(frame))
    file.mux(stream.encode())


def rotate_clockwise(path: Path) -> None:
    """Let an MP4 state that it is to be shown rotated, as phones do."""
    data = path.read_bytes()
    matrix = data.index(b"tkhd") + 4 + 40
    turned = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:matrix] + turned + data[matrix + len(turned) :])
