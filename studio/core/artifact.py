"""An artifact: a file made by a job, and the recipe inside it."""

from __future__ import annotations

import msgspec

from studio.core.requests import AnyRequest


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


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What is written inside every artifact: enough to make it again. Read back by `library.artifacts.read_recipe`."""

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
    """How the model was loaded (its precision, what moved), and what was done where memory ran out."""
    prompt_read: str = ""
    """What the model was given, where that is not the request's prompt: a Chinese prompt in English words."""
    inputs: dict[str, str] = {}
    """Field of the request → SHA-256 of the file that it names: it is the same only with the same file."""
