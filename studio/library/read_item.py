"""Reads what the library knows about a file from the file itself."""

from __future__ import annotations

import datetime
import math
import stat
from pathlib import Path
from typing import cast

import msgspec

from studio.core.artifact import Recipe
from studio.core.file_names import is_utf8
from studio.core.files import sha256_of
from studio.core.requests import Request, TextRequest, TranscribeRequest
from studio.library.artifacts import read_recipe
from studio.library.encoders import TEXT_SUFFIXES, TRANSCRIPT_SUFFIXES, read_sidecar
from studio.library.foreign.reader import read_foreign
from studio.library.items import MAX_BODY_CHARACTERS, KnownContent, Media, NewItem
from studio.media.measures import (
    AUDIO_SUFFIXES,
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    Measures,
    measure,
)

MEDIA_OF_SUFFIX: dict[str, Media] = {
    **dict.fromkeys((*TEXT_SUFFIXES, *TRANSCRIPT_SUFFIXES), "text"),
    **dict.fromkeys(IMAGE_SUFFIXES, "image"),
    **dict.fromkeys(AUDIO_SUFFIXES, "audio"),
    **dict.fromkeys(VIDEO_SUFFIXES, "video"),
}
"""File name extension, in lower case → medium, of every file that can be an item."""
_MEDIA_TYPES = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".avif": "image/avif",
    ".mp3": "audio/mpeg",
    ".mov": "video/quicktime",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
}
"""Those whose media type is not the medium and the extension."""
_MAX_PROMPT_CHARACTERS = 200_000
_MAX_NAME_CHARACTERS = 1_000
_MAX_PARENTS = 100
_MAX_TEXT_BYTES = 4 * MAX_BODY_CHARACTERS
_LAST_TIME = 253_402_300_799.0
"""Unix time, at the end of the year 9999."""
_INT64 = 2**63


def read_item(
    path: Path, *, known: KnownContent | None = None, with_plain_texts: bool = False
) -> NewItem | None:
    """Return what the library stores about a file; None if it is no item or cannot be read.

    `known`: what the queue recorded about it; its hash is trusted while the size is the same.
    `with_plain_texts`: accept texts without a recipe. Never raises: files come from anywhere.
    """
    media = MEDIA_OF_SUFFIX.get(path.suffix.lower())
    if media is None or not is_utf8(str(path)):
        return None
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return None
        recipe = read_recipe(path)
        measures = measure(path) if media != "text" else Measures()
        if recipe is None and (measures is None or (media == "text" and not with_plain_texts)):
            return None
        is_known = known is not None and known.size == status.st_size and bool(known.sha256)
        item = NewItem(
            path=str(path),
            sha256=known.sha256 if known is not None and is_known else sha256_of(path),
            size=status.st_size,
            modified=status.st_mtime_ns,
            media=media,
            media_type=_media_type(path, media),
            created=status.st_mtime_ns / 1e9,
            body=_text_of(path) if media == "text" else "",
            **(measures or Measures())._asdict(),
        )
    except OSError:
        return None
    if recipe is not None:
        return _with_recipe(item, recipe)
    return _with_foreign(item, path) if media == "image" else item


def _media_type(path: Path, media: Media) -> str:
    suffix = path.suffix.lower()
    return _MEDIA_TYPES.get(suffix, f"{media}/{suffix[1:]}")


def _with_recipe(item: NewItem, recipe: Recipe) -> NewItem:
    request = recipe.request
    main_type = next(iter(request.media_types.values())).partition("/")[0]
    return msgspec.structs.replace(
        item,
        body=_words_of(item, request),
        media=cast("Media", main_type),
        kind=request.kind,
        media_type=request.media_types.get(Path(item.path).suffix[1:].lower(), item.media_type),
        created=_time_of(recipe.created, item.created),
        model=clean(recipe.model or request.model, _MAX_NAME_CHARACTERS),
        prompt=clean(_typed_prompt(request), _MAX_PROMPT_CHARACTERS),
        seed=_integer(recipe.seed if recipe.seed is not None else request.seed),
        score=recipe.score if recipe.score is not None and math.isfinite(recipe.score) else None,
        job_id=clean(recipe.job_id, _MAX_NAME_CHARACTERS),
        ordinal=_integer(recipe.ordinal) or 0,
        batch=clean(recipe.batch, _MAX_NAME_CHARACTERS),
        program="Studio",
        partial=recipe.partial,
        parents={
            clean(role, _MAX_NAME_CHARACTERS): clean(sha256, _MAX_NAME_CHARACTERS)
            for role, sha256 in list(recipe.inputs.items())[:_MAX_PARENTS]
        },
    )


def _words_of(item: NewItem, request: Request) -> str:
    """Return a text; of subtitles the words without times."""
    if not isinstance(request, TranscribeRequest) or item.path.lower().endswith(".txt"):
        return item.body
    try:
        transcript = read_sidecar(Path(item.path)).transcript
    except (OSError, ValueError):  # msgspec's errors are ValueErrors
        return item.body
    return clean(transcript.text, MAX_BODY_CHARACTERS) if transcript is not None else item.body


def _typed_prompt(request: Request) -> str:
    """Return what the person typed: of a guided task its main text, not the composed prompt."""
    if isinstance(request, TextRequest) and request.task is not None:
        return request.task.main_text
    return request.prompt


def _with_foreign(item: NewItem, path: Path) -> NewItem:
    """Add what another program wrote into an image."""
    found = read_foreign(path)
    if found is None or not (found.prompt or found.model or found.seed is not None):
        return item
    text = clean(found.prompt, _MAX_PROMPT_CHARACTERS)
    return msgspec.structs.replace(
        item,
        prompt="" if found.is_description else text,
        body=text if found.is_description else "",
        model=clean(found.model, _MAX_NAME_CHARACTERS),
        seed=_integer(found.seed),
        program=clean(found.program, _MAX_NAME_CHARACTERS),
    )


def clean(text: str, limit: int) -> str:
    """Return an untrusted text as the index can store it, cut to `limit` characters."""
    return text[:limit].replace("\0", " ").encode(errors="replace").decode()


def _time_of(text: str, otherwise: float) -> float:
    """Return an ISO 8601 time as Unix time."""
    try:
        seconds = datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return otherwise
    return seconds if 0 < seconds < _LAST_TIME else otherwise


def _integer(value: int | None) -> int | None:
    """Return a number that the index can store."""
    return value if value is not None and -_INT64 <= value < _INT64 else None


def _text_of(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_TEXT_BYTES)
    return clean(data.decode("utf-8-sig", errors="replace"), MAX_BODY_CHARACTERS)
