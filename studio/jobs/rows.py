"""Jobs as rows of the database, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from studio.core.errors import Failure
from studio.core.jobs import Job, JobState, Target
from studio.core.paths import DataFolder
from studio.core.requests import AnyRequest
from studio.library.database import open_read_only

_REQUEST = msgspec.json.Decoder(AnyRequest)
_COLUMNS = (
    "id, position, placed, kind, model, state, batch, row, crashes, created, started, ended, request, folder, stem, failure"
)
INSERT = f"INSERT INTO jobs ({_COLUMNS}) VALUES ({', '.join('?' * 16)})"


def read_jobs(
    connection: sqlite3.Connection, where: str = "WHERE listed", parameters: Sequence[Any] = (), limit: int = -1
) -> list[Job]:
    """Return the listed jobs, or others, in the order of their positions, at most `limit` (−1: all); also read-only."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM jobs {where} ORDER BY position LIMIT ?", (*parameters, limit))
    return [_from_row(row) for row in rows]


def look(data: DataFolder) -> list[Job]:
    """Return the jobs of a data folder whose queue another program may run; none where there is no queue yet."""
    try:
        connection = open_read_only(data.database)
    except sqlite3.OperationalError:
        return []
    try:
        return read_jobs(connection)
    except sqlite3.OperationalError:  # it is being made
        return []
    finally:
        connection.close()


def request_text(job: Job) -> str:
    """Return the request as it is stored."""
    return msgspec.json.encode(job.request).decode()


def failure_text(failure: Failure | None) -> str | None:
    """Return a failure as it is stored."""
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
    return (*placing, *times, request_text(job), job.target.folder, job.target.stem, failure_text(job.failure))


def _from_row(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        request=_REQUEST.decode(row["request"]),
        target=Target(folder=row["folder"], stem=row["stem"]),
        state=JobState(row["state"]),
        position=row["position"],
        placed=bool(row["placed"]),
        batch=row["batch"],
        row=row["row"],
        crashes=row["crashes"],
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        failure=msgspec.json.decode(row["failure"], type=Failure) if row["failure"] else None,
    )
