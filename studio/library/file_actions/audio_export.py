"""Copies an audio artifact to another format, with its recipe. Slow: call it in another thread."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from studio.core.errors import StudioError
from studio.core.files import write_whole
from studio.core.translation import tr
from studio.library.artifacts import read_recipe
from studio.media.audio import FORMATS, blocks, encode_audio


def export_audio(source: Path, target: Path) -> None:
    """Write `target` in the format of its suffix; replace an existing file (the user was asked).

    Raises StudioError for an unknown or unsuitable format, and OSError.
    """
    file_format = target.suffix.lower().removeprefix(".")
    if file_format not in FORMATS:
        raise StudioError(
            tr("{suffix} is not a supported audio format.", suffix=target.suffix)
            if target.suffix
            else tr("No extension; the audio format is unknown."),
            cure=tr("Use {formats}.", formats=", ".join(FORMATS)),
        )
    if file_format == source.suffix.lower().removeprefix("."):
        write_whole(target, source.read_bytes(), replace=True)
        return
    write_whole(target, convert_audio(source, file_format), replace=True)


def convert_audio(source: Path, file_format: str, *, with_recipe: bool = True) -> bytes:
    """Return the audio in another format, with its recipe or without. Raises StudioError."""
    import soundfile

    recipe = read_recipe(source) if with_recipe else None
    comment = msgspec.json.encode(recipe).decode() if recipe is not None else ""
    try:
        with soundfile.SoundFile(source) as file:
            samples = np.concatenate(
                [np.zeros((0, file.channels), np.float32), *blocks(file, "float32")]
            )
            return encode_audio(samples, file.samplerate, file_format, comment)
    except ValueError as error:
        raise StudioError(f"{error}.", cure=tr("Choose WAV or FLAC.")) from error
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise StudioError(
            tr("{name} cannot be read: {error}", name=source.name, error=error),
            cure=tr("The file may be damaged or missing."),
        ) from error
