"""What a job has produced so far: results that are saved, and results that wait to be saved."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from studio.core.artifact import Artifact
from studio.core.errors import Failure
from studio.core.events import Statistics
from studio.core.jobs import Job
from studio.engine.failures import explain_save
from studio.engine.model_cache import Loaded
from studio.engine.protocol import JobContext
from studio.library import artifacts
from studio.library.encoders import DEFAULT_OPTIONS, FileOptions
from studio.library.results import Result
from studio.library.thumbnails.cache import ThumbnailCache
from studio.library.thumbnails.make import thumbnail_of
from studio.models.card import ModelCard
from studio.models.llama_cpp import PACKAGE, RUNNER


class SaveError(Exception):
    """A result is complete but could not be written."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass
class JobOutcome:
    """Results of one job, with what its recipes and its last event report."""

    card: ModelCard
    saved: list[Artifact] = field(default_factory=list)
    unsaved: list[Result] = field(default_factory=list)
    statistics: Statistics = field(default_factory=Statistics)
    memory: str = ""
    """How the model was loaded, and what was done when memory ran out."""
    thumbnails: ThumbnailCache | None = None
    """Gets a thumbnail of each result, made from its pixels or samples."""
    options: FileOptions = DEFAULT_OPTIONS
    """How the results are written."""

    def record(self, context: JobContext, loaded: Loaded, statistics: Statistics) -> None:
        """Keep the statistics and how the model was loaded."""
        self.memory = ". ".join(filter(None, (loaded.plan.recorded, *context.recorded_notes)))
        self.statistics = msgspec.structs.replace(
            statistics,
            load_seconds=loaded.seconds,
            memory=loaded.plan.details,
            notes=tuple(context.notes),
        )

    def save(self, job: Job, result: Result) -> None:
        """Save a result, unless an earlier run of the job did.

        One that cannot be written stays in `unsaved`, and the job goes on; a partial one raises
        OSError.
        """
        if any(artifact.ordinal == result.ordinal for artifact in self.saved):
            return
        try:
            self.saved.append(self._write(job, result))
        except OSError:
            self.unsaved.append(result)
            if result.partial:
                raise

    def save_rest(self, job: Job) -> None:
        """Save what is unsaved. Raises SaveError at the first result that cannot be written."""
        while self.unsaved:
            try:
                artifact = self._write(job, self.unsaved[0])
            except OSError as error:
                raise SaveError(explain_save(error, job.target.folder)) from error
            self.saved.append(artifact)
            self.unsaved.pop(0)

    def _write(self, job: Job, result: Result) -> Artifact:
        artifact = artifacts.save(
            result,
            job=job,
            card=self.card,
            versions=_versions(self.card),
            memory=self.memory,
            options=self.options,
        )
        if self.thumbnails is not None:
            self.thumbnails.put(artifact.sha256, thumbnail_of(result))
        return artifact


def complete_results(job: Job) -> list[Artifact]:
    """Return what an earlier, interrupted run of this job saved; only the rest is generated."""
    try:
        return [artifact for artifact in artifacts.find_complete(job) if not artifact.partial]
    except (OSError, ValueError):  # removed or changed while it was read
        return []


def leading_count(results: Iterable[Artifact | Result]) -> int:
    """Return how many results exist from the first one on without a gap."""
    ordinals = {result.ordinal for result in results}
    return next(number for number in range(len(ordinals) + 1) if number not in ordinals)


def _versions(card: ModelCard) -> dict[str, str]:
    """Return the versions of the libraries that ran the model, for the recipe."""
    libraries = {
        "transformers": ("torch", "transformers"),
        "diffusers": ("torch", "transformers", "diffusers"),
        RUNNER: (PACKAGE,),
    }
    names = libraries.get(card.runner, ("onnxruntime",))
    imported = {name: str(sys.modules[name].__version__) for name in names if name in sys.modules}
    return {"python": platform.python_version(), **imported}
