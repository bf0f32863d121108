"""Starts `studio.models.install.gguf_convert` in a process of its own.

It imports torch, and a hostile file must take nothing else down.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec
import psutil

from studio.core.environment import TORCH_CACHE
from studio.core.errors import StudioError
from studio.core.lifeline import start_tied
from studio.core.translation import tr
from studio.models.files.gguf_header import MAX_EXACT_PARAMETERS, bytes_of
from studio.models.install.gguf_convert import TRY, Converted
from studio.models.install.staging import stopped
from studio.models.memory.hardware import WORK_SHARE, probe_machine

CONVERT_SECONDS = 3600
POLL_SECONDS = 0.1
MEMORY_SHARE, MEMORY_OVERHEAD = 1.5, 1e9
"""Measured: 5.6 GB at most for a model of 3.6 GB; the libraries take under one."""


def check_room(folder: Path, parameters: int) -> None:
    """Raise StudioError if the disk or memory is too small to convert a model of this size."""
    need, free = bytes_of(parameters) * 1.05, shutil.disk_usage(folder).free
    if free < need:
        raise StudioError(
            tr(
                "Converting needs {needed:.1f} GB of disk, and {free:.1f} GB are free.",
                needed=need / 1e9,
                free=free / 1e9,
            ),
            cause="disk",
            cure=tr("Free some space first."),
        )
    need, free = (
        MEMORY_SHARE * bytes_of(parameters) + MEMORY_OVERHEAD,
        psutil.virtual_memory().available,
    )
    if free < need:
        raise StudioError(
            tr(
                "Converting needs {needed:.1f} GB of memory, and {free:.1f} GB are free.",
                needed=need / 1e9,
                free=free / 1e9,
            ),
            cause="memory",
            cure=tr("Close other programs, or take a smaller model."),
        )


def fits_gpu(parameters: int, cancelled: Callable[[], bool]) -> bool:
    """Return whether a GPU would run the converted model; llama.cpp's wheels use the CPU.

    Small models are as fast there.
    """
    if parameters <= MAX_EXACT_PARAMETERS:
        return False
    machine = probe_machine(cancelled)
    need = int(bytes_of(parameters) * WORK_SHARE)
    return machine.device in ("cuda", "xpu") and need <= machine.at_rest.gpu_room()


def run_conversion(gguf: Path, folder: Path, cancelled: Callable[[], bool]) -> Converted:
    """Convert a GGUF into `folder`, in a child process that ends with this one.

    Raises StudioError and InstallCancelledError.
    """
    return _run(gguf, folder, [gguf, folder], cancelled)


def try_out(gguf: Path, folder: Path, cancelled: Callable[[], bool]) -> Converted:
    """Let llama.cpp run a GGUF; write its tokenizer to `folder`. Raises like `run_conversion`."""
    return _run(gguf, folder, [gguf, folder, TRY], cancelled)


def _run(
    gguf: Path, folder: Path, arguments: list[Path | str], cancelled: Callable[[], bool]
) -> Converted:
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        tempfile.TemporaryDirectory() as cache,
    ):
        process = start_tied(
            [*_program(), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            cwd=folder,
            env={**_environment(), TORCH_CACHE: cache},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        try:
            _wait(process, gguf, cancelled)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
        if process.returncode:
            raise _failed(gguf, process.returncode, _text(errors))
        return msgspec.json.decode(_text(output).strip().rpartition("\n")[2], type=Converted)


def _program() -> list[str]:
    # A built program (PyInstaller) has no `-m`; its entry point knows this one word.
    return (
        [sys.executable, "convert-gguf"]
        if getattr(sys, "frozen", False)
        else [sys.executable, "-m", "studio.models.install.gguf_convert"]
    )


def _environment() -> dict[str, str]:
    # The child's working folder is ours, so it finds Studio's modules by PYTHONPATH.
    here = str(Path(__file__).resolve().parents[3])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")])),
        "PYTHONUTF8": "1",
    }


def _wait(process: subprocess.Popen[bytes], gguf: Path, cancelled: Callable[[], bool]) -> None:
    deadline = time.monotonic() + CONVERT_SECONDS
    while process.poll() is None:
        if cancelled():
            raise stopped()
        if time.monotonic() > deadline:
            raise StudioError(
                tr("Converting {name} took too long.", name=gguf.name),
                cause="model",
                cure=tr("The file may be damaged."),
            )
        try:
            process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _failed(gguf: Path, code: int, errors: str) -> StudioError:
    cure = tr("Choose another file of the model.")
    if code < 0:
        return StudioError(
            tr(
                "Converting {name} was ended from outside (signal {signal}); most often memory "
                "ran out.",
                name=gguf.name,
                signal=-code,
            ),
            cause="memory",
            cure=tr("Close other programs, or take a smaller model."),
        )
    if "Timeout (" in errors:  # faulthandler's word
        return StudioError(
            tr("{name} was not added: its chat template does not end.", name=gguf.name),
            cause="model",
            cure=cure,
        )
    if "No space left" in errors:  # not translated: words of the system
        return StudioError(
            tr("The disk is full."), cause="disk", cure=tr("Free some space, and try again.")
        )
    last = (errors.strip().splitlines() or [tr("no error message")])[-1][:300]
    return StudioError(
        tr("{name} could not be converted: {reason}", name=gguf.name, reason=last),
        cause="model",
        cure=cure,
    )


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
