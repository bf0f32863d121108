"""Staging folders: filled, then renamed into place, so that no incomplete model is in the list.

A folder's name holds the id of the process that fills it; others delete it when that has ended.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil

from studio.core.errors import StudioError
from studio.core.files import sync_folder, write_whole
from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.models.card_store import card_folder, write_card
from studio.models.catalog import catalog_entries

PREFIX = ".staging-"
_CLOCK_SECONDS = 5
"""Tolerance for a process's start time, which is computed from an adjustable clock."""


class InstallCancelledError(StudioError):
    """The user stopped the install; downloaded parts stay for the next attempt."""


def stopped() -> InstallCancelledError:
    """Return the error for an install that the user stopped."""
    return InstallCancelledError(tr("It was stopped."), cure=tr("Start it again to continue."))


@contextlib.contextmanager
def staging(data: DataFolder) -> Iterator[Path]:
    """Make an empty folder among the models, and delete it at the end unless it was published."""
    data.models.mkdir(parents=True, exist_ok=True)
    sweep(data)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{_tag()}-", dir=data.models))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(data: DataFolder) -> None:
    """Delete the staging folders of processes that have ended."""
    for folder in data.models.glob(f"{PREFIX}*"):
        if not _is_alive(folder.name.removeprefix(PREFIX)):
            shutil.rmtree(folder, ignore_errors=True)


def publish(
    data: DataFolder, folder: Path, card: ModelCard, *, keep_name: bool = False
) -> ModelCard:
    """Write the card into a staging folder, rename the folder into place, and return the card.

    A taken name gets a number; with `keep_name` the folder of that name is replaced instead.
    Raises OSError.
    """
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
            continue
        if not path.is_file():
            continue
        with path.open("rb+") as opened:
            os.fsync(opened.fileno())
    while True:
        if not keep_name:
            card = msgspec.structs.replace(card, name=free_name(data, card.name))
        target = card_folder(data, card.name)
        write_card(card, folder)
        if keep_name and target.exists():
            discard(target)
        try:
            folder.rename(target)
        except OSError:
            if keep_name or not target.exists():
                raise
            continue  # another process took the name in between
        sync_folder(target.parent)
        return card if card.path else msgspec.structs.replace(card, path=str(target.absolute()))


def discard(folder: Path) -> None:
    """Delete a model's folder: renamed in one step, then deleted.

    Raises OSError with nothing changed.
    """
    gone = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{_tag()}-", dir=folder.parent)) / "gone"
    try:
        folder.rename(gone)
    finally:
        shutil.rmtree(gone.parent, ignore_errors=True)


def free_name(data: DataFolder, name: str) -> str:
    """Return the name, with a number if a folder or a catalog model has it."""
    taken = {entry.card.name for entry in catalog_entries()}
    candidates = [name, *(f"{name}-{number}" for number in range(2, 10_000))]
    return next(
        one for one in candidates if one not in taken and not card_folder(data, one).exists()
    )


@contextlib.contextmanager
def locked(folder: Path, title: str) -> Iterator[None]:
    """Lock a folder for this process. Raises StudioError if another process has locked it."""
    lock = folder / "lock"
    while True:
        try:
            write_whole(lock, _tag().encode())
            break
        except FileExistsError:
            if _is_alive(_read(lock)):
                raise StudioError(
                    tr("{title} is being installed already.", title=title),
                    cause="invalid",
                    cure=tr("Wait for it, or stop it."),
                ) from None
            lock.unlink(missing_ok=True)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _read(lock: Path) -> str:
    try:
        return lock.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _tag() -> str:
    process = psutil.Process()
    return f"{process.pid}-{int(process.create_time())}"


def _is_alive(tag: str) -> bool:
    try:
        pid, start = (int(part) for part in tag.split("-")[:2])
        process = psutil.Process(pid)
        # A killed process stays a zombie until its exit code is read, as in many containers.
        return bool(
            process.status() != psutil.STATUS_ZOMBIE
            and abs(process.create_time() - start) < _CLOCK_SECONDS
        )
    except (ValueError, psutil.Error):
        return False
