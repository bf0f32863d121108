"""Where the icons, cards, translations and other files of the package are."""

from __future__ import annotations

import functools
import sys
from pathlib import Path


@functools.cache
def resources() -> Path:
    """Return the folder of resources: in the package of a wheel, next to it in a checkout."""
    inside = Path(__file__).resolve().parent.parent / "resources"
    if inside.is_dir():
        return inside
    frozen = getattr(sys, "_MEIPASS", None)  # PyInstaller's folder
    if frozen:
        return Path(frozen) / "resources"
    return Path(__file__).resolve().parent.parent.parent / "resources"
