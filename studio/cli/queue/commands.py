"""`studio queue list|run|cancel|clear`."""

from __future__ import annotations

import sqlite3
from typing import Annotated

import msgspec
import typer

from studio.cli import output
from studio.cli.parser_texts import TranslatedApp
from studio.core.errors import StudioError
from studio.core.jobs import Job, JobState
from studio.core.translation import mark, tr, tr_marked, tr_plural

queue_app = TranslatedApp(no_args_is_help=True, help=tr("List, run, cancel and clear jobs."))
Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]
STATE_CELLS = 10
"""Width of a state in the list; a Chinese character takes two cells."""
_CONTEXT = "job state"
_STATES = {
    JobState.QUEUED: mark("queued", "job state"),
    JobState.RUNNING: mark("running", "job state"),
    JobState.COMPLETED: mark("completed", "job state"),
    JobState.FAILED: mark("failed", "job state"),
    JobState.CANCELLED: mark("cancelled", "job state"),
}
"""State → its word in the list."""


@queue_app.command("list", help=tr("Show all jobs, also while the window is open."))
def list_command(ctx: typer.Context, as_json: Json = False) -> None:
    """Show all jobs, also while the window is open."""
    from studio.jobs.folder_lock import holder_of
    from studio.jobs.store_rows import read_rows_readonly

    jobs, unreadable = read_rows_readonly(ctx.obj.data)
    interrupted = (
        0 if holder_of(ctx.obj.data) else sum(job.state is JobState.RUNNING for job in jobs)
    )
    if interrupted:  # no program runs them; the next start queues them again
        jobs = [_as_waiting(job) for job in jobs]
    if as_json:
        output.as_json({"jobs": jobs, "unreadable": unreadable})
        return
    for job in jobs:
        error = f"  {job.failure.message}" if job.failure else ""
        prompt = " ".join(job.request.prompt.split())[:60]
        state = _cell(tr_marked(_STATES[job.state], _CONTEXT))
        output.result(f"{job.id}  {state}{job.request.kind:8}{prompt}{error}")
    for row in unreadable:
        output.result(
            f"{row.id}  {_cell(tr('unreadable', context='job state'))} {row.kind:7} "
            + tr(
                "this version of Studio cannot read it ({state}): {reason}",
                state=row.state,
                reason=row.reason,
            )
        )
    if not jobs and not unreadable:
        output.note(tr("The queue is empty."))
    if interrupted:
        output.note(
            tr_plural(
                "1 queued job was running when Studio ended, and will run again at the next start.",
                "{count} queued jobs were running when Studio ended, and will run again at the "
                "next start.",
                interrupted,
            )
        )


def _cell(state: str) -> str:
    from rich.cells import cell_len  # it takes time to import

    return state + " " * (STATE_CELLS - cell_len(state))


def _as_waiting(job: Job) -> Job:
    return (
        msgspec.structs.replace(job, state=JobState.QUEUED)
        if job.state is JobState.RUNNING
        else job
    )


@queue_app.command("run", help=tr("Run all waiting jobs."))
def run_command(ctx: typer.Context, as_json: Json = False) -> None:
    """Run all waiting jobs."""
    from studio.cli.queue.runner import QueueRunner, with_texts

    try:
        runner = QueueRunner(ctx.obj)
        outcomes = runner.run_waiting()
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from None
    if as_json:
        output.as_json({"jobs": [with_texts(outcome) for outcome in outcomes]})
    else:
        for outcome in outcomes:
            for path in outcome.files:
                output.result(path)
            if outcome.failure is not None:
                output.note(f"{outcome.job_id}: {outcome.failure.message}")
    if runner.interrupted:
        raise typer.Exit(output.INTERRUPTED)
    raise typer.Exit(
        output.DONE if all(outcome.state == "completed" for outcome in outcomes) else output.FAILED
    )


@queue_app.command("cancel", help=tr("Cancel a waiting job."))
def cancel_command(ctx: typer.Context, job_id: str, as_json: Json = False) -> None:
    """Cancel a waiting job."""
    _change(ctx, job_id, as_json)


@queue_app.command("clear", help=tr("Remove finished jobs from the list. Their files stay."))
def clear_command(ctx: typer.Context, as_json: Json = False) -> None:
    """Remove finished jobs from the list. Their files stay."""
    _change(ctx, None, as_json)


def _change(ctx: typer.Context, job_id: str | None, as_json: bool) -> None:
    from studio.jobs.session import lock_folder
    from studio.jobs.store import JobStore
    from studio.jobs.store_connection import reason_for

    try:
        lock = lock_folder(ctx.obj.data)
        store = JobStore.open(ctx.obj.data.database)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from None
    try:
        if job_id is not None:
            job_id = job_id.encode(errors="replace").decode()  # the database needs UTF-8
            changed = (
                [job_id] if store.cancel([job_id])[0] or store.remove_unreadable(job_id) else []
            )
        else:
            changed = store.remove_over()
    except sqlite3.OperationalError as error:
        output.explain(
            StudioError(
                tr("The queue could not be changed: {reason}.", reason=reason_for(error)),
                cure=tr("Try again later."),
            )
        )
        raise typer.Exit(output.FAILED) from None
    finally:
        store.close()
        lock.unlock()
    if as_json:
        output.as_json({"jobs": changed})
    elif job_id is not None and not changed:
        output.note(tr("No waiting job has the id {id}. See `studio queue list`.", id=job_id))
    else:
        count = len(changed)
        output.note(
            tr_plural("1 job removed from the list.", "{count} jobs removed from the list.", count)
            if job_id is None
            else tr_plural("1 job cancelled.", "{count} jobs cancelled.", count)
        )
    if job_id is not None and not changed:
        raise typer.Exit(output.WRONG)
