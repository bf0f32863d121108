"""A text as it was saved, with what its recipe and its side file have about it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.core.artifact import TokenLogprobs
from studio.core.files import sha256_hex
from studio.core.requests.text_task import Check, Coverage


class SavedText(msgspec.Struct, frozen=True, kw_only=True):
    """One result."""

    text: str
    score: float | None = None
    """Of a beam search."""
    checks: tuple[Check, ...] = ()
    """Of a guided task."""
    coverage: Coverage | None = None
    """Of a summary."""
    logprobs: TokenLogprobs | None = None


def read_saved_text(path: Path) -> SavedText:
    """Read a text; without scores, checks and tokens if it was changed. Raises OSError."""
    from studio.library.encoders import read_sidecar  # imports numpy

    data = path.read_bytes()
    text = data.decode()
    shown = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        side = read_sidecar(path)
    except (OSError, ValueError):  # another program's text, or one that was moved alone
        return SavedText(text=shown)
    if side.sha256 != sha256_hex(data):
        return SavedText(text=shown)
    review = side.recipe.review
    return SavedText(
        text=shown,
        score=side.recipe.score,
        checks=review.checks if review is not None else (),
        coverage=review.coverage if review is not None else None,
        logprobs=side.logprobs if len(shown) == len(text) else None,  # places are in the file
    )
