"""The queue of an open window, as a command uses it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalSocket

from studio.core.events import Cancelled
from studio.core.jobs import Batch, Job, JobState
from studio.core.translation import tr
from studio.jobs.ipc.messages import (
    BatchDone,
    CancelJobs,
    FromWindow,
    JobsRemoved,
    JobUpdate,
    Reader,
    Refused,
    Submit,
    packed,
)


class RemoteQueue(QObject):
    """The part of `JobQueue` that a command needs."""

    job_event = Signal(str, object)
    batch_finished = Signal(object)
    failed = Signal(str, list)

    def __init__(self, socket: QLocalSocket) -> None:
        super().__init__()
        self._socket = socket
        self._reader = Reader(FromWindow)
        self._jobs: dict[str, Job] = {}
        socket.readyRead.connect(self._on_ready)
        socket.disconnected.connect(self.report_disconnected)

    def submit(self, jobs: Sequence[Job], batch: Batch | None = None) -> None:
        """Send jobs to the window."""
        self._jobs.update((job.id, job) for job in jobs)
        self._socket.write(packed(Submit(tuple(jobs), batch)))

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Cancel jobs that this command submitted."""
        self._socket.write(packed(CancelJobs(tuple(job_ids))))

    def job(self, job_id: str) -> Job | None:
        """Return a job as of its last event."""
        return self._jobs.get(job_id)

    def _on_ready(self) -> None:
        try:
            self._handle(list(self._reader.feed(bytes(self._socket.readAll().data()))))
        except ValueError:  # a window of another version
            self.failed.emit(
                tr(
                    "This command cannot read the window's answer. Both must be the same version "
                    "of Studio."
                )
            )

    def _handle(self, messages: Sequence[FromWindow]) -> None:
        for message in messages:
            if isinstance(message, JobUpdate):
                self._jobs[message.job.id] = message.job
                self.job_event.emit(message.job.id, message.event)
            elif isinstance(message, JobsRemoved):
                for job_id in message.job_ids:
                    self._jobs[job_id] = msgspec.structs.replace(
                        self._jobs[job_id], state=JobState.CANCELLED
                    )
                    self.job_event.emit(job_id, Cancelled())
            elif isinstance(message, Refused):
                self.failed.emit(message.sentence, list(message.job_ids))
            elif isinstance(message, BatchDone):
                self.batch_finished.emit(message.batch)

    def report_disconnected(self) -> None:
        """Emit `failed`: the window was closed."""
        self.failed.emit(tr("The window was closed. Unfinished jobs wait in its queue."), [])


class RemoteSession:
    """The part of `Session` that a command needs, with the queue of a window."""

    def __init__(self, socket: QLocalSocket) -> None:
        self._socket = socket
        self.queue = RemoteQueue(socket)

    def start(self) -> None:
        """Check that the window still runs."""
        if self._socket.state() is not QLocalSocket.LocalSocketState.ConnectedState:
            self.queue.report_disconnected()

    def close(self) -> None:
        """Disconnect; unfinished jobs continue in the window."""
        self._socket.flush()
        self._socket.blockSignals(True)  # this end is not a closed window
        self._socket.disconnectFromServer()
