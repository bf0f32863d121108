"""Running one kind's `generate` as an engine does, and keeping what it said."""

from __future__ import annotations

from studio.core.events import Event
from studio.core.jobs import new_job
from studio.engine.protocol import JobCancelledError, Run


class Recorder:
    """What a run said and gave."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.results = []
        self.statistics = None
        self.cancelled = False

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def run_kind(module, card, request, pipeline, cancel_after=None) -> Recorder:
    """Run it; `cancel_after(recorder)` is asked like the person's cancel."""
    recorder = Recorder()
    run = Run(new_job(request, "/nowhere"), card, recorder.events.append, lambda: bool(cancel_after and cancel_after(recorder)))
    results = module.generate(run, pipeline)
    try:
        while True:
            recorder.results.append(next(results))
    except StopIteration as end:
        recorder.statistics = end.value
    except JobCancelledError:
        recorder.cancelled = True
    return recorder
