"""The window's IPC server: a local socket for a second start, and for commands.

Messages are msgpack with a length prefix, decoded strictly by type. The socket is in the data
folder, or in a folder that only this user can enter. Both ends check the other's user before they
send or obey anything (`peer`).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from studio.core.events import TERMINAL, AudioChunk, Event, Progress
from studio.core.jobs import Batch, Job
from studio.core.paths import DataFolder
from studio.jobs.ipc.address import server_names
from studio.jobs.ipc.messages import (
    Ack,
    Activate,
    BatchDone,
    FromWindow,
    JobsRemoved,
    JobUpdate,
    Reader,
    Refused,
    Submit,
    ToWindow,
    packed,
)
from studio.jobs.ipc.peer import own_user, peer_user
from studio.jobs.queue import JobQueue

log = logging.getLogger(__name__)


class IpcServer(QObject):
    """Accepts connections while it lives."""

    def __init__(self, data: DataFolder, queue: JobQueue, activate: Callable[[], None]) -> None:
        super().__init__()
        self._queue = queue
        self._activate = activate
        self._root = data.root.resolve()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        for name in server_names(data):  # left by a killed program: this one holds the lock
            QLocalServer.removeServer(name)
        if not self._listen(server_names(data, make=True)):
            log.warning("Commands cannot find this window: %s", self._server.errorString())

    def close(self) -> None:
        """Stop listening and close all connections."""
        folder = Path(self._server.fullServerName()).parent
        self._server.close()
        if folder != self._root:
            with contextlib.suppress(OSError):  # a pipe on Windows has no folder
                folder.rmdir()
        for socket in self._server.findChildren(QLocalSocket):
            socket.disconnectFromServer()

    def _listen(self, names: Iterable[str]) -> bool:
        return any(self._server.listen(name) for name in names)

    def _on_connection(self) -> None:
        socket = self._server.nextPendingConnection()
        user = peer_user(int(socket.socketDescriptor()))
        if user != own_user():
            log.warning("A connection from another user (%s) was refused.", user)
            socket.abort()
            socket.deleteLater()
            return
        IpcConnection(socket, self._queue, self._activate)


class IpcConnection(QObject):
    """One connection of a command or a second start."""

    def __init__(self, socket: QLocalSocket, queue: JobQueue, activate: Callable[[], None]) -> None:
        super().__init__(socket)
        self._socket = socket
        self._queue = queue
        self._activate = activate
        self._reader = Reader(ToWindow)
        self._jobs: set[str] = set()
        self._batches: set[str] = set()
        socket.readyRead.connect(self._on_ready)
        socket.disconnected.connect(socket.deleteLater)  # its jobs stay in the queue
        queue.job_event.connect(self._on_event)
        queue.batch_finished.connect(self._on_batch_finished)
        queue.jobs_changed.connect(self._on_jobs_changed)
        queue.jobs_removed.connect(self._on_jobs_removed)
        queue.failed.connect(self._on_failed)

    def _on_ready(self) -> None:
        try:
            for message in self._reader.feed(bytes(self._socket.readAll().data())):
                self._execute(message)
        except ValueError:  # msgspec's errors are ValueErrors
            self._socket.abort()

    def _execute(self, message: ToWindow) -> None:
        if isinstance(message, Activate):
            self._activate()
        elif isinstance(message, Submit):
            self._jobs |= {job.id for job in message.jobs}
            self._batches |= {message.batch.id} if message.batch else set()
            self._queue.submit(message.jobs, message.batch)
        else:
            self._queue.cancel([job_id for job_id in message.job_ids if job_id in self._jobs])
        self._send(Ack())

    def _on_event(self, job_id: str, event: Event) -> None:
        job = self._queue.job(job_id) if job_id in self._jobs else None
        if job is None or isinstance(event, AudioChunk):
            return
        if isinstance(event, Progress) and event.preview is not None:
            event = msgspec.structs.replace(event, preview=None)
        self._send(JobUpdate(job, event))  # type: ignore[arg-type]  # every event is one of the union
        if isinstance(event, TERMINAL) and job.state.over:
            self._jobs.discard(job_id)

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        self._on_jobs_removed([job.id for job in jobs if job.cancelled_unrun])

    def _on_jobs_removed(self, job_ids: list[str]) -> None:
        mine = self._jobs.intersection(job_ids)
        if mine:
            self._jobs -= mine
            self._send(JobsRemoved(tuple(mine)))

    def _on_failed(self, message: str, job_ids: list[str]) -> None:
        mine = self._jobs.intersection(job_ids)
        if mine:
            self._jobs -= mine
            self._send(Refused(tuple(mine), message))

    def _on_batch_finished(self, batch: Batch) -> None:
        if batch.id in self._batches:
            self._send(BatchDone(batch))

    def _send(self, message: FromWindow) -> None:
        if self._socket.state() is QLocalSocket.LocalSocketState.ConnectedState:
            self._socket.write(packed(message))
