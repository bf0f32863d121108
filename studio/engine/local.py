"""The engine that runs models in the thread that calls it: the child's heart, and `--in-process`
for profiling.
"""

from __future__ import annotations

import dataclasses
import errno
import functools
import logging
import platform
import sys
import traceback
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from studio.core import environment
from studio.core.artifact import Artifact
from studio.core.errors import Failure, StudioError
from studio.core.events import Cancelled, Event, Failed, Finished, Loading, Statistics
from studio.core.jobs import Job
from studio.core.paths import DataFolder
from studio.core.settings import LoadPreference, LoadStrategy, load_preference
from studio.core.settings_store import load_settings
from studio.engine.model_cache import Loaded, Pipelines
from studio.engine.protocol import (
    GROUP_FAILED,
    CancelledFor,
    Emit,
    EmitFor,
    JobCancelledError,
    JobContext,
    one_after_the_other,
)
from studio.engine.protocol import Cancelled as CancelledQuestion
from studio.engine.registry import runner_of
from studio.engine.runtime.memory import is_out_of_memory
from studio.engine.runtime.replay_filter import ReplayFilter
from studio.library import artifacts
from studio.library.results import Result
from studio.models.card import ModelCard
from studio.models.llama_cpp import PACKAGE, RUNNER
from studio.models.registry import ModelRegistry, base_among
from studio.preflight.adapters import wanted

log = logging.getLogger(__name__)
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
    memory: str = ""
    """How the model was loaded, and what was done where memory ran out."""


class LocalEngine:
    """Runs jobs here. See `protocol.Engine`. `memory`: how models are loaded, where that is not
    what the settings say.
    """

    def __init__(self, data: DataFolder, memory: LoadPreference | None = None) -> None:
        environment.prepare(data.cache / "torch")
        self._data = data
        self._registry = ModelRegistry(data)
        self._pipelines = Pipelines(
            lambda model: load_preference(model, load_settings(data), memory)
        )
        self._unsaved: OrderedDict[str, _Outcome] = OrderedDict()
        self._closed = False

    def warm_up(self, kind: str = "", model: str = "") -> None:
        """Nothing is begun here: it would hold up the thread that calls. A child calls
        `load_ahead`.
        """

    def load_ahead(self, kind: str, model: str) -> None:
        """Load a model before a job wants it. What fails is logged only: the job will say it."""
        try:
            loaded = self._pipelines.load(
                self._registry.base_of(self._registry.find(kind, model)), lambda _event: None
            )
            log.info("loaded ahead in %.1f s: %s", loaded.seconds, loaded.plan.words)
        except Exception as error:  # noqa: BLE001  boundary: nobody asked for it
            log.warning("the model used last was not loaded ahead: %s", error)

    def free_unused(self) -> float | None:
        """Free the models that nobody used for long; return in how many seconds to look again, None
        where there is nothing.
        """
        seconds = 60 * load_settings(self._data).unload_minutes
        before = self._pipelines.held
        due = self._pipelines.forget_unused(seconds) if seconds else None
        if self._pipelines.held != before:
            log.info("freed what was not used for %.0f s", seconds)
        return due

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
        _emit_end(job, emit, event)

    def generate_together(
        self, jobs: Sequence[Job], emit: EmitFor, cancelled: CancelledFor
    ) -> None:
        """Run the jobs as one batch where their kind can. See
        `protocol.Engine.generate_together`.
        """
        ended: set[str] = set()
        if len(jobs) > 1 and not any(job.id in self._unsaved for job in jobs):
            try:
                self._run_group(jobs, emit, lambda job_id: self._closed or cancelled(job_id), ended)
            # boundary: jobs that fail as a group may succeed alone
            except Exception as error:  # noqa: BLE001
                self._explain_group(error)
        one_after_the_other(self, [job for job in jobs if job.id not in ended], emit, cancelled)

    def _run_group(
        self, jobs: Sequence[Job], emit: EmitFor, cancelled: CancelledFor, ended: set[str]
    ) -> None:
        """Run the jobs in one batch. Add a job's id to `ended` when its terminal event is out,
        whatever is raised later.
        """
        generate = runner_of(jobs[0].request.kind).generate_together
        if generate is None:
            return
        card = self._registry.find(jobs[0].request.kind, jobs[0].request.model)
        for job in jobs:
            emit(job.id, Loading(phase="Preparing"))
        base = self._registry.base_of(card)
        loaded = self._pipelines.load(base, functools.partial(emit, jobs[0].id))
        runs = [
            self._run_of(
                job,
                card,
                base,
                functools.partial(emit, job.id),
                functools.partial(cancelled, job.id),
            )
            for job in jobs
        ]
        for number, result, statistics in generate(runs, loaded.pipeline):
            job = jobs[number]
            if job.id in ended:
                raise RuntimeError(f"result {number} of a group came twice")
            event = self._end_of(runs[number], loaded, result, statistics)
            ended.add(job.id)
            _emit_end(job, functools.partial(emit, job.id), event)

    def _explain_group(self, error: Exception) -> None:
        if is_out_of_memory(error):
            log.info("%s: memory ran out; they run one by one", GROUP_FAILED)
            self._pipelines.forget_all()
        elif isinstance(error, StudioError):
            log.info("%s: %s", GROUP_FAILED, error)
        else:
            log.error(
                "%s because of a fault in the program; they run one by one",
                GROUP_FAILED,
                exc_info=error,
            )

    def _end_of(
        self,
        run: JobContext,
        loaded: Loaded,
        result: Result | StudioError | JobCancelledError,
        statistics: Statistics,
    ) -> Event:
        """Save a result of a group and return the job's terminal event. Never raises: the other
        jobs go on.
        """
        if isinstance(result, JobCancelledError):
            return Cancelled()
        if isinstance(result, StudioError):
            return Failed(failure=result.failure())
        job, outcome = run.job, _Outcome(run.card, unsaved=[result])
        try:
            _note(outcome, run, loaded, statistics)
            self._save_rest(job, outcome)
        except _SaveError as error:
            if not result.partial:
                self._keep(job, outcome)
            return Failed(failure=error.failure)
        except StudioError as error:
            return Failed(failure=error.failure())
        except Exception as error:
            log.exception("the result of job %s could not be saved", job.id)
            return Failed(failure=explain(error))
        saved = tuple(outcome.saved)
        return (
            Cancelled(artifacts=saved)
            if result.partial
            else Finished(artifacts=saved, statistics=outcome.statistics)
        )

    def _run(self, job: Job, emit: Emit, cancelled: CancelledQuestion) -> Event:
        outcome = self._unsaved.pop(job.id, None)
        saved: list[Artifact] = outcome.saved if outcome else []
        try:
            if outcome is None:
                saved += _complete_results(job)
                outcome = _Outcome(self._registry.find(job.request.kind, job.request.model), saved)
                if len(saved) < job.request.result_count:
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
        # boundary: whatever a model raises becomes a failed job
        except Exception as error:  # noqa: BLE001
            return Failed(failure=explain(error), artifacts=tuple(saved))
        saved.sort(key=lambda made: made.ordinal)
        return Finished(artifacts=tuple(saved), statistics=outcome.statistics)

    def _make(self, job: Job, outcome: _Outcome, emit: Emit, cancelled: CancelledQuestion) -> None:
        retold = ReplayFilter(emit)
        base = self._registry.base_of(outcome.card)
        run = self._run_of(job, outcome.card, base, retold, cancelled)
        run = dataclasses.replace(run, done=_leading(outcome.saved))
        run.check()
        emit(Loading(phase="Preparing"))
        below: LoadStrategy | None = None
        while True:
            run.check()  # before a minute goes into loading
            loaded = self._pipelines.load(base, emit, below)
            if self._attempt(run, loaded, outcome):
                break
            below = loaded.plan.rung
            del loaded
            self._pipelines.forget_all()
            retold.again()
            run.tell("Memory ran out; the model is loaded in a way that takes less")
            run = dataclasses.replace(run, done=_leading((*outcome.saved, *outcome.unsaved)))
        if outcome.unsaved:
            self._save_rest(job, outcome)

    def _attempt(self, run: JobContext, loaded: Loaded, outcome: _Outcome) -> bool:
        """Make the results that are not there yet, and save them. Return False where memory ran out
        over it.
        """
        run.check()
        results = runner_of(run.job.request.kind).generate(run, loaded.pipeline)
        while True:
            try:
                result = next(results)
            except StopIteration as end:
                _note(outcome, run, loaded, end.value)
                return True
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                return False
            _note(outcome, run, loaded, outcome.statistics)
            self._save(run.job, outcome, result)

    def _run_of(
        self, job: Job, card: ModelCard, base: ModelCard, emit: Emit, cancelled: CancelledQuestion
    ) -> JobContext:
        """Return what a kind's file gets to know. Raises StudioError where an adapter is not there
        or does not fit.
        """
        adapters = wanted(self._registry.find, card, job.request)
        beside = [base, *(one.card for one in adapters)]
        if card.base_path:  # a motion adapter is loaded together with it
            beside.append(base_among(self._registry.list(), card))
        parts = {one.name: one.sha256 for one in beside if one.name != card.name}
        free = functools.partial(self._pipelines.forget_others, base)
        return JobContext(job, card, emit, cancelled, adapters, parts, free=free)

    def _save(self, job: Job, outcome: _Outcome, result: Result) -> None:
        if any(made.ordinal == result.ordinal for made in outcome.saved):
            return  # an earlier run of this job saved it
        try:
            outcome.saved.append(_saved(result, job, outcome))
        except OSError:
            # The rest of the job is still made: it can be saved elsewhere together with this.
            outcome.unsaved.append(result)
            if result.partial:
                raise

    def _save_rest(self, job: Job, outcome: _Outcome) -> None:
        while outcome.unsaved:
            try:
                saved = _saved(outcome.unsaved[0], job, outcome)
            except OSError as error:
                raise _SaveError(explain_save(error, job.target.folder), outcome) from error
            outcome.saved.append(saved)
            outcome.unsaved.pop(0)

    def _keep(self, job: Job, outcome: _Outcome) -> None:
        self._unsaved[job.id] = outcome
        while len(self._unsaved) > MAX_UNSAVED_JOBS:
            self._unsaved.popitem(last=False)


def _emit_end(job: Job, emit: Emit, event: Event) -> None:
    """Emit a terminal event. One that cannot be delivered becomes Failed: the job ends, and the
    next one runs.
    """
    try:
        emit(event)
    except Exception as error:
        log.exception("the end of job %s could not be reported", job.id)
        try:
            emit(Failed(failure=explain(error)))
        except Exception:
            log.exception("job %s has no end that can be reported", job.id)


def _saved(result: Result, job: Job, outcome: _Outcome) -> Artifact:
    return artifacts.save(
        result, job=job, card=outcome.card, versions=versions(outcome.card), memory=outcome.memory
    )


def _complete_results(job: Job) -> list[Artifact]:
    """Return what an earlier run of this job saved before it was interrupted; only the rest is
    generated.
    """
    try:
        return [made for made in artifacts.find_complete(job) if not made.partial]
    except (OSError, ValueError):  # removed or changed while it was read
        return []


def _leading(made: Iterable[Artifact | Result]) -> int:
    """Return how many results are there from the first one on without a gap."""
    ordinals = {one.ordinal for one in made}
    return next(number for number in range(len(ordinals) + 1) if number not in ordinals)


def _note(outcome: _Outcome, run: JobContext, loaded: Loaded, statistics: Statistics) -> None:
    """Keep how it went, for the recipe and for the person."""
    outcome.memory = ". ".join(filter(None, (loaded.plan.way, *run.notes)))
    outcome.statistics = msgspec.structs.replace(
        statistics, load_seconds=loaded.seconds, memory=loaded.plan.words, notes=tuple(run.notes)
    )


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
            cure="Choose smaller settings (size, length, count) or a smaller model, or close other "
            "programs.",
            details=_details(error),
        )
    first_line = text.strip().splitlines()[0][:200] if text.strip() else type(error).__name__
    return Failure(
        cause="unknown",
        message=f"The model could not do this: {first_line}",
        cure="Try other settings or another model; the details say more.",
        details=_details(error),
    )


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
