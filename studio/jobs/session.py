"""A session: the data folder's lock, the queue, the worker and an engine, put together and taken
apart in the right order.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from PySide6.QtCore import QLockFile

from studio.batch.output.finish import write_report
from studio.core.errors import StudioError
from studio.core.jobs import Job
from studio.core.paths import DataFolder
from studio.engine.protocol import Engine
from studio.jobs.folder_lock import FolderLock, take
from studio.jobs.queue import JobQueue
from studio.jobs.store import JobStore, reason_for
from studio.jobs.worker import Worker

BALLAST_BYTES = 16 * 2**20


class DataFolderInUseError(StudioError):
    """Another Studio runs this data folder's queue."""


class Session:
    """Everything that runs jobs for one data folder. Make it in the GUI thread, after the
    Q(Core)Application.

    Raises DataFolderInUseError where another program holds the folder, StudioError where the
    database cannot be opened. `held` is the folder's lock where the caller took it already; it is
    the session's from then on.
    """

    def __init__(self, data: DataFolder, engine: Engine, held: FolderLock | None = None) -> None:
        self.data = data
        self.engine = engine
        self._lock, self.unclean = held or _hold(data)
        try:
            _make_ballast(data.ballast)
            store = JobStore.open(data.database, data.ballast)
            self.recovered: list[Job] = _recover(store, data, unclean=self.unclean)
            self.queue = JobQueue(store)
            self.damage = _describe_damage(store)
            """Sentences for a person where the queue's file was damaged or holds what cannot be
            read; else empty.
            """
        except sqlite3.OperationalError as error:
            self._lock.unlock()
            raise StudioError(
                f"The queue's file {data.database} cannot be changed: {reason_for(error)}.",
                cause="disk",
                cure="Try again later.",
            ) from error
        except BaseException:
            self._lock.unlock()
            raise
        self.queue.finish_batch = write_report
        self.queue.settle_left()
        self.worker = Worker(self.queue, engine)

    def start(self) -> None:
        """Begin to run jobs."""
        self.worker.start()

    def close(self) -> None:
        """Stop the running job (it waits again), end the engine, close the database, free the
        folder.
        """
        self.worker.stop()
        self.engine.close()
        self.worker.wait()
        self.queue.close()
        self._lock.unlock()


def hold(data: DataFolder) -> QLockFile:
    """Lock the data folder for this program. A lock whose program is dead is taken over. Raises
    DataFolderInUseError.
    """
    return _hold(data).lock


def _hold(data: DataFolder) -> FolderLock:
    held = take(data)
    if held is None:
        raise DataFolderInUseError(
            f"Another Studio is using {data.root}.",
            cause="invalid",
            cure="Close it, or use another folder with --data-dir.",
        )
    return held


def _describe_damage(store: JobStore) -> str:
    sentences = []
    if store.kept_aside:
        kept = store.kept_aside
        sentences.append(
            f"The queue's file was damaged. It is kept as {kept.name} in {kept.parent}, and a new "
            "queue begins. "
            "The files that you made are where they were; a batch goes on when its file is opened "
            "again."
        )
    if store.repaired:
        copy = store.repaired
        sentences.append(
            "Parts of the queue's file were missing and were made again. A copy from before is "
            f"{copy.name} in {copy.parent}."
        )
    if store.unreadable:
        count = len(store.unreadable)
        jobs = f"{count} jobs of the queue" if count > 1 else "A job of the queue"
        sentences.append(
            f"{jobs} cannot be read by this version of Studio. It is kept and does not run: "
            "`studio queue list` shows the "
            "reason, `studio queue cancel` removes it."
        )
    return "\n".join(sentences)


def _recover(store: JobStore, data: DataFolder, *, unclean: bool) -> list[Job]:
    if not unclean and not store.was_interrupted():
        return []
    from studio.library.artifacts import (
        find_complete,
        sweep_parts,
    )  # brings numpy, which a usual start can do without

    recovered = store.recover(find_complete)
    for folder in {
        data.root,
        *(Path(job.target.folder) for job in recovered),
        *map(Path, store.left_folders()),
    }:
        sweep_parts(folder)
    return recovered


def _make_ballast(path: Path) -> None:
    if not os.path.lexists(path):
        try:
            path.write_bytes(b"\0" * BALLAST_BYTES)
        except OSError:  # no room for it now: the next start tries again
            path.unlink(missing_ok=True)
