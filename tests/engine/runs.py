"""Runs jobs in an engine, or one job as `LocalEngine` does, and collects the events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from studio.core.events import AudioChunk, Event, Progress, Statistics
from studio.core.jobs import new_job
from studio.core.requests import Request
from studio.engine.protocol import JobCancelledError, JobContext
from studio.models.card import ModelCard


def run_one(engine, job, emit, is_cancelled=lambda: False) -> None:
    """Run one job in an engine; `emit` takes its events, without the job's id."""
    engine.run([job], lambda event: emit(event.event), lambda _job_id: is_cancelled())


@dataclass
class Outcome:
    events: list[Event] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    statistics: Statistics | None = None
    cancelled: bool = False
    notes: list[str] = field(default_factory=list)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def chunks(self) -> list[AudioChunk]:
        return [event for event in self.events if isinstance(event, AudioChunk)]

    @property
    def progress(self) -> list[Progress]:
        return [event for event in self.events if isinstance(event, Progress)]


def run_job(
    kind, card: ModelCard, pipeline, request: Request, cancelled=lambda _outcome: False
) -> Outcome:
    """Run one job in a runner. `cancelled` is called with the outcome so far."""
    outcome = Outcome()
    context = JobContext(
        new_job(request, "/nowhere"),
        card,
        outcome.events.append,
        lambda: cancelled(outcome),
        notes=outcome.notes,
    )
    results = kind.generate(context, pipeline)
    try:
        while True:
            outcome.results.append(next(results))
    except StopIteration as end:
        outcome.statistics = end.value
    except JobCancelledError:
        outcome.cancelled = True
    return outcome
