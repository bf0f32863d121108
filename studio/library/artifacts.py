"""Artifacts: results become files that explain themselves, and files are read back.

The recipe (`core.artifact.Recipe`, JSON) is inside a PNG (iTXt `studio`), a sound file or a video (its comment). A text stays
clean: its recipe lies beside it in `.studio/<file name>.json`, with the text's hash. Music of a model that writes notes has its
MIDI beside it.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil

from studio import __version__
from studio.core.artifact import Artifact, Recipe
from studio.core.errors import StudioError
from studio.core.files import PART_SUFFIX, write_whole
from studio.core.jobs import Job
from studio.library.results import AudioResult, ImageResult, Result, TextResult, VideoResult
from studio.media import audio, mp4, png, riff_id3, video
from studio.models.card import ModelCard

KEYWORD = "studio"
SIDECAR_FOLDER = ".studio"
MAX_READ_BYTES = 512 * 2**20
"""Larger files are not Studio's artifacts; reading them back is refused."""


_MIDI_MARK = "Studio, job "
"""Stands with the job's id in the first text of a MIDI file that Studio wrote."""


class _Sidecar(msgspec.Struct, frozen=True):
    recipe: Recipe
    sha256: str


def file_name(job: Job, ordinal: int) -> str:
    """Return the fixed name of one of a job's artifacts."""
    several = job.request.result_count > 1
    return f"{job.target.stem}{f'-{ordinal + 1}' if several else ''}.{job.request.file_format}"


def save(result: Result, *, job: Job, card: ModelCard, versions: dict[str, str], memory: str = "") -> Artifact:
    """Write a result as a file, whole, with its recipe. The file is on disk for good when this returns.

    A file of that name that this very job wrote before (a run that was interrupted) is replaced; another one never is.
    Raises OSError (no space, no rights) and StudioError where the name is taken.
    """
    recipe = _recipe(result, job, card, versions, memory)
    path = Path(job.target.folder) / file_name(job, result.ordinal)
    _check_encodable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    artifact = Artifact(
        job_id=job.id, path=str(path), media_type=job.request.media_types[job.request.file_format], size=0, sha256="",
        ordinal=result.ordinal, seed=result.seed, score=result.score, partial=result.partial,
    )  # fmt: skip
    if isinstance(result, TextResult):
        data = result.text.encode(errors="replace")
        artifact = msgspec.structs.replace(artifact, finish_reason=result.finish_reason, thought_tokens=result.thought_tokens)
        _write_sidecar(path, recipe, data, job.id)
    elif isinstance(result, ImageResult):
        height, width = result.pixels.shape[:2]
        artifact = msgspec.structs.replace(artifact, width=width, height=height)
        data = png.encode_png(result.pixels, {KEYWORD: _json(recipe), "parameters": parameters_line(recipe)})
    elif isinstance(result, AudioResult):
        artifact = msgspec.structs.replace(artifact, duration=len(result.samples) / result.sampling_rate)
        data = _encode_sound(result, job, recipe)
    elif isinstance(result, VideoResult):
        count, height, width = result.frames.shape[:3]
        artifact = msgspec.structs.replace(artifact, width=width, height=height, duration=count / result.frame_rate)
        data = video.encode_video(result.frames, result.frame_rate, job.request.file_format, _json(recipe))
    else:
        raise TypeError(type(result).__name__)
    if isinstance(result, AudioResult) and result.midi:
        _write_with_midi(path, data, result.midi, job.id)
    else:
        _write(path, data, job.id)
    return msgspec.structs.replace(artifact, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def _check_encodable(path: Path) -> None:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise StudioError(
            f"The name {path.name} has characters that the encoding of this system ({sys.getfilesystemencoding()}) lacks.",
            cause="disk",
            cure="Choose another name or folder, or start Studio in a UTF-8 locale, such as LANG=C.UTF-8.",
        ) from None


def _encode_sound(result: AudioResult, job: Job, recipe: Recipe) -> bytes:
    try:
        return audio.encode_audio(result.samples, result.sampling_rate, job.request.file_format, _json(recipe))
    except ValueError as error:
        raise StudioError(f"{error}.", cause="invalid", cure="Choose WAV or FLAC.") from error


def _write(path: Path, data: bytes, job_id: str) -> None:
    try:
        write_whole(path, data)
    except FileExistsError:
        known = read_recipe(path)
        if known is None or known.job_id != job_id:
            raise StudioError(
                f"{path} exists already and is kept.", cause="disk", cure="Choose another name or folder."
            ) from None
        write_whole(path, data, replace=True)


def _write_with_midi(path: Path, data: bytes, midi: bytes, job_id: str) -> None:
    beside = path.with_suffix(".mid")
    is_new = not beside.exists()
    if not is_new and f"{_MIDI_MARK}{job_id}".encode() not in _beginning(beside):
        raise StudioError(f"{beside} exists already and is kept.", cause="disk", cure="Choose another name or folder.")
    write_whole(beside, midi, replace=not is_new)  # before the sound: when that is there, all is
    try:
        _write(path, data, job_id)
    except BaseException:
        if is_new:  # the sound goes elsewhere, or nowhere: no notes are left without it
            with contextlib.suppress(OSError):
                beside.unlink()
        raise


def midi_beside(path: Path) -> Path | None:
    """Return the MIDI file that was written beside a sound, where it is still there."""
    beside = path.with_suffix(".mid")
    return beside if path.suffix.lower() != ".mid" and _MIDI_MARK.encode() in _beginning(beside) else None


def _beginning(path: Path) -> bytes:
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(4096)
    except OSError:
        return b""


def _write_sidecar(path: Path, recipe: Recipe, data: bytes, job_id: str) -> None:
    # Before the text: a text without its recipe could not be told from anybody's file.
    sidecar = sidecar_path(path)
    known = read_recipe(path)
    if path.exists() and (known is None or known.job_id != job_id):
        raise StudioError(f"{path} exists already and is kept.", cause="disk", cure="Choose another name or folder.")
    sidecar.parent.mkdir(exist_ok=True)
    write_whole(sidecar, msgspec.json.encode(_Sidecar(recipe, hashlib.sha256(data).hexdigest())), replace=True)


def sidecar_path(path: Path) -> Path:
    """Return where the recipe of a text lies."""
    return path.parent / SIDECAR_FOLDER / f"{path.name}.json"


def _recipe(result: Result, job: Job, card: ModelCard, versions: dict[str, str], memory: str) -> Recipe:
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return Recipe(
        studio=__version__, job_id=job.id, request=job.request, ordinal=result.ordinal, seed=result.seed, model=card.name,
        model_sha256=card.sha256, versions=versions, created=created, score=result.score, partial=result.partial,
        memory=memory,
        prompt_read=result.prompt_read if isinstance(result, (ImageResult, AudioResult)) else "",
        inputs=result.inputs if isinstance(result, (ImageResult, VideoResult)) else {},
        parts=result.parts if isinstance(result, (ImageResult, VideoResult)) else {},
        **_text_facts(result),
    )  # fmt: skip


def _text_facts(result: Result) -> dict[str, Any]:
    if not isinstance(result, TextResult):
        return {}
    return {name: getattr(result, name) for name in ("finish_reason", "thought_tokens", "distinct")}


def _json(recipe: Recipe) -> str:
    return msgspec.json.encode(recipe).decode()


def parameters_line(recipe: Recipe) -> str:
    """Return the recipe as other image programs write and read it (prompt, negative prompt, then `Name: value` pairs)."""
    request = recipe.request
    values = {
        "Steps": getattr(request, "num_inference_steps", ""), "Sampler": getattr(request, "scheduler", "") or "model default",
        "CFG scale": getattr(request, "guidance_scale", ""), "Seed": recipe.seed,
        "Size": f"{getattr(request, 'width', 0)}x{getattr(request, 'height', 0)}", "Model": recipe.model,
    }  # fmt: skip
    if getattr(request, "image", ""):
        values["Denoising strength"] = getattr(request, "strength", "")
    if getattr(request, "adapters", ""):
        values["Adapters"] = f'"{getattr(request, "adapters", "")}"'  # it holds commas
    if recipe.prompt_read:
        values["Prompt read as"] = recipe.prompt_read
    negative = getattr(request, "negative_prompt", "")
    lines = [request.prompt, *([f"Negative prompt: {negative}"] if negative else [])]
    return "\n".join([*lines, ", ".join(f"{name}: {value}" for name, value in values.items())])


def read_recipe(path: Path) -> Recipe | None:
    """Return the recipe of an artifact; None where the file is not one, or is damaged. Never raises for a bad file."""
    try:
        if path.suffix.lower() in (".txt", ".md"):
            return _read_sidecar(path).recipe
        if not path.is_file() or path.stat().st_size > MAX_READ_BYTES:
            return None
        text = _read_text(path)
        return msgspec.json.decode(text, type=Recipe) if text else None
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _read_sidecar(path: Path) -> _Sidecar:
    """Return what lies beside a text. Raises OSError, and ValueError where it is damaged."""
    sidecar = sidecar_path(path)
    if not sidecar.is_file() or sidecar.stat().st_size > MAX_READ_BYTES:  # a FIFO would never end
        raise OSError(f"{sidecar} is not a recipe")
    return msgspec.json.decode(sidecar.read_bytes(), type=_Sidecar)


def _read_text(path: Path) -> str | None:
    suffix = path.suffix.lower()
    if suffix == ".mp4":
        return mp4.read_comment(path)
    data = path.read_bytes()
    if suffix == ".png":
        return png.read_text(data, KEYWORD)
    return riff_id3.read_riff(data) if suffix == ".webp" else audio.read_comment(data)


def find_complete(job: Job) -> list[Artifact]:
    """Return the job's artifacts that are whole on disk: found by their fixed names, told by the job id inside."""
    names = [file_name(job, ordinal) for ordinal in range(job.request.result_count)]
    found = (_examine(Path(job.target.folder) / name, job, ordinal) for ordinal, name in enumerate(names))
    return [artifact for artifact in found if artifact is not None]


def _examine(path: Path, job: Job, ordinal: int) -> Artifact | None:
    recipe = read_recipe(path)
    if recipe is None or recipe.job_id != job.id or not path.is_file() or path.stat().st_size > MAX_READ_BYTES:
        return None
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    artifact = Artifact(
        job_id=job.id, path=str(path), media_type=job.request.media_types[job.request.file_format], size=len(data), sha256=digest,
        ordinal=ordinal, seed=recipe.seed, score=recipe.score, partial=recipe.partial, finish_reason=recipe.finish_reason,
        thought_tokens=recipe.thought_tokens,
    )  # fmt: skip
    return artifact if _is_complete[artifact.media_type.partition("/")[0]](path, data, digest) else None


def _text_is_complete(path: Path, _data: bytes, digest: str) -> bool:
    return _read_sidecar(path).sha256 == digest


_is_complete: dict[str, Callable[[Path, bytes, str], bool]] = {
    "text": _text_is_complete,
    "image": lambda _path, data, _digest: png.is_complete(data) or riff_id3.is_whole_riff(data),
    "audio": lambda _path, data, _digest: audio.frames_in(data) > 0,
    "video": lambda path, _data, _digest: mp4.is_complete(path),
}


def sweep_parts(folder: Path, writer: int = 0) -> None:
    """Remove what interrupted writes of ours left in a folder: those of the process `writer`, or of all that are dead."""
    for place in (folder, folder / SIDECAR_FOLDER):
        for part in place.glob(f".*{PART_SUFFIX}"):
            if _is_abandoned(part.name.removeprefix(".").removesuffix(PART_SUFFIX), writer):
                with contextlib.suppress(OSError):
                    part.unlink()


def _is_abandoned(name: str, writer: int) -> bool:
    """See `core.files.part_path`. Names of 12 digits are those of older versions, which had no process in them."""
    if len(name) not in (12, 16) or not all(digit in "0123456789abcdef" for digit in name):
        return False
    process = int(name[:8], 16) if len(name) == 16 else 0
    if writer:
        return process == writer
    return process in (0, os.getpid()) or not _is_running(process)


def _is_running(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # somebody else's
        return True
