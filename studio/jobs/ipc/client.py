"""Connect to the window that runs a data folder's queue."""

from __future__ import annotations

from PySide6.QtCore import QDeadlineTimer, QThread
from PySide6.QtNetwork import QLocalSocket

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.jobs.ipc.address import server_names
from studio.jobs.ipc.messages import Ack, Activate, FromWindow, Reader, packed
from studio.jobs.ipc.peer import own_user, peer_user

ANSWER_MS = 2_000
RETRY_MS = 50


class ForeignUserError(StudioError):
    """Another user owns the other end of the socket."""

    def __init__(self, user: str) -> None:
        super().__init__(
            tr(
                "The program that uses this data folder belongs to another user ({user}). "
                "Studio sent nothing to it.",
                user=user,
            ),
            cause="invalid",
            cure=tr("Choose another folder with --data-dir."),
        )


def connect_to_window(data: DataFolder) -> QLocalSocket | None:
    """Return a connection to the window that runs the data folder's queue, or None.

    Raises ForeignUserError if another user owns that window.
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
        QThread.msleep(RETRY_MS)  # a starting window listens only after it is painted


def _checked(socket: QLocalSocket) -> QLocalSocket:
    user = peer_user(int(socket.socketDescriptor()), is_server=True)
    if user != own_user():
        socket.abort()
        raise ForeignUserError(user)
    return socket


def activate_running(data: DataFolder) -> bool:
    """Bring the running window to the front; return False if none answers.

    Raises ForeignUserError.
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
