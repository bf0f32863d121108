"""Conversion between jobs and rows of the database, and read-only access to them."""

from __future__ import annotations

import functools
import logging
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from studio.core.errors import Failure
from studio.core.jobs import NO_SOURCES, Job, JobState, Sources, Target
from studio.core.kinds import AnyRequest
from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.library.database import open_read_only, unopened

T = TypeVar("T")
log = logging.getLogger(__name__)
_COLUMNS = (  # not translated: SQL
    "id, position, placed, kind, model, state, batch, row, crashes, created, started, "
    "ended, request, folder, stem, failure, sources"
)
_ADDED = {"placed": "0", "model": "''", "listed": "1", "sources": "''"}
"""Columns that older versions lack, with their default values."""
INSERT = f"INSERT INTO jobs ({_COLUMNS}) VALUES ({', '.join('?' * 17)})"


OVER = "state IN ('completed', 'failed', 'cancelled')"
OPEN = "state IN ('queued', 'running')"
UNREADABLE = "unreadable:"
"""Prefix of the state of a job that this version cannot read.

The job is kept and never runs. The next start, maybe of the version that wrote it, tries again.
"""


class UnreadableJob(msgspec.Struct, frozen=True):
    """A row of the queue that this version cannot read."""

    id: str
    kind: str
    state: str
    reason: str


class Rows(NamedTuple):
    """Decoded jobs, and the rows that cannot be read."""

    jobs: list[Job]
    unreadable: list[UnreadableJob]


@functools.cache
def _request_decoder() -> msgspec.json.Decoder[AnyRequest]:
    return msgspec.json.Decoder(AnyRequest)  # takes 10 ms, which an empty queue does not need


@functools.cache
def _sources_decoder() -> msgspec.json.Decoder[Sources]:
    return msgspec.json.Decoder(Sources)


def read_rows(
    connection: sqlite3.Connection,
    where: str = "WHERE listed",
    parameters: Sequence[Any] = (),
    limit: int = -1,
    *,
    source: str = "jobs",
) -> Rows:
    """Return jobs in the order of their positions, at most `limit` (−1: all). Also read-only."""
    query = f"SELECT {_COLUMNS} FROM {source} {where} ORDER BY position LIMIT ?"
    try:
        rows = connection.execute(query, (*parameters, limit)).fetchall()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error).lower():
            raise
        rows = _read_badly_encoded(connection, query, (*parameters, limit))
    found = Rows([], [])
    for row in rows:
        try:
            found.jobs.append(_from_row(row))
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            kind, state = _utf8(row["kind"]), _utf8(row["state"]).removeprefix(UNREADABLE)
            found.unreadable.append(UnreadableJob(_utf8(row["id"]), kind, state, str(error)))
    return found


def _read_badly_encoded(
    connection: sqlite3.Connection, query: str, parameters: Sequence[Any]
) -> list[sqlite3.Row]:
    """Read rows that contain text that is not UTF-8; slower."""
    text_factory = connection.text_factory
    connection.text_factory = lambda data: data.decode(errors="surrogateescape")
    try:
        return connection.execute(query, parameters).fetchall()
    finally:
        connection.text_factory = text_factory


def _utf8(text: str) -> str:
    return text.encode(errors="replace").decode()


def read_jobs_readonly(data: DataFolder) -> list[Job]:
    """Return the jobs of a data folder, also while another program runs its queue.

    Raises StudioError; see `read_rows_readonly`.
    """
    return read_rows_readonly(data).jobs


def read_rows_readonly(data: DataFolder) -> Rows:
    """Return the jobs of a data folder and the rows that are unreadable; none without a queue.

    Raises StudioError if the database cannot be read.
    """
    try:
        connection = open_read_only(data.database)
    except FileNotFoundError:
        return Rows([], [])
    except sqlite3.Error as error:
        raise unopened(data.database, error) from error
    try:
        # One statement: another program may create the tables between two.
        found = connection.execute(
            "SELECT s.name AS entry, c.name AS name FROM sqlite_schema AS s "
            "LEFT JOIN pragma_table_info('jobs') AS c ON s.type = 'table' AND s.name = 'jobs'"
        ).fetchall()
        columns = {row["name"] for row in found if row["name"] is not None}
        if not columns:
            if not found:
                return Rows([], [])  # another program is creating it
            raise sqlite3.DatabaseError(tr("its table of jobs is missing"))
        # The next program that writes updates an older version's table.
        missing = [f"{value} AS {name}" for name, value in _ADDED.items() if name not in columns]
        return read_rows(
            connection, source=f"(SELECT *, {', '.join(missing)} FROM jobs)" if missing else "jobs"
        )
    except sqlite3.Error as error:
        raise unopened(data.database, error) from error
    finally:
        connection.close()


def request_text(job: Job) -> str:
    """Return the request as stored."""
    return msgspec.json.encode(job.request).decode()


def failure_text(failure: Failure | None) -> str | None:
    """Return a failure as stored."""
    return None if failure is None else msgspec.json.encode(failure).decode()


def to_row(job: Job) -> tuple[Any, ...]:
    """Return the values for `INSERT`."""
    request = job.request
    placing = (
        job.id,
        job.position,
        int(job.placed),
        request.kind,
        request.model,
        str(job.state),
        job.batch,
        job.row,
        job.crashes,
    )
    times = (job.created, job.started, job.ended)
    return (
        *placing,
        *times,
        request_text(job),
        job.target.folder,
        job.target.stem,
        failure_text(job.failure),
        msgspec.json.encode(job.sources).decode() if job.sources != NO_SOURCES else "",
    )


def _from_row(row: sqlite3.Row) -> Job:
    """Decode a job. Raises ValueError if this version cannot read it."""
    times = (row["created"], row["started"], row["ended"])
    if not all(0 <= time < _LAST_TIME for time in times):
        raise ValueError("a time is out of range")
    return Job(
        id=row["id"],
        request=_request_decoder().decode(row["request"]),
        target=_target(row["folder"], row["stem"]),
        state=JobState(row["state"].removeprefix(UNREADABLE)),
        position=row["position"],
        placed=bool(row["placed"]),
        batch=row["batch"],
        row=row["row"],
        crashes=row["crashes"],
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        failure=msgspec.json.decode(row["failure"], type=Failure) if row["failure"] else None,
        sources=_sources_decoder().decode(row["sources"]) if row["sources"] else NO_SOURCES,
    )


_LAST_TIME = 1e11
"""Unix time, in the year 5138."""


def _target(folder: str, stem: str) -> Target:
    """Return where the job writes. Raises ValueError for a relative folder or an invalid name."""
    (folder + stem).encode()  # raises UnicodeEncodeError
    if not Path(folder).is_absolute() or "\0" in folder:
        raise ValueError(f"the folder {folder[:80]!r} is invalid")
    if stem in ("", ".", "..") or "\0" in stem or os.sep in stem or (os.altsep or os.sep) in stem:
        raise ValueError(f"the file name {stem[:80]!r} is invalid")
    return Target(folder=folder, stem=stem)


def decode_row(body: str, kind: type[T]) -> T | None:
    """Decode a row, or return None and log the error if this version cannot read it."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        log.error("a row of the queue's database is unreadable: %s", error)
        return None
