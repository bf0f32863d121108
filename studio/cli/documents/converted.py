"""Options and results of the commands that write documents to files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from studio.core.errors import StudioError
from studio.core.paths import user_path
from studio.core.translation import tr

Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]
Replace = Annotated[bool, typer.Option("--replace", help=tr("Replace an existing file."))]
Target = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        parser=user_path,
        metavar="FILE",
        help=tr("The new file; its extension names the format."),
    ),
]


class Converted(msgspec.Struct, frozen=True):
    """What `--json` prints for a document that was converted or exported."""

    file: str
    format: str
    notices: tuple[str, ...]


def written(target: Path, write: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """Call a function that writes a file, and return its notices. Raises StudioError."""
    try:
        return write()
    except FileExistsError as error:
        raise StudioError(
            tr("{file} exists.", file=target.name),
            cause="invalid",
            cure=tr("Choose another name, or use --replace."),
        ) from error
    except OSError as error:
        raise StudioError(
            tr("{file} cannot be written: {reason}.", file=target.name, reason=error.strerror),
            cause="disk",
            cure=tr("Check the folder's permissions and free space."),
        ) from error
