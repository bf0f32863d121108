"""Encoders: the file that each type of result becomes, with the recipe inside it or in a file
beside it.

A PNG carries the recipe in iTXt `studio`, audio and video in their comment. A text stays clean: its
recipe lies in
`.studio/<file name>.json` beside it, with the text's hash. The MIDI of a model that writes notes
lies beside its audio.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from studio.core.artifact import Recipe
from studio.core.errors import StudioError
from studio.library.results import AudioResult, ImageResult, Result, TextResult, VideoResult
from studio.media import audio, mp4, png, riff_id3, video

KEYWORD = "studio"
SIDECAR_FOLDER = ".studio"
MIDI_MARK = "Studio, job "
"""Stands with the job's id in the first text of a MIDI file that Studio wrote."""
MAX_READ_BYTES = 512 * 2**20
"""Larger files are not Studio's artifacts; reading them back is refused."""


class Sidecar(msgspec.Struct, frozen=True):
    """What lies beside a text."""

    recipe: Recipe
    sha256: str


@dataclass(frozen=True)
class Companion:
    """A file that is written beside an artifact, and before it: where the artifact exists,
    everything does.
    """

    path: Callable[[Path], Path]
    """The artifact's path → its own."""
    data: bytes
    mark: bytes = b""
    """Stands near the beginning of a file of the same job, which may be replaced. Without a mark
    the file belongs to whom the artifact belongs."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A result as a file's content, and what the artifact's record holds of it."""

    data: bytes
    width: int = 0
    height: int = 0
    duration: float = 0.0
    companions: tuple[Companion, ...] = ()


@dataclass(frozen=True)
class Encoder:
    """What is written for a type of result, and how a file of it is checked."""

    result_type: type[Result]
    encode: Callable[[Any, str, Recipe], Encoded]
    """Result, file format and recipe → content. Raises StudioError where the format cannot hold the
    result.
    """
    is_complete: Callable[[Path, bytes, str], bool]
    """Path, content and SHA-256 of a file → whether all of it was written."""


def encode(result: Result, file_format: str, metadata: Recipe) -> Encoded:
    """Return a result as a file of a format, with its metadata. Raises StudioError where that
    fails.
    """
    encoder = next(
        (encoder for encoder in ENCODERS.values() if isinstance(result, encoder.result_type)), None
    )
    if encoder is None:
        raise TypeError(type(result).__name__)
    return encoder.encode(result, file_format, metadata)


def is_complete(media_type: str, path: Path, data: bytes, sha256: str) -> bool:
    """Return whether a file holds everything that was written to it."""
    return ENCODERS[media_type.partition("/")[0]].is_complete(path, data, sha256)


def _encode_text(result: TextResult, _file_format: str, recipe: Recipe) -> Encoded:
    data = result.text.encode(errors="replace")
    sidecar = msgspec.json.encode(Sidecar(recipe, hashlib.sha256(data).hexdigest()))
    return Encoded(data=data, companions=(Companion(sidecar_path, sidecar),))


def _encode_image(result: ImageResult, _file_format: str, recipe: Recipe) -> Encoded:
    height, width = result.pixels.shape[:2]
    data = png.encode_png(
        result.pixels, {KEYWORD: _json(recipe), "parameters": parameters_line(recipe)}
    )
    return Encoded(data=data, width=width, height=height)


def _encode_audio(result: AudioResult, file_format: str, recipe: Recipe) -> Encoded:
    try:
        data = audio.encode_audio(result.samples, result.sampling_rate, file_format, _json(recipe))
    except ValueError as error:
        raise StudioError(f"{error}.", cause="invalid", cure="Choose WAV or FLAC.") from error
    midi = Companion(midi_path, result.midi, f"{MIDI_MARK}{recipe.job_id}".encode())
    return Encoded(
        data=data,
        duration=len(result.samples) / result.sampling_rate,
        companions=(midi,) if result.midi else (),
    )


def _encode_video(result: VideoResult, file_format: str, recipe: Recipe) -> Encoded:
    count, height, width = result.frames.shape[:3]
    data = video.encode_video(result.frames, result.frame_rate, file_format, _json(recipe))
    return Encoded(data=data, width=width, height=height, duration=count / result.frame_rate)


def _is_complete_text(path: Path, _data: bytes, sha256: str) -> bool:
    return read_sidecar(path).sha256 == sha256


ENCODERS: dict[str, Encoder] = {
    "text": Encoder(TextResult, _encode_text, _is_complete_text),
    "image": Encoder(
        ImageResult,
        _encode_image,
        lambda _path, data, _sha256: png.is_complete(data) or riff_id3.is_whole_riff(data),
    ),
    "audio": Encoder(
        AudioResult, _encode_audio, lambda _path, data, _sha256: audio.frames_in(data) > 0
    ),
    "video": Encoder(
        VideoResult, _encode_video, lambda path, _data, _sha256: mp4.is_complete(path)
    ),
}
"""Main part of a media type → its encoder. A video in WebP has a media type of images."""


def sidecar_path(path: Path) -> Path:
    """Return where the recipe of a text lies."""
    return path.parent / SIDECAR_FOLDER / f"{path.name}.json"


def midi_path(path: Path) -> Path:
    """Return where the MIDI of an audio file lies."""
    return path.with_suffix(".mid")


def read_sidecar(path: Path) -> Sidecar:
    """Return what lies beside a text. Raises OSError, and ValueError where it is damaged."""
    sidecar = sidecar_path(path)
    if not sidecar.is_file() or sidecar.stat().st_size > MAX_READ_BYTES:  # a FIFO would never end
        raise OSError(f"{sidecar} is not a recipe")
    return msgspec.json.decode(sidecar.read_bytes(), type=Sidecar)


def _json(recipe: Recipe) -> str:
    return msgspec.json.encode(recipe).decode()


def parameters_line(recipe: Recipe) -> str:
    """Return the recipe as other image programs write and read it (prompt, negative prompt, then
    `Name: value` pairs).
    """
    request = recipe.request
    values = {
        "Steps": getattr(request, "num_inference_steps", ""),
        "Sampler": getattr(request, "scheduler", "") or "model default",
        "CFG scale": getattr(request, "guidance_scale", ""),
        "Seed": recipe.seed,
        "Size": f"{getattr(request, 'width', 0)}x{getattr(request, 'height', 0)}",
        "Model": recipe.model,
    }
    if getattr(request, "image", ""):
        values["Denoising strength"] = getattr(request, "strength", "")
    if getattr(request, "adapters", ""):
        values["Adapters"] = f'"{getattr(request, "adapters", "")}"'  # it holds commas
    if recipe.prompt_read:
        values["Prompt read as"] = recipe.prompt_read
    negative = getattr(request, "negative_prompt", "")
    lines = [request.prompt, *([f"Negative prompt: {negative}"] if negative else [])]
    return "\n".join([*lines, ", ".join(f"{name}: {value}" for name, value in values.items())])
