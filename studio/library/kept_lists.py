"""Saved searches, watched folders and collections in a file, so that a lost index has them again.

The file counts: it is written before the index, and an index that is opened follows it. Only a
collection that came with notes next to files can be in the index alone.
"""

from __future__ import annotations

import logging

import msgspec

from studio.core.files import write_whole
from studio.core.paths import DataFolder
from studio.core.regular_file import read_regular
from studio.library.index import LibraryIndex
from studio.library.items import Query

_MAX_BYTES = 16 * 2**20
log = logging.getLogger(__name__)


class KeptLists(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds."""

    searches: dict[str, Query] = {}
    folders: tuple[str, ...] = ()
    """Watched folders, as absolute paths."""
    collections: tuple[str, ...] = ()


def read_lists(data: DataFolder) -> KeptLists | None:
    """Return the lists; None without a file, or if it is damaged.

    Raises OSError if it cannot be read now: it must not be written again from the index.
    """
    try:
        return msgspec.json.decode(read_regular(data.library_lists, _MAX_BYTES), type=KeptLists)
    except (FileNotFoundError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def save_search(index: LibraryIndex, data: DataFolder, name: str, query: Query | None) -> None:
    """Save a query under a name, or delete it (None). Raises OSError with nothing changed."""
    lists = _current(index, data)
    searches = {key: value for key, value in lists.searches.items() if key != name}
    if query is not None:
        searches[name] = query
    _write(data, msgspec.structs.replace(lists, searches=searches))
    index.save_search(name, query)


def add_folder(index: LibraryIndex, data: DataFolder, path: str) -> None:
    """Watch a folder. Raises OSError with nothing changed."""
    lists = _current(index, data)
    _write(data, msgspec.structs.replace(lists, folders=(*lists.folders, path)))
    index.add_folder(path)


def add_collection(index: LibraryIndex, data: DataFolder, name: str) -> None:
    """Create an empty collection, if it does not exist. Raises OSError with nothing changed."""
    lists = _current(index, data)
    _write(data, msgspec.structs.replace(lists, collections=(*lists.collections, name)))
    index.add_collection(name)


def remove_collection(index: LibraryIndex, data: DataFolder, name: str) -> None:
    """Delete a collection; its items stay. Raises OSError with nothing changed."""
    lists = _current(index, data)
    rest = tuple(other for other in lists.collections if other != name)
    _write(data, msgspec.structs.replace(lists, collections=rest))
    index.remove_collection(name)


def is_in_file(index: LibraryIndex, data: DataFolder) -> bool:
    """Return True if the index needs nothing of the file, and the file nothing of the index."""
    try:
        kept, known = read_lists(data), _lists_of(index)
    except OSError:  # `restore_lists` reports it
        return False
    if kept is None:
        return known == KeptLists()
    same = (kept.searches, kept.folders) == (known.searches, known.folders)
    return same and set(kept.collections) <= set(known.collections)


def restore_lists(index: LibraryIndex, data: DataFolder) -> None:
    """Bring the lists of the file into the index; without a file, write it from the index.

    A file that cannot be read now stays as it is, and the index too.
    """
    try:
        kept, known = read_lists(data), _lists_of(index)
    except OSError as error:
        log.warning("the lists of the library cannot be read: %s", error)
        return
    if kept is None:
        _write(data, known)
        return
    for name in known.searches.keys() | kept.searches.keys():
        if known.searches.get(name) != kept.searches.get(name):
            index.save_search(name, kept.searches.get(name))
    for path in set(known.folders) - set(kept.folders):
        index.remove_folder(path)
    for path in set(kept.folders) - set(known.folders):
        index.add_folder(path)
    for name in set(kept.collections) - set(known.collections):
        index.add_collection(name)


def _current(index: LibraryIndex, data: DataFolder) -> KeptLists:
    """Return what the file holds, which may be ahead of the index after a kill."""
    return read_lists(data) or _lists_of(index)


def _lists_of(index: LibraryIndex) -> KeptLists:
    return KeptLists(
        searches=index.saved_searches(),
        folders=tuple(sorted(index.folders())),
        collections=tuple(sorted(index.collections())),
    )


def _write(data: DataFolder, lists: KeptLists) -> None:
    ordered = msgspec.structs.replace(
        lists,
        folders=tuple(sorted(set(lists.folders))),
        collections=tuple(sorted(set(lists.collections))),
    )
    write_whole(data.library_lists, msgspec.json.encode(ordered), replace=True)
