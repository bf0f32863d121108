"""Tries what the window and the models need, in a process of its own: a broken library may take its
process down.

`python -m studio.models.memory.probe` prints one JSON line a question, at once, because the next
question may be fatal. With the names of questions (window, torch, sound) it answers only those.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any


def main() -> int:
    """Answer the questions that are named, or all; the process's entry point."""
    wanted = [word for word in sys.argv[1:] if word in QUESTIONS] or list(QUESTIONS)
    for name, ask in ((name, QUESTIONS[name]) for name in wanted):
        try:
            found: dict[str, Any] = ask()
        except (ImportError, AttributeError, OSError, RuntimeError, TypeError, ValueError) as error:
            found = {"error": f"{type(error).__name__}: {error}"[:300]}
        sys.stdout.write(json.dumps({"name": name, **found}) + "\n")
        sys.stdout.flush()
    return 0


def _window() -> dict[str, Any]:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # By name: nothing below the window imports Qt, and this is only a question.
    program = importlib.import_module("PySide6.QtGui").QGuiApplication([])
    return {"screen": program.primaryScreen() is not None}


def _sound() -> dict[str, Any]:
    import miniaudio

    # Without miniaudio's and ALSA's silent stand-ins, which are always there.
    backends = [backend for backend in miniaudio.Backend if backend != miniaudio.Backend.NULL]
    try:
        names = [str(device["name"]) for device in miniaudio.Devices(backends).get_playbacks()]
    except miniaudio.MiniaudioError as error:
        raise RuntimeError(str(error)) from error
    return {"devices": [name for name in names if not name.startswith("Discard all samples")]}


def _torch() -> dict[str, Any]:
    import torch

    cuda, xpu = torch.cuda.is_available(), torch.xpu.is_available()
    gpu: Any = torch.cuda if cuda else torch.xpu
    free, total = gpu.mem_get_info() if cuda or xpu else (0, 0)
    return {
        "version": torch.__version__,
        "cuda": cuda,
        "xpu": xpu and not cuda,
        "mps": torch.backends.mps.is_available(),
        "device": gpu.get_device_name(0) if cuda or xpu else "",
        "memory": total,
        "free": free,
    }


QUESTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "window": _window,
    "torch": _torch,
    "sound": _sound,
}

if __name__ == "__main__":
    sys.exit(main())
