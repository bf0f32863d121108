"""Ends a child process when its parent ends, however it ends and whatever the child is doing.

A lifeline is a pipe that nothing is written to. The parent holds the write end; the kernel closes
it when the parent dies. On Linux the kernel then sends SIGKILL to the child: no Python code has to
run, so native code that holds the interpreter lock and a stopped process (SIGSTOP) do not delay it.
`PR_SET_PDEATHSIG` is no alternative: it fires when the *thread* that forked ends. Elsewhere a
thread of the child waits for the end of the pipe.

Run as a script, this file ties itself to a lifeline and becomes another program. It imports the
standard library only.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

if sys.platform == "linux":
    import fcntl

LAUNCH = "run-with-lifeline"
"""The argument that makes a built program (PyInstaller), which runs no scripts, call `main`."""
VARIABLE = "STUDIO_LIFELINE"
"""Names the read end of the lifeline that a fork server ties itself to."""
_offered: tuple[int, int] | None = None


def end_with(descriptor: int) -> None:
    """Kill this process when the other end of pipe `descriptor`, which must stay open, closes."""
    if sys.platform == "linux":
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
        watched = select.poll()  # select takes no descriptor above 1023
        watched.register(descriptor, select.POLLIN)
        if watched.poll(0):  # it closed before the kernel watched it
            os._exit(1)
    else:
        exit_after(lambda: os.read(descriptor, 1))


def exit_after(wait: Callable[[], object]) -> None:
    """End this process when `wait`, which a thread calls, returns or raises OSError or EOFError."""

    def run() -> None:
        with contextlib.suppress(OSError, EOFError):
            wait()
        os._exit(1)

    threading.Thread(target=run, name="lifeline", daemon=True).start()


def offer() -> None:
    """Create a lifeline of this process that a fork server of `multiprocessing` can find.

    The pipe of `multiprocessing` itself is not enough: its write end is sent along with every
    request, so that a server keeps its own pipe open until it accepts a request, and it checks the
    pipe only after all its imports.
    """
    global _offered
    if sys.platform == "linux" and not os.environ.get(VARIABLE, "").startswith(
        f"/proc/{os.getpid()}/"
    ):
        _offered = os.pipe()
        os.environ[VARIABLE] = f"/proc/{os.getpid()}/fd/{_offered[0]}"


def tie_to_offered() -> None:
    """Tie this process to the lifeline that the environment names; end it if its owner is gone."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, ProcessLookupError):
        os._exit(1)
    except OSError:  # /proc is not accessible; the server ends when its own pipe ends
        return
    end_with(descriptor)


def start_tied(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program that ends with this process. Takes the options of `subprocess.Popen`.

    Tied on Linux only; elsewhere the program must notice the end of its standard input.
    """
    if sys.platform != "linux":
        return subprocess.Popen(command, **options)
    theirs, ours = os.pipe()
    try:
        process = subprocess.Popen(
            [*_launcher(), str(theirs), *command], pass_fds=(theirs,), **options
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    weakref.finalize(process, os.close, ours)
    return process


def main(arguments: Sequence[str]) -> None:
    """Become the program `arguments[1:]`, tied to the pipe `arguments[0]`, which stays open across
    `exec`.
    """
    end_with(int(arguments[0]))
    for name in ("SIGPIPE", "SIGXFSZ"):  # Python ignores these, and programs inherit that
        with contextlib.suppress(AttributeError):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execv(arguments[1], list(arguments[1:]))
    except OSError as error:
        sys.exit(f"{arguments[1]} cannot be started: {error.strerror}")


def _launcher() -> list[str]:
    # -I and -S: the launcher needs nothing from the current folder, the environment or
    # site-packages.
    return (
        [sys.executable, LAUNCH]
        if getattr(sys, "frozen", False)
        else [sys.executable, "-I", "-S", __file__]
    )


if __name__ == "__main__":
    main(sys.argv[1:])
