"""The results that strip and batch grid list, and where they come from. No widgets."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from studio.core.artifact import Artifact
from studio.core.errors import StudioError
from studio.core.jobs import Job, JobState
from studio.core.paths import DataFolder
from studio.library.database import open_read_only
from studio.library.items import Item, Media, Query

PROMPT_CHARACTERS = 500
"""Of a prompt, that are kept."""
MAX_OF_JOB = 1_000
"""Files of one job, copies included, among which a moved one is looked for."""


class ResultItem(msgspec.Struct, frozen=True, kw_only=True):
    """A result in a list: a file, or a job of a batch that has none yet."""

    job_id: str
    media: Media
    prompt: str
    path: str = ""
    """Of its file; empty until there is one."""
    sha256: str = ""
    """Of its file's content."""
    time: float = 0.0
    """When it was completed; Unix time in seconds."""
    ordinal: int = 0
    """Which of the job's results it is."""
    duration: float = 0.0
    """Seconds of audio."""
    state: JobState = JobState.COMPLETED
    row: int = 0
    """The row of a batch; 0 for a single job."""
    count: int = 1
    """Files of the job, of which this is the first."""
    message: str = ""
    """Why the job failed."""


def newest_first(item: ResultItem) -> tuple[float, str, int]:
    """Return a key that sorts results: the newest first, those of one job in their order."""
    return (-item.time, item.job_id, item.ordinal)


class StripSource(Protocol):
    """Where the strip finds earlier results."""

    def latest(self, kind: str, limit: int) -> list[ResultItem]:
        """Return the results of a kind, the newest first. Slow: call it in another thread."""

    def of_batch(self, batch: str) -> dict[str, list[Artifact]]:
        """Return the artifacts of a batch by job. Slow: call it in another thread."""

    def locate(self, artifacts: Iterable[Artifact]) -> list[Artifact]:
        """Return the artifacts whose files exist, where they are now. Slow, too."""

    def current_path(self, path: str, job_id: str, ordinal: int) -> str:
        """Return where a result is now; empty if it is gone. Slow, too."""


class StoredResults:
    """Results in the queue's database, and in the library for jobs that left the queue's list."""

    def __init__(self, data: DataFolder) -> None:
        self._data = data

    def latest(self, kind: str, limit: int) -> list[ResultItem]:
        """See `StripSource`. Files that are gone, and copies, are left out."""
        found: dict[tuple[str, int], ResultItem] = {}
        # The queue's first: the library has copies, too.
        for item in (*self._of_queue(kind, limit), *self._of_library(kind, limit)):
            key = (item.job_id or item.path, item.ordinal)
            if key not in found and Path(item.path).is_file():
                found[key] = item
        return sorted(found.values(), key=newest_first)[:limit]

    def _of_queue(self, kind: str, limit: int) -> list[ResultItem]:
        rows = self._read(
            "SELECT body, prompt, ended FROM (SELECT a.body AS body, a.rowid AS number, "
            "substr(json_extract(j.request, '$.prompt'), 1, ?) AS prompt, j.ended AS ended "
            "FROM artifacts a JOIN jobs j ON j.id = a.job_id WHERE j.kind = ?) "
            "ORDER BY number DESC LIMIT ?",
            (PROMPT_CHARACTERS, kind, limit),
        )
        return [
            _item(artifact, str(row["prompt"] or ""), row["ended"])
            for row in rows
            if (artifact := _decode(row["body"])) is not None
        ]

    def _of_library(self, kind: str, limit: int) -> list[ResultItem]:
        return [_of_item(item) for item in self._search(Query(kinds=(kind,)), limit)]

    def _search(self, query: Query, limit: int) -> list[Item]:
        if not self._data.library.is_file():
            return []
        from studio.library.index import LibraryIndex  # a start does without it

        try:
            with contextlib.closing(LibraryIndex(self._data.library)) as index:
                return index.search(query, limit=limit)
        except (sqlite3.Error, StudioError):  # damaged or of a newer version: the queue has most
            return []

    def of_batch(self, batch: str) -> dict[str, list[Artifact]]:
        """See `StripSource`."""
        rows = self._read(
            "SELECT a.body AS body FROM artifacts a JOIN jobs j ON j.id = a.job_id "
            "WHERE j.batch = ? ORDER BY a.job_id, a.ordinal",
            (batch,),
        )
        found: dict[str, list[Artifact]] = {}
        for row in rows:
            if (artifact := _decode(row["body"])) is not None:
                found.setdefault(artifact.job_id, []).append(artifact)
        located = {job_id: self.locate(artifacts) for job_id, artifacts in found.items()}
        return {job_id: artifacts for job_id, artifacts in located.items() if artifacts}

    def locate(self, artifacts: Iterable[Artifact]) -> list[Artifact]:
        """See `StripSource`."""
        found = []
        for artifact in artifacts:
            path = self.current_path(artifact.path, artifact.job_id, artifact.ordinal)
            if path:
                found.append(msgspec.structs.replace(artifact, path=path))
        return found

    def current_path(self, path: str, job_id: str, ordinal: int) -> str:
        """See `StripSource`. The library knows files that it moved, or found again."""
        if Path(path).is_file():
            return path
        if not job_id:
            return ""
        items = self._search(Query(job_id=job_id), MAX_OF_JOB)
        moved = (item.path for item in items if item.ordinal == ordinal)
        return next((other for other in moved if Path(other).is_file()), "")

    def _read(self, query: str, values: Sequence[object]) -> list[sqlite3.Row]:
        try:
            with contextlib.closing(open_read_only(self._data.database)) as connection:
                return connection.execute(query, values).fetchall()
        except (sqlite3.Error, StudioError, FileNotFoundError):  # the queue reports its own faults
            return []


def _decode(body: str) -> Artifact | None:
    try:
        return msgspec.json.decode(body, type=Artifact)
    except (ValueError, RecursionError):  # of another version; msgspec's errors are ValueErrors
        return None


def _item(artifact: Artifact, prompt: str, ended: float) -> ResultItem:
    return ResultItem(
        job_id=artifact.job_id,
        media=_media(artifact.media_type),
        prompt=prompt,
        path=artifact.path,
        sha256=artifact.sha256,
        time=ended,
        ordinal=artifact.ordinal,
        duration=artifact.duration,
    )


def _of_item(item: Item) -> ResultItem:
    return ResultItem(
        job_id=item.job_id,
        media=item.media,
        prompt=item.prompt[:PROMPT_CHARACTERS],
        path=item.path,
        sha256=item.sha256,
        time=item.created,
        ordinal=item.ordinal,
        duration=item.duration,
    )


def items_of_job(job: Job, artifacts: Iterable[Artifact]) -> list[ResultItem]:
    """Return an item for each artifact of a job."""
    prompt = job.request.prompt[:PROMPT_CHARACTERS]
    return [_item(artifact, prompt, job.ended) for artifact in artifacts]


def batch_item(job: Job, artifacts: Sequence[Artifact]) -> ResultItem:
    """Return the item of a batch's job, with the first of its artifacts."""
    media_type = next(iter(job.request.media_types.values()))
    first = artifacts[0] if artifacts else None
    return ResultItem(
        job_id=job.id,
        media=_media(first.media_type if first is not None else media_type),
        prompt=job.request.prompt[:PROMPT_CHARACTERS],
        path=first.path if first is not None else "",
        sha256=first.sha256 if first is not None else "",
        time=job.ended,
        duration=first.duration if first is not None else 0.0,
        state=job.state,
        row=job.row,
        count=max(1, len(artifacts)),
        message=job.failure.message if job.failure is not None else "",
    )


def _media(media_type: str) -> Media:
    main = media_type.split("/")[0]
    return main if main in ("text", "image", "video") else "audio"  # type: ignore[return-value]
