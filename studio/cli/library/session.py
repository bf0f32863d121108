"""Opens the library for a command, and finds the items that it names."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence

from studio.cli import output
from studio.cli.context import Context
from studio.core.errors import StudioError
from studio.core.paths import input_path
from studio.core.translation import tr
from studio.library.faults import is_damaged, is_temporary
from studio.library.items import EVERYTHING, Item, Query
from studio.library.library import Library

_MAX_CANDIDATES = 5


@contextlib.contextmanager
def opened(context: Context) -> Iterator[Library]:
    """Yield the library with what the queue made so far; all folders are scanned the first time.

    Raises StudioError if the index cannot be read or written.
    """
    try:
        library = Library(context.data)
        try:
            _catch_up(library)
            yield library
        finally:
            library.close()
    except sqlite3.Error as error:
        cure = tr("Check the data folder's permissions and free space.")
        if is_damaged(error):
            cure = tr("Run `studio library rebuild`. Nothing is lost.")
        elif is_temporary(error):
            cure = tr("Another program uses it. Try again later.")
        message = tr(
            "The library's index {path} cannot be used: {reason}.",
            path=context.data.library,
            reason=error,
        )
        raise StudioError(message, cause="disk", cure=cure) from error


def _catch_up(library: Library) -> None:
    """Add what is new; a queue that cannot be read is no reason to hide what is known."""
    if not library.index.count():
        for problem in library.refresh().problems:
            output.note(f"{problem.path}: {problem.message}")
        return
    try:
        library.catch_up()
    except StudioError as error:
        output.note(error.message)
    except sqlite3.DatabaseError as error:
        output.note(
            tr("{path} cannot be read: {reason}.", path=library.data.database, reason=error)
        )


def find_items(library: Library, names: Sequence[str]) -> list[Item]:
    """Return the items that are named by path, file name or id. Raises StudioError."""
    found = [_find(library, name) for name in names]
    return list({item.id: item for item in found}.values())


def _find(library: Library, name: str) -> Item:
    item = library.index.find(os.path.abspath(input_path(name)))  # noqa: PTH100  keeps links
    if item is not None:
        return item
    if name.isdigit() and len(name) <= 18 and (items := library.index.items([int(name)])):
        return items[0]
    matches = [
        item
        for item in library.index.search(Query(text=f'"{name}"'), limit=200)
        if os.path.basename(item.path) == name  # noqa: PTH119
    ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        paths = "\n".join(f"  {item.path}" for item in matches[:_MAX_CANDIDATES])
        raise StudioError(
            tr(
                "{count} files in the library have the name {name}:\n{paths}",
                count=len(matches),
                name=name,
                paths=paths,
            ),
            cause="invalid",
            cure=tr("Use the path."),
        )
    raise StudioError(
        tr("{name} is not in the library.", name=name),
        cause="invalid",
        cure=tr(
            "`studio library list` shows what is; `studio library add` adds files and folders."
        ),
    )


def choose_items(library: Library, names: Sequence[str], query: Query) -> list[Item]:
    """Return the named items, or all that a query finds. Raises StudioError for neither or both."""
    if bool(names) == (query != EVERYTHING):
        raise StudioError(
            tr("Name files, or choose them with options such as --tag, not both.")
            if names
            else tr("No files are named."),
            cause="invalid",
            cure=tr("Name files, or choose them with options such as --tag."),
        )
    return find_items(library, names) if names else library.index.items(library.index.ids(query))
