"""The documentation that comes with Studio: Markdown pages, and the licences."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from studio.core.resources import resources

LICENCE, THIRD_PARTY = "LICENSE", "THIRD_PARTY.md"
_IMAGE = re.compile(r"!\[[^][]*+\]\([^()]*+\)")
"""Images are not packaged."""
_SCREENSHOTS = re.compile(r"^## What it looks like\n.*?(?=^## )", re.DOTALL | re.MULTILINE)
"""The part of README.md that has nothing but images."""
_FIRST = ("README.md", "features.md", "commands.md")
_FOR_DEVELOPERS = (
    "architecture.md",
    "translations.md",
    "starter-image.md",
    "starter-music.md",
    "starter-poem.md",
)


class Document(NamedTuple):
    """A page of the documentation."""

    path: Path
    title: str
    text: str
    """Markdown."""


def read_documents() -> list[Document]:
    """Return all pages, the first ones for a new user, the last ones for developers."""
    root = resources().parent  # of a checkout
    packaged = resources() / "docs"
    folder = packaged if packaged.is_dir() else root / "docs"
    top = packaged if packaged.is_dir() else root
    paths = [top / "README.md", *folder.glob("*.md"), top / LICENCE, top / THIRD_PARTY]
    found = {path.name: path for path in paths if path.is_file()}
    return [_read(found[name]) for name in sorted(found, key=_place)]


def _place(name: str) -> tuple[int, str]:
    if name in _FIRST:
        return _FIRST.index(name), name
    if name in (LICENCE, THIRD_PARTY):
        return 900, name
    return (800 if name in _FOR_DEVELOPERS else 100), name


def _read(path: Path) -> Document:
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.name == LICENCE:
        return Document(path, "License", f"# License\n\n```\n{text}\n```")
    heading = next((line for line in text.splitlines() if line.startswith("# ")), path.stem)
    title = "Overview" if path.name == "README.md" else heading.removeprefix("# ").strip()
    return Document(path, title, _IMAGE.sub("", _SCREENSHOTS.sub("", text)))
