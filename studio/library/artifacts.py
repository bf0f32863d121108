"""Artifacts: saves results as files and finds and reads them again.

`library.encoders` makes the content of the files. Files that Studio did not write are never
replaced.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import psutil

from studio import __version__
from studio.core.artifact import SIDECAR_FOLDER, Artifact, Recipe
from studio.core.errors import StudioError
from studio.core.files import (
    PART_SUFFIX,
    part_path,
    publish,
    sha256_hex,
    sha256_of,
    write_whole,
)
from studio.core.jobs import Job
from studio.core.translation import tr
from studio.library.encoders import (
    DEFAULT_OPTIONS,
    KEYWORD,
    MAX_READ_BYTES,
    TEXT_SUFFIXES,
    TRANSCRIPT_SUFFIXES,
    Companion,
    Encoded,
    FileOptions,
    encode,
    is_complete,
    read_sidecar,
    sidecar_path,
    write_streamed,
)
from studio.library.results import Result, StreamedResult
from studio.media import audio, avif, lossy_image, mp4, png, riff_id3
from studio.media.companion_midi import beginning
from studio.media.video_writer import gif_writer, matroska
from studio.models.card import ModelCard

_READ_IN_PARTS: dict[str, Callable[[Path], str | None]] = {
    ".mp4": mp4.read_comment,
    ".webm": matroska.read_comment,
}
"""Extension → function that returns the comment of a file of any size."""


def file_name(job: Job, ordinal: int) -> str:
    """Return the name of one of a job's artifacts, which never changes."""
    several = job.request.result_count > 1
    return f"{job.target.stem}{f'-{ordinal + 1}' if several else ''}.{job.request.file_format}"


def save(
    result: Result,
    *,
    job: Job,
    card: ModelCard,
    versions: dict[str, str],
    memory: str = "",
    options: FileOptions = DEFAULT_OPTIONS,
) -> Artifact:
    """Save a result with its recipe, atomically and durably.

    Replaces a file of that name only if the same job wrote it, in a run that was interrupted.
    Raises OSError (no space, no permission), and StudioError if the name is taken.
    """
    recipe = _recipe(result, job, card, versions, memory)
    path = Path(job.target.folder) / file_name(job, result.ordinal)
    _check_encodable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(result, StreamedResult):
        return _save_streamed(path, result, job, recipe, options)
    encoded = encode(result, job.request.file_format, recipe, options)
    _write_all(path, encoded, job.id)
    artifact = _artifact(path, len(encoded.data), sha256_hex(encoded.data), job, recipe)
    return msgspec.structs.replace(
        artifact, width=encoded.width, height=encoded.height, duration=encoded.duration
    )


def _save_streamed(
    path: Path, result: StreamedResult, job: Job, recipe: Recipe, options: FileOptions
) -> Artifact:
    part = part_path(path)
    try:
        companions = write_streamed(result, part, recipe, options)
        size, sha256 = part.stat().st_size, sha256_of(part)
        _write_companions(path, companions, job.id)
        try:
            publish(part, path)
        except FileExistsError:
            if not _belongs_to(path, job.id):
                raise _name_taken(path) from None
            publish(part, path, replace=True)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    video = result.video
    artifact = _artifact(path, size, sha256, job, recipe)
    return msgspec.structs.replace(
        artifact, width=video.width, height=video.height, duration=video.duration
    )


def _artifact(path: Path, size: int, sha256: str, job: Job, recipe: Recipe) -> Artifact:
    return Artifact(
        job_id=job.id,
        path=str(path),
        media_type=job.request.media_types[job.request.file_format],
        size=size,
        sha256=sha256,
        ordinal=recipe.ordinal,
        seed=recipe.seed,
        score=recipe.score,
        partial=recipe.partial,
        finish_reason=recipe.finish_reason,
        thought_tokens=recipe.thought_tokens,
    )


def _check_encodable(path: Path) -> None:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise StudioError(
            tr(
                "The name {name} has characters that this system's encoding "
                "({encoding}) does not support.",
                name=path.name,
                encoding=sys.getfilesystemencoding(),
            ),
            cause="disk",
            cure=tr(
                "Choose another name or folder, or start Studio in a UTF-8 locale, such as "
                "LANG=C.UTF-8."
            ),
        ) from None


def _write_all(path: Path, encoded: Encoded, job_id: str) -> None:
    """Write an artifact after its companions."""
    new = _write_companions(path, encoded.companions, job_id)
    try:
        _write(path, encoded.data, job_id)
    except BaseException:
        for place in new:  # no companion is left without its artifact
            with contextlib.suppress(OSError):
                place.unlink()
        raise


def _write_companions(path: Path, companions: Sequence[Companion], job_id: str) -> list[Path]:
    """Write what belongs to an artifact; return the new files that other programs may read."""
    new: list[Path] = []
    for companion in companions:
        place = companion.path(path)
        is_new = not place.exists()
        if not _may_write(path, place, companion, job_id):
            raise _name_taken(place if companion.mark else path)
        place.parent.mkdir(exist_ok=True)
        write_whole(place, companion.data, replace=not companion.mark or not is_new)
        if companion.mark and is_new:
            new.append(place)
    return new


def _may_write(path: Path, place: Path, companion: Companion, job_id: str) -> bool:
    if companion.mark:
        return not place.exists() or companion.mark in beginning(place)
    return not path.exists() or _belongs_to(path, job_id)


def _write(path: Path, data: bytes, job_id: str) -> None:
    try:
        write_whole(path, data)
    except FileExistsError:
        if not _belongs_to(path, job_id):
            raise _name_taken(path) from None
        write_whole(path, data, replace=True)


def _belongs_to(path: Path, job_id: str) -> bool:
    recipe = read_recipe(path)
    if recipe is not None:
        return recipe.job_id == job_id
    # The recipe next to it is newer if a kill came before the file was written again.
    with contextlib.suppress(OSError, ValueError, RecursionError):
        return read_sidecar(path).recipe.job_id == job_id
    return False


def _name_taken(path: Path) -> StudioError:
    return StudioError(
        tr("{path} already exists and was not replaced.", path=path),
        cause="disk",
        cure=tr("Choose another name or folder."),
    )


def _recipe(
    result: Result, job: Job, card: ModelCard, versions: dict[str, str], memory: str
) -> Recipe:
    facts = _facts(result)
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    return Recipe(
        studio=__version__,
        job_id=job.id,
        batch=job.batch,
        request=job.request,
        model=card.name,
        model_sha256=card.sha256,
        versions=versions,
        created=created,
        memory=memory,
        **{**facts, "inputs": {**msgspec.to_builtins(job.sources), **facts.get("inputs", {})}},
    )


def _facts(result: Result) -> dict[str, Any]:
    """Return the fields that result and recipe share: seed, score, inputs …"""
    names = (field.name for field in dataclasses.fields(result))
    return {name: getattr(result, name) for name in names if name in Recipe.__struct_fields__}


def read_recipe(path: Path) -> Recipe | None:
    """Return the recipe of an artifact; None for any other or a damaged file."""
    try:
        if path.suffix.lower() in (*TEXT_SUFFIXES, *TRANSCRIPT_SUFFIXES):
            return read_sidecar(path).recipe
        if not path.is_file() or _is_too_large(path):
            return None
        text = _read_text(path)
        return msgspec.json.decode(text, type=Recipe) if text else _separate_recipe(path)
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _separate_recipe(path: Path) -> Recipe | None:
    """Return the recipe next to a file that contains none, unless it is another file's."""
    if not sidecar_path(path).is_file():
        return None
    sidecar = read_sidecar(path)
    return sidecar.recipe if sidecar.sha256 == sha256_of(path) else None


def _read_text(path: Path) -> str | None:
    suffix = path.suffix.lower()
    if suffix in _READ_IN_PARTS:
        return _READ_IN_PARTS[suffix](path)
    data = path.read_bytes()
    if suffix == ".gif":
        return gif_writer.read_comment(data)
    if suffix == ".png":
        return png.read_text(data, KEYWORD)
    if suffix in (".jpg", ".jpeg"):
        return lossy_image.read_jpeg(data)
    if suffix == ".avif":
        return avif.read_avif(data)
    return riff_id3.read_riff(data) if suffix == ".webp" else audio.read_comment(data)


def _is_too_large(path: Path) -> bool:
    is_read_whole = path.suffix.lower() not in _READ_IN_PARTS
    return is_read_whole and path.stat().st_size > MAX_READ_BYTES


def find_complete(job: Job) -> list[Artifact]:
    """Return the job's artifacts that are complete on disk, found by name and the job id inside."""
    names = [file_name(job, ordinal) for ordinal in range(job.request.result_count)]
    found = (
        _examine(Path(job.target.folder) / name, job, ordinal) for ordinal, name in enumerate(names)
    )
    return [artifact for artifact in found if artifact is not None]


def _examine(path: Path, job: Job, ordinal: int) -> Artifact | None:
    recipe = read_recipe(path)
    if recipe is None or recipe.job_id != job.id or not path.is_file() or _is_too_large(path):
        return None
    data = b"" if path.suffix.lower() in _READ_IN_PARTS else path.read_bytes()
    size, digest = path.stat().st_size, sha256_of(path)
    artifact = msgspec.structs.replace(_artifact(path, size, digest, job, recipe), ordinal=ordinal)
    return artifact if is_complete(artifact.media_type, path, data, digest) else None


def sweep_parts(folder: Path, writer: int = 0) -> None:
    """Delete temporary files of process `writer`, or of all dead processes."""
    for place in (folder, folder / SIDECAR_FOLDER):
        for part in place.glob(f".*{PART_SUFFIX}"):
            if _is_abandoned(part.name.removeprefix(".").removesuffix(PART_SUFFIX), writer):
                with contextlib.suppress(OSError):
                    part.unlink()


def _is_abandoned(name: str, writer: int) -> bool:
    """See `core.files.part_path`. Names of older versions have 12 digits, without a process id."""
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
    except psutil.AccessDenied:  # another user's process
        return True
