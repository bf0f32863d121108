"""What a thumbnail is made from. No widgets."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from studio.core.files import sha256_hex
from studio.library.items import Item, Media


class ThumbnailSource(NamedTuple):
    """A file, and what is known of its content."""

    path: str
    media: Media
    sha256: str = ""
    """Of the content; empty while it is unknown."""
    modified: float = 0.0
    """When a file without a hash changed, as far as is known; Unix time in seconds."""
    excerpt: str = ""
    """The first lines of a text; empty to read them from the file."""

    @property
    def key(self) -> str:
        """Identifies the content without a look at the file."""
        return self.sha256 or f"{self.path}\0{self.modified}"


def source_of_item(item: Item) -> ThumbnailSource:
    """Return the source of an item of the library."""
    excerpt = (item.excerpt or item.prompt) if item.media == "text" else ""
    return ThumbnailSource(item.path, item.media, item.sha256, item.modified, excerpt)


def cache_key(source: ThumbnailSource) -> str:
    """Return the key in the cache on disk. Reads the file's time if it has no hash yet.

    Raises OSError.
    """
    if source.sha256:
        return source.sha256
    modified = Path(source.path).stat().st_mtime_ns
    return sha256_hex(f"{source.path}\0{modified}".encode(errors="surrogatepass"))
