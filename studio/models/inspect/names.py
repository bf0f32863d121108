"""Names and titles of models, made from the names of their files."""

from __future__ import annotations

import re
from pathlib import Path

from studio.core.file_names import printable, slug

MAX_TITLE = 80


def title_of_folder(folder: Path) -> str:
    """Return a title for the model in a folder, or in a snapshot of a hub cache."""
    # models--openai-community--gpt2/snapshots/607a30d7…
    name = folder.parent.parent.name if folder.parent.name == "snapshots" else folder.name
    return title_from(name.rpartition("--")[2])


def title_from(text: str) -> str:
    """Return text from a file as the title of a model."""
    return printable(text)[:MAX_TITLE].strip() or "Model"


def card_name(title: str, default: str = "model") -> str:
    """Return a folder name for a model: a-z 0-9 . - _, and no name that Windows reserves."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", title.lower()).strip("-._")[:60]
    return slug(plain).strip("-.") or default
