"""Wildcards: `__animal__` is a line of animal.txt, always in one folder."""

from __future__ import annotations

from pathlib import Path

from studio.batch.grammar import GrammarError
from studio.batch.source_row import lines_of
from studio.batch.tables.columns import clean
from studio.batch.tables.encoding import decode, read_bytes
from studio.core.errors import StudioError
from studio.core.paths import MAX_NAME_BYTES

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
        subject = f"has the wildcard __{name}__"
        if self._folder is None or not self._folder.is_dir():
            where = (
                f"there is no folder {self._folder}"
                if self._folder
                else "no folder of wildcards is set"
            )
            raise GrammarError(f"{subject}, but {where}; write \\__ for the underscores themselves")
        path = self._inside(name)
        if path is None:
            raise GrammarError(f"{subject}, which is outside the folder of wildcards")
        if not path.is_file():
            raise GrammarError(
                f"{subject}, but {path.name} is not in {self._folder}; write \\__ for the "
                "underscores themselves"
            )
        try:
            text = decode(read_bytes(path)).text
        except StudioError as error:
            raise GrammarError(f"{subject}: {error.message}") from error
        if max(text.count("\n"), text.count("\r")) > 2 * MAX_LINES:  # before splitting
            raise GrammarError(f"{subject}, but {path.name} has more than {MAX_LINES:,} lines")
        lines = tuple(
            line
            for _number, raw in lines_of(text)
            if (line := clean(raw)) and not line.startswith("#")
        )
        if not lines:
            raise GrammarError(f"{subject}, but {path.name} has no lines")
        self._count += len(lines)
        self._characters += len(text)
        if len(lines) > MAX_LINES:
            raise GrammarError(f"{subject}, but {path.name} has more than {MAX_LINES:,} lines")
        if self._count > MAX_ALL_LINES or self._characters > MAX_ALL_CHARACTERS:
            raise GrammarError(
                f"{subject}, with which the wildcard files exceed {MAX_ALL_LINES:,} lines or 32 MB"
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
            raise GrammarError("has a wildcard whose name is too long for a file name")
        try:
            root = self._folder.resolve()
            path = (root / f"{name}.txt").resolve()
        except (OSError, RuntimeError, ValueError):  # a link to itself; a lone surrogate
            return None
        return path if path.is_relative_to(root) else None
