"""The user at the other end of a local socket. Other users receive nothing and command nothing."""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
from pathlib import Path

_UCRED = struct.Struct("3i")
"""Linux, `struct ucred`: pid, uid, gid."""
_XUCRED = struct.Struct("=II")
"""macOS, the start of `struct xucred`: version, uid."""
_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES = 0, 1, 76
UNKNOWN = "unknown"


def peer_user(descriptor: int, *, is_server: bool = False) -> str:
    """Return the user at the other end: a user id, a name on Windows, or `UNKNOWN`.

    `descriptor` is what `QLocalSocket.socketDescriptor` returns. `is_server`: the other end is the
    server, which Windows needs to know.
    """
    try:
        if sys.platform == "win32":
            return _pipe_user(descriptor, is_server=is_server)
        with socket.socket(fileno=os.dup(descriptor)) as end:
            if sys.platform == "darwin":
                return str(
                    _XUCRED.unpack_from(end.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES))[
                        1
                    ]
                )
            return str(
                _UCRED.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[1]
            )
    except OSError:
        return UNKNOWN


def own_user() -> str:
    """Return this process's user in the form of `peer_user`."""
    if sys.platform == "win32":
        import psutil

        return str(psutil.Process().username())
    return str(os.geteuid())


def is_private(folder: Path, *, readable: bool = True) -> bool:
    """Return True if `folder` belongs to this user, and others cannot write there.

    With `readable` False, others cannot read it either.
    """
    if sys.platform == "win32":
        return True
    try:
        info = folder.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(info.st_mode)
        and info.st_uid == os.geteuid()
        and not info.st_mode & (0o022 if readable else 0o077)
    )


def _pipe_user(handle: int, *, is_server: bool) -> str:
    import ctypes

    import psutil

    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    ask = kernel.GetNamedPipeServerProcessId if is_server else kernel.GetNamedPipeClientProcessId
    process = ctypes.c_ulong()
    if not ask(ctypes.c_void_p(handle), ctypes.byref(process)):
        return UNKNOWN
    try:
        return str(psutil.Process(process.value).username())
    except psutil.Error:  # another user's process denies access
        return UNKNOWN
