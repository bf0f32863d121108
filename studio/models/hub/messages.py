"""Messages between the downloading process and its parent: JSON lines, decoded by type."""

from __future__ import annotations

import msgspec

from studio.models.hub.repository import Hub, RemoteFile, Repository, RepositoryContents, Trouble


class Order(msgspec.Struct, frozen=True, tag=True):
    """The first message to the child: the repository to query, and the token for the hub."""

    hub: Hub
    repository: Repository
    folder: str
    """Where parts and complete files are stored, named by their hashes."""
    with_license: bool = False
    """Also return the license text."""


class Fetch(msgspec.Struct, frozen=True, tag=True):
    """Fetch these files, each digest once."""

    files: tuple[RemoteFile, ...]


class Waiting(msgspec.Struct, frozen=True, tag=True):
    """The child tries again after this time."""

    seconds: float
    reason: str


class Checking(msgspec.Struct, frozen=True, tag=True):
    """A file is complete, and its hash is being computed."""

    path: str


class Fetched(msgspec.Struct, frozen=True, tag=True):
    """A file is complete, and its hash is right."""

    digest: str
    """As the hub lists it."""
    sha256: str


class Complete(msgspec.Struct, frozen=True, tag=True):
    """All requested files are complete."""


ToChild = Order | Fetch
FromChild = RepositoryContents | Waiting | Checking | Fetched | Complete | Trouble
