"""Where other programs keep their models on this computer, unless their owner chose another
place.
"""

from __future__ import annotations

import os
from pathlib import Path

_VARIABLES = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "INVOKEAI_ROOT")
"""Variables that name such a folder."""
_HOME = (
    ".cache/huggingface/hub",
    ".lmstudio/models",
    ".cache/lm-studio/models",
    "ComfyUI/models",
    "Documents/ComfyUI/models",
    "stable-diffusion-webui/models",
    "stable-diffusion-webui-forge/models",
    "StabilityMatrix/Data/Models",
    "invokeai/models",
    "text-generation-webui/user_data/models",
    "text-generation-webui/models",
    ".local/share/nomic.ai/GPT4All",
    "AppData/Local/nomic.ai/GPT4All",
    "Library/Application Support/nomic.ai/GPT4All",
    "jan/models",
    "models",
)
"""Folders in a person's own."""


def usual_places(home: Path | None = None) -> list[Path]:
    """Return those of the usual folders that are there, none inside another."""
    home = home or Path.home()
    named = [Path(os.environ[name]) for name in _VARIABLES if os.environ.get(name)]
    if os.environ.get("HF_HOME"):
        named.append(Path(os.environ["HF_HOME"]) / "hub")
    found: list[Path] = []
    for path in [*named, *(home / name for name in _HOME)]:
        try:
            resolved = path.resolve()
            there = resolved.is_dir()
        except (OSError, RuntimeError):
            continue
        if there and not any(resolved.is_relative_to(other) for other in found):
            found = [other for other in found if not other.is_relative_to(resolved)] + [resolved]
    return found
