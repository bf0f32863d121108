"""What the command line prints: results on stdout, everything else on stderr. Exit codes."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from studio.core.errors import InvalidRequestError, StudioError

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
"""All done; a job failed; the request was wrong and nothing was run; Ctrl+C."""


class OutputError(Exception):
    """Standard output cannot be written: it is closed or full, or the reader of a pipe left."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def result(text: str) -> None:
    """Print a result: a path, a text, a table. Raises OutputError."""
    try:
        sys.stdout.write(text + "\n")
    except OSError as error:
        raise OutputError(error) from error


def stream(text: str) -> bool:
    """Print a piece of a result at once; False where standard output cannot take it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:
        return False
    return True


def as_json(value: Any, *, in_a_line: bool = False) -> None:
    """Print one JSON object."""
    import msgspec

    try:
        data = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a file name that is not UTF-8, found in a folder
        data = msgspec.json.encode(_printable(msgspec.to_builtins(value)))
    result((data if in_a_line else msgspec.json.format(data, indent=2)).decode())


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_printable(name): _printable(part) for name, part in value.items()}
    return [_printable(part) for part in value] if isinstance(value, (list, tuple)) else value


def note(text: str) -> None:
    """Say something to the person; not part of the result. A closed or full standard error is no
    reason to stop.
    """
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        _divert(sys.stderr)


def explain(error: StudioError | InvalidRequestError) -> None:
    """Say what was wrong and what to do."""
    from studio.core.errors import InvalidRequestError

    if isinstance(error, InvalidRequestError):
        for problem in error.problems:
            note(f"{problem.field}: {problem.message}")
        return
    note(error.message)
    if error.cure:
        note(error.cure)


def lacks_library(error: ImportError) -> int:
    """Say that the system lacks a library, and return the exit code. Raises what is another
    error.
    """
    if ".so" not in str(error):
        raise error
    note(f"studio: {error}\nThe system lacks a library; `studio doctor` names its package.")
    return FAILED


def prepare_streams() -> None:
    """Make the standard streams usable whatever the shell passed.

    Chinese must not fail where a shell says that it only knows ASCII. A stream that is closed is
    opened on the null device, so that no other file takes its number; results that are written to a
    closed standard output are an error, as with other programs.
    """
    for number, name, flags in (
        (0, "stdin", os.O_RDONLY),
        (1, "stdout", _CLOSED_OUTPUT),
        (2, "stderr", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            setattr(sys, name, _reopen(number, flags))
    for stream_ in (sys.stdout, sys.stderr):
        if hasattr(stream_, "reconfigure"):
            stream_.reconfigure(encoding="utf-8", errors="replace")


_CLOSED_OUTPUT = os.O_WRONLY if sys.platform == "win32" else os.O_RDONLY
"""On Windows a program without a console has no standard output, and that is in order."""


def _reopen(number: int, flags: int) -> TextIO:
    descriptor = os.open(os.devnull, flags)
    if descriptor != number:
        os.dup2(descriptor, number)
        os.close(descriptor)
    return open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)


def flush() -> None:
    """Write what is buffered. Raises OutputError."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise OutputError(error) from error


def give_up(error: OSError) -> int:
    """Say why results cannot be printed, unless the reader of a pipe simply left (`| head`); return
    the exit code.
    """
    if not isinstance(error, BrokenPipeError):
        note(f"The result could not be written to standard output: {error.strerror}.")
    _divert(sys.stdout)
    return FAILED


def _divert(stream_: TextIO) -> None:
    """Send what is buffered to the null device: Python would report it once more when the program
    ends.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(null, stream_.fileno())
    os.close(null)
