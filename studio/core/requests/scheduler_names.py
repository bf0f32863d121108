"""The names that other programs have for the schedulers of `SchedulerName`.

Only names of the same method are listed: DPM++ 2M SDE, say, is not DPM++ 2M.
"""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[\s_\-]+")
_PREFIX = re.compile(r"^(?:k|sample) ")
"""Before the names of older versions of InvokeAI, NovelAI and ComfyUI."""
_SCHEDULERS = {  # not translated: names in other programs
    "euler": ("euler", "euler discrete"),
    "euler-a": ("euler a", "euler ancestral", "euler ancestral discrete"),
    "ddim": ("ddim",),
    "lcm": ("lcm",),
    "unipc": ("unipc", "uni pc", "uni pc bh2"),
    "pndm": ("plms", "pndm"),
    "heun": ("heun",),
    "dpm++": ("dpm++ 2m", "dpmpp 2m", "dpm++"),
}
"""Scheduler → names."""
_SCHEDULES = {
    " karras": "karras",
    " k": "karras",
    " exponential": "exponential",
    " sgm uniform": "sgm uniform",
    " trailing": "trailing",
}
"""End of a sampler's name → how the steps are spaced."""


def _fold(name: str) -> str:
    return _PREFIX.sub("", _SEPARATORS.sub(" ", name[:80].strip().lower()))


_BY_NAME = {
    _fold(name).replace(" ", ""): scheduler
    for scheduler, names in _SCHEDULERS.items()
    for name in names
}


def scheduler_named(name: str) -> str:
    """Return the scheduler for a sampler's name; "" for an unknown name.

    Karras, the spacing that other programs choose by default, may be part of the name.
    """
    sampler, schedule = split_schedule(name)
    return _BY_NAME.get(sampler.replace(" ", ""), "") if schedule in ("", "karras") else ""


def split_schedule(name: str) -> tuple[str, str]:
    """Split `DPM++ 2M Karras` into sampler and spacing, both in lower case."""
    folded = _fold(name)
    for end, schedule in _SCHEDULES.items():
        if folded.endswith(end):
            return folded.removesuffix(end), schedule
    return folded, ""
