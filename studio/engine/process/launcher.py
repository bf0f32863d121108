"""Starts child processes ahead of time, so that a job finds one with its modules imported.

On Linux a fork server imports them once and forks in 0.1 s. Elsewhere a spare child is started
while another one works.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal

from studio.core import environment, lifeline
from studio.core.paths import DataFolder
from studio.core.settings import LoadPreference
from studio.engine.process.message_pipe import MessagePipe

StartMethod = Literal["forkserver", "spawn"]

TERMINATE_SECONDS = 0.5
KILL_SECONDS = 5.0
MAX_LOGS = 4
MAX_SOCKET_FOLDER_BYTES = 107 - 32
SHORT_FOLDER = "/tmp"
CRASH = "Fatal Python error"  # not translated: of Python
"""First words of faulthandler; the stacks of all threads follow."""


def default_start_method() -> StartMethod:
    """Return forkserver on Linux; macOS libraries do not survive a fork, Windows cannot fork."""
    return "forkserver" if sys.platform == "linux" else "spawn"


@dataclass
class WorkerProcess:
    """A child process and the parent's ends of its pipes."""

    process: BaseProcess
    pipe: MessagePipe
    parent_alive: Connection
    """The child exits when this end closes, at the latest with this process."""
    log_path: str

    def has_ended(self) -> bool:
        """True if the process is gone, even if another process keeps its pipe open.

        `process.is_alive()` alone is False for a running child whose fork server died, because the
        exit code comes through the fork server.
        """
        import psutil  # 1.7 MB with subprocess, which the first paint does not need

        return not self.process.is_alive() and not psutil.pid_exists(self.process.pid or 0)

    def end(self) -> None:
        """End the process: close its lifeline, then terminate it, then kill it."""
        self.parent_alive.close()
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
        """Kill the process."""
        self.process.kill()
        self.end()

    def log_tail(self, size: int = 4_000) -> str:
        """Return the last `size` characters of its log; after a crash, the crash report's first."""
        try:
            with Path(self.log_path).open("rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - 16 * size))
                text = file.read().decode(errors="replace").strip()
        except OSError:
            return ""
        crash = text.rfind(CRASH)
        return text[crash:][:size] if crash >= 0 else text[-size:]


class WorkerLauncher:
    """Keeps the next child ready. Thread-safe."""

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

    def start_next(self, first_message: bytes = b"") -> None:
        """Start the next child in a thread of its own, unless one is starting or ready."""
        with self._lock:
            if self._next is None:
                self._next = Future()
                threading.Thread(
                    target=self._start,
                    args=(self._next, next(self._numbers), first_message),
                    name="start child",
                    daemon=True,
                ).start()

    def acquire(self, timeout: float) -> WorkerProcess | None:
        """Return the next child, None if it is not ready after `timeout` seconds.

        Raises what starting it raised.
        """
        self.start_next()
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
            self.start_next()  # the spare
        return child

    def reset(self) -> None:
        """Give up a child that does not start, and kill its fork server, which may hang."""
        self.close()
        if self._method == "forkserver":
            from multiprocessing import forkserver

            server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
            if server is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(server, signal.SIGKILL)

    def close(self) -> None:
        """End a child that was not acquired, even one that is still starting."""
        with self._lock:
            future, self._next = self._next, None
        if future is not None:
            future.add_done_callback(lambda done: None if done.exception() else done.result().end())

    def _start(self, future: Future[WorkerProcess], number: int, first_message: bytes) -> None:
        try:
            child = self._start_child(number)
            if first_message:
                child.pipe.send(first_message)
            future.set_result(child)
        # boundary of the thread: `acquire` raises it
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)

    def _start_child(self, number: int) -> WorkerProcess:
        environment.prepare(self._data.cache / "torch")
        if self._method == "forkserver":
            lifeline.offer()
            _make_socket_folder()
            self._context.set_forkserver_preload(["studio.engine.process.preload_main"])
        self._data.logs.mkdir(parents=True, exist_ok=True)
        log_path = str(self._data.logs / f"engine-{number}.log")
        own_end, child_end = self._context.Pipe()
        lifeline_end, parent_alive = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_run_child,
            args=(lifeline_end, child_end, str(self._data.root), log_path, self._memory),
            name="studio engine",
        )
        with _SAFE_PATH_LOCK, environment.safe_import_path():
            process.start()
        child_end.close()
        lifeline_end.close()
        return WorkerProcess(process, MessagePipe(own_end), parent_alive, log_path)


def _make_socket_folder() -> None:
    """Let multiprocessing create its folder for sockets where their paths are short enough.

    A socket's path has at most 107 bytes, and multiprocessing adds 32 to the temporary folder.
    """
    from multiprocessing import util

    with _SAFE_PATH_LOCK:
        configured = tempfile.tempdir
        if len(os.fsencode(tempfile.gettempdir())) > MAX_SOCKET_FOLDER_BYTES:
            tempfile.tempdir = SHORT_FOLDER
        try:
            util.get_temp_dir()  # once a process; only this user can read it, and it is removed
        finally:
            tempfile.tempdir = configured


_SAFE_PATH_LOCK = threading.Lock()
"""Held while the environment is changed for a process that starts."""


def _run_child(
    lifeline_end: Connection,
    connection: Connection,
    root: str,
    log_path: str,
    memory: LoadPreference | None,
) -> None:
    """Tie the new process to its parent before slow imports; then serve."""
    if sys.platform == "win32":
        lifeline.exit_after(lifeline_end.recv_bytes)
    else:
        lifeline.end_with(lifeline_end.fileno())
    from studio.engine.process.server import serve

    serve(connection, root, log_path, memory)
