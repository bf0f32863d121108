"""Reads Fooocus: its JSON (scheme fooocus), and the labels of its private log and older versions.

The scheme a1111 is a `parameters` text. https://github.com/lllyasviel/Fooocus
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from studio.core.regular_file import HeaderError, opened
from studio.library.foreign.draft import Draft, JsonObject, as_list
from studio.library.foreign.metadata import ForeignMetadata

LOG_NAME = "log.html"
MAX_LOG_BYTES = 4 * 2**20
_FIELDS = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "negative": "negative_prompt",
    "seed": "seed",
    "steps": "steps",
    "guidance_scale": "guidance",
    "cfg": "guidance",
    "width": "width",
    "height": "height",
    "sampler": "sampler",
    "sampler_name": "sampler",
    "scheduler": "schedule",
    "base_model": "model",
    "base_model_name": "model",
    "base_model_hash": "model_hash",
    "vae": "vae",
    "clip_skip": "clip_skip",
}
_HIDDEN = ("metadata_scheme", "full_prompt", "full_negative_prompt", "lora_hashes")
_LORA = re.compile(r"lora(?:_combined)?_\d{1,2}")
_LORA_WEIGHT = re.compile(r"lora_\[(.{1,200})\]_weight")
_PERFORMANCE = {
    "quality": 60,
    "speed": 30,
    "extreme speed": 8,
    "lightning": 4,
    "hyper-sd": 4,
}
"""Preset → steps, for older versions that do not write the steps."""
_ROW = re.compile(
    r"<td class='(?:label|key)'>([^<]{1,100})</td>\s{0,10}<td class='value'>((?:[^<]|</?\s?br)*+)"
)
_BREAK = re.compile(r"[ \t]?</?[ \t]?br[ \t]?/?>[ \t]?")


def read_fooocus(source: JsonObject, scheme: str = "") -> ForeignMetadata | None:
    """Return the settings in an object with the keys or the labels of Fooocus."""
    settings = {_fold(name): value for name, value in source.items()}
    is_fooocus = scheme == "fooocus" or "Fooocus" in str(settings.get("version", ""))[:20]
    is_fooocus = is_fooocus or bool({"base_model", "base_model_name"} & settings.keys())
    if not is_fooocus or not settings.keys() & _FIELDS.keys():
        return None
    draft = Draft()
    draft.put_size(settings.pop("resolution", ""))
    for entry in as_list(settings.pop("loras", None)):
        _add_pair(draft, as_list(entry))
    for name in list(settings):
        if name in _HIDDEN:
            del settings[name]
        elif _LORA.fullmatch(name):
            draft.add_lora(*_split_lora(settings.pop(name)))
        elif found := _LORA_WEIGHT.fullmatch(name):
            draft.add_lora(found[1], settings.pop(name))
    version = settings.pop("version", "")
    named = "RuinedFooocus" if settings.get("software") == "RuinedFooocus" else "Fooocus"
    preset = settings.get("performance")
    if "steps" not in settings and isinstance(preset, str):
        draft.put("steps", _PERFORMANCE.get(preset.lower()))
    draft.put_all(settings, _FIELDS)
    return draft.finish(named, str(version)[:60].removeprefix("Fooocus "))


def _fold(name: str) -> str:
    """Return the key for a label: `Base Model` → `base_model`."""
    return name.strip().lower().replace(" ", "_")[:300]


def _add_pair(draft: Draft, entry: list[object]) -> None:
    """Add a LoRA of a list: name and weight, or weight and name."""
    if len(entry) >= 2:
        name, weight = entry[:2]
        is_swapped = not isinstance(name, str) or name.replace(".", "").isdigit()
        draft.add_lora(*((weight, name) if is_swapped else (name, weight)))


def _split_lora(value: object) -> tuple[object, object]:
    """Split `name : weight`, which newer versions precede by whether it is used."""
    parts = value.split(" : ") if isinstance(value, str) else []
    if len(parts) == 3:
        return (parts[1] if parts[0] == "True" else "None"), parts[2]
    return (parts[0], parts[1]) if len(parts) == 2 else ("None", 1.0)


def read_log(image: Path) -> ForeignMetadata | None:
    """Return what the private log in the image's folder states about it.

    Fooocus writes nothing into its images unless the user asks for it.
    """
    try:
        with opened(image.parent / LOG_NAME) as (file, _size):
            text = file.read(MAX_LOG_BYTES).decode(errors="replace")
    except (OSError, HeaderError):
        return None
    start = text.find(f'<div id="{image.name.replace(".", "_")}"')
    if start < 0 or "Fooocus" not in text[:20_000]:
        return None
    end = text.find("</div>\n\n", start)
    section = text[start : end if end > 0 else start + 50_000][:50_000]
    rows = {
        html.unescape(name): html.unescape(_BREAK.sub("\n", value)).strip()
        for name, value in _ROW.findall(section)
    }
    return read_fooocus(dict(rows), "fooocus") if rows else None
