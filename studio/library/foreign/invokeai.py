"""Reads InvokeAI's metadata: `invokeai_metadata`, and the older `sd-metadata` and `Dream`.

https://github.com/invoke-ai/InvokeAI
"""

from __future__ import annotations

import re

from studio.library.foreign.draft import (
    Draft,
    JsonObject,
    as_list,
    as_object,
    first_of,
)
from studio.library.foreign.metadata import ForeignMetadata

PROGRAM = "InvokeAI"
_FIELDS = {
    "positive_prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "seed": "seed",
    "steps": "steps",
    "width": "width",
    "height": "height",
    "scheduler": "sampler",
    "strength": "strength",
}
_OLD_FIELDS = {
    "seed": "seed",
    "steps": "steps",
    "cfg_scale": "guidance",
    "width": "width",
    "height": "height",
    "sampler": "sampler",
    "strength": "strength",
}
_MODEL_NAMES = ("name", "model_name", "key")
_HIDDEN = ("app_id", "metadata_version", "canvas_v2_metadata", "regions", "qwen3_encoder")
_NEGATIVE = re.compile(r"\[([^\[\]]*+)\]")
_OPTION = re.compile(r"(?<=\s)(-[sSWHCAfn]|--[a-z_]{1,30})[ =]?([^\s]{1,100})")
_OPTIONS = {
    "-s": "steps",
    "--steps": "steps",
    "-S": "seed",
    "--seed": "seed",
    "-W": "width",
    "--width": "width",
    "-H": "height",
    "--height": "height",
    "-C": "guidance",
    "--cfg_scale": "guidance",
    "-A": "sampler",
    "--sampler": "sampler",
    "-f": "strength",
    "--strength": "strength",
}


def read_invokeai(source: JsonObject) -> ForeignMetadata | None:
    """Return the settings in `invokeai_metadata`, versions 3 and later."""
    if not source.keys() & {"positive_prompt", "generation_mode", "model"}:
        return None
    settings = {name: value for name, value in source.items() if name not in _HIDDEN}
    draft = Draft()
    version = settings.pop("app_version", "")
    # models with distilled guidance, such as Flux, have both
    distilled, scale = settings.pop("guidance", None), settings.pop("cfg_scale", None)
    draft.put("guidance", scale if distilled is None else distilled)
    _put_model(draft, as_object(settings.pop("model", None)))
    vae = settings.pop("vae", None)
    draft.put("vae", first_of(as_object(vae), _MODEL_NAMES) or vae, "VAE")
    for entry in map(as_object, as_list(settings.pop("loras", None))):
        model = as_object(entry.get("model") or entry.get("lora"))
        draft.add_lora(first_of(model, _MODEL_NAMES), entry.get("weight", 1.0))
    skipped = settings.pop("clip_skip", None)  # layers; others count from the last one, 1
    if isinstance(skipped, int) and skipped > 0:
        draft.put("clip_skip", skipped + 1)
    draft.put_all(settings, _FIELDS)
    return draft.finish(PROGRAM, version)


def _put_model(draft: Draft, model: JsonObject) -> None:
    draft.put("model", first_of(model, _MODEL_NAMES))
    found = model.get("hash")
    if isinstance(found, str) and found.startswith("sha256:"):
        draft.put("model_hash", found)


def read_sd_metadata(source: JsonObject) -> ForeignMetadata | None:
    """Return the settings in `sd-metadata`, version 2."""
    image = as_object(source.get("image"))
    if not image:
        return None
    draft = Draft()
    prompts = image.get("prompt")
    parts = [as_object(part).get("prompt") for part in as_list(prompts)]
    text = " ".join(part for part in parts if isinstance(part, str)) or prompts
    _put_prompt(draft, text)
    draft.put("model", first_of(source, ("model_weights", "model")))
    draft.put("model_hash", source.get("model_hash"))
    draft.put_all({name: value for name, value in image.items() if name != "prompt"}, _OLD_FIELDS)
    return draft.finish(PROGRAM, source.get("app_version", ""))


def read_dream(text: str) -> ForeignMetadata | None:
    """Return the settings in a `Dream` command: "a cat" -s 50 -S 1 -W 512 -H 512 -C 7.5."""
    if not text.startswith('"'):
        return None
    prompt, quote, options = text[1:].rpartition('"')
    if not quote:
        return None
    draft = Draft()
    _put_prompt(draft, prompt)
    for option, value in _OPTION.findall(f" {options[:10_000]}"):
        if option in _OPTIONS:
            draft.put(_OPTIONS[option], value, option)
        else:
            draft.other(option.lstrip("-"), value)
    return draft.finish(PROGRAM)


def _put_prompt(draft: Draft, text: object) -> None:
    """Set both prompts; the negative one is in brackets."""
    if not isinstance(text, str):
        return
    negative = [part.strip() for part in _NEGATIVE.findall(text)]
    draft.put("prompt", _NEGATIVE.sub("", text) if negative else text)
    draft.put("negative_prompt", ", ".join(filter(None, negative)))
