"""Environment variables and other switches that libraries read when they are imported.

`studio/__init__.py` calls `switch_off_network_use` before any other import, in every process.
Children inherit the variables.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OFFLINE = {
    # No downloads, telemetry or update checks; models are loaded from folders only.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # onnxruntime sends usage data from version 1.29 on, unless this is set when the library is
    # loaded. Its function `disable_telemetry_events` comes too late for the first event and lets
    # the uploader run. Some versions read the second name.
    "ORT_DISABLE_TELEMETRY": "1",
    "ORT_TELEMETRY_DISABLED": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_XET": "1",
    "DO_NOT_TRACK": "1",
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
}
SPEED = {
    # With the default, two OpenMP threads on a busy machine were 33 × slower than one: they spin
    # while the other is not running.
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
}
TORCH_CACHE = "TORCHINDUCTOR_CACHE_DIR"
"""By default torch creates a folder of a fixed name in the shared temporary folder when it is
imported, and fails if another user owns that name.
"""
QUIET = {
    # Progress bars would fill the engine's logs; the window has its own.
    "TQDM_DISABLE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


def switch_off_network_use() -> None:
    """Keep libraries off the network. Idempotent."""
    os.environ.update(OFFLINE)


def prepare(cache: Path | None = None) -> None:
    """Set what torch and the libraries around it read at import. Idempotent.

    `cache`: the user's folder for torch's files.
    """
    import socket

    switch_off_network_use()
    # urllib3, which diffusers imports, binds a socket to ::1 to find out whether the system has
    # IPv6. Processes that run models open no connection and don't need to know.
    socket.has_ipv6 = False
    os.environ.update(SPEED)
    os.environ.update(QUIET)
    if cache is not None:
        os.environ[TORCH_CACHE] = str(cache)
    os.environ.setdefault("OMP_NUM_THREADS", str(thread_count()))
    # A worker that reads a hostile file must have no token to leak.
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN"):
        os.environ.pop(name, None)


@contextmanager
def safe_import_path() -> Iterator[None]:
    """Keep the current folder off the import path of Python programs that start in this context.

    multiprocessing starts its programs with `python -c`, which looks for modules in the current
    folder first: a `torch.py` in a folder that came from elsewhere would run. Only one thread at a
    time may use this.
    """
    root = Path(__file__).resolve().parents[2]
    changed = {"PYTHONSAFEPATH": "1"}
    # a checkout, which may be importable only because it is the current folder
    if not {"site-packages", "dist-packages"} & set(root.parts):
        changed["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(root), os.environ.get("PYTHONPATH")])
        )
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def limit_threads(count: int) -> None:
    """Let `thread_count` return this number; 0 for its own."""
    global _chosen_threads
    _chosen_threads = count
    if count:
        os.environ["OMP_NUM_THREADS"] = str(count)


_chosen_threads = 0


def thread_count() -> int:
    """Return the number of threads for a model: the user's, or the physical cores it may use."""
    if _chosen_threads:
        return _chosen_threads
    import psutil

    allowed = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    )
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))
