"""Encoders: turn each type of result into a file's content with the recipe.

The recipe is in iTXt `studio` of a PNG, in comments of a JPEG, in a chunk of a WebP, in the comment
of audio and video, and for a text, or if it must not be inside, in `.studio/<file name>.json` next
to the file, with the file's hash. A model that writes notes also gets a MIDI file for its audio.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from studio.core.artifact import SIDECAR_FOLDER, Recipe, TokenLogprobs
from studio.core.errors import StudioError
from studio.core.files import sha256_hex, sha256_of
from studio.core.requests import ImageRequest, SpeechRequest
from studio.core.settings import CompressedQuality
from studio.core.translation import tr
from studio.library.results import (
    AudioResult,
    ImageResult,
    Result,
    StreamedResult,
    TextResult,
    VideoResult,
)
from studio.media import audio, avif, lossy_image, mp4, png, riff_id3, transcript, video
from studio.media.companion_midi import MIDI_MARK, midi_path
from studio.media.image_reader import on_background
from studio.media.transcript import Segment, Transcript
from studio.media.video_writer import gif_writer, matroska

KEYWORD = "studio"
SUBTITLE_MARK_BYTES = 1024
"""At the beginning of subtitles, by which those of the same job are recognized."""
TEXT_SUFFIXES = (".txt", ".md")
TRANSCRIPT_SUFFIXES = (".srt", ".vtt", ".lrc", ".json")
"""Besides .txt; their recipes are next to them too."""
MAX_READ_BYTES = 512 * 2**20
"""Larger files are not read: they are no artifacts of Studio."""


class Sidecar(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of a recipe next to a file."""

    recipe: Recipe
    sha256: str
    logprobs: TokenLogprobs | None = None
    transcript: Transcript | None = None


@dataclass(frozen=True)
class Companion:
    """A file that belongs to an artifact, written before it."""

    path: Callable[[Path], Path]
    """The artifact's path → the companion's."""
    data: bytes
    mark: bytes = b""
    """Bytes near the beginning of a file of the same job, which may be replaced.

    Without a mark, the file belongs to the artifact's job.
    """


class FileOptions(msgspec.Struct, frozen=True):
    """How results are written."""

    quality: CompressedQuality = "high"
    """Of compressed files."""
    recipe_inside: bool = True
    """Else the recipe is next to the file, as that of a text always is."""


DEFAULT_OPTIONS = FileOptions()


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A result as a file's content, with the measures for the artifact's record."""

    data: bytes
    width: int = 0
    height: int = 0
    duration: float = 0.0
    companions: tuple[Companion, ...] = ()


@dataclass(frozen=True)
class Encoder:
    """How a type of result is encoded, and how its files are checked."""

    result_type: type[Result]
    encode: Callable[[Any, str, Recipe, FileOptions], Encoded]
    """Result, file format, recipe, options → content. Raises StudioError for a wrong format."""
    is_complete: Callable[[Path, bytes, str], bool]
    """Path, content and SHA-256 of a file → whether it is complete."""


def encode(
    result: Result, file_format: str, metadata: Recipe, options: FileOptions = DEFAULT_OPTIONS
) -> Encoded:
    """Encode a result in a file format, with its metadata. Raises StudioError."""
    encoder = next(
        (encoder for encoder in ENCODERS.values() if isinstance(result, encoder.result_type)), None
    )
    if encoder is None:
        raise TypeError(type(result).__name__)
    encoded = encoder.encode(result, file_format, metadata, options)
    if options.recipe_inside or isinstance(result, TextResult):
        return encoded
    sidecar = _sidecar(metadata, encoded.data)
    return dataclasses.replace(encoded, companions=(sidecar, *encoded.companions))


def is_complete(media_type: str, path: Path, data: bytes, sha256: str) -> bool:
    """Return whether a file is complete."""
    return ENCODERS[media_type.partition("/")[0]].is_complete(path, data, sha256)


def _encode_text(
    result: TextResult, _file_format: str, recipe: Recipe, _options: FileOptions
) -> Encoded:
    data = result.text.encode(errors="replace")
    return Encoded(data=data, companions=(_sidecar(recipe, data, result),))


def comment_of(recipe: Recipe, options: FileOptions) -> str:
    """Return the recipe as a file's comment; empty if it is not to be inside."""
    return msgspec.json.encode(recipe).decode() if options.recipe_inside else ""


def write_streamed(
    result: StreamedResult, part: Path, recipe: Recipe, options: FileOptions
) -> tuple[Companion, ...]:
    """Create the file of a streamed video, and return what belongs to it.

    Raises OSError and StudioError, and what `StreamedVideo.write` raises.
    """
    result.video.write(part, comment_of(recipe, options), options.quality)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    if options.recipe_inside:
        return ()
    content = Sidecar(recipe, sha256_of(part))
    return (Companion(sidecar_path, msgspec.json.encode(content)),)


def _sidecar(recipe: Recipe, data: bytes, text: TextResult | None = None) -> Companion:
    content = Sidecar(recipe, sha256_hex(data))
    if text is not None:
        content = msgspec.structs.replace(
            content, logprobs=text.logprobs, transcript=text.transcript
        )
    return Companion(sidecar_path, msgspec.json.encode(content))


def _encode_image(
    result: ImageResult, file_format: str, recipe: Recipe, options: FileOptions
) -> Encoded:
    height, width = result.pixels.shape[:2]
    text = comment_of(recipe, options)
    is_drawn = isinstance(recipe.request, ImageRequest)  # other programs know of no other settings
    parameters = parameters_line(recipe) if text and is_drawn else ""
    if file_format == "png":
        texts = {KEYWORD: text, "parameters": parameters}
        data = png.encode_png(result.pixels, texts if text else {})
    else:
        from PIL import Image as PILImage

        image, quality = PILImage.fromarray(result.pixels), lossy_image.QUALITY[options.quality]
        if file_format == "jpg":
            image = on_background(image, "white").convert("RGB")
            data = lossy_image.encode_jpeg(image, quality, text, parameters)
        elif file_format == "avif":
            data = avif.encode_avif(image, quality, text)
        else:
            data = lossy_image.encode_webp(image, quality, text, parameters)
    return Encoded(data=data, width=width, height=height)


def _encode_audio(
    result: AudioResult, file_format: str, recipe: Recipe, options: FileOptions
) -> Encoded:
    try:
        data = audio.encode_audio(
            result.samples,
            result.sampling_rate,
            file_format,
            comment_of(recipe, options),
            options.quality,
        )
    except ValueError as error:
        raise StudioError(f"{error}.", cause="invalid", cure=tr("Choose WAV or FLAC.")) from error
    companions = list(_subtitles(result, recipe))
    if result.midi:
        midi = Companion(midi_path, result.midi, f"{MIDI_MARK}{recipe.job_id}".encode())
        companions.append(midi)
    return Encoded(
        data=data,
        duration=len(result.samples) / result.sampling_rate,
        companions=tuple(companions),
    )


def _subtitles(result: AudioResult, recipe: Recipe) -> Iterator[Companion]:
    """Yield the subtitles that a request for speech asks for."""
    request = recipe.request
    if not isinstance(request, SpeechRequest) or not (request.subtitles and result.sentences):
        return
    segments = tuple(Segment(one.start, one.end, one.text) for one in result.sentences)
    suffix = f".{request.subtitles}"
    data = transcript.FORMATS[request.subtitles](Transcript("", segments)).encode()
    # The same job writes the same times again; another file of that name stays.
    yield Companion(lambda path: path.with_suffix(suffix), data, data[:SUBTITLE_MARK_BYTES])


def _encode_video(
    result: VideoResult, file_format: str, recipe: Recipe, options: FileOptions
) -> Encoded:
    count, height, width = result.frames.shape[:3]
    comment = comment_of(recipe, options)
    data = video.encode_video(
        result.frames, result.frame_rate, file_format, comment, options.quality
    )
    return Encoded(data=data, width=width, height=height, duration=count / result.frame_rate)


def _is_complete_text(path: Path, _data: bytes, sha256: str) -> bool:
    return read_sidecar(path).sha256 == sha256


def _is_complete_image(data: bytes) -> bool:
    tests = (
        gif_writer.is_complete,
        png.is_complete,
        riff_id3.is_whole_riff,
        lossy_image.is_whole_jpeg,
        avif.is_whole_avif,
    )
    return any(is_whole(data) for is_whole in tests)


ENCODERS: dict[str, Encoder] = {
    "text": Encoder(TextResult, _encode_text, _is_complete_text),
    "image": Encoder(
        ImageResult,
        _encode_image,
        lambda _path, data, _sha256: _is_complete_image(data),
    ),
    "audio": Encoder(
        AudioResult, _encode_audio, lambda _path, data, _sha256: audio.frames_in(data) > 0
    ),
    "video": Encoder(
        VideoResult,
        _encode_video,
        lambda path, _data, _sha256: mp4.is_complete(path) or matroska.is_complete(path),
    ),
}
"""Main part of a media type → encoder. Animated WebP has an image's media type."""


def sidecar_path(path: Path) -> Path:
    """Return the path of a recipe next to a file."""
    return path.parent / SIDECAR_FOLDER / f"{path.name}.json"


def read_sidecar(path: Path) -> Sidecar:
    """Return the recipe next to a file. Raises OSError, and ValueError if it is damaged."""
    sidecar = sidecar_path(path)
    if not sidecar.is_file() or sidecar.stat().st_size > MAX_READ_BYTES:  # a FIFO would never end
        raise OSError(f"{sidecar} is not a recipe")
    return msgspec.json.decode(sidecar.read_bytes(), type=Sidecar)


def parameters_line(recipe: Recipe) -> str:
    """Return the recipe in the format of other image programs.

    The prompt and the negative prompt have lines of their own, before `Name: value` pairs.
    """
    request = recipe.request
    if not isinstance(request, ImageRequest):
        raise TypeError(type(request).__name__)
    values = {
        "Steps": request.num_inference_steps,
        "Sampler": request.scheduler or "model default",
        "CFG scale": request.guidance_scale,
        "Seed": recipe.seed,
        "Size": f"{request.width}x{request.height}",
        "Model": recipe.model,
    }
    if request.image:
        values["Denoising strength"] = request.strength  # not translated: in the file
    if request.style_preset:
        values["Style"] = f'"{request.style_preset}"'  # not translated: in the file
    if request.adapters:
        values["Adapters"] = f'"{request.adapters}"'  # quoted, because it contains commas
    if recipe.prompt_read:
        values["Prompt read as"] = recipe.prompt_read  # not translated: in the file
    lines = [request.prompt]
    if request.negative_prompt:
        # not translated: in the file
        lines.append(f"Negative prompt: {request.negative_prompt}")
    return "\n".join([*lines, ", ".join(f"{name}: {value}" for name, value in values.items())])
