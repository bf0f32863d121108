"""Parse A1111's tags in image prompts: `<lora:name:0.8>` names an adapter.

Forge, SD.Next, ComfyUI's nodes and model sites share this syntax.
https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#extra-networks
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from studio.core.requests.adapter_list import MAX_SCALE, AdapterChoice

TAG = re.compile(
    r"<\s*+(?:lora|lyco|hypernet)\s*+:[^<>:]{1,200}+(?::[^<>:]{0,40}+){0,4}>", re.IGNORECASE
)
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


def read_tag(tag: str) -> AdapterChoice | None:
    """Return the adapter that a tag names, with the name of its file; None if Studio has none."""
    kind, name, *more = (part.strip() for part in tag[1:-1].split(":"))
    scale = _scale(more)
    if kind.lower() == "hypernet" or scale is None or "," in name or not name:
        return None
    return AdapterChoice(name, scale)


def read_tags(prompt: str, name_of: Callable[[str], str]) -> Tagged:
    """Return the prompt without its tags, and what they ask for.

    `name_of`: name in a tag → name of the installed adapter.
    """
    if "<" not in prompt:
        return Tagged(prompt)
    adapters: dict[str, str] = {}
    unsupported: list[str] = []

    def collect(found: re.Match[str]) -> str:
        choice = read_tag(found.group())
        if choice is None:
            unsupported.append(shown_tag(found.group()))
        elif choice.scale:  # 0 has no effect
            name = name_of(choice.name)
            adapters.setdefault(name, str(AdapterChoice(name, choice.scale)))
        return " "

    text = TAG.sub(collect, prompt)
    if text == prompt:
        return Tagged(prompt)
    return Tagged(_tidy(text), tuple(adapters.values()), tuple(dict.fromkeys(unsupported)))


def without_unsupported(prompt: str) -> Tagged:
    """Return the prompt without the tags that Studio cannot apply, which are listed."""
    if "<" not in prompt:
        return Tagged(prompt)
    tags = {found.group() for found in TAG.finditer(prompt)}
    unsupported = [tag for tag in sorted(tags) if read_tag(tag) is None]
    if not unsupported:
        return Tagged(prompt)
    for tag in unsupported:
        prompt = prompt.replace(tag, " ")
    return Tagged(_tidy(prompt), (), tuple(dict.fromkeys(map(shown_tag, unsupported))))


def shown_tag(tag: str) -> str:
    """Return a tag for a message."""
    is_hypernet = tag[1:].lstrip().lower().startswith("hypernet")
    return "<hypernet:…>" if is_hypernet else tag[:60]


def _tidy(text: str) -> str:
    return _SPACES.sub(" ", text.replace(" ,", ",")).strip(" \t,\n")


def _scale(more: list[str]) -> float | None:
    """Return a tag's strength: `:0.8`, `:0.8:0.6` (the first), by default 1, None if invalid."""
    # name=value parts are options for other programs.
    first = next((part for part in more if "=" not in part), "1")
    if not _NUMBER.fullmatch(first):
        return None
    scale = float(first)
    return scale if math.isfinite(scale) and abs(scale) <= MAX_SCALE else None
