"""The parent's end of a child's pipe: whole messages in both directions, without ever blocking the
caller.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import sys
import threading
import time
from multiprocessing.connection import Connection

from studio.engine.process.messages import MAX_MESSAGE_BYTES

MAX_UNREAD = 64
"""Messages that are received ahead of the caller; then the child waits, as it would with a full
pipe.
"""
STALL_SECONDS = 60.0
"""A message whose first bytes came and whose rest does not: the child is stopped or broken."""
JOIN_SECONDS = 1.0


class GarbledError(Exception):
    """What came through the pipe is no message."""


class MessagePipe:
    """Sends and receives in two threads: a stopped child reads nothing, and a broken one may send
    half a message.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._incoming: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        self._room = threading.Semaphore(MAX_UNREAD)
        self._began: float | None = None
        """When the message that is being received began."""
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for target, name in (
                (self._receive_all, "receive from child"),
                (self._send_all, "send to child"),
            )
        ]
        for thread in self._threads:
            thread.start()

    def send(self, message: bytes) -> None:
        """Send a message when the child takes it. A pipe that has ended is found by `receive`."""
        self._outgoing.put(message)

    def receive(self, timeout: float) -> bytes | None:
        """Return the next message, or None after `timeout` seconds.

        Raises EOFError or OSError at the end of the pipe, and GarbledError.
        """
        try:
            found = self._incoming.get(timeout=timeout)
        except queue.Empty:
            began = self._began
            if began is not None and time.monotonic() - began > STALL_SECONDS:
                raise GarbledError(
                    f"half a message, and nothing more for {STALL_SECONDS:.0f} s"
                ) from None
            return None
        if isinstance(found, Exception):
            self._incoming.put(found)  # the end stays the end
            raise found
        self._room.release()
        return found

    def close(self) -> None:
        """End both threads and close the pipe. The child sees the end of the pipe."""
        if sys.platform != "win32":  # there, the threads end when the child has ended
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
                self._began = time.monotonic()
                message = self._connection.recv_bytes(MAX_MESSAGE_BYTES)
                self._began = None
                self._room.acquire()
                self._incoming.put(message)
        except (EOFError, OSError) as error:
            self._began = None
            # `Connection` raises an OSError without a number for a length that is impossible and
            # for a message that is cut off.
            unnumbered = isinstance(error, OSError) and error.errno is None
            self._incoming.put(GarbledError(str(error)) if unnumbered else error)

    def _send_all(self) -> None:
        try:
            while (message := self._outgoing.get()) is not None:
                self._connection.send_bytes(message)
        except (OSError, ValueError) as error:
            self._incoming.put(error if isinstance(error, OSError) else GarbledError(str(error)))
