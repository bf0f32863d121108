"""Parse A1111's tags in image prompts: `<lora:name:0.8>` becomes an adapter.

Forge, SD.Next, ComfyUI's nodes and model sites share this syntax.
https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#extra-networks
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from studio.core.requests.adapter_list import MAX_SCALE

_TAG = re.compile(
    r"<\s*+(lora|lyco|hypernet)\s*+:([^<>:]{1,200}+)((?::[^<>:]{0,40}+){0,4})>", re.IGNORECASE
)
_WEIGHT = re.compile(r"\([^()]{1,200}:\s*\d{0,3}\.?\d{1,4}\s*\)", re.ASCII)
_SPACES = re.compile(r"[ \t]{2,}")
_NUMBER = re.compile(r"[+-]?(?:\d++\.?\d*|\.\d+)", re.ASCII)


@dataclass(frozen=True)
class Tagged:
    """A prompt without its tags."""

    prompt: str
    adapters: tuple[str, ...] = ()
    """In the notation of a request: `pixel-art:0.8`."""
    unsupported: tuple[str, ...] = ()
    """Tags that Studio cannot apply."""


def read_tags(prompt: str, name_of: Callable[[str], str]) -> Tagged:
    """Return the prompt without its tags, and what they ask for.

    `name_of`: name in a tag → name of the installed adapter.
    """
    if "<" not in prompt:
        return Tagged(prompt)
    adapters: dict[str, str] = {}
    unsupported: list[str] = []

    def read_tag(found: re.Match[str]) -> str:
        kind, name = found[1].lower(), found[2].strip()
        scale = _scale(found[3])
        if kind == "hypernet" or scale is None or "," in name or not name:
            unsupported.append(f"<{kind}:…>" if kind == "hypernet" else found.group()[:60])
        elif scale:  # 0 has no effect
            adapters.setdefault(name_of(name), f"{name_of(name)}:{scale:g}")
        return " "

    text = _TAG.sub(read_tag, prompt)
    if text == prompt:
        return Tagged(prompt)
    text = _SPACES.sub(" ", text.replace(" ,", ",")).strip(" \t,\n")
    return Tagged(text, tuple(adapters.values()), tuple(dict.fromkeys(unsupported)))


def has_weights(prompt: str) -> bool:
    """Return True for a prompt with A1111's weights, as in (red:1.3)."""
    return ":" in prompt and _WEIGHT.search(prompt) is not None


def _scale(more: str) -> float | None:
    """Return a tag's strength: `:0.8`, `:0.8:0.6` (the first), by default 1, None if invalid."""
    parts = [part.strip() for part in more.split(":")[1:]]
    # name=value parts are options for other programs.
    first = next((part for part in parts if "=" not in part), "1")
    if not _NUMBER.fullmatch(first):
        return None
    scale = float(first)
    return scale if math.isfinite(scale) and abs(scale) <= MAX_SCALE else None
