"""A session: lock, queue, worker and engine of a data folder, opened and closed in order."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from PySide6.QtCore import QLockFile

from studio.batch.output.finished_batch import FinishedBatch
from studio.core.errors import StudioError
from studio.core.jobs import Job
from studio.core.paths import DataFolder
from studio.core.settings import Settings
from studio.core.translation import tr, tr_plural
from studio.engine.protocol import Engine
from studio.jobs.folder_lock import FolderLock, acquire
from studio.jobs.queue import JobQueue
from studio.jobs.store import JobStore
from studio.jobs.store_connection import reason_for
from studio.jobs.worker import Worker

BALLAST_BYTES = 16 * 2**20


class DataFolderInUseError(StudioError):
    """Another Studio runs this data folder's queue."""


class Session:
    """Everything that runs jobs for one data folder. Create it after the Q(Core)Application.

    `lock` is the folder's lock if the caller holds it; the session then owns it. Raises
    DataFolderInUseError, or StudioError if the database cannot be opened.
    """

    def __init__(self, data: DataFolder, engine: Engine, lock: FolderLock | None = None) -> None:
        self.data = data
        self.engine = engine
        self._lock, self.unclean = lock or _acquire(data)
        try:
            _make_ballast(data.ballast)
            store = JobStore.open(data.database, data.ballast)
            self.recovered: list[Job] = _recover(store, data, unclean=self.unclean)
            self.queue = JobQueue(store)
            self.damage = _describe_damage(store)
            """Messages for the user about a damaged or partly unreadable database, or empty."""
        except sqlite3.OperationalError as error:
            self._lock.unlock()
            raise StudioError(
                tr(
                    "The queue's database {database} cannot be changed: {reason}.",
                    database=data.database,
                    reason=reason_for(error),
                ),
                cause="disk",
                cure=tr("Try again later."),
            ) from error
        except BaseException:
            self._lock.unlock()
            raise
        self.queue.ends.write_report = _write_report
        self.queue.finish_ended_batches()
        self.worker = Worker(self.queue, engine)

    def apply_settings(self, settings: Settings) -> None:
        """Let the queue and the worker follow the settings."""
        self.worker.keep_awake = settings.keep_awake
        self.queue.by_model = settings.order_by_model
        self.queue.batch_jobs = settings.batch_jobs
        self.queue.ends.pause_on_disk = settings.pause_on_disk
        self.queue.name_template = settings.file_name

    def start(self) -> None:
        """Start to run jobs."""
        self.worker.start()

    def close(self) -> None:
        """Stop the running job, which waits again; close engine, database and lock."""
        self.worker.stop()
        self.engine.close()
        self.worker.wait()
        self.queue.close()
        self._lock.unlock()


def lock_folder(data: DataFolder) -> QLockFile:
    """Lock the data folder. Raises DataFolderInUseError."""
    return _acquire(data).lock


def _acquire(data: DataFolder) -> FolderLock:
    lock = acquire(data)
    if lock is None:
        raise DataFolderInUseError(
            tr("Another Studio is using {root}.", root=data.root),
            cause="invalid",
            cure=tr("Close it, or use another folder with --data-dir."),
        )
    return lock


def _write_report(finished: FinishedBatch) -> None:
    from studio.batch.output.finish import write_report  # imports numpy, which no start needs

    write_report(finished)


def _describe_damage(store: JobStore) -> str:
    messages = []
    if copy := store.damaged_copy:
        messages.append(
            tr(
                "The queue's database was damaged. Studio kept it as {name} in {parent} and "
                "created a new queue. Your files are unchanged; to continue a batch, open its "
                "file again.",
                name=copy.name,
                parent=copy.parent,
            )
        )
    if copy := store.repaired_copy:
        messages.append(
            tr(
                "Parts of the queue's database were missing, and Studio created them again. "
                "{name} in {parent} is a copy from before.",
                name=copy.name,
                parent=copy.parent,
            )
        )
    if count := len(store.unreadable):
        messages.append(
            tr_plural(
                "This version of Studio cannot read one job of the queue. It is kept and does "
                "not run: `studio queue list` shows the reason, `studio queue cancel` removes a "
                "job.",
                "This version of Studio cannot read {count} jobs of the queue. They are kept and "
                "do not run: `studio queue list` shows the reason, `studio queue cancel` removes "
                "a job.",
                count,
            )
        )
    return "\n".join(messages)


def _recover(store: JobStore, data: DataFolder, *, unclean: bool) -> list[Job]:
    if not unclean and not store.was_interrupted():
        return []
    from studio.library.artifacts import find_complete, sweep_parts  # imports numpy

    recovered = store.recover(find_complete)
    for folder in {
        data.root,
        *(Path(job.target.folder) for job in recovered),
        *map(Path, store.unfinished_folders()),
    }:
        sweep_parts(folder)
    return recovered


def _make_ballast(path: Path) -> None:
    if not os.path.lexists(path):
        try:
            path.write_bytes(b"\0" * BALLAST_BYTES)
        except OSError:  # the disk is full: the next start tries again
            path.unlink(missing_ok=True)
