"""The order of waiting jobs: as they were added, as the person placed them, and those of one model
together.

Pure functions over jobs in the order of their positions; the window shows with them what
`JobStore.take_next` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from studio.core.jobs import Job

Model = tuple[str, str]
"""(kind, model): what is loaded."""
NOTHING_LOADED: Model = ("", "")
Places = dict[str, tuple[int, bool]]
"""Job id → (position, placed by hand)."""


def model_of(job: Job) -> Model:
    """Return what must be loaded for a job."""
    return job.request.kind, job.request.model


def run_order(waiting: Iterable[Job], loaded: Model | None, *, by_model: bool) -> list[Job]:
    """Return waiting jobs in the order in which they will run.

    With `by_model`, jobs that need the loaded model come first, then those of the next model in
    line and so on; but nothing is moved across a job that the person placed by hand.
    """
    if not by_model:
        return list(waiting)
    ordered: list[Job] = []
    between: dict[Model, list[Job]] = {}
    for job in waiting:
        if job.placed:
            loaded = _append(ordered, between, loaded)
            between = {}
            ordered.append(job)
            loaded = model_of(job)
        else:
            between.setdefault(model_of(job), []).append(job)
    _append(ordered, between, loaded)
    return ordered


def _append(
    ordered: list[Job], groups: dict[Model, list[Job]], loaded: Model | None
) -> Model | None:
    # The groups stand in the order of their first jobs; the one whose model is loaded goes before
    # them.
    for model in sorted(groups, key=lambda model: model != loaded):
        ordered.extend(groups[model])
        loaded = model
    return loaded


def moved(waiting: Sequence[Job], job_ids: Sequence[str], before: str | None) -> Places:
    """Return new places for waiting jobs so that `job_ids` stand before the job `before` (None: at
    the end), in their order.

    Only jobs whose place changes are in the result; the moved ones are marked as placed by hand.
    """
    wanted = set(job_ids)
    chosen = [job for job in waiting if job.id in wanted]
    rest = [job for job in waiting if job.id not in wanted]
    ids = [job.id for job in waiting]
    if before in wanted:  # dropped on one of themselves: before the next one that stays
        before = next(
            (job_id for job_id in ids[ids.index(before or "") :] if job_id not in wanted), None
        )
    at = next((number for number, job in enumerate(rest) if job.id == before), len(rest))
    positions = sorted(job.position for job in waiting)
    new = [*rest[:at], *chosen, *rest[at:]]
    return {
        job.id: (position, job.placed or job.id in wanted)
        for job, position in zip(new, positions, strict=True)
        if job.position != position or (job.id in wanted and not job.placed)
    }
