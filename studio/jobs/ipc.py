"""The open window's door: a local socket on which a second start, or a command, speaks to the
program that runs the queue.

Messages are msgpack with their length before them, decoded strictly by type. The socket lies in the
data folder, or in a folder that only this user can enter, and both ends check the user at the other
end before anything is sent or obeyed (`peer`).
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from PySide6.QtCore import QDeadlineTimer, QObject, QThread
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from studio.core.errors import StudioError
from studio.core.events import TERMINAL, AudioChunk, Event, Progress
from studio.core.jobs import Batch, Job
from studio.core.paths import DataFolder
from studio.jobs.ipc_messages import (
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
from studio.jobs.peer import is_private, own_user, peer_user
from studio.jobs.queue import JobQueue

log = logging.getLogger(__name__)

ANSWER_MS = 2_000
ASK_AGAIN_MS = 50
MAX_PATH_BYTES = 100
"""Of a socket's path: 104 on macOS and 108 on Linux, with room for the zero at the end."""


class ForeignUserError(StudioError):
    """Another user is at the other end of the socket."""

    def __init__(self, user: str) -> None:
        super().__init__(
            f"The program that answers for this data folder belongs to another user ({user}). "
            "Nothing was sent to it.",
            cause="invalid",
            cure="Choose another folder with --data-dir.",
        )


def server_names(data: DataFolder, *, make: bool = False) -> Iterator[str]:
    """Yield where the window of a data folder listens, the best place first: paths, on Windows the
    name of a pipe.

    The folder itself is no place where its path is too long or other users can write there; file
    systems without sockets show only when listening fails. `make`: make each folder that is missing
    when it is asked for.
    """
    root = data.root.resolve()
    code = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    if sys.platform == "win32":
        yield f"studio-{code}"
        return
    if is_private(root) and _fits(name := str(DataFolder(root).socket)):
        yield name
    yield from filter(_fits, _other_names(code, make=make))


def _other_names(code: str, *, make: bool) -> Iterator[str]:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if Path(runtime).is_absolute() and is_private(Path(runtime), readable=False):
        yield from _in_own_folder(Path(runtime) / f"studio-{code}", make=make)
    yield from _in_own_folder(
        Path(tempfile.gettempdir()) / f"studio-{own_user()}-{code}", make=make
    )


def _in_own_folder(folder: Path, *, make: bool) -> Iterator[str]:
    if make:
        with contextlib.suppress(OSError):  # then it is not private
            folder.mkdir(mode=0o700, exist_ok=True)
    if is_private(folder, readable=False):
        yield str(folder / "socket")


def _fits(name: str) -> bool:
    try:
        return len(name.encode()) <= MAX_PATH_BYTES
    except UnicodeEncodeError:  # bytes that are no text, which Qt does not take
        return False


class IpcServer(QObject):
    """Listens, for as long as it lives."""

    def __init__(self, data: DataFolder, queue: JobQueue, raised: Callable[[], None]) -> None:
        super().__init__()
        self._queue = queue
        self._raised = raised
        self._root = data.root.resolve()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        for name in server_names(
            data
        ):  # left by a program that was killed; the lock says that we are the only one
            QLocalServer.removeServer(name)
        if not self._listen(server_names(data, make=True)):
            log.warning("Commands cannot find this window: %s", self._server.errorString())

    def close(self) -> None:
        """Hear no one any more."""
        folder = Path(self._server.fullServerName()).parent
        self._server.close()
        if folder != self._root:
            with contextlib.suppress(OSError):  # a pipe of Windows has no folder
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
        IpcConnection(socket, self._queue, self._raised)


class IpcConnection(QObject):
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
        if isinstance(message, Activate):
            self._raised()
        elif isinstance(message, Submit):
            self._jobs |= {job.id for job in message.jobs}
            self._batches |= {message.batch.id} if message.batch else set()
            self._queue.submit(message.jobs, message.batch)
        else:
            self._queue.cancel([job_id for job_id in message.job_ids if job_id in self._jobs])
        self._say(Ack())

    def _on_event(self, job_id: str, event: Event) -> None:
        job = self._queue.job(job_id) if job_id in self._jobs else None
        if job is None or isinstance(event, AudioChunk):
            return
        if isinstance(event, Progress) and event.preview is not None:
            event = msgspec.structs.replace(event, preview=None)
        self._say(JobUpdate(job, event))  # type: ignore[arg-type]  # every event is one of the union
        if isinstance(event, TERMINAL) and job.state.over:
            self._jobs.discard(job_id)

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        self._on_gone([job.id for job in jobs if job.cancelled_unrun])

    def _on_gone(self, job_ids: list[str]) -> None:
        mine = self._jobs.intersection(job_ids)
        if mine:
            self._jobs -= mine
            self._say(JobsRemoved(tuple(mine)))

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


def connect_to_window(data: DataFolder) -> QLocalSocket | None:
    """Return a connection to the program that has the data folder's queue; None where no window
    answers.

    Raises ForeignUserError where that program belongs to another user.
    """
    deadline = QDeadlineTimer(ANSWER_MS)
    socket = QLocalSocket()
    while True:
        for name in server_names(data):
            socket.connectToServer(name)
            if socket.waitForConnected(ANSWER_MS):
                return _checked(socket)
        if deadline.hasExpired():
            return None
        QThread.msleep(ASK_AGAIN_MS)  # it may be about to paint, and listens after that


def _checked(socket: QLocalSocket) -> QLocalSocket:
    user = peer_user(int(socket.socketDescriptor()), is_server=True)
    if user != own_user():
        socket.abort()
        raise ForeignUserError(user)
    return socket


def activate_running(data: DataFolder) -> bool:
    """Ask the window that is open already to come to the front; False where none answers. Raises
    ForeignUserError.
    """
    socket = connect_to_window(data)
    if socket is None:
        return False
    socket.write(packed(Activate()))
    reader = Reader(FromWindow)
    while socket.waitForReadyRead(ANSWER_MS):
        try:
            if any(
                isinstance(message, Ack) for message in reader.feed(bytes(socket.readAll().data()))
            ):
                return True
        except ValueError:
            break
    return False
