"""Error boundary of the command line: turns errors into messages and exit codes."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable

from studio.cli import output
from studio.core.errors import InvalidRequestError, StudioError
from studio.core.translation import tr


def guard(command: Callable[[], int]) -> int:
    """Run a command and return its exit code; explain errors with causes outside the program.

    Raises errors of the program itself, with their traceback.
    """
    try:
        code = command()
        output.flush()
    except KeyboardInterrupt:
        return output.INTERRUPTED
    except ImportError as error:
        return output.lacks_library(error)
    except Exception as error:  # noqa: BLE001  `explain` raises unknown errors again
        return explain(error)
    return code


def explain(error: Exception) -> int:
    """Print an error and return the exit code. Raises errors of the program itself."""
    if isinstance(error, (StudioError, InvalidRequestError)):
        output.explain(error)
        is_wrong = isinstance(error, InvalidRequestError) or error.cause == "invalid"
        return output.WRONG if is_wrong else output.FAILED
    if hasattr(error, "exit_code"):  # click's errors: a wrong option, a missing argument
        if hasattr(error, "format_message"):
            # Here, because it imports typer, which a start of the window does without.
            from studio.cli.parser_texts import translate_usage_error

            output.note(f"studio: {translate_usage_error(error.format_message())}")
        return int(error.exit_code)
    if isinstance(error, output.OutputError):
        return output.give_up(error.error)
    if isinstance(error, OSError):
        return _explain_system(error)
    if isinstance(error, UnicodeError):
        output.note(
            tr(
                "A file name or text is not valid UTF-8.\n"
                "Rename the file, or save the text as UTF-8."
            )
        )
        return output.WRONG
    if isinstance(error, sqlite3.Error):
        output.note(
            tr(
                "The queue cannot be read or written: {reason}.\nCheck the data folder's "
                "permissions and free space.",
                reason=error,
            )
        )
        return output.FAILED
    raise error


def _explain_system(error: OSError) -> int:
    try:
        output.flush()
    except output.OutputError as refused:
        return output.give_up(refused.error)
    # Without a file name: click could not write its help.
    if error.filename is None and error.errno in (errno.EPIPE, errno.EBADF):
        return output.give_up(error)
    name = f"{error.filename}: " if error.filename is not None else ""
    output.note(f"studio: {name}{error.strerror or error}.")
    return output.FAILED
