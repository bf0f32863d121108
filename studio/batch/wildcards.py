"""Wildcards: `__animal__` is a line of animal.txt, always in one folder."""

from __future__ import annotations

from pathlib import Path

from studio.batch.grammar import GrammarError
from studio.batch.source_row import lines_of
from studio.batch.tables.columns import clean
from studio.batch.tables.read_file import read_bytes
from studio.core.errors import StudioError
from studio.core.paths import MAX_NAME_BYTES
from studio.core.translation import tr
from studio.media.text_encoding import decode

FOLDER = "wildcards"
"""The default folder, next to the batch file."""
MAX_LINES = 100_000
MAX_ALL_LINES = 500_000
"""Of all files that one batch reads."""
MAX_ALL_CHARACTERS = 32_000_000


class Wildcards:
    """The wildcard files of a folder, each read once."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._count = self._characters = 0
        self._read: dict[str, tuple[str, ...]] = {}
        self._refused: dict[str, str] = {}

    def lines(self, name: str) -> tuple[str, ...]:
        """Return a file's lines without blank ones and `#` comments. Raises GrammarError."""
        if name in self._refused:  # don't read the file again for each row
            raise GrammarError(self._refused[name])
        if name not in self._read:
            try:
                self._read[name] = self._lines(name)
            except GrammarError as error:
                self._refused[name] = str(error)
                raise
        return self._read[name]

    def _lines(self, name: str) -> tuple[str, ...]:
        wildcard = f"__{name}__"
        if self._folder is None or not self._folder.is_dir():
            raise GrammarError(
                tr(
                    "has the wildcard {wildcard}, but there is no folder {folder}; write \\__ for "
                    "the underscores themselves",
                    wildcard=wildcard,
                    folder=self._folder,
                )
                if self._folder
                else tr(
                    "has the wildcard {wildcard}, but no folder of wildcards is set; write \\__ "
                    "for the underscores themselves",
                    wildcard=wildcard,
                )
            )
        path = self._inside(name)
        if path is None:
            raise GrammarError(
                tr(
                    "has the wildcard {wildcard}, which is outside the folder of wildcards",
                    wildcard=wildcard,
                )
            )
        if not path.is_file():
            raise GrammarError(
                tr(
                    "has the wildcard {wildcard}, but {file} is not in {folder}; write \\__ for "
                    "the underscores themselves",
                    wildcard=wildcard,
                    file=path.name,
                    folder=self._folder,
                )
            )
        try:
            text = decode(read_bytes(path)).text
        except StudioError as error:
            raise GrammarError(
                tr(
                    "has the wildcard {wildcard}: {problem}",
                    wildcard=wildcard,
                    problem=error.message,
                )
            ) from error
        if max(text.count("\n"), text.count("\r")) > 2 * MAX_LINES:  # before splitting
            raise _too_many_lines(wildcard, path)
        lines = tuple(
            line
            for _number, raw in lines_of(text)
            if (line := clean(raw)) and not line.startswith("#")
        )
        if not lines:
            raise GrammarError(
                tr(
                    "has the wildcard {wildcard}, but {file} has no lines",
                    wildcard=wildcard,
                    file=path.name,
                )
            )
        self._count += len(lines)
        self._characters += len(text)
        if len(lines) > MAX_LINES:
            raise _too_many_lines(wildcard, path)
        if self._count > MAX_ALL_LINES or self._characters > MAX_ALL_CHARACTERS:
            raise GrammarError(
                tr(
                    "has the wildcard {wildcard}, with which the wildcard files exceed {maximum:,} "
                    "lines or 32 MB",
                    wildcard=wildcard,
                    maximum=MAX_ALL_LINES,
                )
            )
        return lines

    def _inside(self, name: str) -> Path | None:
        """Return the file's path, or None if it or a link's target is outside the folder."""
        assert self._folder is not None
        if "\\" in name or ":" in name or "\0" in name or name.startswith("/"):
            return None
        if any(
            len(part.encode(errors="replace")) > MAX_NAME_BYTES for part in f"{name}.txt".split("/")
        ):
            raise GrammarError(tr("has a wildcard whose name is too long for a file name"))
        try:
            root = self._folder.resolve()
            path = (root / f"{name}.txt").resolve()
        except (OSError, RuntimeError, ValueError):  # a link to itself; a lone surrogate
            return None
        return path if path.is_relative_to(root) else None


def _too_many_lines(wildcard: str, path: Path) -> GrammarError:
    return GrammarError(
        tr(
            "has the wildcard {wildcard}, but {file} has more than {maximum:,} lines",
            wildcard=wildcard,
            file=path.name,
            maximum=MAX_LINES,
        )
    )
