"""Output of the command line: results on stdout, all else on stderr; exit codes."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from studio.core.translation import tr

if TYPE_CHECKING:
    from studio.core.errors import InvalidRequestError, StudioError

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
"""All done; a job failed; nothing ran because the request is invalid; Ctrl+C."""


class OutputError(Exception):
    """Standard output is closed or full, or the reader of a pipe has ended."""

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
    """Print a piece of a result at once; return False if standard output refuses it."""
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
    except UnicodeEncodeError:  # a file name that is not UTF-8
        data = msgspec.json.encode(_printable(msgspec.to_builtins(value)))
    result((data if in_a_line else msgspec.json.format(data, indent=2)).decode())


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_printable(name): _printable(part) for name, part in value.items()}
    return [_printable(part) for part in value] if isinstance(value, (list, tuple)) else value


def note(text: str) -> None:
    """Print a message for the user; ignores a closed or full standard error."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        _divert(sys.stderr)


def explain(error: StudioError | InvalidRequestError) -> None:
    """Print an error and what to do."""
    from studio.core.errors import InvalidRequestError

    if isinstance(error, InvalidRequestError):
        for problem in error.problems:
            note(f"{problem.field}: {problem.message}")
        return
    note(error.message)
    if error.cure:
        note(error.cure)


def lacks_library(error: ImportError) -> int:
    """Report a missing system library and return the exit code; raise other errors."""
    if ".so" not in str(error):
        raise error
    note(
        tr(
            "studio: {reason}\nA system library is missing; `studio doctor` names its package.",
            reason=error,
        )
    )
    return FAILED


def prepare_streams() -> None:
    """Make the standard streams usable.

    They use UTF-8 even if the locale is ASCII. A closed stream is opened on the null device, so
    that no other file gets its number; writing results to a closed standard output fails, as in
    other programs.
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
"""On Windows, a program without a console has no standard output."""


def _reopen(number: int, flags: int) -> TextIO:
    descriptor = os.open(os.devnull, flags)
    if descriptor != number:
        os.dup2(descriptor, number)
        os.close(descriptor)
    return open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)


def flush() -> None:
    """Write buffered results. Raises OutputError."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise OutputError(error) from error


def give_up(error: OSError) -> int:
    """Report that results cannot be printed, and return the exit code.

    Silent if the reader of a pipe has ended (`| head`).
    """
    if not isinstance(error, BrokenPipeError):
        note(
            tr(
                "The result cannot be written to standard output: {reason}.",
                reason=error.strerror,
            )
        )
    _divert(sys.stdout)
    return FAILED


def _divert(stream_: TextIO) -> None:
    """Send buffered data to the null device, so that Python doesn't report it at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(null, stream_.fileno())
    os.close(null)
