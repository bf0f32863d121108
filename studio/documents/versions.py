"""Versions of a document: its text at a moment, why it was kept, and who wrote what."""

from __future__ import annotations

from typing import Literal

import msgspec

from studio.core.translation import mark
from studio.documents.origins import Stretches

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
