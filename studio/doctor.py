"""Checks the installation: facts for the user, each with what to do. No network access."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from studio.core.environment import thread_count
from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.paths import DataFolder
from studio.models import llama_cpp
from studio.models.card import ModelCard
from studio.models.inspect.checkpoint import checked, checkpoint_in
from studio.models.memory.probe_process import ProbeAnswer, probe
from studio.models.registry import ModelRegistry

LOW_DISK_BYTES = 5e9
LOW_MEMORY_BYTES = 4e9
# Debian package → library that Qt needs for a window on X11.
_WINDOW_LIBRARIES = {
    "libglib2.0-0": "libglib-2.0.so.0",
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libfontconfig1": "libfontconfig.so.1",
    "libdbus-1-3": "libdbus-1.so.3",
}
REINSTALL = "Install Studio again: pip install ."
_HARMFUL = ("torchvision", "torchaudio", "torchcodec")
# Lower versions have known security holes.
_FLOORS = {
    "transformers": (5, 10),
    "diffusers": (0, 42, 1),
    "accelerate": (1, 15),
    "onnxruntime": (),
    "soundfile": (),
    "Pillow": (13,),
    "Jinja2": (3, 1, 6),
}


class Check(msgspec.Struct, frozen=True):
    """The result of one check."""

    name: str
    state: Literal["ok", "warn", "bad"]
    found: str
    cure: str = ""


def examine(data: DataFolder) -> list[Check]:
    """Run all checks; takes some seconds, because a child process imports torch."""
    answers = probe()
    checks = [
        _python(),
        _qt(answers.get("window")),
        *_libraries(),
        *_torch(answers.get("torch")),
        *_packages(),
        *_harmful(),
        _audio(answers.get("audio")),
        _video(),
    ]
    return [*checks, _memory(), _disk(data), _writable(data), *_models(data)]


def _python() -> Check:
    if sys.version_info < (3, 11):
        return Check("Python", "bad", platform.python_version(), "Install Python 3.11 or newer.")
    return Check(
        "Python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    )


def _qt(answer: ProbeAnswer | None) -> Check:
    try:
        version = importlib.metadata.version("PySide6_Essentials")
    except importlib.metadata.PackageNotFoundError:
        return Check("Qt", "bad", "PySide6 is missing", REINSTALL)
    if sys.version_info < (3, 12) and version.startswith("6.12."):
        return Check(
            "Qt",
            "bad",
            f"PySide6 {version}, which crashes on this Python version",
            'pip install "PySide6_Essentials<6.12"',
        )
    reason = _reason(answer)
    if reason:
        return Check(
            "Qt",
            "bad",
            f"PySide6 {version} does not start: {reason}",
            "See Window libraries, or install Studio again.",
        )
    return Check("Qt", "ok", f"PySide6 {version}")


def _reason(answer: ProbeAnswer | None) -> str:
    """Return why a probe failed, or an empty string."""
    return "it ended the process that imported it" if answer is None else answer.error


def _libraries() -> Iterator[Check]:
    if sys.platform != "linux":
        return
    missing = [package for package, library in _WINDOW_LIBRARIES.items() if not _can_load(library)]
    if missing:
        packages = " ".join(missing)
        yield Check(
            "Window libraries",
            "bad",
            f"missing: {packages}",
            f"On Debian or Ubuntu: sudo apt-get install {packages}",
        )
    else:
        yield Check("Window libraries", "ok", "all installed")


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _torch(answer: ProbeAnswer | None) -> Iterator[Check]:
    if answer is None or answer.error:
        yield Check("torch", "bad", _reason(answer), REINSTALL)
        return
    yield Check("torch", "ok", answer.version)
    for gpu in answer.gpus:
        yield Check("GPU", "ok", f"{gpu.device}, {gpu.memory / 1e9:.0f} GB")
    if answer.gpus:
        return
    if answer.mps:
        yield Check("GPU", "ok", "Apple GPU")
    else:
        yield Check(
            "GPU",
            "warn",
            "none; models run on the CPU",
            "Small models work well; large ones are slow.",
        )


def _packages() -> Iterator[Check]:
    for name, floor in _FLOORS.items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, "bad", "missing", REINSTALL)
            continue
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[: len(floor)])
        if numbers < floor:
            yield Check(
                name,
                "warn",
                f"{version}, which has known security holes",
                f"pip install --upgrade {name}",
            )
        else:
            yield Check(name, "ok", version)


def _harmful() -> Iterator[Check]:
    for name in _HARMFUL:
        if importlib.util.find_spec(name) is not None:
            cure = (
                "Studio does not need it, and a build that does not match torch breaks model "
                f"loading: pip uninstall {name}"
            )
            yield Check(name, "warn", "is installed", cure)


def _audio(answer: ProbeAnswer | None) -> Check:
    if answer is not None and answer.devices:
        return Check("Audio", "ok", ", ".join(answer.devices)[:200])
    return Check(
        "Audio",
        "warn",
        _reason(answer) or "no output device",
        "Audio is saved and can be played elsewhere.",
    )


def _memory() -> Check:
    memory, cores = psutil.virtual_memory(), psutil.cpu_count(logical=False) or "?"
    found = (
        f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free, {cores} cores, "
        f"{thread_count()} for Studio"
    )
    low = memory.available < LOW_MEMORY_BYTES
    return Check(
        "Memory",
        "warn" if low else "ok",
        found,
        "Close other programs, or use small models." if low else "",
    )


def _disk(data: DataFolder) -> Check:
    place = next(folder for folder in (data.root, *data.root.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    low = free < LOW_DISK_BYTES
    return Check(
        "Disk",
        "warn" if low else "ok",
        f"{free / 1e9:.1f} GB free",
        "Free some space for models and results." if low else "",
    )


def _writable(data: DataFolder) -> Check:
    try:
        data.create()
        with tempfile.TemporaryFile(dir=data.root) as file:
            file.write(b"x")
    except StudioError as error:
        return Check("Data folder", "bad", error.message, "Choose another with --data-dir.")
    except OSError as error:
        return Check(
            "Data folder",
            "bad",
            f"{data.root}: {error.strerror}",
            "Choose another with --data-dir.",
        )
    return Check("Data folder", "ok", str(data.root))


def _video() -> Check:
    if importlib.util.find_spec("av") is None:
        return Check("Video files", "ok", 'animated WebP; MP4 with pip install "studio[video]"')
    return Check(
        "Video files", "ok", f"MP4 (PyAV {importlib.metadata.version('av')}), animated WebP"
    )


def _models(data: DataFolder) -> Iterator[Check]:
    registry = ModelRegistry(data)
    for kind in KINDS:
        cards = registry.of_kind(kind)
        missing = [card for card in cards if card.path and not Path(card.path).is_dir()]
        titles = ", ".join(card.title for card in cards if card not in missing)
        if titles:
            yield Check(f"Models for {kind}", "ok", titles)
        elif KINDS[kind].is_optional:
            yield Check(
                f"Models for {kind}",
                "ok",
                f"none yet (studio models list --all --task {KINDS[kind].task})",
            )
        else:
            starter = KINDS[kind].starter
            cure = f"studio models install {starter}" if starter else "studio models add FOLDER"
            yield Check(f"Models for {kind}", "warn", "none", cure)
        for card in missing:
            cure = f"Restore it, or: studio models remove {card.name}"
            yield Check(card.title, "warn", f"its folder is missing: {card.path}", cure)
        for card in cards:
            if card not in missing and card.path:
                yield from _one_file(card)


def _one_file(card: ModelCard) -> Iterator[Check]:
    """Check a model whose weights are a file outside the data folder."""
    try:
        pointer = checkpoint_in(card.folder)
        path = checked(pointer) if pointer is not None else None
    except StudioError as error:
        yield Check(card.title, "warn", error.message, error.cure)
        return
    if card.runner == llama_cpp.RUNNER and not llama_cpp.is_installed():
        cure = f'pip install "studio[gguf]", or convert it: studio models add "{path}"'
        yield Check(card.title, "warn", "llama.cpp, which runs it, is not installed", cure)
