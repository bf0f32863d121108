"""Collects the texts of one file by keyword, within limits.

PNG keywords are used as they are. Texts of other places have the keywords below.
"""

from __future__ import annotations

import re
import zlib

USER_COMMENT = "exif:UserComment"
IMAGE_DESCRIPTION = "exif:ImageDescription"
MAKE = "exif:Make"
CAMERA = "exif:Model"
SOFTWARE = "exif:Software"
MAKER_NOTE = "exif:MakerNote"
XP_COMMENT = "exif:XPComment"
XMP_DESCRIPTION = "xmp:description"
XMP_USER_COMMENT = "xmp:UserComment"
XMP_CREATOR_TOOL = "xmp:CreatorTool"
JPEG_COMMENT = "jpeg:comment"

MAX_TEXT_BYTES = 2 * 2**20
"""Of one text. The largest graphs of ComfyUI have about 1 MB."""
MAX_TOTAL_BYTES = 4 * 2**20
MAX_TEXTS = 100
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class TextCollector:
    """Keyword → text, with the names of texts that exceed the limits."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.skipped: list[str] = []
        """Keywords of texts that are too long to be read."""
        self._room = MAX_TOTAL_BYTES

    def fits(self, keyword: str, size: int) -> bool:
        """Return whether a text of `size` bytes may be read; remember its keyword if not."""
        if size > min(self._room, MAX_TEXT_BYTES) or len(self.texts) >= MAX_TEXTS:
            if len(self.skipped) < MAX_TEXTS:
                self.skipped.append(clean(keyword)[:80] or "text")
            return False
        return True

    def add(self, keyword: str, text: str) -> None:
        """Keep a text, without control characters; the first of a keyword counts."""
        text = clean(text).strip()
        if text and keyword not in self.texts and self.fits(keyword, len(text)):
            self._room -= len(text)
            self.texts[keyword] = text

    def add_bytes(self, keyword: str, data: bytes) -> None:
        """Keep a text of unknown encoding."""
        if self.fits(keyword, len(data)):
            self.add(keyword, decode(data))

    def inflate(self, keyword: str, data: bytes, window: int = zlib.MAX_WBITS) -> bytes:
        """Return decompressed data; empty if it is damaged or too long."""
        try:
            inflated = zlib.decompressobj(window).decompress(data, MAX_TEXT_BYTES + 1)
        except zlib.error:
            return b""
        return inflated if self.fits(keyword, len(inflated)) else b""


def decode(data: bytes) -> str:
    """Decode as UTF-8, which many programs write where Latin-1 is specified, else as Latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def clean(text: str) -> str:
    """Return the text with line feeds only and without control characters."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
