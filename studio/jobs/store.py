"""Jobs in SQLite: plain functions over one connection, each one transaction. Called in one thread
(see `journal.py`).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
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
from studio.jobs.store_rows import (
    INSERT,
    UNREADABLE,
    UnreadableJob,
    failure_text,
    read_rows,
    request_text,
    to_row,
)
from studio.library.database import open_database

T = TypeVar("T")
log = logging.getLogger(__name__)
LOCK_SECONDS = 60.0
"""How long a change by the queue waits while another program has locked the database."""
START_LOCK_SECONDS = 5.0
"""The same for a start or a short command, which a person waits for."""
LOCK_POLL_MS = 500

MAX_CRASHES = 2
"""A job that took the child down this often is set aside."""

MAX_PAST_RUNS = 2_000
"""What estimates are made from; older ones are forgotten."""


_IS_THERE = "SELECT 1 FROM jobs WHERE id = ?"
_SAME_MODEL = (
    "state = 'queued' AND kind = ? AND model = ? AND position < coalesce("
    "(SELECT min(position) FROM jobs INDEXED BY jobs_placed WHERE state = 'queued' AND placed), "
    "9e18)"
)
"""Waiting jobs of a model before the first one that was placed by hand."""


class JobStore:
    """The jobs, batches and artifacts of one data folder."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        ballast: Path | None = None,
        kept_aside: Path | None = None,
        repaired: Path | None = None,
    ) -> None:
        self._connection = connection
        self._ballast = ballast
        self.kept_aside = kept_aside
        """Where a damaged database is kept; this one is new."""
        self.repaired = repaired
        """The copy of a database in which tables were missing; they were made again."""
        self.unreadable: dict[str, UnreadableJob] = {}
        """Id → a job that this version cannot read, of those that were seen so far. It is kept, and
        does not run.
        """
        self.lock_seconds = START_LOCK_SECONDS
        """How long a change waits for a database that another program has locked."""
        self.closing = threading.Event()
        """Set from any thread: changes no longer wait for a database that another program has
        locked.
        """
        connection.execute(f"PRAGMA busy_timeout = {LOCK_POLL_MS}")

    @classmethod
    def open(cls, path: Path, ballast: Path | None = None) -> JobStore:
        """Open or create the database at `path`. Raises StudioError."""
        damaged: list[Path] = []
        repaired: list[Path] = []
        connection = open_database(path, damaged.append, repaired.append)
        try:
            _tidy(connection)
        except sqlite3.OperationalError as error:  # locked, or a full disk: a later start tidies up
            log.warning("old entries of the queue are not removed now: %s", error)
        return cls(connection, ballast, next(iter(damaged), None), next(iter(repaired), None))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._begin()
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _begin(self) -> None:
        """Begin a transaction; wait while another program has locked the database."""
        deadline = time.monotonic() + self.lock_seconds
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or self.closing.is_set() or time.monotonic() > deadline:
                    raise

    def add(self, jobs: Sequence[Job], batch: Batch | None = None) -> list[Job]:
        """Append jobs (and their batch) in one transaction; return them with their positions.

        A job that is in the queue already, and over, is replaced: what is missing of it runs again
        under its id. One that is open stays as it is, and is not returned. On a full disk the
        ballast makes room.
        """
        placed: list[Job] = []

        def write() -> None:
            placed.clear()
            with self._transaction() as connection:
                last = connection.execute("SELECT coalesce(max(position), 0) FROM jobs").fetchone()[
                    0
                ]
                over = (
                    "DELETE FROM jobs WHERE id = ? AND state IN ('completed', 'failed', "
                    "'cancelled')"
                )
                connection.executemany(over, ((job.id,) for job in jobs))
                is_open = {
                    job.id for job in jobs if connection.execute(_IS_THERE, (job.id,)).fetchone()
                }
                new = self._with_free_names([job for job in jobs if job.id not in is_open], batch)
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

        self._with_room(write)
        return placed

    def _with_free_names(self, jobs: Sequence[Job], batch: Batch | None) -> Sequence[Job]:
        """Give a batch's jobs other names where open jobs will write those; no plan sees files that
        are not there yet.
        """
        if batch is None:
            return jobs
        rows = self._connection.execute(
            "SELECT stem FROM jobs WHERE state IN ('queued', 'running') AND folder = ?",
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
        """Return the listed jobs, or others, in the order of their positions."""
        rows = read_rows(self._connection, where, parameters, limit)
        for job in rows.unreadable:
            self._connection.execute(
                "UPDATE jobs SET state = ? || state WHERE id = ? AND state NOT LIKE ?",
                (UNREADABLE, job.id, f"{UNREADABLE}%"),
            )
            self.unreadable[job.id] = job
        return rows.jobs

    def remove_unreadable(self, job_id: str) -> bool:
        """Forget a job that this version cannot read, as the person wants; False where there is
        none of this id.
        """
        self.job(job_id)  # marks it
        found = self.unreadable.pop(job_id, None)
        if found is not None:
            self._connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
        return found is not None

    def job(self, job_id: str) -> Job | None:
        """Return one job, or None."""
        found = self.jobs("WHERE id = ?", (job_id,))
        return found[0] if found else None

    def take_next(self, loaded: Model | None = None, together: int = 1) -> list[Job]:
        """Mark the next waiting jobs as running and return them; none when none waits.

        With `loaded`, a job of that model goes before others, but not across one that was placed by
        hand (`schedule.run_order`); without, the order of positions holds. It is one job, or up to
        `together` that can run as one batch (`Request.batch_key`).
        """
        with self._transaction() as connection:
            first = None
            while (
                first is None
            ):  # a job that this version cannot read is marked, and no longer waits
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
            chosen = [first, *self._beside(first, together, in_line=loaded is None)]
            connection.executemany(
                "UPDATE jobs SET state = ?, started = ?, cancel_requested = 0 WHERE id = ?",
                ((JobState.RUNNING, time.time(), job.id) for job in chosen),
            )
        return [job for taken in chosen if (job := self.job(taken.id))]

    def _beside(self, first: Job, together: int, *, in_line: bool) -> list[Job]:
        """Return the next waiting jobs that can run in one batch with the first. One that took the
        engine down runs alone.
        """
        key = first.request.batch_key
        if together < 2 or key is None or first.crashes:
            return []
        fits = [
            job
            for job in self._near(first, together, in_line=in_line)
            if job.request.batch_key == key and not job.crashes
        ]
        return fits[: together - 1]

    def _near(self, first: Job, together: int, *, in_line: bool) -> list[Job]:
        if not in_line:
            same = (first.request.kind, first.request.model)
            return self.jobs(
                f"WHERE {_SAME_MODEL} AND position > ?", (*same, first.position), limit=4 * together
            )
        after = self.jobs(
            "WHERE state = 'queued' AND position > ?", (first.position,), limit=together
        )
        return list(takewhile(lambda job: job.request.batch_key == first.request.batch_key, after))

    def place(self, places: Places) -> list[Job]:
        """Give waiting jobs other places. Returns them; one that has begun meanwhile stays where it
        is.
        """
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE jobs SET position = ?, placed = ? WHERE id = ? AND state = 'queued'",
                ((position, int(placed), job_id) for job_id, (position, placed) in places.items()),
            )
        return [job for job_id in places if (job := self.job(job_id))]

    def remove(self, job_ids: Sequence[str]) -> list[Job]:
        """Forget jobs that do not run; their files stay. Returns them, for `restore`.

        A batch's rows are only no longer listed, because its report will name them; those that
        waited as cancelled.
        """
        found = [
            job
            for job_id in job_ids
            if (job := self.job(job_id)) and job.state is not JobState.RUNNING
        ]
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE jobs SET listed = 0, ended = CASE state WHEN 'queued' THEN ? ELSE ended "
                "END,"
                " state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END"
                " WHERE id = ? AND state <> 'running' AND batch <> ''",
                ((time.time(), job.id) for job in found),
            )
            connection.executemany(
                "DELETE FROM jobs WHERE id = ? AND state <> 'running' AND batch = ''",
                ((job.id,) for job in found),
            )
        return found

    def restore(self, jobs: Sequence[Job]) -> list[Job]:
        """List removed jobs again, where they were."""
        with self._transaction() as connection:
            listed = "SELECT 1 FROM jobs WHERE id = ? AND listed"
            back = [job for job in jobs if not connection.execute(listed, (job.id,)).fetchone()]
            connection.executemany("DELETE FROM jobs WHERE id = ?", ((job.id,) for job in back))
            connection.executemany(INSERT, map(to_row, back))
        return back

    def replace(self, job: Job) -> Job | None:
        """Give a waiting job another request and target. Returns None where it has begun
        meanwhile.
        """
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
        """Return what is known about how long jobs took, the oldest first."""
        rows = self._connection.execute(
            "SELECT kind, model, work, seconds FROM past_runs WHERE work BETWEEN 0 AND 1e15 AND "
            "seconds BETWEEN 0 AND 1e9"
            " ORDER BY ended"
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
        """Record how a job ended, with its artifacts, in one transaction. Returns None where it was
        removed meanwhile.
        """

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

        self._with_room(write)
        return self.job(job_id)

    def requeue(self, job_id: str, *, crashed: bool = False, folder: str = "") -> Job | None:
        """Let a job wait again, at its old place and with its own seed; `folder` gives its
        artifacts another place.
        """
        with self._transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, started = 0, ended = 0, failure = NULL, "
                "cancel_requested = 0,"
                " crashes = crashes + ?, folder = coalesce(?, folder) WHERE id = ?",
                (JobState.QUEUED, int(crashed), folder or None, job_id),
            )
        return self.job(job_id)

    def retry(self, job_ids: Sequence[str], folder: str = "") -> list[Job]:
        """Let failed and cancelled jobs wait again, with a clean record."""
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE jobs SET crashes = 0 WHERE id = ? AND state IN ('failed', 'cancelled')",
                ((job_id,) for job_id in job_ids),
            )
        again = []
        for job_id in job_ids:
            job = self.job(job_id)
            if job is not None and job.state in (JobState.FAILED, JobState.CANCELLED):
                requeued = self.requeue(job_id, folder=folder)
                again.extend([requeued] if requeued else [])
        return again

    def cancel(self, job_ids: Sequence[str]) -> tuple[list[Job], list[str]]:
        """Cancel waiting jobs; note the wish for a running one. Returns the cancelled jobs and the
        ids of running ones.
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
        """Forget jobs that are over; their files and index entries stay. Returns their ids."""
        over = "state IN ('completed', 'failed', 'cancelled') AND listed"
        with self._transaction() as connection:
            alone = connection.execute(
                f"DELETE FROM jobs WHERE {over} AND batch = '' RETURNING id"
            ).fetchall()
            rows = connection.execute(
                f"UPDATE jobs SET listed = 0 WHERE {over} RETURNING id"
            ).fetchall()
        return [row["id"] for row in (*alone, *rows)]

    def artifacts(self, job_id: str) -> list[Artifact]:
        """Return a job's artifacts in order."""
        rows = self._connection.execute(
            "SELECT body FROM artifacts WHERE job_id = ? ORDER BY ordinal", (job_id,)
        )
        return [artifact for row in rows if (artifact := _decode(row["body"], Artifact))]

    def ended_batch(self, batch_id: str) -> Batch | None:
        """Return the batch where its last job is over and `mark_finished` was not called yet; else
        None.
        """
        still_open = "SELECT 1 FROM jobs WHERE batch = ? AND state IN ('queued', 'running') LIMIT 1"
        if self._connection.execute(still_open, (batch_id,)).fetchone():
            return None
        row = self._connection.execute(
            "SELECT body FROM batches WHERE id = ? AND finished = 0", (batch_id,)
        ).fetchone()
        return _decode(row["body"], Batch) if row else None

    def mark_finished(self, batch_id: str) -> None:
        """Record that the files of a batch that ended are on disk. Not before: a kill in between
        would lose them.
        """

        def write() -> None:
            with self._transaction() as connection:
                connection.execute("UPDATE batches SET finished = 1 WHERE id = ?", (batch_id,))

        self._with_room(write)

    def left_batches(self) -> list[str]:
        """Return the batches whose jobs are all over, but whose files may be missing: a kill or a
        full disk came in between.
        """
        rows = self._connection.execute(
            "SELECT id FROM batches WHERE finished = 0 AND EXISTS (SELECT 1 FROM jobs WHERE batch "
            "= batches.id)"
            " AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch = batches.id AND state IN ('queued', "
            "'running'))"
        )
        return [row["id"] for row in rows]

    def left_folders(self) -> set[str]:
        """Return the folders of batches that are not finished, where a report may have been half
        written.
        """
        rows = self._connection.execute("SELECT body FROM batches WHERE finished = 0").fetchall()
        batches = [batch for row in rows if (batch := _decode(row["body"], Batch))]
        reports = {str(Path(batch.report).parent) for batch in batches if batch.report}
        return {batch.folder for batch in batches} | reports

    def reopen_batch(self, batch_id: str) -> None:
        """A row is tried again: the batch is no longer finished, so that it is reported anew."""
        with self._transaction() as connection:
            connection.execute("UPDATE batches SET finished = 0 WHERE id = ?", (batch_id,))

    def was_interrupted(self) -> bool:
        """True where a job is marked as running: the program did not end in order."""
        return (
            self._connection.execute(
                "SELECT 1 FROM jobs WHERE state = 'running' LIMIT 1"
            ).fetchone()
            is not None
        )

    def recover(self, find_complete: Callable[[Job], list[Artifact]]) -> list[Job]:
        """After an unclean end: settle jobs that were running, by what is on disk. Returns them as
        they are now.

        A job whose files are complete and carry its id is done; one that was to be cancelled is
        cancelled; any other waits again with the same seed. Kills of the whole program do not count
        as crashes of the job.
        """
        settled = []
        for job in self.jobs("WHERE state = 'running'"):
            artifacts = find_complete(job)
            wish = self._connection.execute(
                "SELECT cancel_requested FROM jobs WHERE id = ?", (job.id,)
            ).fetchone()[0]
            whole = [artifact for artifact in artifacts if not artifact.partial]
            if len(whole) >= job.request.result_count:
                now = self.end(job.id, JobState.COMPLETED, artifacts=whole)
            elif wish or len(whole) < len(artifacts):
                now = self.end(job.id, JobState.CANCELLED, artifacts=artifacts)
            else:
                now = self.requeue(job.id)
            settled.extend([now] if now else [])
        return settled

    def _with_room(self, write: Callable[[], None]) -> None:
        # On a full disk SQLite refuses even an UPDATE: give it the ballast's room, so that the end
        # can be recorded.
        try:
            write()
        except sqlite3.OperationalError:
            if self._ballast is None or not self._ballast.is_file():
                raise
            self._ballast.unlink()
            write()


def reason_for(error: BaseException) -> str:
    """Return in words why the database refused a change."""
    if isinstance(error, UnicodeEncodeError):
        return "the name of a file or folder is not valid UTF-8"
    known = {
        "database or disk is full": "the disk is full",
        "database is locked": "another program has locked the database",
    }
    return known.get(str(error), str(error) or type(error).__name__)


def _tidy(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM past_runs WHERE ended < (SELECT ended FROM past_runs ORDER BY ended DESC "
        "LIMIT 1 OFFSET ?)",
        (MAX_PAST_RUNS,),
    )
    _forget_unlisted(connection)
    # Maybe a newer version has written them, and this one can read them; what cannot be read is
    # marked again.
    connection.execute(
        "UPDATE jobs SET state = substr(state, ?) WHERE state >= ? AND state < ?",
        (len(UNREADABLE) + 1, UNREADABLE, UNREADABLE[:-1] + ";"),
    )


def _decode(body: str, kind: type[T]) -> T | None:
    """Return what a row holds; None, and a line in the log, where this version cannot read it."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        log.error("a row of the queue's file cannot be read: %s", error)
        return None


def _forget_unlisted(connection: sqlite3.Connection) -> None:
    """Forget the rows of batches that are reported, and of which none is listed that could be tried
    again.
    """
    connection.execute(
        "DELETE FROM jobs WHERE NOT listed AND batch IN (SELECT DISTINCT batch FROM jobs WHERE NOT "
        "listed"
        " EXCEPT SELECT DISTINCT batch FROM jobs WHERE listed)"
        " AND batch NOT IN (SELECT id FROM batches WHERE NOT finished)"
    )


def _index(connection: sqlite3.Connection, artifacts: Iterable[Artifact]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO artifacts (path, job_id, ordinal, body) VALUES (?, ?, ?, ?)",
        ((a.path, a.job_id, a.ordinal, msgspec.json.encode(a).decode()) for a in artifacts),
    )
