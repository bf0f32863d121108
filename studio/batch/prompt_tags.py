"""What other programs write into prompts for images: `<lora:name:0.8>` becomes an adapter; the rest
is named.

The syntax is A1111's, which Forge, SD.Next, ComfyUI's nodes and sites with models share.
https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#extra-networks
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from studio.core.requests.adapter_list import LARGEST_SCALE

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
    """As a request names them: `pixel-art:0.8`."""
    not_applied: tuple[str, ...] = ()
    """Names of tags that mean nothing here."""


def read_tags(prompt: str, name_of: Callable[[str], str]) -> Tagged:
    """Return the prompt without tags, and what they ask for. `name_of`: the name in a tag → that of
    the installed adapter.
    """
    if "<" not in prompt:
        return Tagged(prompt)
    adapters: dict[str, str] = {}
    left_out: list[str] = []

    def take(found: re.Match[str]) -> str:
        kind, name = found[1].lower(), found[2].strip()
        scale = _scale(found[3])
        if kind == "hypernet" or scale is None or "," in name or not name:
            left_out.append(f"<{kind}:…>" if kind == "hypernet" else found.group()[:60])
        elif scale:  # 0 puts nothing on
            adapters.setdefault(name_of(name), f"{name_of(name)}:{scale:g}")
        return " "

    text = _TAG.sub(take, prompt)
    if text == prompt:
        return Tagged(prompt)
    text = _SPACES.sub(" ", text.replace(" ,", ",")).strip(" \t,\n")
    return Tagged(text, tuple(adapters.values()), tuple(dict.fromkeys(left_out)))


def has_weights(prompt: str) -> bool:
    """True for A1111's weights in brackets, as in (red:1.3)."""
    return ":" in prompt and _WEIGHT.search(prompt) is not None


def _scale(more: str) -> float | None:
    """Return the strength behind the name: `:0.8`, `:0.8:0.6` (the first counts), or 1; None for
    what is none.
    """
    parts = [part.strip() for part in more.split(":")[1:]]
    first = next(
        (part for part in parts if "=" not in part), "1"
    )  # name=value says how other programs put it on
    if not _NUMBER.fullmatch(first):
        return None
    scale = float(first)
    return scale if math.isfinite(scale) and abs(scale) <= LARGEST_SCALE else None
