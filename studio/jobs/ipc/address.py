"""Where the window of a data folder listens: a socket path, or a pipe on Windows."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from studio.core.paths import DataFolder
from studio.jobs.ipc.peer import is_private, own_user

MAX_PATH_BYTES = 100
"""Of a socket's path: 104 on macOS and 108 on Linux, including the terminating zero."""


def server_names(data: DataFolder, *, make: bool = False) -> Iterator[str]:
    """Yield the names under which a data folder's window listens, best first.

    Names are paths, or the name of a pipe on Windows. The data folder is left out if its path is
    too long, or if other users can write there. File systems without sockets show only when
    listening fails. `make`: create each missing folder before its name is yielded.
    """
    root = data.root.resolve()
    if sys.platform == "win32":
        yield f"studio-{_code_of(root)}"
        return
    if is_private(root) and _fits(name := str(DataFolder(root).socket)):
        yield name
    yield from filter(_fits, _other_names(_code_of(root), make=make))


def _code_of(root: Path) -> str:
    import hashlib  # loads OpenSSL, 3.5 MB, which most starts don't need

    return hashlib.sha256(os.fsencode(root)).hexdigest()[:16]


def _other_names(code: str, *, make: bool) -> Iterator[str]:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if Path(runtime).is_absolute() and is_private(Path(runtime), readable=False):
        yield from _in_own_folder(Path(runtime) / f"studio-{code}", make=make)
    yield from _in_own_folder(
        Path(tempfile.gettempdir()) / f"studio-{own_user()}-{code}", make=make
    )


def _in_own_folder(folder: Path, *, make: bool) -> Iterator[str]:
    if make:
        with contextlib.suppress(OSError):  # `is_private` checks the result
            folder.mkdir(mode=0o700, exist_ok=True)
    if is_private(folder, readable=False):
        yield str(folder / "socket")


def _fits(name: str) -> bool:
    try:
        return len(name.encode()) <= MAX_PATH_BYTES
    except UnicodeEncodeError:  # Qt takes no names that are not UTF-8
        return False
