"""What the downloading process and its parent say to each other: JSON lines, decoded strictly by
type.
"""

from __future__ import annotations

import msgspec

from studio.models.hub.repository import Found, Hub, RemoteFile, Repository, Trouble


class Order(msgspec.Struct, frozen=True, tag=True):
    """What to look for. The first line to the child; the token goes this way and no other."""

    hub: Hub
    repository: Repository
    folder: str
    """Where parts and whole files lie, named by their hashes."""
    with_licence: bool = False
    """The text of the licence is wanted, for a person to read."""


class Fetch(msgspec.Struct, frozen=True, tag=True):
    """These files are wanted, each digest once."""

    files: tuple[RemoteFile, ...]


class Waiting(msgspec.Struct, frozen=True, tag=True):
    """The hub is tried again after this time."""

    seconds: float
    reason: str


class Checking(msgspec.Struct, frozen=True, tag=True):
    """A file is there and its hash is computed."""

    path: str


class Fetched(msgspec.Struct, frozen=True, tag=True):
    """A file is there, with the right hash."""

    digest: str
    """As the hub lists it."""
    sha256: str


class Complete(msgspec.Struct, frozen=True, tag=True):
    """All that was wanted is there."""


ToChild = Order | Fetch
FromChild = Found | Waiting | Checking | Fetched | Complete | Trouble
