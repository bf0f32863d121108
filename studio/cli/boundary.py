"""The last boundary of the command line: errors of files, databases and texts become a sentence and
an exit code.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable

from studio.cli import output
from studio.core.errors import InvalidRequestError, StudioError


def guard(command: Callable[[], int]) -> int:
    """Run a command and return its exit code; an error that has a reason outside the program
    becomes a sentence.

    An error of the program itself is raised, with its traceback.
    """
    try:
        code = command()
        output.flush()
    except KeyboardInterrupt:
        return output.INTERRUPTED
    except ImportError as error:
        return output.lacks_library(error)
    except Exception as error:  # noqa: BLE001  what is unknown is raised again
        return explain(error)
    return code


def explain(error: Exception) -> int:
    """Print what was wrong and return the exit code. Raises the error where it is a fault of the
    program.
    """
    if isinstance(error, (StudioError, InvalidRequestError)):
        output.explain(error)
        is_wrong = isinstance(error, InvalidRequestError) or error.cause == "invalid"
        return output.WRONG if is_wrong else output.FAILED
    if hasattr(error, "exit_code"):  # click's own errors: a wrong option, a missing argument
        if hasattr(error, "format_message"):
            output.note(f"studio: {error.format_message()}")
        return int(error.exit_code)
    if isinstance(error, output.OutputError):
        return output.give_up(error.error)
    if isinstance(error, OSError):
        return _explain_system(error)
    if isinstance(error, UnicodeError):
        output.note(
            "A name or a text is not valid UTF-8, so that it cannot be stored.\nRename the file, "
            "or save the text as UTF-8."
        )
        return output.WRONG
    if isinstance(error, sqlite3.Error):
        output.note(
            f"The queue cannot be read or written: {error}.\nCheck the data folder's permissions "
            "and free space."
        )
        return output.FAILED
    raise error


def _explain_system(error: OSError) -> int:
    try:
        output.flush()
    except output.OutputError as refused:
        return output.give_up(refused.error)
    if error.filename is None and error.errno in (
        errno.EPIPE,
        errno.EBADF,
    ):  # click's help was not written
        return output.give_up(error)
    name = f"{error.filename}: " if error.filename is not None else ""
    output.note(f"studio: {name}{error.strerror or error}.")
    return output.FAILED
