"""Reads the `parameters` text of A1111, which many programs write in variants.

    a cat
    Negative prompt: blurry
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: "a, b"

Values with a comma, a colon or a line feed are JSON strings. Prompts may have several lines, and
extensions add lines such as `Template: …` at the end. Forge, SD.Next, Fooocus (scheme a1111), Draw
Things (with `-` instead of `Negative prompt:`), Civitai, nodes for ComfyUI, and Studio itself.
https://github.com/AUTOMATIC1111/stable-diffusion-webui
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from studio.core.requests import adapter_list
from studio.core.translation import tr
from studio.library.foreign.draft import Draft
from studio.library.foreign.metadata import ForeignMetadata

MAX_LINE = 100_000
"""Characters of the line with the settings."""
MAX_PAIRS = 300
_NEGATIVE = "Negative prompt:"  # not translated: as the programs write it
_STEPS = re.compile(r"\s*Steps: ?\d+\s*(?:,|$)", re.ASCII)
_NAME = re.compile(r"\s*+([\w][\w \-/().+]{0,79}?):[ ]?")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"(?=\s*(?:,|$))')
_LEAST_PAIRS = 3
_FIELDS = {  # not translated: names in files
    "Steps": "steps",
    "Sampler": "sampler",
    "Schedule type": "schedule",
    "Scheduler": "schedule",
    "CFG scale": "guidance",
    "CFG Scale": "guidance",
    "Guidance Scale": "guidance",
    "Seed": "seed",
    "Model hash": "model_hash",
    "Model": "model",
    "VAE": "vae",
    "Denoising strength": "strength",
    "Strength": "strength",
    "Clip skip": "clip_skip",
}
# not translated: names in files
_HIRES = ("Hires upscale", "Hires resize", "Hires steps", "Hires upscaler")
_LORA_LISTS = ("Lora weights", "LoRA weights")  # not translated: names in files
_STRENGTH = "Denoising strength"  # not translated: names in files
_DISTILLED = "Distilled CFG Scale"  # not translated: names in files
_TRAILING = re.compile(r"(Template|Negative Template|Raw prompt|Wildcard prompt): ?(.*)", re.DOTALL)


def read_parameters(text: str, program: str = "") -> ForeignMetadata | None:
    """Return what a `parameters` text states; None if it has no line of settings."""
    lines = text.strip().split("\n")
    index = _settings_line(lines)
    if index is None:
        return None
    pairs = dict(_pairs(lines[index]))
    draft = Draft()
    for line in _trailing(lines[index + 1 :]):
        draft.other(*line)
    prompt, negative = _prompts(lines[:index], program)
    # not translated: names in files
    raw, raw_negative = pairs.pop("Raw prompt", ""), pairs.pop("Raw negative prompt", "")
    draft.put("prompt", raw or prompt)
    draft.put("negative_prompt", raw_negative or negative)
    version = pairs.pop("Version", "")
    named = program or _program(version, pairs.get("App", ""))
    _put_special(draft, pairs)
    draft.put_all(dict(pairs), _FIELDS)
    return draft.finish(named, version.removeprefix("Fooocus "))


def _settings_line(lines: list[str]) -> int | None:
    """Return the index of the line with the settings, which is near the end."""
    for index in range(len(lines) - 1, max(-1, len(lines) - 200), -1):
        line = lines[index]
        if len(line) <= MAX_LINE and _STEPS.match(line):
            return index
    last = len(lines) - 1
    if len(lines[last]) <= MAX_LINE and len(list(_pairs(lines[last]))) >= _LEAST_PAIRS:
        return last
    return None


def _prompts(lines: list[str], program: str) -> tuple[str, str]:
    # not translated: the name of a program
    negative_mark = "-" if program == "Draw Things" else _NEGATIVE
    for index, line in enumerate(lines):
        if line.strip().startswith(negative_mark):
            negative = [line.strip().removeprefix(negative_mark), *lines[index + 1 :]]
            return "\n".join(lines[:index]).strip(), "\n".join(negative).strip()
    return "\n".join(lines).strip(), ""


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a line of settings."""
    position, try_json = 0, True
    for _ in range(MAX_PAIRS):
        name = _NAME.match(line, position)
        if name is None:
            comma = line.find(",", position)
            if comma < 0:
                return
            position = comma + 1
            continue
        value, position = _value(line, name.end(), try_json=try_json)
        yield name[1].strip(), value
        # one text that only begins as JSON is enough: each is searched to the line's end
        try_json = try_json and (value[:1] not in ("{", "[") or value[-1:] in ("}", "]"))
        if position >= len(line):
            return


def _value(line: str, position: int, *, try_json: bool) -> tuple[str, int]:
    """Return a value and the position after its comma."""
    quoted = _QUOTED.match(line, position)
    if quoted:
        return _unquote(quoted.group()), _after_comma(line, quoted.end())
    if try_json and line[position : position + 1] in ("{", "["):
        try:
            _, end = json.JSONDecoder().raw_decode(line, position)
        except (ValueError, RecursionError):
            pass
        else:
            return line[position:end], _after_comma(line, end)
    comma = line.find(",", position)
    end = len(line) if comma < 0 else comma
    return line[position:end].strip(), end + 1


def _after_comma(line: str, position: int) -> int:
    comma = line.find(",", position)
    return len(line) if comma < 0 else comma + 1


def _unquote(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text[1:-1]
    return value if isinstance(value, str) else text


def _trailing(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the settings in lines of their own after the settings, which may be continued."""
    name, value = "", ""
    for line in lines:
        found = _TRAILING.fullmatch(line.strip())
        if found:
            if name:
                yield name, value
            name, value = found[1], found[2]
        elif name:
            value = f"{value}\n{line}"
    if name:
        yield name, value


def _put_special(draft: Draft, pairs: dict[str, str]) -> None:
    """Set the fields that depend on others, and remove them from `pairs`."""
    draft.put_size(pairs.pop("Size", ""))
    if any(name in pairs for name in _HIRES) and _STRENGTH in pairs:
        # of the second pass; the image did not start from another one
        draft.other(tr("Hires denoising strength"), pairs.pop(_STRENGTH))
    distilled = pairs.pop(_DISTILLED, "")
    if distilled and pairs.get("CFG scale", "1").rstrip("0").rstrip(".") == "1":
        draft.put("guidance", distilled)  # models with distilled guidance: Flux
        pairs.pop("CFG scale", None)
    elif distilled:
        draft.other(_DISTILLED, distilled)
    for name in _LORA_LISTS:
        for part in pairs.pop(name, "").split(","):
            lora, _, weight = part.rpartition(":")
            draft.add_lora(lora, weight)
    _put_own_adapters(draft, pairs.pop("Adapters", ""))


def _put_own_adapters(draft: Draft, text: str) -> None:
    """Add the adapters of a file that Studio wrote."""
    try:
        for choice in adapter_list.read(text):
            draft.add_lora(choice.name, choice.scale)
    except ValueError:
        draft.other("Adapters", text)


def _program(version: str, app: str) -> str:
    """Return the program that wrote the text: its name or what its version begins with."""
    if app:
        return app[:40]
    first = version.strip().lower()
    if first.startswith("fooocus"):
        return "Fooocus"
    if first.startswith("f") and first[1:2].isdigit():
        return "Forge"
    if first.startswith("comfyui"):
        return "ComfyUI"
    return "Stable Diffusion web UI"  # not translated: its name
