"""Jobs, batches and artifacts in SQLite. Each method is one transaction; use it in one thread."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from studio.core.artifact import Artifact
from studio.core.errors import Failure
from studio.core.file_names import number_collisions
from studio.core.jobs import Batch, Job, JobState
from studio.jobs.eta import PastRun
from studio.jobs.schedule import Model, Places
from studio.jobs.store_batches import BatchStore
from studio.jobs.store_rows import (
    INSERT,
    OPEN,
    OVER,
    UNREADABLE,
    UnreadableJob,
    decode_row,
    failure_text,
    read_rows,
    request_text,
    to_row,
)

T = TypeVar("T")
log = logging.getLogger(__name__)
MAX_CRASHES = 2
"""A job that crashed the child this often is set aside."""

_EXISTS = "SELECT 1 FROM jobs WHERE id = ?"
_SAME_MODEL = (
    "state = 'queued' AND kind = ? AND model = ? AND position < coalesce("
    "(SELECT min(position) FROM jobs INDEXED BY jobs_placed WHERE state = 'queued' AND placed), "
    "9e18)"
)
"""Waiting jobs of a model before the first one that the user moved."""


class JobStore(BatchStore):
    """The jobs, batches and artifacts of one data folder."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        ballast: Path | None = None,
        damaged_copy: Path | None = None,
        repaired_copy: Path | None = None,
    ) -> None:
        super().__init__(connection, ballast, damaged_copy, repaired_copy)
        self.unreadable: dict[str, UnreadableJob] = {}
        """Id → a job that this version cannot read, found so far. It is kept, and does not run."""

    def add(self, jobs: Sequence[Job], batch: Batch | None = None) -> list[Job]:
        """Append jobs, and their batch, in one transaction; return them with their positions.

        Replaces a finished job with the same id: its missing results are generated under that id.
        Skips an open one. Uses the ballast on a full disk.
        """
        placed: list[Job] = []

        def write() -> None:
            placed.clear()
            with self._transaction() as connection:
                (last,) = connection.execute(
                    "SELECT coalesce(max(position), 0) FROM jobs"
                ).fetchone()
                connection.executemany(
                    f"DELETE FROM jobs WHERE id = ? AND {OVER}", ((job.id,) for job in jobs)
                )
                still_open = {
                    job.id for job in jobs if connection.execute(_EXISTS, (job.id,)).fetchone()
                }
                new = [job for job in jobs if job.id not in still_open]
                new = self._with_free_names(new, batch)
                placed.extend(
                    msgspec.structs.replace(job, position=last + number)
                    for number, job in enumerate(new, start=1)
                )
                connection.executemany(INSERT, map(to_row, placed))
                if batch is not None:
                    connection.execute(
                        "INSERT INTO batches (id, body) VALUES (?, ?)",
                        (batch.id, msgspec.json.encode(batch).decode()),
                    )

        self._with_ballast(write)
        return placed

    def _with_free_names(self, jobs: list[Job], batch: Batch | None) -> list[Job]:
        """Rename a batch's jobs if open jobs will write files with the same names."""
        if batch is None:
            return jobs
        rows = self._connection.execute(
            f"SELECT stem FROM jobs WHERE {OPEN} AND folder = ?",
            (batch.folder,),
        )
        taken = {row["stem"] for row in rows}
        if {stem.lower() for stem in taken}.isdisjoint(job.target.stem.lower() for job in jobs):
            return jobs
        counts = [job.request.result_count for job in jobs]
        stems = number_collisions(
            [job.target.stem for job in jobs], Path(batch.folder), counts, taken
        )
        return [
            msgspec.structs.replace(job, target=msgspec.structs.replace(job.target, stem=stem))
            for job, stem in zip(jobs, stems, strict=True)
        ]

    def jobs(
        self, where: str = "WHERE listed", parameters: Sequence[Any] = (), limit: int = -1
    ) -> list[Job]:
        """Return jobs in the order of their positions, by default the listed ones."""
        rows = read_rows(self._connection, where, parameters, limit)
        for job in rows.unreadable:
            self._connection.execute(
                "UPDATE jobs SET state = ? || state WHERE id = ? AND state NOT LIKE ?",
                (UNREADABLE, job.id, f"{UNREADABLE}%"),
            )
            self.unreadable[job.id] = job
        return rows.jobs

    def remove_unreadable(self, job_id: str) -> bool:
        """Delete a job that this version cannot read; return False if the id has none."""
        self.job(job_id)  # registers it in `unreadable`
        job = self.unreadable.pop(job_id, None)
        if job is not None:
            self._connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
        return job is not None

    def job(self, job_id: str) -> Job | None:
        """Return one job, or None."""
        found = self.jobs("WHERE id = ?", (job_id,))
        return found[0] if found else None

    def take_next(self, loaded: Model | None = None, max_batch: int = 1) -> list[Job]:
        """Mark the next waiting jobs as running and return them; [] if none waits.

        Returns one job, or up to `max_batch` that can run as one batch (`Request.batch_key`). With
        `loaded`, jobs of that model come first, but don't pass a job that the user moved
        (`schedule.run_order`); without it, jobs run in the order of their positions.
        """
        with self._transaction() as connection:
            first = None
            while first is None:  # reading marks an unreadable job, which then no longer waits
                head = connection.execute(
                    "SELECT id, placed FROM jobs WHERE state = 'queued' ORDER BY position LIMIT 1"
                ).fetchone()
                if head is None:
                    return []
                same = None
                if loaded is not None and not head["placed"]:
                    order = f"SELECT id FROM jobs WHERE {_SAME_MODEL} ORDER BY position LIMIT 1"
                    same = connection.execute(order, loaded).fetchone()
                first = self.job((same or head)["id"])
            chosen = [first, *self._batch_with(first, max_batch, in_order=loaded is None)]
            connection.executemany(
                "UPDATE jobs SET state = ?, started = ?, cancel_requested = 0 WHERE id = ?",
                ((JobState.RUNNING, time.time(), job.id) for job in chosen),
            )
        return [job for started in chosen if (job := self.job(started.id))]

    def _batch_with(self, first: Job, max_batch: int, *, in_order: bool) -> list[Job]:
        """Return waiting jobs that can run as one batch with the first; none after a crash."""
        key = first.request.batch_key
        if max_batch < 2 or key is None or first.crashes:
            return []
        matching = [
            job
            for job in self._candidates(first, max_batch, in_order=in_order)
            if job.request.batch_key == key and not job.crashes
        ]
        return matching[: max_batch - 1]

    def _candidates(self, first: Job, max_batch: int, *, in_order: bool) -> list[Job]:
        if not in_order:
            model = (first.request.kind, first.request.model, first.position)
            return self.jobs(f"WHERE {_SAME_MODEL} AND position > ?", model, limit=4 * max_batch)
        after = self.jobs(
            "WHERE state = 'queued' AND position > ?", (first.position,), limit=max_batch
        )
        return list(takewhile(lambda job: job.request.batch_key == first.request.batch_key, after))

    def place(self, places: Places) -> list[Job]:
        """Give waiting jobs new places and return them; a job that has started keeps its place."""
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE jobs SET position = ?, placed = ? WHERE id = ? AND state = 'queued'",
                ((position, int(placed), job_id) for job_id, (position, placed) in places.items()),
            )
        return [job for job_id in places if (job := self.job(job_id))]

    def remove(self, job_ids: Sequence[str]) -> list[Job]:
        """Delete jobs that are not running, and return them for `restore`. Keeps their files.

        Rows of a batch are only unlisted, since its report names them; waiting ones are cancelled.
        """
        jobs = [
            job
            for job_id in job_ids
            if (job := self.job(job_id)) and job.state is not JobState.RUNNING
        ]
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE jobs SET listed = 0, "
                "ended = CASE state WHEN 'queued' THEN ? ELSE ended END, "
                "state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END "
                "WHERE id = ? AND state <> 'running' AND batch <> ''",
                ((time.time(), job.id) for job in jobs),
            )
            connection.executemany(
                "DELETE FROM jobs WHERE id = ? AND state <> 'running' AND batch = ''",
                ((job.id,) for job in jobs),
            )
        return jobs

    def restore(self, jobs: Sequence[Job]) -> list[Job]:
        """List removed jobs again, at their positions."""
        with self._transaction() as connection:
            listed = "SELECT 1 FROM jobs WHERE id = ? AND listed"
            restored = [job for job in jobs if not connection.execute(listed, (job.id,)).fetchone()]
            connection.executemany("DELETE FROM jobs WHERE id = ?", ((job.id,) for job in restored))
            connection.executemany(INSERT, map(to_row, restored))
        return restored

    def replace(self, job: Job) -> Job | None:
        """Replace the request and target of a waiting job; return None if it has started."""
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE jobs SET request = ?, model = ?, folder = ?, stem = ? WHERE id = ? AND "
                "state = 'queued' AND kind = ?",
                (
                    request_text(job),
                    job.request.model,
                    job.target.folder,
                    job.target.stem,
                    job.id,
                    job.request.kind,
                ),
            ).rowcount
        return self.job(job.id) if changed else None

    def past_runs(self) -> list[PastRun]:
        """Return the durations of completed jobs, oldest first."""
        rows = self._connection.execute(
            "SELECT kind, model, work, seconds FROM past_runs "
            "WHERE work BETWEEN 0 AND 1e15 AND seconds BETWEEN 0 AND 1e9 ORDER BY ended"
        )
        return [PastRun(row["kind"], row["model"], row["work"], row["seconds"]) for row in rows]

    def end(
        self,
        job_id: str,
        state: JobState,
        *,
        failure: Failure | None = None,
        artifacts: Iterable[Artifact] = (),
        past: PastRun | None = None,
    ) -> Job | None:
        """Store the end of a job with its artifacts in one transaction; None if it was removed."""

        def write() -> None:
            with self._transaction() as connection:
                connection.execute(
                    "UPDATE jobs SET state = ?, ended = ?, failure = ? WHERE id = ?",
                    (state, time.time(), failure_text(failure), job_id),
                )
                if past is not None:
                    connection.execute(
                        "INSERT INTO past_runs VALUES (?, ?, ?, ?, ?)",
                        (time.time(), *msgspec.structs.astuple(past)),
                    )
                _index(connection, artifacts)

        self._with_ballast(write)
        return self.job(job_id)

    def requeue(self, job_id: str, *, crashed: bool = False, folder: str = "") -> Job | None:
        """Let a job wait again at its place, with its seed; `folder` changes where it saves."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, started = 0, ended = 0, failure = NULL, "
                "cancel_requested = 0, crashes = crashes + ?, folder = coalesce(?, folder) "
                "WHERE id = ?",
                (JobState.QUEUED, int(crashed), folder or None, job_id),
            )
        return self.job(job_id)

    def retry(self, job_ids: Sequence[str], folder: str = "") -> list[Job]:
        """Let failed and cancelled jobs wait again; their crashes are forgotten."""
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE jobs SET crashes = 0 WHERE id = ? AND state IN ('failed', 'cancelled')",
                ((job_id,) for job_id in job_ids),
            )
        requeued = []
        for job_id in job_ids:
            job = self.job(job_id)
            if job is not None and job.state in (JobState.FAILED, JobState.CANCELLED):
                job = self.requeue(job_id, folder=folder)
                requeued.extend([job] if job else [])
        return requeued

    def cancel(self, job_ids: Sequence[str]) -> tuple[list[Job], list[str]]:
        """Cancel waiting jobs, and record the request for running ones.

        Returns the cancelled jobs and the ids of the running ones.
        """
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE jobs SET cancel_requested = 1 WHERE id = ? AND state = 'running'",
                ((i,) for i in job_ids),
            )
            waiting = [
                job_id
                for job_id in job_ids
                if connection.execute(
                    "UPDATE jobs SET state = 'cancelled', ended = ? WHERE id = ? AND state = "
                    "'queued'",
                    (time.time(), job_id),
                ).rowcount
            ]
        cancelled = [job for job_id in waiting if (job := self.job(job_id))]
        chosen = set(job_ids)
        running = [job.id for job in self.jobs("WHERE state = 'running'") if job.id in chosen]
        return cancelled, running

    def remove_over(self) -> list[str]:
        """Delete finished jobs from the queue and return their ids. Keeps files and index."""
        with self._transaction() as connection:
            single = connection.execute(
                f"DELETE FROM jobs WHERE {OVER} AND listed AND batch = '' RETURNING id"
            ).fetchall()
            of_batches = connection.execute(
                f"UPDATE jobs SET listed = 0 WHERE {OVER} AND listed RETURNING id"
            ).fetchall()
        return [row["id"] for row in (*single, *of_batches)]

    def artifacts(self, job_id: str) -> list[Artifact]:
        """Return a job's artifacts in order."""
        rows = self._connection.execute(
            "SELECT body FROM artifacts WHERE job_id = ? ORDER BY ordinal", (job_id,)
        )
        return [artifact for row in rows if (artifact := decode_row(row["body"], Artifact))]

    def was_interrupted(self) -> bool:
        """Return True if a job is marked as running: the program was killed."""
        return (
            self._connection.execute(
                "SELECT 1 FROM jobs WHERE state = 'running' LIMIT 1"
            ).fetchone()
            is not None
        )

    def recover(self, find_complete: Callable[[Job], list[Artifact]]) -> list[Job]:
        """Settle jobs that ran when the program was killed, by their files; return them.

        Complete files with the job's id make it completed; a requested cancel makes it cancelled;
        any other job waits again with the same seed. A kill of the program doesn't count as a
        crash.
        """
        settled = []
        for job in self.jobs("WHERE state = 'running'"):
            artifacts = find_complete(job)
            (cancel_requested,) = self._connection.execute(
                "SELECT cancel_requested FROM jobs WHERE id = ?", (job.id,)
            ).fetchone()
            complete = [artifact for artifact in artifacts if not artifact.partial]
            if len(complete) >= job.request.result_count:
                stored = self.end(job.id, JobState.COMPLETED, artifacts=complete)
            elif cancel_requested or len(complete) < len(artifacts):
                stored = self.end(job.id, JobState.CANCELLED, artifacts=artifacts)
            else:
                stored = self.requeue(job.id)
            settled.extend([stored] if stored else [])
        return settled


def _index(connection: sqlite3.Connection, artifacts: Iterable[Artifact]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO artifacts (path, job_id, ordinal, body) VALUES (?, ?, ?, ?)",
        ((a.path, a.job_id, a.ordinal, msgspec.json.encode(a).decode()) for a in artifacts),
    )
