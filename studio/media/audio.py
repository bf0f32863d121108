"""Audio as WAV, FLAC, OGG and MP3, encoded by libsndfile, with the recipe as a comment.

Files are encoded into memory: on a full disk libsndfile leaves a shorter file that reads back
without an error.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.settings import CompressedQuality
from studio.media import riff_id3

FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_COMPRESSION: dict[CompressedQuality, dict[str, float]] = {
    # MP3 at libsndfile's default is 128 kbit/s or less; 0.2 is about 220 kbit/s at 44.1 kHz.
    "high": {"mp3": 0.2},
    "small": {"mp3": 0.6, "ogg": 0.8},
}
"""libsndfile's compression levels; its own default for a format that is missing."""
_BLOCK = 1 << 16


def encode_audio(
    samples: NDArray[np.float32],
    sampling_rate: int,
    file_format: str,
    comment: str,
    quality: CompressedQuality = "high",
) -> bytes:
    """Encode audio (frames × channels of float32 in −1..1) as wav, flac, ogg or mp3.

    Raises ValueError if the format does not support the sampling rate.
    """
    import soundfile

    container, subtype = FORMATS[file_format]
    if file_format == "mp3" and sampling_rate not in _MP3_RATES:
        raise ValueError(f"MP3 does not support {sampling_rate} Hz")
    buffer = io.BytesIO()
    level = _COMPRESSION[quality].get(file_format)
    options: dict[str, Any] = {} if level is None else {"compression_level": level}
    with soundfile.SoundFile(
        buffer,
        "w",
        samplerate=sampling_rate,
        channels=samples.shape[1],
        format=container,
        subtype=subtype,
        **options,
    ) as file:
        if comment and file_format in ("flac", "ogg"):
            file.comment = comment
            file.software = "Studio"
        # The Vorbis encoder overflows its stack on very long writes; blocks also save memory.
        for start in range(0, len(samples), _BLOCK):
            file.write(np.clip(np.nan_to_num(samples[start : start + _BLOCK]), -1.0, 1.0))
    data = buffer.getvalue()
    return {"wav": riff_id3.tag_riff, "mp3": riff_id3.tag_mp3}.get(
        file_format, lambda data, _comment: data
    )(data, comment)


def open_audio(source: Path | io.BytesIO) -> Any:
    """Return an open `soundfile.SoundFile`. Raises one of `decoding_errors`, or OSError."""
    import soundfile

    return soundfile.SoundFile(source)


def decoding_errors() -> tuple[type[Exception], ...]:
    """Return what libsndfile raises for a file that it cannot read."""
    import soundfile

    return soundfile.SoundFileError, RuntimeError, TypeError, ValueError


def read_comment(data: bytes) -> str | None:
    """Return the comment of an audio file; None without one, or if it is not an audio file."""
    own = riff_id3.read_riff(data) or riff_id3.read_mp3(data)
    if own:
        return own
    try:
        with open_audio(io.BytesIO(data)) as file:
            return str(file.comment) or None
    except decoding_errors():
        return None


def frames_in(data: bytes) -> int:
    """Return the number of frames that can be decoded; 0 for an invalid file."""
    try:
        with open_audio(io.BytesIO(data)) as file:
            return sum(len(block) for block in blocks(file, "int16"))
    except decoding_errors():
        return 0


def blocks(file: Any, dtype: str) -> Iterator[NDArray[Any]]:
    """Yield the blocks of an open `soundfile.SoundFile`, frames × channels, up to its real end.

    `SoundFile.blocks` trusts the header, and takes days if a damaged one claims 10¹⁵ frames.
    """
    while True:
        block = file.read(_BLOCK, dtype=dtype, always_2d=True)
        if len(block):
            yield block
        if len(block) < _BLOCK:
            return
