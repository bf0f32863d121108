"""One file of a repository: fetched from where it stopped, verified by its hash, and only then
given the hash as its name.
"""

from __future__ import annotations

import hashlib
import os
from io import FileIO
from pathlib import Path

from studio.core.files import PART_SUFFIX, sync_folder
from studio.models.hub.client import FETCH_TRIES, HubClient, Patience, Refused
from studio.models.hub.errors import changed, no_way
from studio.models.hub.messages import Checking, Fetched
from studio.models.hub.repository import RemoteFile

_READ_BYTES = 4 << 20
_TRIES = 2
"""A file that was not what it should be is fetched once more from its beginning: a disk may have
lost power.
"""


def blob_path(folder: Path, file: RemoteFile) -> Path:
    """Return where a whole file lies until its model is."""
    return folder / file.digest


def part_path(folder: Path, file: RemoteFile) -> Path:
    """Return where a file lies that is not whole, or not verified."""
    return folder / (file.digest + PART_SUFFIX)


def bytes_there(folder: Path, file: RemoteFile) -> int:
    """Return how much of a file is on disk."""
    for path in (blob_path(folder, file), part_path(folder, file)):
        try:
            return min(path.stat().st_size, file.size)
        except FileNotFoundError:
            continue
    return 0


def fetch_file(client: HubClient, file: RemoteFile, folder: Path) -> None:
    """Fetch and verify; says `Fetched`. Raises StudioError and OSError; what is there stays for the
    next time.
    """
    blob, part = blob_path(folder, file), part_path(folder, file)
    if blob.exists():
        digest = file.digest if file.is_large else sha256_if_right(blob, file)
        if digest and blob.stat().st_size == file.size:
            client.say(Fetched(file.digest, digest))
            return
        blob.unlink()
    for _try in range(_TRIES):
        _fill(client, file, part)
        client.say(Checking(file.path))
        if digest := sha256_if_right(part, file):
            part.replace(blob)
            sync_folder(folder)
            client.say(Fetched(file.digest, digest))
            return
        part.unlink()
    raise changed(client.repository, client.hub, file.path)


def sha256_if_right(path: Path, file: RemoteFile) -> str:
    """Return the file's SHA-256 where it is the one that the hub lists; else the empty text."""
    sha256, git = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    with path.open("rb") as opened:
        while block := opened.read(_READ_BYTES):
            sha256.update(block)
            if not file.is_large:
                git.update(block)
    right = (sha256 if file.is_large else git).hexdigest() == file.digest
    return sha256.hexdigest() if right else ""


def _fill(client: HubClient, file: RemoteFile, part: Path) -> None:
    patience = Patience(client.hub, FETCH_TRIES, client.say)
    with part.open("ab", buffering=0) as opened:
        if os.fstat(opened.fileno()).st_size > file.size:
            opened.truncate(0)
        while (before := os.fstat(opened.fileno()).st_size) < file.size:
            try:
                _receive(client, file, opened, before)
                if os.fstat(opened.fileno()).st_size < file.size:
                    raise Refused(no_way(client.hub, "it ended too early"), passing=True)
            except Refused as refused:
                if os.fstat(opened.fileno()).st_size > before:
                    patience.reset()
                patience.wait(refused)
        os.fsync(opened.fileno())


def _receive(client: HubClient, file: RemoteFile, opened: FileIO, there: int) -> None:
    """Append what comes until the file is whole, or the stream ends."""
    with client.stream(file, there) as (start, blocks):
        if start == 0 and there:  # the hub sends all of it, whatever was asked for
            opened.truncate(0)
            there = 0
        elif start != there:
            raise Refused(changed(client.repository, client.hub, file.path))
        for block in blocks:
            rest = memoryview(block)[: file.size - there]
            there += len(rest)
            while rest:
                rest = rest[opened.write(rest) or 0 :]
            if there >= file.size:
                return
