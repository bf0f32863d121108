"""Is everything there that Studio needs? Facts for a person, each with what to do. No network; torch is asked in a child."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import importlib.util
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Literal

import msgspec
import psutil

from studio.core.paths import DataFolder
from studio.core.requests import KINDS
from studio.models.installed import of_kind

LOW_DISK_BYTES = 5e9
LOW_MEMORY_BYTES = 4e9
TORCH_SECONDS = 120
# Library name → Debian package, of what Qt needs for a window on X11.
_WINDOW_LIBRARIES = {
    "EGL": "libegl1",
    "GL": "libgl1",
    "xkbcommon-x11": "libxkbcommon-x11-0",
    "xcb-cursor": "libxcb-cursor0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-image": "libxcb-image0",
    "xcb-keysyms": "libxcb-keysyms1",
    "xcb-render-util": "libxcb-render-util0",
    "fontconfig": "libfontconfig1",
    "dbus-1": "libdbus-1-3",
}
_HARMFUL = ("torchvision", "torchaudio", "torchcodec")
_TORCH_PROBE = """
import json, torch
print(json.dumps({
    "version": torch.__version__, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(),
    "name": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "",
    "memory": torch.cuda.mem_get_info()[1] if torch.cuda.is_available() else 0,
}))
"""


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warn", "bad"]
    found: str
    cure: str = ""


def examine(data: DataFolder) -> list[Check]:
    """Look at everything; takes some seconds, because torch is imported in a child."""
    checks = [_python(), _qt(), *_libraries(), *_torch(), *_packages(), *_harmful(), _memory(), _disk(data), _writable(data)]
    return [*checks, *_models(data)]


def _python() -> Check:
    if sys.version_info < (3, 11):
        return Check("Python", "bad", platform.python_version(), "Install Python 3.11 or newer.")
    return Check("Python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _qt() -> Check:
    try:
        version = importlib.metadata.version("PySide6_Essentials")
    except importlib.metadata.PackageNotFoundError:
        return Check("Qt", "bad", "PySide6 is missing", "Install Studio again: pip install .")
    if sys.version_info < (3, 12) and version.startswith("6.12."):
        return Check(
            "Qt", "bad", f"PySide6 {version}, which ends by itself on this Python", 'pip install "PySide6_Essentials<6.12"'
        )
    return Check("Qt", "ok", f"PySide6 {version}")


def _libraries() -> Iterator[Check]:
    if sys.platform != "linux":
        return
    missing = [package for name, package in _WINDOW_LIBRARIES.items() if ctypes.util.find_library(name) is None]
    if missing:
        packages = " ".join(missing)
        yield Check("Window libraries", "bad", f"missing: {packages}", f"On Debian or Ubuntu: sudo apt-get install {packages}")
    else:
        yield Check("Window libraries", "ok", "all there")


def _torch() -> Iterator[Check]:
    # Without -m and the package's own files, so that a broken torch is seen as the engine would see it.
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TORCH_PROBE], capture_output=True, text=True, timeout=TORCH_SECONDS, check=False
        )
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError):
        yield Check("torch", "bad", "could not be asked", "Install Studio again: pip install .")
        return
    if found is None:
        reason = (done.stderr.strip().splitlines() or ["it cannot be imported"])[-1][:200]
        yield Check("torch", "bad", reason, "Install Studio again: pip install .")
        return
    yield Check("torch", "ok", found["version"])
    if found["cuda"]:
        yield Check("GPU", "ok", f"{found['name']}, {found['memory'] / 1e9:.0f} GB")
    elif found["mps"]:
        yield Check("GPU", "ok", "Apple GPU")
    else:
        yield Check("GPU", "warn", "none; models run on the processor", "Small models work well; large ones are slow.")


def _packages() -> Iterator[Check]:
    for name in ("transformers", "diffusers", "onnxruntime", "soundfile"):
        try:
            yield Check(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, "bad", "missing", "Install Studio again: pip install .")


def _harmful() -> Iterator[Check]:
    for name in _HARMFUL:
        if importlib.util.find_spec(name) is not None:
            cure = f"Studio does not need it, and beside another build of torch it breaks model loading: pip uninstall {name}"
            yield Check(name, "warn", "is installed", cure)


def _memory() -> Check:
    memory = psutil.virtual_memory()
    found = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free, {psutil.cpu_count(logical=False) or '?'} cores"
    low = memory.available < LOW_MEMORY_BYTES
    return Check("Memory", "warn" if low else "ok", found, "Close other programs, or use small models." if low else "")


def _disk(data: DataFolder) -> Check:
    place = next(folder for folder in (data.root, *data.root.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    low = free < LOW_DISK_BYTES
    return Check(
        "Disk", "warn" if low else "ok", f"{free / 1e9:.1f} GB free", "Free some space for models and results." if low else ""
    )


def _writable(data: DataFolder) -> Check:
    try:
        data.create()
        with tempfile.TemporaryFile(dir=data.root) as file:
            file.write(b"x")
    except OSError as error:
        return Check("Data folder", "bad", f"{data.root}: {error.strerror}", "Choose another with --data-dir.")
    return Check("Data folder", "ok", str(data.root))


def _models(data: DataFolder) -> Iterator[Check]:
    for kind in KINDS:
        titles = ", ".join(card.title for card in of_kind(data, kind))
        if titles:
            yield Check(f"Models for {kind}", "ok", titles)
        else:
            cure = "studio models install starter" if kind == "text" else "studio models add FOLDER"
            yield Check(f"Models for {kind}", "warn", "none", cure)
