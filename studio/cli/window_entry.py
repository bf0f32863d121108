"""Open the window for `studio` without a command, without the command line's libraries.

Their import takes 0.1 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from studio.cli import output
from studio.cli.boundary import guard


class WindowOptions(NamedTuple):
    """The options of a start of the window; the same as those of `cli.app.start`."""

    data_dir: str = ""
    in_process: bool = False
    fake: bool = False


def window_options(arguments: Sequence[str]) -> WindowOptions | None:
    """Return the options if the arguments only open the window; None for the command line."""
    options, left = WindowOptions(), list(arguments)
    while left:
        name, equals, value = left.pop(0).partition("=")
        if name == "--data-dir" and (value or (not equals and left and left[0])):
            options = options._replace(data_dir=value or left.pop(0))
        elif name == "--in-process" and not equals:
            options = options._replace(in_process=True)
        elif name == "--fake" and not equals:
            options = options._replace(fake=True)
        else:
            return None
    return options


def open_window(options: WindowOptions) -> int:
    """Open the window and run until it is closed; return the exit code."""
    output.prepare_streams()
    from studio.core.paths import data_folder

    def run() -> int:
        from studio.app import run_window  # a missing library is explained by `guard`

        data = data_folder(options.data_dir)
        return run_window(data, in_process=options.in_process, fake=options.fake)

    return guard(run)
