"""What a stage shows: one result of a job, finished or in progress, and how it is described."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from typing import Any

import msgspec

from studio.core.artifact import Artifact, Recipe
from studio.core.jobs import Job
from studio.core.requests import Request
from studio.core.translation import tr
from studio.ui.queue.job_text import format_duration


class ShownResult(msgspec.Struct, frozen=True, kw_only=True):
    """One result with the request that makes or made it."""

    request: Request
    job_id: str
    path: str = ""
    """Of its file; empty while it is generated."""
    model: str = ""
    """Name of the model's card."""
    seed: int | None = None
    """The seed of this result, which differs from the request's for all but the first."""
    ordinal: int = 0
    """Which of its job's results it is."""
    time: float = 0.0
    """When it was completed or, until then, submitted; Unix time in seconds, 0 if unknown."""
    seconds: float = 0.0
    """How long its job ran; 0 if unknown."""
    batch: str = ""
    row: int = 0

    def form_values(self) -> dict[str, Any]:
        """Return the values that a form needs to generate it again."""
        values = msgspec.structs.asdict(self.request)
        return {**values, "seed": self.seed, "model": self.model or self.request.model}


def of_job(job: Job, artifact: Artifact | None = None) -> ShownResult:
    """Return a job's result; without an artifact, the one that it will make."""
    seed = artifact.seed if artifact is not None else None
    return ShownResult(
        request=job.request,
        job_id=job.id,
        path=artifact.path if artifact is not None else "",
        model=job.request.model,
        seed=job.request.seed if seed is None else seed,
        ordinal=artifact.ordinal if artifact is not None else 0,
        time=job.ended or job.created,
        seconds=max(0.0, job.ended - job.started) if job.started and job.ended else 0.0,
        batch=job.batch,
        row=job.row,
    )


def of_file(path: Path, recipe: Recipe, job: Job | None = None) -> ShownResult:
    """Return the result in a file; `job` is its job, if the queue still lists it."""
    result = ShownResult(
        request=recipe.request,
        job_id=recipe.job_id,
        path=str(path),
        model=recipe.model,
        seed=recipe.request.seed if recipe.seed is None else recipe.seed,
        ordinal=recipe.ordinal,
        time=_unix_time(recipe.created),
    )
    if job is None:
        return result
    known = of_job(job)
    return msgspec.structs.replace(result, seconds=known.seconds, batch=known.batch, row=known.row)


def _unix_time(text: str) -> float:
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):  # a recipe is a file's content: untrusted
        return 0.0


def describe(result: ShownResult, model_title: str, batch_name: str) -> str:
    """Return model, seed, time of day, duration and batch in one line."""
    parts = [model_title]
    if result.seed is not None:
        parts.append(tr("seed {seed}", seed=result.seed))
    if result.time:
        parts.append(time_of_day(result.time))
    if result.seconds:
        parts.append(format_duration(result.seconds))
    if result.batch:
        name = batch_name or tr("a batch")
        parts.append(tr("row {row} of {batch}", row=result.row, batch=name))
    return " · ".join(part for part in parts if part)


def time_of_day(moment: float, now: float | None = None) -> str:
    """Format a Unix time as 14:05, with the date if it is not today."""
    try:
        local = datetime.datetime.fromtimestamp(moment)
    except (ValueError, OverflowError, OSError):
        return ""
    today = datetime.datetime.fromtimestamp(time.time() if now is None else now)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if local.year == today.year:
        return local.strftime(tr("%d %b, %H:%M"))
    return local.strftime(tr("%d %b %Y, %H:%M"))
