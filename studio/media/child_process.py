"""What the child processes that read untrusted media files share: start, limits and pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from studio.core.lifeline import start_tied

LOG_BYTES = 2_000
"""Of the end of a child's standard error that are logged."""
_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN")
_MEMORY_BYTES = 6 << 30
"""Of addresses: frames of 8192 × 8192 fit, a decoder that runs wild does not take the machine."""
_PIPE_BYTES = 1 << 20
_NICENESS = 5


def start_child(
    word: str,
    module: str,
    arguments: Sequence[str],
    errors: IO[bytes],
    *,
    has_own_session: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a module of Studio with pipes; its standard error goes to `errors`. Raises OSError.

    `word`: the argument by which a built program (PyInstaller), which has no `-m`, recognizes it.
    `has_own_session`: for work that can wait. Linux divides a CPU among sessions (autogroups)
    first, and only then, by niceness, within one: a child in the window's session takes the
    window's share, however nice it is.
    """
    # -P: no modules from the current folder.
    program = (
        [sys.executable, word]
        if getattr(sys, "frozen", False)
        else [sys.executable, "-P", "-m", module]
    )
    return start_tied(
        [*program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        bufsize=0,
        env=_environment(),
        start_new_session=has_own_session,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    kept = {name: value for name, value in os.environ.items() if name not in _TOKENS}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
        "PYTHONUTF8": "1",
    }


def end_of_log(errors: IO[bytes]) -> str:
    """Return the end of what a child wrote to its standard error."""
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - LOG_BYTES))
    return errors.read().decode(errors="replace")


def give_way() -> None:
    """Let other programs go first on a busy machine."""
    if sys.platform != "win32":
        os.nice(_NICENESS)


def limit_memory(most: int = _MEMORY_BYTES) -> None:
    """Limit this process to `most` bytes, so that a hostile file ends it and not the machine."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def take_output() -> int:
    """Return standard output as a descriptor of its own: what libraries print goes elsewhere."""
    descriptor = os.dup(1)
    os.dup2(2, 1)
    if sys.platform == "linux":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        except OSError:  # the user's limit of pipes is used up; a smaller one works too
            return descriptor
    return descriptor


def write_all(descriptor: int, data: memoryview | bytes) -> None:
    """Write all data to a descriptor. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def read_exactly(pipe: IO[bytes], size: int) -> bytearray:
    """Return `size` bytes, fewer at the end. A pipe without a buffer returns what is there."""
    data = bytearray(size)
    view, filled = memoryview(data), 0
    while filled < size:
        count = pipe.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            return data[:filled]
        filled += count
    return data
