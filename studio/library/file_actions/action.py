"""An action on many files as data: what it does, and with which files."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Literal

import msgspec

from studio.library.file_actions.results import FileChange
from studio.library.items import Item

ImageFormat = Literal["", "png", "jpg", "webp", "avif"]
AudioFormat = Literal["", "wav", "flac", "ogg", "mp3"]
TextFormat = Literal["", "txt", "md"]
ActionKind = Literal["move", "copy", "export", "undo"]


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How items are exported. An empty format keeps the file's own."""

    image_format: ImageFormat = ""
    audio_format: AudioFormat = ""
    text_format: TextFormat = ""
    quality: int = 90
    """Of JPEG, WebP and AVIF, 1 to 100."""
    max_side: int = 0
    """Upper limit of an image's longer side in pixels; 0 for none."""
    with_metadata: bool = True
    """Keep the recipe; otherwise remove it, and Exif, XMP and comments too."""

    def suffix_for(self, item: Item) -> str:
        """Return the extension of the exported file, with its dot."""
        own = Path(item.path).suffix.lower()
        formats = {"image": self.image_format, "audio": self.audio_format, "text": self.text_format}
        wanted = formats.get(item.media, "")
        return f".{wanted}" if wanted and not (wanted == "jpg" and own == ".jpeg") else own


class FileAction(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to files of the library, one after the other."""

    id: str
    """Sorts by the time of the action."""
    kind: ActionKind
    """`undo` moves files back."""
    files: tuple[FileChange, ...]
    """With an empty target where a free name in `folder` is chosen at its turn."""
    folder: str = ""
    options: ExportOptions = ExportOptions()


def new_action_id() -> str:
    """Return an id that no other action has."""
    return f"{time.time_ns():020}-{os.urandom(4).hex()}"
