"""A hub, a repository on it and its contents, as plain data; `worker.py` uses the network."""

from __future__ import annotations

import os
import re
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import msgspec

from studio.core.errors import FailureCause, StudioError, offline_error
from studio.core.paths import DataFolder
from studio.core.settings import Settings
from studio.core.settings_catalog.endpoint import ENDPOINT, checked_endpoint
from studio.core.settings_store import load_settings
from studio.core.translation import tr

ENDPOINT_VARIABLE = "HF_ENDPOINT"
MAIN = "main"
FOLDER_PREFIX = "hub--"
_REPO = re.compile(r"(?!.*(?:--|\.\.))(?:\w[\w.-]*/)?\w[\w.-]*(?<![.-])(?<!\.git)", re.ASCII)
_MAX_REPO = 96
_REVISION = re.compile(r"(?!.*\.\.)[\w./+-]{1,200}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Hub(msgspec.Struct, frozen=True, kw_only=True):
    """A hub and how to connect to it."""

    endpoint: str = ENDPOINT
    token: str | None = None
    """None takes the token from the keyring when it is needed; empty sends no token."""
    offline: bool = False
    """Refuse every connection."""
    first_wait_seconds: float = 1.0
    """Wait before the second attempt; each further wait is twice as long."""
    silence_seconds: float = 30.0
    """A connection that sends nothing for so long counts as lost."""

    def __repr__(self) -> str:
        return f"Hub({self.endpoint!r})"  # never the token

    def __rich_repr__(self) -> Any:
        yield self.endpoint

    @property
    def host(self) -> str:
        """The hub's name for a person."""
        return urlsplit(self.endpoint).netloc

    @property
    def is_encrypted(self) -> bool:
        """True if the connection is private, so that a token may be sent."""
        parts = urlsplit(self.endpoint)
        return parts.scheme == "https" or (parts.hostname or "") in _LOOPBACK


class Repository(msgspec.Struct, frozen=True):
    """A model on a hub."""

    repo: str
    """`organization/name`."""
    revision: str = MAIN
    """Branch, tag or commit."""
    files: tuple[str, ...] = ()
    """Names or patterns (`unet/*.fp16.safetensors`); empty for the files that Studio needs."""

    @property
    def name(self) -> str:
        """The repository's name without the organization."""
        return self.repo.rpartition("/")[2]

    @property
    def folder_name(self) -> str:
        """The name of its folder in `downloads/`, which no catalog name equals."""
        return FOLDER_PREFIX + self.repo.replace("/", "--")


class RemoteFile(msgspec.Struct, frozen=True):
    """A file on the hub."""

    path: str
    size: int
    digest: str
    """SHA-256 if the hub keeps it as a large file, else git's SHA-1 of the blob."""

    @property
    def is_large(self) -> bool:
        """True where `digest` is the SHA-256."""
        return len(self.digest) == 64


class Trouble(msgspec.Struct, frozen=True, tag=True):
    """Why something cannot be downloaded: a StudioError as plain data."""

    cause: FailureCause
    message: str
    cure: str = ""

    def error(self) -> StudioError:
        """Return it as an error."""
        return StudioError(self.message, cause=self.cause, cure=self.cure)

    @classmethod
    def of(cls, error: StudioError) -> Self:
        """Return an error as plain data."""
        return cls(error.cause, error.message, error.cure)


class RepositoryContents(msgspec.Struct, frozen=True, kw_only=True, tag="Found"):
    """What the hub states about a repository."""

    commit: str
    files: tuple[RemoteFile, ...] = ()
    """The files to download; empty if the user must choose one of `choices` first."""
    choices: tuple[RemoteFile, ...] = ()
    """GGUF files that can be downloaded instead."""
    license: str = ""
    license_link: str = ""
    license_text: str = ""
    """The license file in the repository, or ""."""
    gated: bool = False
    """Its terms must be accepted on the hub's website."""
    languages: tuple[str, ...] = ()
    parameters: int = 0
    """0 if the hub does not state it."""
    closed: Trouble | None = None
    """Why this user may not download its files."""

    @property
    def size(self) -> int:
        """Bytes of the files to download."""
        return sum(file.size for file in self.files)


def hub_for(data: DataFolder, endpoint: str = "", *, offline: bool = False) -> Hub:
    """Return the hub of this data folder's settings; see `hub_of`."""
    return hub_of(load_settings(data), endpoint, offline=offline)


def hub_of(settings: Settings, endpoint: str = "", *, offline: bool = False) -> Hub:
    """Return the hub at `endpoint`, $HF_ENDPOINT, the settings' endpoint, or the default one.

    The first that is set counts. Raises StudioError.
    """
    chosen = endpoint or os.environ.get(ENDPOINT_VARIABLE, "") or settings.endpoint or ENDPOINT
    return Hub(endpoint=checked_endpoint(chosen), offline=offline or settings.offline)


def check_online(hub: Hub) -> None:
    """Raise StudioError if Studio is set to offline. Call it before any connection."""
    if hub.offline:
        raise offline_error()


def parse_repository(text: str, hub: Hub | None = None) -> Repository:
    """Return the repository named by `organization/name[@revision]` or by its page's address.

    Raises StudioError.
    """
    name, files = text.strip(), tuple[str, ...]()
    if "://" in name:
        name, files = _from_address(name, hub or Hub())
    repo, at, revision = name.partition("@")
    if (
        len(repo) > _MAX_REPO
        or not _REPO.fullmatch(repo)
        or (at and not _REVISION.fullmatch(revision))
    ):
        raise _unreadable(text)
    return Repository(repo, revision or MAIN, files)


def _from_address(address: str, hub: Hub) -> tuple[str, tuple[str, ...]]:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise _unreadable(address) from None
    if parts.netloc not in (urlsplit(ENDPOINT).netloc, hub.host):
        raise StudioError(
            tr("{address} is not a page of {host}.", address=address[:200], host=hub.host),
            cause="invalid",
            cure=tr("Use --endpoint to name another hub."),
        )
    words = [unquote(word) for word in parts.path.strip("/").split("/")]
    name, rest = "/".join(words[:2]), words[2:]
    if len(rest) < 2 or rest[0] not in ("tree", "blob", "resolve"):
        return name, ()
    files = ("/".join(rest[2:]),) if rest[0] != "tree" and len(rest) > 2 else ()
    return f"{name}@{rest[1]}", files


def _unreadable(text: str) -> StudioError:
    return StudioError(
        tr("{text} is not the name of a repository.", text=repr(text.strip()[:200])),
        cause="invalid",
        cure=tr("Write it as organization/name, or organization/name@revision."),
    )
