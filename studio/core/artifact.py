"""An artifact: a file made by a job, and the recipe inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from studio.core.kinds import AnyRequest

FinishReason = Literal["", "stop", "length", "cancelled"]
"""Why a text ends: its model ended it, its token limit was reached, its job was cancelled; empty
for what is no text.
"""


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is whole and on disk."""

    job_id: str
    path: str
    """Absolute."""
    media_type: str
    size: int
    """In bytes."""
    sha256: str
    ordinal: int = 0
    """Which of the job's results this is, from 0."""
    seed: int | None = None
    """The seed of this very result."""
    score: float | None = None
    """The sum of log-probabilities divided by length, of a beam candidate; higher is better."""
    width: int = 0
    height: int = 0
    duration: float = 0.0
    """Seconds of sound; 0 for what makes none."""
    partial: bool = False
    """True for what was kept of a cancelled job."""
    finish_reason: FinishReason = ""
    thought_tokens: int = 0
    """Tokens that a reasoning model spent before its answer."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What is written inside every artifact: enough to make it again. Read back by
    `library.artifacts.read_recipe`.
    """

    studio: str
    """Studio's version."""
    job_id: str
    request: AnyRequest
    ordinal: int = 0
    seed: int | None = None
    model: str = ""
    model_sha256: str = ""
    parts: dict[str, str] = {}
    """Adapter → SHA-256 of its weights, of those that the model ran with."""
    versions: dict[str, str] = {}
    """Library → version, of those that made it."""
    created: str = ""
    """ISO 8601 with time zone."""
    score: float | None = None
    partial: bool = False
    memory: str = ""
    """How the model was loaded (its precision, what moved), and what was done where memory ran
    out.
    """
    prompt_read: str = ""
    """What the model was given, where that is not the request's prompt: a Chinese prompt in English
    words.
    """
    inputs: dict[str, str] = {}
    """Field of the request → SHA-256 of the file that it names: it is the same only with the same
    file.
    """
    finish_reason: FinishReason = ""
    thought_tokens: int = 0
    """Tokens that a reasoning model spent before its answer; what it thought is not kept."""
    distinct: int = 0
    """How many results the job has, where fewer candidates differ than the request asks for; else
    0.
    """


def limit_sentence(artifacts: Sequence[Artifact], max_new_tokens: int) -> str:
    """Return a sentence about texts that stop at their token limit; empty where none does."""
    cut = sum(artifact.finish_reason == "length" for artifact in artifacts)
    if not cut:
        return ""
    tokens = f"limit of {max_new_tokens:,} token{'' if max_new_tokens == 1 else 's'}"
    return (
        f"The text stops at its {tokens}."
        if len(artifacts) == 1
        else f"{cut} of {len(artifacts)} texts stop at their {tokens}."
    )
