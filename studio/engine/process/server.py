"""Main program of the child: receives jobs, runs them in `LocalEngine`, sends events back.

The reader thread receives messages, so that a cancel arrives while a model runs; the main thread
runs jobs. When the pipe closes, the parent is gone, and the child exits at once.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from studio.core import environment
from studio.core.events import JobEvent
from studio.core.paths import DataFolder
from studio.core.settings import LoadPreference
from studio.engine.local import LocalEngine
from studio.engine.process import preload
from studio.engine.process.messages import (
    MAX_MESSAGE_BYTES,
    UNREADABLE,
    Cancel,
    RunJobs,
    ToChild,
    WarmUp,
)

log = logging.getLogger(__name__)


def serve(
    connection: Connection, root: str, log_path: str, memory: LoadPreference | None = None
) -> None:
    """Run jobs until the parent closes the pipe; `launcher` has tied this process to it."""
    # Ctrl+C in a shell reaches the whole process group; the parent decides what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _redirect_output(log_path)
    environment.prepare()
    preload.import_all()  # takes no time in a fork server's child
    engine = LocalEngine(DataFolder(root=Path(root)), memory)
    inbox = _Inbox(connection)
    threading.Thread(target=inbox.read, name="reader", daemon=True).start()
    encoder = msgspec.msgpack.Encoder()

    def send(event: JobEvent) -> None:
        try:
            connection.send_bytes(encoder.encode(event))
        except OSError:  # the parent is gone
            os._exit(0)

    while True:
        message = inbox.wait(engine.free_unused())
        if isinstance(message, RunJobs):
            engine.run(message.jobs, send, inbox.is_cancelled)
        elif message is not None and inbox.is_empty:  # jobs go first
            engine.load_ahead(message.kind, message.model)


class _Inbox:
    """Messages from the parent, received in a thread of their own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._messages: queue.SimpleQueue[RunJobs | WarmUp] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        """Ids of the jobs to cancel; a late cancel cannot hit the next job."""

    @property
    def is_empty(self) -> bool:
        """True if no message waits."""
        return self._messages.empty()

    def wait(self, seconds: float | None) -> RunJobs | WarmUp | None:
        """Return the next message, None if none arrived within `seconds`."""
        try:
            return self._messages.get(timeout=seconds)
        except queue.Empty:
            return None

    def is_cancelled(self, job_id: str) -> bool:
        """True if the parent cancelled the job."""
        return job_id in self._cancelled

    def read(self) -> None:
        """Receive messages until the pipe ends; the reader thread."""
        try:
            self._read_all()
        except Exception as error:  # boundary of the thread; else the process would wait for ever
            # `Connection` raises an OSError without a number for bytes that are not a message.
            if isinstance(error, EOFError) or (
                isinstance(error, OSError) and error.errno is not None
            ):
                os._exit(0)  # the parent closed the pipe or is gone
            log.exception("a message from the parent cannot be decoded")
            logging.shutdown()
            os._exit(UNREADABLE)

    def _read_all(self) -> None:
        decoder = msgspec.msgpack.Decoder(ToChild)
        while True:
            message = decoder.decode(self._connection.recv_bytes(MAX_MESSAGE_BYTES))
            if isinstance(message, Cancel):
                self._cancelled.add(message.job_id)
            elif isinstance(message, RunJobs):
                self._cancelled.clear()  # a retry of a job that was cancelled before
                self._messages.put(message)
            else:
                self._messages.put(message)


def _redirect_output(log_path: str) -> None:
    """Redirect what libraries print, and the traceback of a native crash, to the log file."""
    descriptor = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    if sys.stderr is not None:
        faulthandler.enable()
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("studio.engine.local").setLevel(logging.INFO)
