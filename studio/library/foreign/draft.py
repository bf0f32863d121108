"""Builds `ForeignMetadata` from loose values of any type, which may be wrong in any way."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping

from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from studio.core.requests.prompt_syntax.tags import read_tags
from studio.core.translation import tr, tr_marked
from studio.library.foreign.metadata import TITLES, ForeignLora, ForeignMetadata, NamedValue
from studio.media.image_texts.collector import clean

MAX_SHOWN = 2_000
"""Characters of a value that is only shown."""
MAX_OTHERS = 200
MAX_LORAS = 64
JsonObject = dict[str, object]
"""An object of JSON, with values of any type."""
_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SIZE = re.compile(r"\(?\s{0,3}(\d{1,6})\s{0,3}[x×*,]\s{0,3}(\d{1,6})\s{0,3}\)?", re.ASCII)
_FOLDERS = re.compile(r"[/\\]")
_WEIGHTS = re.compile(r"\.(?:safetensors|ckpt|pt|pth|bin|gguf|sft)$", re.IGNORECASE)
_BRACKET = re.compile(r" \[[0-9a-f]{6,64}\]$", re.ASCII)
"""A hash after a name, as older versions of A1111 write it."""
_HASH = re.compile(r"(?:0x|sha256:)?([0-9a-f]{8,64})", re.IGNORECASE | re.ASCII)
_TEXTS = {"prompt", "negative_prompt", "sampler", "schedule"}
_INTEGERS = {"seed", "steps", "width", "height", "clip_skip"}
_NUMBERS = {"guidance", "strength"}
_FILES = {"model", "vae"}


def parse_json(text: str) -> object:
    """Return the JSON value of a text, also with NaN; None for another text."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # a number may have too many digits
        return None


def parse_object(text: str) -> JsonObject:
    """Return the JSON object of a text; empty for another text."""
    found = parse_json(text)
    return found if isinstance(found, dict) else {}


def as_object(value: object) -> JsonObject:
    """Return a JSON object; empty for another type."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return a JSON array; empty for another type."""
    return value if isinstance(value, list) else []


def as_number(value: object) -> float | None:
    """Return a finite number, also from its text; None for anything else."""
    if isinstance(value, str):
        value = value.strip()[:64]
        if not _NUMBER.fullmatch(value):
            return None
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def as_integer(value: object) -> int | None:
    """Return a whole number, also from its text; None for anything else."""
    if isinstance(value, str) and value.strip()[:40].lstrip("+-").isdecimal():
        text = value.strip()
        return int(text) if len(text) <= 40 else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 10**30 else None
    number = as_number(value)
    return int(number) if number is not None and number.is_integer() else None


def file_stem(value: object) -> str:
    """Return the name of a model file without its folder and extension."""
    name = _FOLDERS.split(value.strip()[:1_000])[-1] if isinstance(value, str) else ""
    name = " ".join(clean(name).split())
    name = _WEIGHTS.sub("", _BRACKET.sub("", name))
    return "" if name.lower() in ("none", "default (model)", "automatic") else name[:200]


def shown(value: object) -> str:
    """Return a value as a user reads it, at most `MAX_SHOWN` characters."""
    if isinstance(value, str):
        return clean(value.strip()[:MAX_SHOWN]).strip()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    try:
        return clean(json.dumps(value, ensure_ascii=False)[:MAX_SHOWN])
    except (ValueError, RecursionError, TypeError):
        return "…"


class Draft:
    """The settings found so far. What a field cannot hold is kept as another setting."""

    def __init__(self) -> None:
        self._values: dict[str, object] = {}
        self.loras: dict[str, float] = {}
        self._others: dict[str, str] = {}
        self.notes: list[str] = []

    def has(self, field: str) -> bool:
        """Return whether a field was found."""
        return field in self._values

    def put(self, field: str, value: object, name: str = "") -> None:
        """Set a field, if it is not set and the value fits. `name`: the program's own."""
        if value is None or value == "" or field in self._values:
            return
        converted = _convert(field, value)
        if converted is None:
            self.other(name or tr_marked(TITLES[field]), value)
        elif converted != "":
            self._values[field] = converted

    def put_all(self, source: JsonObject, fields: Mapping[str, str]) -> None:
        """Set fields from `source`; `fields`: its name → field. All others are kept."""
        for name, value in source.items():
            if name in fields:
                self.put(fields[name], value, name)
            else:
                self.other(name, value)

    def put_size(self, value: object, name: str = "") -> None:
        """Set width and height from a text such as `512x768` or `(512, 768)`, or from a list."""
        text = shown(value).strip("[] ")
        size = _SIZE.fullmatch(text)
        if size:
            self.put("width", size[1])
            self.put("height", size[2])
        elif text:
            self.other(name or tr("Size"), value)

    def add_lora(self, name: object, weight: object = 1.0) -> None:
        """Add a LoRA by its file or name."""
        stem, number = file_stem(name), as_number(weight)
        if not stem or number == 0:
            return
        if number is None or len(self.loras) >= MAX_LORAS:
            self.other(f"LoRA {stem}", weight)
        else:
            self.loras.setdefault(stem, number)

    def other(self, name: str, value: object) -> None:
        """Keep a setting without a field."""
        text = shown(value)
        if text not in ("", "{}", "[]", "None") and len(self._others) < MAX_OTHERS:
            self._others.setdefault(shown(str(name))[:80] or tr("Value"), text)

    def finish(self, program: str, version: object = "") -> ForeignMetadata:
        """Return the metadata; LoRAs in the prompt are moved out of it."""
        for field in ("prompt", "negative_prompt"):
            prompt = self._values.get(field)
            if isinstance(prompt, str) and "<" in prompt:
                self._values[field] = self._read_tags(prompt)
        return ForeignMetadata(
            program=shown(program)[:60],
            version=shown(version)[:60] if isinstance(version, str) else "",
            loras=tuple(ForeignLora(name, weight) for name, weight in self.loras.items()),
            others=tuple(NamedValue(name, value) for name, value in self._others.items()),
            notes=tuple(self.notes),
            **self._values,  # type: ignore[arg-type]
        )

    def _read_tags(self, prompt: str) -> str:
        tagged = read_tags(prompt, lambda name: name)
        for tag in tagged.adapters:
            name, _, weight = tag.rpartition(":")
            self.add_lora(name, weight)
        for tag in tagged.unsupported:
            self.other(tr("Tag"), tag)
        return "\n".join(line.rstrip() for line in tagged.prompt.split("\n"))


def _convert(field: str, value: object) -> object:
    """Return the value of a field; None if it cannot have it, "" if it means no value."""
    if field in _INTEGERS:
        return as_integer(value)
    if field in _NUMBERS:
        return as_number(value)
    if not isinstance(value, str):
        return None
    if field in _FILES:
        return file_stem(value)
    if field == "model_hash":
        found = _HASH.fullmatch(value.strip())
        return found[1].lower() if found else None
    if field in _TEXTS and len(value) <= MAX_PROMPT_CHARACTERS:
        return clean(value).strip()
    return None


def first_of(source: JsonObject, names: Iterable[str]) -> object:
    """Return the first value that is not empty; None if there is no such value."""
    return next((source[name] for name in names if source.get(name) not in (None, "")), None)
