"""Downloads one file: continues where it stopped, verifies the hash, then names the file by it."""

from __future__ import annotations

import hashlib
import os
from io import FileIO
from pathlib import Path

from studio.core.files import PART_SUFFIX, sync_folder
from studio.core.translation import tr
from studio.models.hub.client import FETCH_TRIES, HubClient, HubRefusedError, RetryPolicy
from studio.models.hub.errors import content_mismatch, unreachable
from studio.models.hub.messages import Checking, Fetched
from studio.models.hub.repository import RemoteFile

_READ_BYTES = 4 << 20
_TRIES = 2
"""A file with a wrong hash is downloaded once more: a disk may have lost power."""


def blob_path(folder: Path, file: RemoteFile) -> Path:
    """Return the path of a verified file until its model is complete."""
    return folder / file.digest


def part_path(folder: Path, file: RemoteFile) -> Path:
    """Return the path of a file that is incomplete or not verified."""
    return folder / (file.digest + PART_SUFFIX)


def downloaded_bytes(folder: Path, file: RemoteFile) -> int:
    """Return how many bytes of a file are on disk."""
    blob = blob_path(folder, file)
    # The blob again: the part may have been renamed to it between the two looks.
    for path in (blob, part_path(folder, file), blob):
        try:
            return min(path.stat().st_size, file.size)
        except FileNotFoundError:
            continue
    return 0


def fetch_file(client: HubClient, file: RemoteFile, folder: Path) -> None:
    """Download and verify a file, then send `Fetched`.

    Raises StudioError and OSError; the bytes on disk stay for the next attempt.
    """
    blob, part = blob_path(folder, file), part_path(folder, file)
    if blob.exists():
        digest = file.digest if file.is_large else sha256_if_verified(blob, file)
        if digest and blob.stat().st_size == file.size:
            client.send(Fetched(file.digest, digest))
            return
        blob.unlink()
    for _try in range(_TRIES):
        _fill(client, file, part)
        client.send(Checking(file.path))
        if digest := sha256_if_verified(part, file):
            part.replace(blob)
            sync_folder(folder)
            client.send(Fetched(file.digest, digest))
            return
        part.unlink()
    raise content_mismatch(client.repository, client.hub, file.path)


def sha256_if_verified(path: Path, file: RemoteFile) -> str:
    """Return the file's SHA-256 if its digest is the one that the hub lists, else ""."""
    sha256, git = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    with path.open("rb") as opened:
        while block := opened.read(_READ_BYTES):
            sha256.update(block)
            if not file.is_large:
                git.update(block)
    is_right = (sha256 if file.is_large else git).hexdigest() == file.digest
    return sha256.hexdigest() if is_right else ""


def _fill(client: HubClient, file: RemoteFile, part: Path) -> None:
    retries = RetryPolicy(client.hub, FETCH_TRIES, client.send)
    with part.open("ab", buffering=0) as opened:
        if os.fstat(opened.fileno()).st_size > file.size:
            opened.truncate(0)
        while (before := os.fstat(opened.fileno()).st_size) < file.size:
            try:
                _receive(client, file, opened, before)
                if os.fstat(opened.fileno()).st_size < file.size:
                    raise HubRefusedError(
                        unreachable(client.hub, tr("it ended too early")), temporary=True
                    )
            except HubRefusedError as refused:
                if os.fstat(opened.fileno()).st_size > before:
                    retries.reset()
                retries.wait(refused)
        os.fsync(opened.fileno())


def _receive(client: HubClient, file: RemoteFile, opened: FileIO, start: int) -> None:
    """Append the stream's bytes until the file is complete, or the stream ends."""
    with client.stream(file, start) as (first_byte, blocks):
        if first_byte == 0 and start:  # the hub sends the whole file
            opened.truncate(0)
            start = 0
        elif first_byte != start:
            raise HubRefusedError(content_mismatch(client.repository, client.hub, file.path))
        for block in blocks:
            rest = memoryview(block)[: file.size - start]
            start += len(rest)
            while rest:
                rest = rest[opened.write(rest) or 0 :]
            if start >= file.size:
                return
