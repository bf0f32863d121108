"""Starts `studio.models.memory.probe` in a process of its own, because a broken library may take it
down.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from studio.core.lifeline import start_tied

PROBE_SECONDS = 120
POLL_SECONDS = 0.1


def probe(
    questions: Sequence[str] = (), cancelled: Callable[[], bool] = lambda: False
) -> dict[str, dict[str, Any]]:
    """Return what the probe found, by the question's name; an answer is missing where the probe
    died over it, or was cancelled.

    Without `questions` all are asked.
    """
    # A built program has no `-m`; its entry point knows this one word. -P: no modules from the
    # current folder.
    module = [sys.executable, "-P", "-m", "studio.models.memory.probe"]
    command = [sys.executable, "probe"] if getattr(sys, "frozen", False) else module
    with tempfile.TemporaryFile() as output:
        process = start_tied(
            [*command, *questions],
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
    return {answer["name"]: answer for answer in map(json.loads, lines)}


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
    here = str(Path(__file__).resolve().parents[3])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")])),
    }
