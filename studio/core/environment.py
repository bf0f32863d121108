"""The environment variables that libraries read when they are imported. Set first of all, in every process; children inherit."""

from __future__ import annotations

import os

OFFLINE = {
    # Nothing is fetched, counted or looked up; models are loaded from folders only.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_XET": "1",
    "DO_NOT_TRACK": "1",
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
}
SPEED = {
    # With the default, two OpenMP threads on a busy machine were 33 × slower than one: they spin while the other is not running.
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
}


def prepare() -> None:
    """Set what must be set before torch and its friends are imported. Safe to call again."""
    os.environ.update(OFFLINE)
    os.environ.update(SPEED)
    os.environ.setdefault("OMP_NUM_THREADS", str(thread_count()))
    # A worker that ran a hostile file must have no token to give away.
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN"):
        os.environ.pop(name, None)


def thread_count() -> int:
    """Return how many threads a model may use: the physical cores that this program may run on."""
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))
