"""Makes a document of a result: who wrote what is known from recipes and the library."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.requests import TextRequest
from studio.documents.document import Document, clean_text, new_document
from studio.documents.files import file_sha256, read_text_file
from studio.documents.origins import Origin
from studio.documents.result_origins import WrittenResult, result_origins
from studio.library.index import LibraryIndex


def result_document(
    text: str, path: str, job_id: str, index: Callable[[], LibraryIndex]
) -> Document:
    """Return a document that begins with a result. Reads files: not for the GUI thread.

    `path`: the result's file, or empty.
    """
    document = new_document("", text, Origin("model", job_id))
    if not path:
        return document
    try:
        document.source = file_sha256(Path(path))
    except OSError:
        return document
    written = _written(Path(path), document.text, job_id)
    if written is not None:
        document.origins = result_origins(written, lambda sha256: _find(index, sha256))
    return document


def _find(index: Callable[[], LibraryIndex], sha256: str) -> WrittenResult | None:
    """Return the result with this content, if the library has it."""
    try:
        items = index().find_by_hash(sha256)
    except (StudioError, sqlite3.Error):  # closed or damaged: less is known
        return None
    for item in items:
        try:
            text = read_text_file(Path(item.path)).text
        except StudioError:  # no text, or a file that is gone
            continue
        if (found := _written(Path(item.path), text, item.job_id)) is not None:
            return found
    return None


def _written(path: Path, text: str, job_id: str) -> WrittenResult | None:
    from studio.library.artifacts import read_recipe  # imports numpy

    recipe = read_recipe(path)
    if recipe is None or not isinstance(recipe.request, TextRequest):
        return None
    request = recipe.request
    if request.task is not None:
        return WrittenResult(text, job_id or recipe.job_id)
    return WrittenResult(
        text,
        job_id or recipe.job_id,
        prompt=clean_text(request.prompt),
        prefix=clean_text(request.prefix),
        source=recipe.inputs.get("prompt", ""),
    )
