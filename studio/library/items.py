"""Items: what the library knows about a file, and what a search asks for. Plain data."""

from __future__ import annotations

from typing import Literal

import msgspec

from studio.core.translation import mark, tr_marked

Media = Literal["text", "image", "audio", "video"]
MEDIUM_TITLES = {
    "text": mark("Text"),
    "image": mark("Image"),
    "audio": mark("Audio"),
    "video": mark("Video"),
}
"""Medium → title, marked."""
MAX_RATING = 5
EXCERPT_CHARACTERS = 300
MAX_BODY_CHARACTERS = 1_000_000
"""Of a text, that are searched."""


class Annotation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person noted about an item."""

    rating: int = 0
    """1..5; 0 for none."""
    favorite: bool = False
    note: str = ""
    tags: tuple[str, ...] = ()
    """Sorted."""
    collections: tuple[str, ...] = ()
    """Names of the collections that it is in, sorted."""


class KnownContent(msgspec.Struct, frozen=True):
    """What the queue recorded about a file that a job wrote."""

    size: int
    """In bytes."""
    sha256: str
    """Empty if it is unknown."""


class NewItem(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it goes into the index. Everything here can be read from the file again."""

    path: str
    """Absolute."""
    sha256: str
    size: int
    """In bytes."""
    modified: int
    """`st_mtime_ns` when it was read."""
    media: Media
    kind: str = ""
    """Kind of the request that made it; empty for a file of another program."""
    media_type: str = ""
    created: float
    """Unix time in seconds: of the recipe, else of the file."""
    model: str = ""
    prompt: str = ""
    body: str = ""
    """The text of a text, or the transcript of audio, as far as it is searched."""
    seed: int | None = None
    score: float | None = None
    width: int = 0
    height: int = 0
    duration: float = 0.0
    job_id: str = ""
    ordinal: int = 0
    batch: str = ""
    program: str = ""
    """Name of the program that made it: `Studio`, `ComfyUI` …; empty if unknown."""
    partial: bool = False
    parents: dict[str, str] = {}
    """Role → SHA-256 of a file that it was made from: start image, mask, text to speak …"""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A file in the library, as search results show it."""

    id: int
    """Time of creation in microseconds, made unique: a higher id is newer."""
    path: str
    sha256: str
    size: int
    modified: int
    media: Media
    kind: str
    media_type: str
    created: float
    model: str
    prompt: str
    excerpt: str
    """The first characters of a text."""
    seed: int | None
    score: float | None
    width: int
    height: int
    duration: float
    job_id: str
    ordinal: int
    batch: str
    program: str
    partial: bool
    rating: int
    favorite: bool
    missing: bool
    """True if the file was not found at its path."""


class Query(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to find. Every condition that is set must hold."""

    text: str = ""
    """Words, each found anywhere, also inside words; `"…"` keeps words together."""
    media: tuple[Media, ...] = ()
    kinds: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    batch: str = ""
    program: str = ""
    created_from: float | None = None
    created_to: float | None = None
    """Unix times in seconds, the second one excluded."""
    min_rating: int = 0
    favorite: bool = False
    tags: tuple[str, ...] = ()
    """All of them."""
    collection: str = ""
    has_seed: bool = False
    min_side: int = 0
    """Lower limit of the longer side, in pixels."""
    min_bytes: int = 0
    max_bytes: int = 0
    """0 for no limit."""
    made_from: str = ""
    """SHA-256 of a file: only what was made from it."""
    job_id: str = ""
    folder: str = ""
    """Only files in this folder and below it."""
    missing: bool | None = None
    """True: only missing files; False: only existing ones."""


EVERYTHING = Query()


def medium_title(medium: str) -> str:
    """Return the name of a medium as a user sees it."""
    return tr_marked(MEDIUM_TITLES.get(medium, medium))
