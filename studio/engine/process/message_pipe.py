"""The parent's end of a child's pipe: whole messages in both directions, never blocking."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

from studio.engine.process.messages import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MAX_UNREAD = 64
"""Received messages that wait for the caller; beyond that the child waits, as on a full pipe."""
STALL_SECONDS = 60.0
"""After the first bytes of a message; the child is then stopped or broken."""
JOIN_SECONDS = 1.0


class GarbledError(Exception):
    """The bytes from the pipe are not a message."""


class MessagePipe:
    """Sends and receives in two threads of its own.

    A stopped child reads nothing, and a broken one may send half a message; neither blocks callers.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._incoming: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        self._room = threading.Semaphore(MAX_UNREAD)
        self._receiving_since: float | None = None
        """When the message that is being received began."""
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for target, name in (
                (self._receive_all, "receive from child"),  # not translated: names of threads
                (self._send_all, "send to child"),  # not translated
            )
        ]
        for thread in self._threads:
            thread.start()

    def send(self, message: bytes) -> None:
        """Send a message once the child reads it. A closed pipe makes `receive` raise."""
        self._outgoing.put(message)

    def receive(self, timeout: float) -> bytes | None:
        """Return the next message, or None after `timeout` seconds.

        Raises EOFError or OSError at the end of the pipe, and GarbledError.
        """
        try:
            received = self._incoming.get(timeout=timeout)
        except queue.Empty:
            since = self._receiving_since
            if since is not None and time.monotonic() - since > STALL_SECONDS:
                raise GarbledError(
                    f"half a message, then nothing for {STALL_SECONDS:.0f} s"
                ) from None
            return None
        if isinstance(received, Exception):
            self._incoming.put(received)  # every later call raises it too
            raise received
        self._room.release()
        return received

    def close(self) -> None:
        """End both threads and close the pipe, which the child notices."""
        if sys.platform != "win32":  # on Windows the threads end when the child has ended
            with (
                contextlib.suppress(OSError),
                socket.socket(fileno=os.dup(self._connection.fileno())) as end,
            ):
                end.shutdown(socket.SHUT_RDWR)
        self._outgoing.put(None)
        self._room.release(MAX_UNREAD)
        for thread in self._threads:
            thread.join(JOIN_SECONDS)
        if not any(thread.is_alive() for thread in self._threads):
            self._connection.close()

    def _receive_all(self) -> None:
        try:
            while True:
                self._connection.poll(None)
                self._receiving_since = time.monotonic()
                message = self._connection.recv_bytes(MAX_MESSAGE_BYTES)
                self._receiving_since = None
                self._room.acquire()
                self._incoming.put(message)
        except (EOFError, OSError) as error:
            self._receiving_since = None
            # `Connection` raises an OSError without a number for an impossible length and for a
            # message that is cut off.
            unnumbered = isinstance(error, OSError) and error.errno is None
            self._incoming.put(GarbledError(str(error)) if unnumbered else error)

    def _send_all(self) -> None:
        try:
            while (message := self._outgoing.get()) is not None:
                self._connection.send_bytes(message)
        except (OSError, ValueError) as error:
            self._incoming.put(error if isinstance(error, OSError) else GarbledError(str(error)))
