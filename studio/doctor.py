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
from studio.core.translation import mark, tr, tr_marked
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
REINSTALL = mark("Install Studio again: pip install .")
# Kind → the name of the check of its models.
_MODELS = {
    "image": mark("Models for image"),
    "speech": mark("Models for speech"),
    "music": mark("Models for music"),
    "text": mark("Models for text"),
    "video": mark("Models for video"),
    "image-tool": mark("Models for image tools"),
    "transcribe": mark("Models for transcripts"),
}
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


State = Literal["ok", "warn", "bad"]


class Check(msgspec.Struct, frozen=True):
    """The result of one check."""

    name: str
    """English; shown with `tr_marked`."""
    state: State
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
        return Check(
            "Python", "bad", platform.python_version(), tr("Install Python 3.11 or newer.")
        )
    return Check(
        "Python",
        "ok",
        tr(
            "{version} on {system}",
            version=platform.python_version(),
            system=f"{platform.system()} {platform.machine()}",
        ),
    )


def _qt(answer: ProbeAnswer | None) -> Check:
    try:
        version = importlib.metadata.version("PySide6_Essentials")
    except importlib.metadata.PackageNotFoundError:
        return Check("Qt", "bad", tr("PySide6 is missing"), tr_marked(REINSTALL))
    if sys.version_info < (3, 12) and version.startswith("6.12."):
        return Check(
            "Qt",
            "bad",
            tr("PySide6 {version}, which crashes on this Python version", version=version),
            'pip install "PySide6_Essentials<6.12"',
        )
    reason = _reason(answer)
    if reason:
        return Check(
            "Qt",
            "bad",
            tr("PySide6 {version} does not start: {reason}", version=version, reason=reason),
            tr("See Window libraries, or install Studio again."),
        )
    return Check("Qt", "ok", f"PySide6 {version}")


def _reason(answer: ProbeAnswer | None) -> str:
    """Return why a probe failed, or an empty string."""
    return tr("it ended the process that imported it") if answer is None else answer.error


def _libraries() -> Iterator[Check]:
    if sys.platform != "linux":
        return
    missing = [package for package, library in _WINDOW_LIBRARIES.items() if not _can_load(library)]
    if missing:
        packages = " ".join(missing)
        yield Check(
            mark("Window libraries"),
            "bad",
            tr("missing: {packages}", packages=packages),
            tr("On Debian or Ubuntu: sudo apt-get install {packages}", packages=packages),
        )
    else:
        yield Check(mark("Window libraries"), "ok", tr("all installed"))


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _torch(answer: ProbeAnswer | None) -> Iterator[Check]:
    if answer is None or answer.error:
        yield Check("torch", "bad", _reason(answer), tr_marked(REINSTALL))
        return
    yield Check("torch", "ok", answer.version)
    for gpu in answer.gpus:
        yield Check("GPU", "ok", f"{gpu.device}, {gpu.memory / 1e9:.0f} GB")
    if answer.gpus:
        return
    if answer.mps:
        yield Check("GPU", "ok", tr("Apple GPU"))
    else:
        yield Check(
            "GPU",
            "warn",
            tr("none; models run on the CPU"),
            tr("Small models work well; large ones are slow."),
        )


def _packages() -> Iterator[Check]:
    for name, floor in _FLOORS.items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, "bad", tr("missing"), tr_marked(REINSTALL))
            continue
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[: len(floor)])
        if numbers < floor:
            yield Check(
                name,
                "warn",
                tr("{version}, which has known security holes", version=version),
                f"pip install --upgrade {name}",
            )
        else:
            yield Check(name, "ok", version)


def _harmful() -> Iterator[Check]:
    for name in _HARMFUL:
        if importlib.util.find_spec(name) is not None:
            cure = tr(
                "Studio does not need it, and a build that does not match torch breaks model "
                "loading: pip uninstall {name}",
                name=name,
            )
            yield Check(name, "warn", tr("is installed"), cure)


def _audio(answer: ProbeAnswer | None) -> Check:
    if answer is not None and answer.devices:
        return Check(mark("Audio"), "ok", ", ".join(answer.devices)[:200])
    return Check(
        mark("Audio"),
        "warn",
        _reason(answer) or tr("no output device"),
        tr("Audio is saved and can be played elsewhere."),
    )


def _memory() -> Check:
    memory, cores = psutil.virtual_memory(), psutil.cpu_count(logical=False) or "?"
    found = tr(
        "{free:.1f} of {total:.1f} GB free, {cores} cores, {threads} for Studio",
        free=memory.available / 1e9,
        total=memory.total / 1e9,
        cores=cores,
        threads=thread_count(),
    )
    low = memory.available < LOW_MEMORY_BYTES
    return Check(
        mark("Memory"),
        "warn" if low else "ok",
        found,
        tr("Close other programs, or use small models.") if low else "",
    )


def _disk(data: DataFolder) -> Check:
    place = next(folder for folder in (data.root, *data.root.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    low = free < LOW_DISK_BYTES
    return Check(
        mark("Disk"),
        "warn" if low else "ok",
        tr("{free:.1f} GB free", free=free / 1e9),
        tr("Free some space for models and results.") if low else "",
    )


def _writable(data: DataFolder) -> Check:
    try:
        data.create()
        with tempfile.TemporaryFile(dir=data.root) as file:
            file.write(b"x")
    except StudioError as error:
        return Check(
            mark("Data folder"), "bad", error.message, tr("Choose another with --data-dir.")
        )
    except OSError as error:
        return Check(
            mark("Data folder"),
            "bad",
            f"{data.root}: {error.strerror}",
            tr("Choose another with --data-dir."),
        )
    return Check(mark("Data folder"), "ok", str(data.root))


def _video() -> Check:
    if importlib.util.find_spec("av") is None:
        return Check(
            mark("Video files"), "ok", tr('animated WebP; MP4 with pip install "studio[video]"')
        )
    return Check(
        mark("Video files"),
        "ok",
        tr("MP4 (PyAV {version}), animated WebP", version=importlib.metadata.version("av")),
    )


def _models(data: DataFolder) -> Iterator[Check]:
    registry = ModelRegistry(data)
    for kind in _MODELS:
        cards = registry.of_kind(kind)
        missing = [card for card in cards if card.path and not Path(card.path).is_dir()]
        titles = ", ".join(card.title for card in cards if card not in missing)
        if titles:
            yield Check(_MODELS[kind], "ok", titles)
        elif KINDS[kind].is_optional and not KINDS[kind].starter:
            yield Check(
                _MODELS[kind],
                "ok",
                tr("none yet (studio models list --all --task {task})", task=KINDS[kind].task),
            )
        else:
            starter = KINDS[kind].starter
            cure = (
                f"studio models install {starter}"  # not translated: a command
                if starter
                else "studio models add FOLDER"
            )
            state: State = "ok" if KINDS[kind].is_optional else "warn"
            yield Check(_MODELS[kind], state, tr("none"), cure)
        for card in missing:
            cure = tr("Restore it, or: studio models remove {name}", name=card.name)
            yield Check(
                card.title, "warn", tr("its folder is missing: {folder}", folder=card.path), cure
            )
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
        cure = tr(
            'pip install {package}, or convert it: studio models add "{path}"',
            package=llama_cpp.REQUIREMENT,
            path=path,
        )
        yield Check(card.title, "warn", tr("llama.cpp, which runs it, is not installed"), cure)
