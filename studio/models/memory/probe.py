"""Tries the libraries of the window and the models, in its own process: a broken one may crash it.

`python -m studio.models.memory.probe` prints a JSON line per probe at once, because the next one
may crash. With the names of probes (window, torch, audio) it runs only those.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any


def main() -> int:
    """Run the named probes, or all; the process's entry point."""
    for name in [word for word in sys.argv[1:] if word in PROBES] or list(PROBES):
        try:
            answer = PROBES[name]()
        except (ImportError, AttributeError, OSError, RuntimeError, TypeError, ValueError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        sys.stdout.write(json.dumps({"name": name, **answer}) + "\n")
        sys.stdout.flush()
    return 0


def _window() -> dict[str, Any]:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # By name: packages below the window must not import Qt; this only tries it.
    program = importlib.import_module("PySide6.QtGui").QGuiApplication([])
    return {"screen": program.primaryScreen() is not None}


def _audio() -> dict[str, Any]:
    import miniaudio

    # Without the null devices of miniaudio and ALSA, which always exist.
    backends = [backend for backend in miniaudio.Backend if backend != miniaudio.Backend.NULL]
    try:
        names = [str(device["name"]) for device in miniaudio.Devices(backends).get_playbacks()]
    except miniaudio.MiniaudioError as error:
        raise RuntimeError(str(error)) from error
    # not translated: how ALSA begins the name of a device without sound
    return {"devices": [name for name in names if not name.startswith("Discard all samples")]}


def _torch() -> dict[str, Any]:
    import torch

    cuda, xpu = torch.cuda.is_available(), torch.xpu.is_available()
    gpu: Any = torch.cuda if cuda else torch.xpu
    gpus = [_gpu(gpu, number) for number in range(gpu.device_count() if cuda or xpu else 0)]
    return {
        "version": torch.__version__,
        "cuda": cuda,
        "xpu": xpu and not cuda,
        "mps": torch.backends.mps.is_available(),
        "gpus": gpus,
    }


def _gpu(gpu: Any, number: int) -> dict[str, Any]:
    free, total = gpu.mem_get_info(number)
    return {"device": gpu.get_device_name(number), "memory": total, "free": free}


PROBES: dict[str, Callable[[], dict[str, Any]]] = {
    "window": _window,
    "torch": _torch,
    "audio": _audio,
}

if __name__ == "__main__":
    sys.exit(main())
