"""Finds a font for a text: Pillow's own for Latin letters, else one of this computer's."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import StudioError
from studio.core.translation import tr

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

NAMES = (
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSerifCJK-Bold.ttc",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
    "msyh.ttc",
    "segoeui.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",  # not translated: a file
    "Arial Unicode.ttf",  # not translated: a file
)
"""Fonts with many characters on Linux, Windows and macOS, tried in this order."""
ABSENT = "\U0010fffe"
"""A character that no font has: what it looks like, missing ones look like."""


def font_for(text: str, size: int) -> FreeTypeFont | ImageFont:
    """Return a font that has all characters of a text. Raises StudioError without one."""
    from PIL import ImageFont

    own = ImageFont.load_default(size)
    if _has(own, text):
        return own
    for file in _files():
        try:
            font = ImageFont.truetype(file, size)
        except OSError:  # damaged, or of another format
            continue
        if _has(font, text):
            return font
    raise StudioError(
        tr("No font on this computer has all characters of the text."),
        cause="invalid",
        cure=tr("Use other characters, or install a font that has them, such as Noto Sans CJK."),
    )


def _has(font: FreeTypeFont | ImageFont, text: str) -> bool:
    """True if the font draws every character of a text that is to be seen."""
    absent = bytes(font.getmask(ABSENT))
    return all(bytes(font.getmask(one)) != absent for one in set(text) if not one.isspace())


@functools.cache
def _files() -> tuple[Path, ...]:
    """Return the files of `NAMES` on this computer."""
    found = {file.name: file for folder in _folders() for file in _files_in(folder)}
    return tuple(found[name] for name in NAMES if name in found)


def _files_in(folder: Path) -> Iterator[Path]:
    for parent, _folders_in, names in os.walk(folder):
        yield from (Path(parent, name) for name in names if name in NAMES)


def _folders() -> tuple[Path, ...]:
    home = Path.home()
    if sys.platform == "win32":
        return (
            Path(os.environ.get("WINDIR", "C:/Windows"), "Fonts"),
            home / "AppData/Local/Microsoft/Windows/Fonts",
        )
    if sys.platform == "darwin":
        return Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"
    return Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local/share/fonts"
