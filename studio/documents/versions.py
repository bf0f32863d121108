"""Versions of a document: its text at a moment, why it was kept, and who wrote what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from studio.core.translation import mark, tr
from studio.documents.origins import Stretches

MAX_NAME = 40
"""Characters of a document's beginning in its name."""
VersionReason = Literal[
    "begin",
    "save",
    "generation",
    "before_restore",
    "restore",
    "file",
    "damaged",
    "salvaged",
    "other",
]
REASON_TITLES: dict[VersionReason, str] = {
    "begin": mark("Beginning"),
    "save": mark("Save point"),
    "generation": mark("Generated"),
    "before_restore": mark("Before a version was restored"),
    "restore": mark("Restored"),
    "file": mark("Read from the file"),
    "damaged": mark("What was left after damage"),
    "salvaged": mark("With changes after the damage"),
    "other": mark("Kept"),
}
"""Reason → title, marked."""


class VersionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A version without its text."""

    id: int
    document: str
    created: float
    """Unix time in seconds."""
    reason: VersionReason
    job: str = ""
    """Id of the job whose text it contains first."""
    characters: int = 0


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version with its text."""

    info: VersionInfo
    text: str
    origins: Stretches


class DocumentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A document in a list."""

    id: str
    title: str
    format: str
    file: str
    changed: float
    """Unix time in seconds."""
    characters: int
    trashed: float = 0.0
    """Unix time when it went to the trash; 0 outside of it."""
    beginning: str = ""
    """Its first words on one line; empty if they are unknown."""

    @property
    def name(self) -> str:
        """Title, or what stands for it: the first words, else "Untitled"."""
        return self.title or self.beginning[:MAX_NAME].strip() or tr("Untitled")


def names_of(infos: Sequence[DocumentInfo]) -> list[str]:
    """Return the name of each document, with its first words if others have the same title."""
    counts = Counter(info.name for info in infos)
    return [
        _long_name(info) if counts[info.name] > 1 and info.title else info.name for info in infos
    ]


def _long_name(info: DocumentInfo) -> str:
    rest = info.beginning.removeprefix(info.title)[:MAX_NAME].strip()
    return f"{info.title} · {rest}" if rest else info.title
