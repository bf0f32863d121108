"""Runs `studio.models.memory.probe` in a child process, because a broken library may crash it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from studio.core.lifeline import start_tied

PROBE_SECONDS = 120
POLL_SECONDS = 0.1


class Gpu(msgspec.Struct, frozen=True):
    """A GPU that torch can use."""

    device: str
    memory: int
    """In bytes, as `free`."""
    free: int


class ProbeAnswer(msgspec.Struct, frozen=True):
    """What one probe found, as `studio.models.memory.probe` prints it."""

    name: str
    error: str = ""
    """Why it failed; then the other fields are empty."""
    version: str = ""
    """Of torch, as the fields up to `gpus`."""
    cuda: bool = False
    xpu: bool = False
    mps: bool = False
    gpus: tuple[Gpu, ...] = ()
    devices: tuple[str, ...] = ()
    """Names of the audio devices."""


def probe(
    names: Sequence[str] = (), cancelled: Callable[[], bool] = lambda: False
) -> dict[str, ProbeAnswer]:
    """Run the named probes, or all; return probe name → its answer.

    An answer is missing if the child crashed on it or was cancelled.
    """
    # A built program has no `-m`; its entry point takes the argument "probe" instead. -P: no
    # modules from the current folder.
    module = [sys.executable, "-P", "-m", "studio.models.memory.probe"]
    command = [sys.executable, "probe"] if getattr(sys, "frozen", False) else module
    with tempfile.TemporaryFile() as output:
        process = start_tied(
            [*command, *names],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        _wait(process, cancelled)
        output.seek(0)
        lines = [
            line
            for line in output.read().decode(errors="replace").splitlines()
            if line.startswith("{")
        ]
    answers = (msgspec.json.decode(line, type=ProbeAnswer) for line in lines)
    return {answer.name: answer for answer in answers}


def _wait(process: subprocess.Popen[bytes], cancelled: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PROBE_SECONDS
    try:
        while process.poll() is None and time.monotonic() < deadline and not cancelled():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[3])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
    }
