"""The open window's door: a local socket on which a second start, or a command, speaks to the program that runs the queue.

Messages are msgpack with their length before them, decoded strictly by type. The socket is the user's own: whoever can connect
could start Studio as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from PySide6.QtCore import QDeadlineTimer, QObject, QThread
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from studio.core.events import TERMINAL, AnyEvent, AudioChunk, Event, Progress
from studio.core.jobs import Batch, Job
from studio.core.paths import DataFolder
from studio.jobs.queue import JobQueue

ANSWER_MS = 2_000
ASK_AGAIN_MS = 50
MAX_MESSAGE_BYTES = 256 * 2**20
"""A batch of 100 000 rows has about 100 MB."""
_LENGTH = 4


class Raise(msgspec.Struct, frozen=True, tag="raise"):
    """Bring the window to the front."""


class Submit(msgspec.Struct, frozen=True, tag="submit"):
    """Run these jobs, and say how they go."""

    jobs: tuple[Job, ...]
    batch: Batch | None = None


class Withdraw(msgspec.Struct, frozen=True, tag="withdraw"):
    """Cancel these jobs."""

    job_ids: tuple[str, ...]


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """What became of a job, as it stands in the queue then."""

    job: Job
    event: AnyEvent


class BatchDone(msgspec.Struct, frozen=True, tag="batch_done"):
    """A batch is over, and its report is written."""

    batch: Batch


class Gone(msgspec.Struct, frozen=True, tag="gone"):
    """These jobs will not run: they were cancelled while they waited, or taken from the list."""

    job_ids: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """These jobs will not run: the window's queue could not store them."""

    job_ids: tuple[str, ...]
    sentence: str


class Yes(msgspec.Struct, frozen=True, tag="yes"):
    """It was understood."""


ToWindow = Raise | Submit | Withdraw
FromWindow = Heard | BatchDone | Gone | Refused | Yes


def packed(message: msgspec.Struct) -> bytes:
    """Return a message as it is sent."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(_LENGTH) + body


class Reader:
    """Puts messages together from the pieces in which they come."""

    def __init__(self, kind: Any) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Yield the messages that are whole now. Raises ValueError for what is none."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH:
            length = int.from_bytes(self._buffer[:_LENGTH])
            if length > MAX_MESSAGE_BYTES:
                raise ValueError("the message is too long")
            if len(self._buffer) < _LENGTH + length:
                return
            body = bytes(self._buffer[_LENGTH : _LENGTH + length])
            del self._buffer[: _LENGTH + length]
            yield self._decoder.decode(body)


def server_name(data: DataFolder) -> str:
    """Return the name of the local socket of a data folder."""
    return "studio-" + hashlib.sha256(str(data.root.resolve()).encode()).hexdigest()[:16]


class Door(QObject):
    """Listens, for as long as it lives."""

    def __init__(self, data: DataFolder, queue: JobQueue, raised: Callable[[], None]) -> None:
        super().__init__()
        self._queue = queue
        self._raised = raised
        name = server_name(data)
        QLocalServer.removeServer(name)  # left by a program that was killed; the lock says that we are the only one
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        self._server.listen(name)

    def close(self) -> None:
        """Hear no one any more."""
        self._server.close()
        for socket in self._server.findChildren(QLocalSocket):
            socket.disconnectFromServer()

    def _on_connection(self) -> None:
        _Visitor(self._server.nextPendingConnection(), self._queue, self._raised)


class _Visitor(QObject):
    """One connection."""

    def __init__(self, socket: QLocalSocket, queue: JobQueue, raised: Callable[[], None]) -> None:
        super().__init__(socket)
        self._socket = socket
        self._queue = queue
        self._raised = raised
        self._reader = Reader(ToWindow)
        self._jobs: set[str] = set()
        self._batches: set[str] = set()
        socket.readyRead.connect(self._on_ready)
        socket.disconnected.connect(socket.deleteLater)  # its jobs stay in the queue
        queue.job_event.connect(self._on_event)
        queue.batch_finished.connect(self._on_batch_finished)
        queue.jobs_changed.connect(self._on_jobs_changed)
        queue.jobs_removed.connect(self._on_gone)
        queue.failed.connect(self._on_failed)

    def _on_ready(self) -> None:
        try:
            for message in self._reader.feed(bytes(self._socket.readAll().data())):
                self._act(message)
        except ValueError:  # msgspec's errors are ValueErrors
            self._socket.abort()

    def _act(self, message: ToWindow) -> None:
        if isinstance(message, Raise):
            self._raised()
        elif isinstance(message, Submit):
            self._jobs |= {job.id for job in message.jobs}
            self._batches |= {message.batch.id} if message.batch else set()
            self._queue.submit(message.jobs, message.batch)
        else:
            self._queue.cancel([job_id for job_id in message.job_ids if job_id in self._jobs])
        self._say(Yes())

    def _on_event(self, job_id: str, event: Event) -> None:
        job = self._queue.job(job_id) if job_id in self._jobs else None
        if job is None or isinstance(event, AudioChunk):
            return
        if isinstance(event, Progress) and event.preview is not None:
            event = msgspec.structs.replace(event, preview=None)
        self._say(Heard(job, event))  # type: ignore[arg-type]  # every event is one of the union
        if isinstance(event, TERMINAL) and job.state.over:
            self._jobs.discard(job_id)

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        self._on_gone([job.id for job in jobs if job.cancelled_unrun])

    def _on_gone(self, job_ids: list[str]) -> None:
        mine = self._jobs.intersection(job_ids)
        if mine:
            self._jobs -= mine
            self._say(Gone(tuple(mine)))

    def _on_failed(self, sentence: str, job_ids: list[str]) -> None:
        mine = self._jobs.intersection(job_ids)
        if mine:
            self._jobs -= mine
            self._say(Refused(tuple(mine), sentence))

    def _on_batch_finished(self, batch: Batch) -> None:
        if batch.id in self._batches:
            self._say(BatchDone(batch))

    def _say(self, message: FromWindow) -> None:
        if self._socket.state() is QLocalSocket.LocalSocketState.ConnectedState:
            self._socket.write(packed(message))


def knock(data: DataFolder) -> QLocalSocket | None:
    """Return a connection to the program that has the data folder's queue; None where no window answers."""
    deadline = QDeadlineTimer(ANSWER_MS)
    socket = QLocalSocket()
    socket.connectToServer(server_name(data))
    while not socket.waitForConnected(ANSWER_MS):
        if deadline.hasExpired():
            return None
        QThread.msleep(ASK_AGAIN_MS)  # it may be about to paint, and listens after that
        socket.connectToServer(server_name(data))
    return socket


def raise_other(data: DataFolder) -> bool:
    """Ask the window that is open already to come to the front; False where none answers."""
    socket = knock(data)
    if socket is None:
        return False
    socket.write(packed(Raise()))
    return socket.waitForBytesWritten(ANSWER_MS) and socket.waitForReadyRead(ANSWER_MS)
