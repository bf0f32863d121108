"""Where models are fetched from: a hub, a repository on it, what it holds. Plain data; the network
is in `worker.py`.
"""

from __future__ import annotations

import os
import re
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import msgspec

from studio.core.errors import FailureCause, StudioError, offline_error
from studio.core.paths import DataFolder
from studio.core.settings import Settings
from studio.core.settings_store import load_settings

ENDPOINT = "https://huggingface.co"
ENDPOINT_VARIABLE = "HF_ENDPOINT"
MAIN = "main"
FOLDER_PREFIX = "hub--"
_REPO = re.compile(r"(?!.*(?:--|\.\.))(?:\w[\w.-]*/)?\w[\w.-]*(?<![.-])(?<!\.git)", re.ASCII)
_MAX_REPO = 96
_REVISION = re.compile(r"(?!.*\.\.)[\w./+-]{1,200}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Hub(msgspec.Struct, frozen=True, kw_only=True):
    """A hub and how to speak to it."""

    endpoint: str = ENDPOINT
    token: str | None = None
    """None looks into the keyring when it is needed; empty sends none."""
    offline: bool = False
    """Nothing is fetched, whatever is asked for."""
    first_wait_seconds: float = 1.0
    """Before the second try; each further wait is twice as long."""
    silence_seconds: float = 30.0
    """A connection that says nothing for so long counts as cut."""

    def __repr__(self) -> str:
        return f"Hub({self.endpoint!r})"  # never the token

    def __rich_repr__(self) -> Any:
        yield self.endpoint

    @property
    def host(self) -> str:
        """What a person calls it."""
        return urlsplit(self.endpoint).netloc

    @property
    def is_private_way(self) -> bool:
        """True where nobody on the way can read what is sent, so that a token may be."""
        parts = urlsplit(self.endpoint)
        return parts.scheme == "https" or (parts.hostname or "") in _LOOPBACK


class Repository(msgspec.Struct, frozen=True):
    """A model on a hub."""

    repo: str
    """`organisation/name`."""
    revision: str = MAIN
    """Branch, tag or commit."""
    files: tuple[str, ...] = ()
    """Names or patterns (`unet/*.fp16.safetensors`) of what is wanted; empty takes what Studio
    needs.
    """

    @property
    def name(self) -> str:
        """The repository's name without the organisation."""
        return self.repo.rpartition("/")[2]

    @property
    def folder_name(self) -> str:
        """Its name as one folder's; no catalogue's name looks like it."""
        return FOLDER_PREFIX + self.repo.replace("/", "--")


class RemoteFile(msgspec.Struct, frozen=True):
    """A file on the hub."""

    path: str
    size: int
    digest: str
    """SHA-256 where the hub keeps it as a large file, else git's SHA-1 of the blob."""

    @property
    def is_large(self) -> bool:
        """True where `digest` is the SHA-256."""
        return len(self.digest) == 64


class Trouble(msgspec.Struct, frozen=True, tag=True):
    """Why something cannot be fetched, in words for a person."""

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


class Found(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What the hub says about a repository."""

    commit: str
    files: tuple[RemoteFile, ...] = ()
    """What would be fetched; empty where a choice must be made first."""
    choices: tuple[RemoteFile, ...] = ()
    """GGUF files that may be fetched instead."""
    licence: str = ""
    licence_link: str = ""
    licence_text: str = ""
    """As it lies in the repository; empty where it has none."""
    gated: bool = False
    """Its terms must be accepted on the hub's site."""
    languages: tuple[str, ...] = ()
    parameters: int = 0
    """0 where the hub does not say it."""
    closed: Trouble | None = None
    """Why its files are not given to this person."""

    @property
    def size(self) -> int:
        """Bytes of what would be fetched."""
        return sum(file.size for file in self.files)


def hub_for(data: DataFolder, endpoint: str = "", *, offline: bool = False) -> Hub:
    """Return the hub that is meant in this data folder; see `hub_of`."""
    return hub_of(load_settings(data), endpoint, offline=offline)


def hub_of(settings: Settings, endpoint: str = "", *, offline: bool = False) -> Hub:
    """Return the hub that is meant: `endpoint`, else $HF_ENDPOINT, else the settings', else the
    usual one. Raises StudioError.
    """
    chosen = endpoint or os.environ.get(ENDPOINT_VARIABLE, "") or settings.endpoint or ENDPOINT
    return Hub(endpoint=checked_endpoint(chosen), offline=offline or settings.offline)


def checked_endpoint(text: str) -> str:
    """Return the address of a hub as it is used. Raises StudioError where it is none."""
    try:
        parts = urlsplit(text.strip())
        sound = (
            parts.scheme in ("http", "https")
            and parts.hostname
            and (parts.port is None or parts.port)
        )
    except ValueError:  # a port that is no number, brackets that do not close
        sound = False
    if (
        not sound
        or parts.username is not None
        or parts.query
        or parts.fragment
        or any(letter.isspace() for letter in text.strip())
    ):
        raise StudioError(
            f"{text.strip()[:200]!r} is not the address of a hub.",
            cause="invalid",
            cure=f"It looks like {ENDPOINT}, without a name or password in it.",
        )
    return text.strip().rstrip("/")


def check_online(hub: Hub) -> None:
    """Raise StudioError where Studio is set to offline. Comes before anything that could open a
    connection.
    """
    if hub.offline:
        raise offline_error()


def parse_repository(text: str, hub: Hub | None = None) -> Repository:
    """Return what `organisation/name`, `organisation/name@revision` or a page's address on the hub
    means. Raises StudioError.
    """
    given, files = text.strip(), tuple[str, ...]()
    if "://" in given:
        given, files = _from_address(given, hub or Hub())
    repo, at, revision = given.partition("@")
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
            f"{address[:200]} is not a page of {hub.host}.",
            cause="invalid",
            cure="Use --endpoint to name another hub.",
        )
    words = [unquote(word) for word in parts.path.strip("/").split("/")]
    given, rest = "/".join(words[:2]), words[2:]
    if len(rest) > 1 and rest[0] in ("tree", "blob", "resolve"):
        return f"{given}@{rest[1]}", ("/".join(rest[2:]),) if rest[0] != "tree" and len(
            rest
        ) > 2 else ()
    return given, ()


def _unreadable(text: str) -> StudioError:
    return StudioError(
        f"{text.strip()[:200]!r} is not the name of a repository.",
        cause="invalid",
        cure="It looks like organisation/name, or organisation/name@revision.",
    )
