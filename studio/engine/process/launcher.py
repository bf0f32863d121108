"""Starting children ahead of time, so that the next job finds one that has its modules imported.

On Linux a fork server imports them once and forks in 0.1 s. Elsewhere one spare child is started
while another works.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Literal

import psutil

from studio.core import environment, lifeline
from studio.core.paths import DataFolder
from studio.core.settings import LoadPreference
from studio.engine.process.message_pipe import MessagePipe

StartMethod = Literal["forkserver", "spawn"]

TERMINATE_SECONDS = 0.5
KILL_SECONDS = 5.0
MAX_LOGS = 4
CRASH = "Fatal Python error"
"""What faulthandler begins with; the stacks of all threads come after it."""


def default_start_method() -> StartMethod:
    """The fork server on Linux; macOS libraries do not survive a fork, Windows has none."""
    return "forkserver" if sys.platform == "linux" else "spawn"


@dataclass
class WorkerProcess:
    """A child process and the parent's ends of its pipes."""

    process: BaseProcess
    pipe: MessagePipe
    life: Connection
    log_path: str

    def has_ended(self) -> bool:
        """True if the process is gone, also if something else keeps its pipe open.

        The exit code comes through the fork server, so without one `process.is_alive()` is False
        for a child that runs.
        """
        return not self.process.is_alive() and not psutil.pid_exists(self.process.pid or 0)

    def end(self) -> None:
        """End the process in stages: its lifeline is cut, then it is terminated, then killed."""
        self.life.close()
        self._stop()
        self.pipe.close()

    def _stop(self) -> None:
        self.process.join(TERMINATE_SECONDS)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(TERMINATE_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(KILL_SECONDS)

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.end()

    def log_tail(self, size: int = 4_000) -> str:
        """Return the end of what its libraries printed; of a crash its beginning, which says what
        it was.
        """
        try:
            with open(self.log_path, "rb") as file:  # noqa: PTH123
                file.seek(0, 2)
                file.seek(max(0, file.tell() - 16 * size))
                text = file.read().decode(errors="replace").strip()
        except OSError:
            return ""
        crash = text.rfind(CRASH)
        return text[crash:][:size] if crash >= 0 else text[-size:]


class WorkerLauncher:
    """Has the next child ready. Thread-safe."""

    def __init__(
        self, data: DataFolder, method: StartMethod, memory: LoadPreference | None = None
    ) -> None:
        self._data = data
        self._memory = memory
        self._method = method
        self._context: Any = multiprocessing.get_context(method)
        self._next: Future[WorkerProcess] | None = None
        self._lock = threading.Lock()
        self._numbers = itertools.cycle(range(MAX_LOGS))

    def begin(self, greeting: bytes = b"") -> None:
        """Start the next child in a thread of its own, where none is on its way; `greeting` is the
        first message that it gets.
        """
        with self._lock:
            if self._next is None:
                self._next = Future()
                threading.Thread(
                    target=self._start,
                    args=(self._next, next(self._numbers), greeting),
                    name="start child",
                    daemon=True,
                ).start()

    def take(self, timeout: float) -> WorkerProcess | None:
        """Return the next child, or None where it is not there after `timeout` seconds. Raises what
        starting it raised.
        """
        self.begin()
        with self._lock:
            future = self._next
        assert future is not None
        try:
            child = future.result(timeout)
        except FutureTimeoutError:
            return None
        finally:
            if future.done():
                with self._lock:
                    self._next = None
        if self._method == "spawn":
            self.begin()  # the spare
        return child

    def start_over(self) -> None:
        """Give up the child that does not come, and its fork server, which may be stopped."""
        self.close()
        if self._method == "forkserver":
            from multiprocessing import forkserver

            server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
            if server is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(server, signal.SIGKILL)

    def close(self) -> None:
        """End a child that nobody took, also one that is still starting."""
        with self._lock:
            future, self._next = self._next, None
        if future is not None:
            future.add_done_callback(lambda done: None if done.exception() else done.result().end())

    def _start(self, future: Future[WorkerProcess], number: int, greeting: bytes) -> None:
        try:
            child = self._make_child(number)
            if greeting:
                child.pipe.send(greeting)
            future.set_result(child)
        # boundary of the thread: whoever takes the child sees it
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)

    def _make_child(self, number: int) -> WorkerProcess:
        environment.prepare(self._data.cache / "torch")
        if self._method == "forkserver":
            lifeline.offer()
            self._context.set_forkserver_preload(["studio.engine.process.preload_main"])
        self._data.logs.mkdir(parents=True, exist_ok=True)
        log_path = str(self._data.logs / f"engine-{number}.log")
        ours, theirs = self._context.Pipe()
        life_theirs, life_ours = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_run_child,
            args=(life_theirs, theirs, str(self._data.root), log_path, self._memory),
            name="studio engine",
        )
        with _SAFE_PATH_LOCK, environment.safe_import_path():
            process.start()
        theirs.close()
        life_theirs.close()
        return WorkerProcess(process, MessagePipe(ours), life_ours, log_path)


_SAFE_PATH_LOCK = threading.Lock()
"""Held while the environment differs for a program that starts."""


def _run_child(
    life: Connection,
    connection: Connection,
    root: str,
    log_path: str,
    memory: LoadPreference | None,
) -> None:
    """Tie the new process to this one before it imports anything that takes time; then serve."""
    if sys.platform == "win32":
        lifeline.exit_after(life.recv_bytes)
    else:
        lifeline.end_with(life.fileno())
    from studio.engine.process.server import serve

    serve(connection, root, log_path, memory)
