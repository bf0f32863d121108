"""The engine that runs models in the calling thread: the core of the child, and `--in-process`."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections import OrderedDict
from collections.abc import Sequence

from studio.core import environment
from studio.core.artifact import Artifact
from studio.core.errors import Failure, StudioError
from studio.core.events import AnyEvent, Cancelled, Failed, Finished, JobEvent, Loading, Statistics
from studio.core.jobs import Job
from studio.core.paths import DataFolder
from studio.core.settings import (
    LoadPreference,
    LoadStrategy,
    load_preference,
)
from studio.core.settings_store import load_settings
from studio.core.translation import mark, tr
from studio.engine.failures import explain
from studio.engine.model_cache import Loaded, PipelineCache
from studio.engine.outcome import JobOutcome, SaveError, complete_results, leading_count
from studio.engine.protocol import (
    BATCH_FAILED,
    CancelCheck,
    Emit,
    EmitEvent,
    IsCancelled,
    JobCancelledError,
    JobContext,
    UnusableResultError,
)
from studio.engine.registry import runner_of
from studio.engine.runtime.device import use_device_settings
from studio.engine.runtime.memory import OutOfMemoryGuard, is_out_of_memory
from studio.engine.runtime.replay_filter import ReplayFilter
from studio.library.encoders import FileOptions
from studio.library.results import Result
from studio.library.thumbnails.cache import ThumbnailCache
from studio.models.card import ModelCard
from studio.models.registry import ModelRegistry, base_among
from studio.preflight.adapters import resolve_adapters

log = logging.getLogger(__name__)
MAX_UNSAVED_JOBS = 4
"""Results of this many jobs that could not be saved are kept in memory."""


class LocalEngine:
    """Runs jobs in the calling thread. See `protocol.Engine`.

    `memory`: how models are loaded, if not as the settings say.
    """

    def __init__(self, data: DataFolder, memory: LoadPreference | None = None) -> None:
        environment.prepare(data.cache / "torch")
        use_device_settings(load_settings(data))
        self._data = data
        self._registry = ModelRegistry(data)
        self._thumbnails = ThumbnailCache(data.thumbnails)
        self._pipelines = PipelineCache(
            lambda model: load_preference(model, load_settings(data), memory)
        )
        self._unsaved: OrderedDict[str, JobOutcome] = OrderedDict()
        self._closed = False

    def _outcome(self, card: ModelCard, saved: list[Artifact], unsaved: list[Result]) -> JobOutcome:
        """Return an outcome that appends to these lists."""
        settings = load_settings(self._data)
        return JobOutcome(
            card,
            saved,
            unsaved,
            options=FileOptions(settings.compressed_quality, settings.recipe_in_files),
            thumbnails=self._thumbnails,
        )

    def warm_up(self, kind: str = "", model: str = "") -> None:
        """Do nothing: it would block the calling thread. The child calls `load_ahead`."""

    def load_ahead(self, kind: str, model: str) -> None:
        """Load a model before a job needs it. Failures are only logged: the job reports them."""
        try:
            loaded = self._pipelines.load(
                self._registry.base_of(self._registry.find(kind, model)), lambda _event: None
            )
            log.info("loaded ahead in %.1f s: %s", loaded.seconds, loaded.plan.recorded)
        except Exception as error:  # noqa: BLE001  boundary: no job waits for it
            log.warning("the model used last was not loaded ahead: %s", error)

    def free_unused(self) -> float | None:
        """Free models that have not been used for long.

        Returns the seconds until the next one is due, None if no model is loaded.
        """
        seconds = 60 * load_settings(self._data).unload_minutes
        before = self._pipelines.resident
        due = self._pipelines.evict_unused(seconds) if seconds else None
        if self._pipelines.resident != before:
            log.info("freed what was not used for %.0f s", seconds)
        return due

    def close(self) -> None:
        """Free the models; a running job ends with Cancelled."""
        self._closed = True
        self._pipelines.evict_all()
        self._thumbnails.close()

    def run(self, jobs: Sequence[Job], emit: Emit, is_cancelled: IsCancelled) -> None:
        """Run the jobs, as one batch if their runner can. See `protocol.Engine.run`."""

        def stopped(job_id: str) -> bool:
            return self._closed or is_cancelled(job_id)

        ended: set[str] = set()
        if len(jobs) > 1 and not any(job.id in self._unsaved for job in jobs):
            try:
                self._run_batch(jobs, emit, stopped, ended)
            # boundary: jobs that fail as a batch may succeed one by one
            except Exception as error:  # noqa: BLE001
                self._log_batch_error(error)
        for job in jobs:
            if job.id not in ended:
                self._run_alone(job, _emit_of(job, emit), functools.partial(stopped, job.id))

    # One job
    # ------------------------------------------------------------------

    def _run_alone(self, job: Job, emit: EmitEvent, is_cancelled: CancelCheck) -> None:
        event = self._run_to_end(job, emit, is_cancelled)
        if isinstance(event, Failed) and event.failure.cause == "memory":
            # Here, not where it was caught: the exception's frames keep the memory alive.
            self._pipelines.evict_all()
        _emit_end(job, emit, event)

    def _run_to_end(self, job: Job, emit: EmitEvent, is_cancelled: CancelCheck) -> AnyEvent:
        """Run a job and return its terminal event. Never raises."""
        outcome = self._unsaved.pop(job.id, None)
        saved: list[Artifact] = outcome.saved if outcome else []
        try:
            if outcome is None:
                saved += complete_results(job)
                card = self._registry.find(job.request.kind, job.request.model)
                outcome = self._outcome(card, saved, [])
                if len(saved) < job.request.result_count:
                    self._generate(job, outcome, emit, is_cancelled)
            outcome.save_rest(job)
        except JobCancelledError:
            return Cancelled(artifacts=tuple(saved))
        except StudioError as error:
            return Failed(failure=error.failure(), artifacts=tuple(saved))
        except SaveError as error:
            assert outcome is not None
            self._keep_unsaved(job, outcome)
            return Failed(failure=error.failure, artifacts=tuple(saved))
        # boundary: whatever a model raises becomes a failed job
        except Exception as error:  # noqa: BLE001
            return Failed(failure=explain(error), artifacts=tuple(saved))
        saved.sort(key=lambda artifact: artifact.ordinal)
        return Finished(artifacts=tuple(saved), statistics=outcome.statistics)

    def _generate(
        self, job: Job, outcome: JobOutcome, emit: EmitEvent, is_cancelled: CancelCheck
    ) -> None:
        """Generate the missing results; when memory runs out, load the model so that it needs less.

        Raises what the runner raises.
        """
        replay_filter = ReplayFilter(emit)
        base = self._registry.base_of(outcome.card)
        context = self._context_of(job, outcome.card, base, replay_filter, is_cancelled)
        context = dataclasses.replace(context, completed_results=leading_count(outcome.saved))
        context.check()
        emit(Loading(phase=tr("Preparing")))
        less_than: LoadStrategy | None = None
        while True:
            context.check()  # loading can take a minute
            loaded = self._pipelines.load(base, emit, less_than)
            if self._try_generate(context, loaded, outcome):
                return
            less_than = loaded.plan.strategy
            del loaded
            self._pipelines.evict_all()
            replay_filter.restart()
            context.note(mark("Memory ran out; the model is loaded in a way that takes less"))
            completed = leading_count((*outcome.saved, *outcome.unsaved))
            context = dataclasses.replace(context, completed_results=completed)

    def _try_generate(self, context: JobContext, loaded: Loaded, outcome: JobOutcome) -> bool:
        """Generate the missing results and save them. Return False if memory ran out."""
        context.check()
        results = runner_of(context.job.request.kind).generate(context, loaded.pipeline)
        while True:
            with OutOfMemoryGuard() as guard:
                try:
                    result = next(results)
                except StopIteration as end:
                    outcome.record(context, loaded, end.value)
                    return True
            if guard.ran_out:
                return False
            outcome.record(context, loaded, outcome.statistics)
            outcome.save(context.job, result)

    def _context_of(
        self,
        job: Job,
        card: ModelCard,
        base: ModelCard,
        emit: EmitEvent,
        is_cancelled: CancelCheck,
    ) -> JobContext:
        """Return the runner's view of a job.

        Raises StudioError if an adapter is missing or does not fit.
        """
        adapters = resolve_adapters(self._registry.find, card, job.request)
        cards = [base, *(adapter.card for adapter in adapters)]
        if card.base_path:  # a motion adapter is loaded together with it
            cards.append(base_among(self._registry.list(), card))
        hashes = {other.name: other.sha256 for other in cards if other.name != card.name}
        free_memory = functools.partial(self._pipelines.evict_others, base)

        def load_model(kind: str, name: str) -> tuple[ModelCard, object]:
            other = self._registry.base_of(self._registry.find(kind, name))
            return other, self._pipelines.load(other, emit).pipeline

        context = JobContext(job, card, emit, is_cancelled, adapters, hashes)
        return dataclasses.replace(context, free_memory=free_memory, load_model=load_model)

    def _keep_unsaved(self, job: Job, outcome: JobOutcome) -> None:
        self._unsaved[job.id] = outcome
        while len(self._unsaved) > MAX_UNSAVED_JOBS:
            self._unsaved.popitem(last=False)

    # Several jobs as one batch
    # ------------------------------------------------------------------

    def _run_batch(
        self, jobs: Sequence[Job], emit: Emit, is_cancelled: IsCancelled, ended: set[str]
    ) -> None:
        """Run the jobs as one batch, if their runner can.

        Adds a job's id to `ended` once its terminal event is emitted, even if this raises later.
        """
        run_batch = runner_of(jobs[0].request.kind).run_batch
        if run_batch is None:
            return
        card = self._registry.find(jobs[0].request.kind, jobs[0].request.model)
        emits = [_emit_of(job, emit) for job in jobs]
        for emit_event in emits:
            emit_event(Loading(phase=tr("Preparing")))
        base = self._registry.base_of(card)
        loaded = self._pipelines.load(base, emits[0])
        contexts = [
            self._context_of(job, card, base, emit_event, functools.partial(is_cancelled, job.id))
            for job, emit_event in zip(jobs, emits, strict=True)
        ]
        for number, result, statistics in run_batch(contexts, loaded.pipeline):
            job = jobs[number]
            if job.id in ended:
                raise RuntimeError(f"result {number} of a batch came twice")
            event = self._end_of(contexts[number], loaded, result, statistics)
            ended.add(job.id)
            _emit_end(job, emits[number], event)

    def _end_of(
        self,
        context: JobContext,
        loaded: Loaded,
        result: Result | StudioError | JobCancelledError,
        statistics: Statistics,
    ) -> AnyEvent:
        """Save a result of a batch and return its job's terminal event.

        A fault of the program goes up to `run`, which runs this job and the rest one by one.
        """
        if isinstance(result, JobCancelledError):
            return Cancelled()
        failure: Failure | None = None
        if isinstance(result, UnusableResultError):
            failure, result = result.failure(), result.result
        if isinstance(result, StudioError):
            return Failed(failure=result.failure())
        job, outcome = (
            context.job,
            self._outcome(context.card, [], [result]),
        )
        try:
            outcome.record(context, loaded, statistics)
            outcome.save_rest(job)
        except SaveError as error:
            if not result.partial:
                self._keep_unsaved(job, outcome)
            return Failed(failure=error.failure)
        except StudioError as error:
            return Failed(failure=error.failure())
        saved = tuple(outcome.saved)
        if failure is not None:
            return Failed(failure=failure, artifacts=saved)
        if result.partial:
            return Cancelled(artifacts=saved)
        return Finished(artifacts=saved, statistics=outcome.statistics)

    def _log_batch_error(self, error: Exception) -> None:
        if is_out_of_memory(error):
            log.info("%s: memory ran out; they run one by one", BATCH_FAILED)
            self._pipelines.evict_all()
        elif isinstance(error, StudioError):
            log.info("%s: %s", BATCH_FAILED, error)
        else:
            log.error(
                "%s because of a fault in the program; they run one by one",
                BATCH_FAILED,
                exc_info=error,
            )


def _emit_of(job: Job, emit: Emit) -> EmitEvent:
    """Return what passes on the events of one job."""
    return lambda event: emit(JobEvent(job.id, event))


def _emit_end(job: Job, emit: EmitEvent, event: AnyEvent) -> None:
    """Emit a terminal event; if it cannot be delivered, emit Failed, so that the next job runs."""
    error = _try_emit(job, emit, event)
    if error is not None:
        _try_emit(job, emit, Failed(failure=explain(error)))


def _try_emit(job: Job, emit: EmitEvent, event: AnyEvent) -> Exception | None:
    """Emit an event; return what was raised, which is logged."""
    try:
        emit(event)
    # boundary: the engine goes on with the next job
    except Exception as error:
        log.exception("job %s: %s could not be reported", job.id, type(event).__name__)
        return error
    return None
