"""What the command line prints: results on stdout, everything else on stderr. Exit codes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio.core.errors import InvalidRequestError, StudioError

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
"""All done; a job failed; the request was wrong and nothing was run; Ctrl+C."""


def result(text: str) -> None:
    """Print a result: a path, a text, a table."""
    sys.stdout.write(text + "\n")


def as_json(value: Any, *, in_a_line: bool = False) -> None:
    """Print one JSON object."""
    import msgspec

    data = msgspec.json.encode(value)
    result((data if in_a_line else msgspec.json.format(data, indent=2)).decode())


def note(text: str) -> None:
    """Say something to the person; not part of the result."""
    sys.stderr.write(text + "\n")


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
    """Say that the system lacks a library, and return the exit code. Raises what is another error."""
    if ".so" not in str(error):
        raise error
    note(f"studio: {error}\nThe system lacks a library; `studio doctor` names its package.")
    return FAILED


def use_utf8() -> None:
    """Chinese must not fail where a shell says that it only knows ASCII."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
