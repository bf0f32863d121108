"""Reads the metadata of programs that write one JSON object of settings."""

from __future__ import annotations

import re

from studio.library.foreign.draft import (
    Draft,
    JsonObject,
    as_list,
    as_object,
    first_of,
    shown,
)
from studio.library.foreign.metadata import ForeignMetadata

_SWARM = {
    "prompt": "prompt",
    "negativeprompt": "negative_prompt",
    "seed": "seed",
    "steps": "steps",
    "cfgscale": "guidance",
    "width": "width",
    "height": "height",
    "sampler": "sampler",
    "comfyuisampler": "sampler",
    "scheduler": "schedule",
    "comfyuischeduler": "schedule",
    "model": "model",
    "vae": "vae",
    "initimagecreativity": "strength",
    "clipstopatlayer": "clip_skip",
}
_SWARM_LORAS = ("loras", "loraweights")
_DRAW_THINGS = {
    "c": "prompt",
    "uc": "negative_prompt",
    "seed": "seed",
    "steps": "steps",
    "scale": "guidance",
    "sampler": "sampler",
    "model": "model",
    "strength": "strength",
}
_NOVELAI = {
    "uc": "negative_prompt",
    "seed": "seed",
    "steps": "steps",
    "scale": "guidance",
    "width": "width",
    "height": "height",
    "sampler": "sampler",
    "noise_schedule": "schedule",
    "strength": "strength",
}
_NOVELAI_HIDDEN = ("v4_prompt", "v4_negative_prompt", "signed_hash", "request_type", "prompt")
_EASY_DIFFUSION = {  # not translated: names in files
    "prompt": "prompt",
    "negative prompt": "negative_prompt",
    "seed": "seed",
    "steps": "steps",
    "num inference steps": "steps",
    "guidance scale": "guidance",
    "width": "width",
    "height": "height",
    "sampler": "sampler",
    "sampler name": "sampler",
    "stable diffusion model": "model",
    "use stable diffusion model": "model",
    "vae model": "vae",
    "use vae model": "vae",
    "prompt strength": "strength",
    "clip skip": "clip_skip",
}
_SEPARATORS = re.compile(r"[_\s]+")


def read_swarmui(source: JsonObject) -> ForeignMetadata | None:
    """Return the settings of SwarmUI; None if the object is not of this program.

    https://github.com/mcmonkeyprojects/SwarmUI, Docs/Image Metadata Format
    """
    settings = as_object(source.get("sui_image_params"))
    if not settings:
        return None
    settings = dict(settings)
    draft = Draft()
    names, weights = (_as_items(settings.pop(name, None)) for name in _SWARM_LORAS)
    for index, name in enumerate(names):
        draft.add_lora(name, weights[index] if index < len(weights) else 1.0)
    if "fluxguidancescale" in settings:
        draft.put("guidance", settings.pop("fluxguidancescale"))
        settings.pop("cfgscale", None)
    layer = settings.get("clipstopatlayer")
    if isinstance(layer, int) and layer < 0:
        settings["clipstopatlayer"] = -layer
    version = settings.pop("swarm_version", "")
    draft.put_all(settings, _SWARM)
    return draft.finish("SwarmUI", version)


def _as_items(value: object) -> list[object]:
    """Return a list, which older versions write as a text with commas."""
    if isinstance(value, str):
        return list[object](part.strip() for part in value.split(",")[:100])
    return as_list(value)


def read_draw_things(source: JsonObject) -> ForeignMetadata | None:
    """Return the settings of Draw Things; None if the object is not of this program."""
    if not ("c" in source and ("uc" in source or "sampler" in source)):
        return None
    settings, draft = dict(source), Draft()
    more = as_object(settings.pop("v2", None))
    draft.put_size(settings.pop("size", ""))
    for name in ("loras", "lora"):
        for lora in map(as_object, as_list(more.get(name) or settings.pop(name, None))):
            draft.add_lora(first_of(lora, ("file", "model")), lora.get("weight", 1.0))
    if settings.get("strength") in (1, 1.0):  # the image did not start from another one
        del settings["strength"]
    draft.put_all(settings, _DRAW_THINGS)
    draft.put("width", more.get("width"))
    draft.put("height", more.get("height"))
    return draft.finish("Draw Things")  # not translated: its name


def read_novelai(comment: JsonObject, description: str, source: str) -> ForeignMetadata | None:
    """Return the settings of NovelAI: its `Comment`, `Description` and `Source` (the model)."""
    draft = Draft()
    draft.put("prompt", comment.get("prompt") or description)
    settings = {name: value for name, value in comment.items() if name not in _NOVELAI_HIDDEN}
    caption = as_object(as_object(comment.get("v4_prompt")).get("caption"))
    characters = as_list(caption.get("char_captions"))[:20]
    for number, character in enumerate(map(as_object, characters), 1):
        draft.other(f"Character {number}", character.get("char_caption"))
    negative = as_object(as_object(comment.get("v4_negative_prompt")).get("caption"))
    draft.put("negative_prompt", comment.get("uc") or negative.get("base_caption"))
    settings.pop("uc", None)
    draft.put("model", source)
    draft.put_all(settings, _NOVELAI)
    return draft.finish("NovelAI")


def read_easy_diffusion(source: JsonObject) -> ForeignMetadata | None:
    """Return the settings of Easy Diffusion, which it writes as JSON or as PNG texts."""
    folded = {_SEPARATORS.sub(" ", name.lower()): value for name, value in source.items()}
    if not {"prompt", "negative prompt", "seed"} <= folded.keys():
        return None
    # not translated: names in files
    if not {"stable diffusion model", "use stable diffusion model"} & folded.keys():
        return None
    draft = Draft()
    # not translated: names in files
    lora = first_of(folded, ("lora model", "use lora model"))
    weight = first_of(folded, ("lora strength", "lora alpha"))
    draft.add_lora(lora, 1.0 if weight is None else weight)
    known = {name: value for name, value in folded.items() if "lora" not in name}
    draft.put_all(known, _EASY_DIFFUSION)
    return draft.finish("Easy Diffusion")  # not translated: its name


def read_description(text: str) -> ForeignMetadata | None:
    """Return a text of unknown meaning as a prompt; None for JSON and the texts of cameras."""
    text = shown(text)
    if not text or text[:1] in ("{", "[") or _is_of_camera(text):
        return None
    draft = Draft()
    draft.put("prompt", text)
    return draft.finish("")


def _is_of_camera(text: str) -> bool:
    """Return True for what cameras write into every photo, such as OLYMPUS DIGITAL CAMERA."""
    return text.isascii() and (text == text.upper() or " " not in text)
