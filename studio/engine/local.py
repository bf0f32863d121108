"""The engine that runs models in the thread that calls it: the child's heart, and `--in-process` for profiling."""

from __future__ import annotations

import errno
import functools
import importlib
import logging
import platform
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from studio.core import environment
from studio.core.artifact import Artifact
from studio.core.errors import Failure, StudioError
from studio.core.events import Cancelled, Event, Failed, Finished, Loading, Statistics
from studio.core.jobs import Job
from studio.core.paths import DataFolder
from studio.engine.pipelines import Pipelines
from studio.engine.protocol import Cancelled as CancelledQuestion
from studio.engine.protocol import CancelledFor, Emit, EmitFor, JobCancelledError, Run, Together, one_after_the_other
from studio.library import artifacts
from studio.library.results import Result
from studio.models.card import ModelCard
from studio.models.installed import find
from studio.models.llama_cpp import PACKAGE, RUNNER

log = logging.getLogger(__name__)
GenerateTogether = Callable[[Sequence[Run], object], Iterable[Together]]
MAX_UNSAVED_JOBS = 4
"""Results of this many jobs that could not be saved are kept in memory."""

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass
class _Outcome:
    """What became of a job so far."""

    card: ModelCard
    saved: list[Artifact] = field(default_factory=list)
    unsaved: list[Result] = field(default_factory=list)
    statistics: Statistics = field(default_factory=Statistics)


class LocalEngine:
    """Runs jobs here. See `protocol.Engine`."""

    def __init__(self, data: DataFolder) -> None:
        environment.prepare()
        self._data = data
        self._pipelines = Pipelines()
        self._unsaved: OrderedDict[str, _Outcome] = OrderedDict()
        self._closed = False

    def warm_up(self) -> None:
        """Nothing takes time before the first job."""

    def close(self) -> None:
        """Free the models; a running job ends with Cancelled."""
        self._closed = True
        self._pipelines.forget_all()

    def generate(self, job: Job, emit: Emit, cancelled: CancelledQuestion) -> None:
        """Run the job. See `protocol.Engine.generate`."""
        event = self._run(job, emit, lambda: self._closed or cancelled())
        if isinstance(event, Failed) and event.failure.cause == "memory":
            # Here and not where it was caught: the exception's frames keep the memory alive.
            self._pipelines.forget_all()
        emit(event)

    def generate_together(self, jobs: Sequence[Job], emit: EmitFor, cancelled: CancelledFor) -> None:
        """Run the jobs as one batch where their kind can. See `protocol.Engine.generate_together`."""
        kind = importlib.import_module(f"studio.engine.{jobs[0].request.kind}")
        over: set[str] = set()
        if len(jobs) > 1 and hasattr(kind, "generate_together") and not any(job.id in self._unsaved for job in jobs):
            over = self._run_together(kind.generate_together, jobs, emit, lambda job_id: self._closed or cancelled(job_id))
        one_after_the_other(self, [job for job in jobs if job.id not in over], emit, cancelled)

    def _run_together(self, generate: GenerateTogether, jobs: Sequence[Job], emit: EmitFor, cancelled: CancelledFor) -> set[str]:
        """Return the ids of the jobs that are over: all, or those before something went wrong."""
        over: set[str] = set()
        try:
            card = find(self._data, jobs[0].request.kind, jobs[0].request.model)
            for job in jobs:
                emit(job.id, Loading(phase="Preparing"))
            pipeline, load_seconds = self._pipelines.load(card, functools.partial(emit, jobs[0].id))
            runs = [Run(job, card, functools.partial(emit, job.id), functools.partial(cancelled, job.id)) for job in jobs]
            for number, result, statistics in generate(runs, pipeline):
                job = jobs[number]
                over.add(job.id)
                emit(job.id, self._end_of(job, card, result, msgspec.structs.replace(statistics, load_seconds=load_seconds)))
        except Exception as error:  # noqa: BLE001  boundary: what does not work together may work alone
            log.info("jobs that were run together are run alone: %s", error)
            if is_out_of_memory(error):
                self._pipelines.forget_all()
        return over

    def _end_of(
        self, job: Job, card: ModelCard, result: Result | StudioError | JobCancelledError, statistics: Statistics
    ) -> Event:
        if isinstance(result, JobCancelledError):
            return Cancelled()
        if isinstance(result, StudioError):
            return Failed(failure=result.failure())
        outcome = _Outcome(card, unsaved=[result], statistics=statistics)
        try:
            self._save_rest(job, outcome)
        except _SaveError as error:
            if not result.partial:
                self._keep(job, outcome)
            return Failed(failure=error.failure)
        saved = tuple(outcome.saved)
        return Cancelled(artifacts=saved) if result.partial else Finished(artifacts=saved, statistics=statistics)

    def _run(self, job: Job, emit: Emit, cancelled: CancelledQuestion) -> Event:
        outcome = self._unsaved.pop(job.id, None)
        saved: list[Artifact] = outcome.saved if outcome else []
        try:
            if outcome is None:
                outcome = _Outcome(find(self._data, job.request.kind, job.request.model))
                saved = outcome.saved
                self._make(job, outcome, emit, cancelled)
            else:
                self._save_rest(job, outcome)
        except JobCancelledError:
            return Cancelled(artifacts=tuple(saved))
        except StudioError as error:
            return Failed(failure=error.failure(), artifacts=tuple(saved))
        except _SaveError as error:
            self._keep(job, error.outcome)
            return Failed(failure=error.failure, artifacts=tuple(saved))
        except Exception as error:  # noqa: BLE001  boundary: whatever a model raises becomes a failed job
            return Failed(failure=explain(error), artifacts=tuple(saved))
        return Finished(artifacts=tuple(saved), statistics=outcome.statistics)

    def _make(self, job: Job, outcome: _Outcome, emit: Emit, cancelled: CancelledQuestion) -> None:
        run = Run(job, outcome.card, emit, cancelled)
        run.check()
        emit(Loading(phase="Preparing"))
        pipeline, load_seconds = self._pipelines.load(outcome.card, emit)
        run.check()
        results = importlib.import_module(f"studio.engine.{job.request.kind}").generate(run, pipeline)
        while True:
            try:
                result = next(results)
            except StopIteration as end:
                outcome.statistics = msgspec.structs.replace(end.value, load_seconds=load_seconds)
                break
            self._save(job, outcome, result)
        if outcome.unsaved:
            self._save_rest(job, outcome)

    def _save(self, job: Job, outcome: _Outcome, result: Result) -> None:
        try:
            outcome.saved.append(artifacts.save(result, job=job, card=outcome.card, versions=versions(outcome.card)))
        except OSError:
            # The rest of the job is still made: it can be saved elsewhere together with this.
            outcome.unsaved.append(result)
            if result.partial:
                raise

    def _save_rest(self, job: Job, outcome: _Outcome) -> None:
        while outcome.unsaved:
            try:
                saved = artifacts.save(outcome.unsaved[0], job=job, card=outcome.card, versions=versions(outcome.card))
            except OSError as error:
                raise _SaveError(explain_save(error, job.target.folder), outcome) from error
            outcome.saved.append(saved)
            outcome.unsaved.pop(0)

    def _keep(self, job: Job, outcome: _Outcome) -> None:
        self._unsaved[job.id] = outcome
        while len(self._unsaved) > MAX_UNSAVED_JOBS:
            self._unsaved.popitem(last=False)


class _SaveError(Exception):
    """The result is there but could not be written."""

    def __init__(self, failure: Failure, outcome: _Outcome) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.outcome = outcome


def explain_save(error: OSError, folder: str) -> Failure:
    """Say why a result could not be saved, and that it is not lost."""
    why = "the disk is full" if error.errno in _NO_SPACE else (error.strerror or str(error)).lower()
    return Failure(
        cause="disk",
        message=f"The result could not be saved in {folder}: {why}.",
        cure="Free some space, or save it to another folder. It is kept in memory until then.",
        details=_details(error),
        unsaved=True,
    )


def explain(error: Exception) -> Failure:
    """Say in words what an exception from a model means."""
    text = str(error)
    if is_out_of_memory(error):
        return Failure(
            cause="memory",
            message="There was not enough memory for this.",
            cure="Choose smaller settings (size, length, count) or a smaller model, or close other programs.",
            details=_details(error),
        )
    first_line = text.strip().splitlines()[0][:200] if text.strip() else type(error).__name__
    return Failure(
        cause="unknown",
        message=f"The model could not do this: {first_line}",
        cure="Try other settings or another model; the details say more.",
        details=_details(error),
    )


def is_out_of_memory(error: BaseException) -> bool:
    """True for every way in which Python, torch and onnxruntime say that memory ran out."""
    text = str(error).lower()
    told = ("out of memory" in text, "not enough memory" in text, "can't allocate memory" in text, "failed to allocate" in text)
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or any(told)


def _details(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def versions(card: ModelCard) -> dict[str, str]:
    """Return the versions of what ran the model, for the recipe."""
    known = {
        "transformers": ("torch", "transformers"),
        "diffusers": ("torch", "transformers", "diffusers"),
        RUNNER: (PACKAGE,),
    }
    names = known.get(card.runner, ("onnxruntime",))
    found = {name: str(sys.modules[name].__version__) for name in names if name in sys.modules}
    return {"python": platform.python_version(), **found}
