"""Walks through the folders of the library: each once, whatever links lead to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from studio.core.artifact import SIDECAR_FOLDER
from studio.core.file_names import is_utf8
from studio.core.translation import mark, tr_marked

_MAX_DEPTH = 64
NOT_UTF8 = mark("The name is not valid UTF-8. Rename it to see its files in the library.")


class Root(NamedTuple):
    """A folder to scan."""

    path: str
    """Absolute."""
    is_recursive: bool = True
    only_own: bool = False
    """True to add only files with a recipe of Studio: a job wrote into a folder of the user."""


class Folder(NamedTuple):
    """A folder with its files."""

    path: str
    stamp: str
    """Changes when files are added, removed or annotated."""
    files: list[os.DirEntry[str]]
    recipes: frozenset[str]
    """Names of recipe files of texts."""
    only_own: bool


class Problem(NamedTuple):
    """A folder that could not be read, and why."""

    path: str
    message: str


def walk(
    roots: Iterable[Root], problems: list[Problem], excluded: frozenset[str] = frozenset()
) -> Iterator[Folder]:
    """Yield the roots and the folders below them, except hidden and `excluded` ones.

    Appends folders that cannot be read to `problems`.
    """
    visited: set[tuple[int, int]] = set()
    ordered = sorted(roots, key=lambda root: (not root.is_recursive, root.only_own, root.path))
    for root in ordered:
        stack = [(root.path, 0)]
        while stack:
            path, depth = stack.pop()
            try:
                status = os.stat(path)  # noqa: PTH116  a path object for each takes longer
                # Some file systems of Windows have no inode numbers.
                identity = (status.st_dev, status.st_ino or hash(path))
                if identity in visited:
                    continue
                visited.add(identity)
                folder, below = _list(path, status.st_mtime_ns, root)
            except OSError as error:
                problems.append(Problem(path, error.strerror or str(error)))
                continue
            if not is_utf8(path):  # neither the index nor a window can hold its name
                problems.append(
                    Problem(os.fsencode(path).decode(errors="replace"), tr_marked(NOT_UTF8))
                )
                continue
            yield folder
            if root.is_recursive and depth < _MAX_DEPTH:
                # sorted, the first on top
                names = sorted(below, reverse=True)
                stack += [(name, depth + 1) for name in names if name not in excluded]


def _list(path: str, modified: int, root: Root) -> tuple[Folder, list[str]]:
    files, below = [], []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                below.append(entry.path)
            else:
                files.append(entry)
    files.sort(key=lambda entry: entry.name)
    noted, recipes = _sidecars(Path(path) / SIDECAR_FOLDER)
    return Folder(path, f"{modified} {noted}", files, recipes, root.only_own), below


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _sidecars(folder: Path) -> tuple[int, frozenset[str]]:
    """Return when the folder's annotations changed, and the names of recipe files."""
    try:
        listed = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return 0, frozenset()
    names = frozenset(name for name in listed if name.endswith(".json"))
    try:
        return (folder / "annotations.jsonl").stat().st_mtime_ns, names
    except OSError:
        return 0, names
