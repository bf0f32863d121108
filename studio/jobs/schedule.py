"""The run order of waiting jobs: by position, with the jobs of one model together.

Pure functions over jobs in the order of their positions. The window shows with them the order that
`JobStore.take_next` follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from studio.core.jobs import Job

Model = tuple[str, str]
"""(kind, model) of a job."""
NOTHING_LOADED: Model = ("", "")
Places = dict[str, tuple[int, bool]]
"""Job id → (position, moved by the user)."""


def model_of(job: Job) -> Model:
    """Return the model that a job needs."""
    return job.request.kind, job.request.model


def run_order(waiting: Iterable[Job], loaded: Model | None, *, by_model: bool) -> list[Job]:
    """Return waiting jobs in the order in which they will run.

    With `by_model`, jobs of the loaded model come first, then those of the next model, and so on;
    no job passes one that the user moved.
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
    ordered: list[Job], groups: Mapping[Model, list[Job]], loaded: Model | None
) -> Model | None:
    # Groups are in the order of their first jobs; the loaded model's group comes first.
    for model in sorted(groups, key=lambda model: model != loaded):
        ordered.extend(groups[model])
        loaded = model
    return loaded


def moved(waiting: Sequence[Job], job_ids: Sequence[str], before: str | None) -> Places:
    """Return new places for `job_ids` before the job `before`, or at the end for None.

    Contains only jobs whose place changes; the moved ones are marked as moved by the user.
    """
    wanted = set(job_ids)
    chosen = [job for job in waiting if job.id in wanted]
    rest = [job for job in waiting if job.id not in wanted]
    ids = [job.id for job in waiting]
    if before in wanted:  # dropped on one of the moved jobs: use the next other one
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
