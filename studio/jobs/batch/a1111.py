"""Lines of prompts in the grammar of A1111's "Prompts from file": `--prompt "a cat" --seed 7 --steps 20`.

A line is split as a shell would; `--prompt` and `--negative_prompt` take all words up to the next tag. There, a line that cannot
be read becomes a prompt as it stands; here it is an error. https://github.com/AUTOMATIC1111/stable-diffusion-webui
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from studio.core.errors import Problem

_TAG = re.compile(r"(?:^|\s)--\w")
_FIELDS = {
    "sd_model": "model",
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "seed": "seed",
    "steps": "num_inference_steps",
    "cfg_scale": "guidance_scale",
    "width": "width",
    "height": "height",
}
"""Tag → field of a request."""
_COUNTS = ("batch_size", "n_iter")
"""Their product is the number of pictures."""
_FLAGS = {"restore_faces", "tiling", "do_not_save_samples", "do_not_save_grid"}
_IGNORED = {
    "outpath_samples", "outpath_grids", "prompt_for_display", "styles", "subseed_strength", "subseed", "seed_resize_from_h",
    "seed_resize_from_w", "sampler_index", *_FLAGS,
}  # fmt: skip
"""What has no meaning here; a row that has one says so."""
_SAMPLERS = {
    "euler": "euler", "euler a": "euler-a", "ddim": "ddim", "lcm": "lcm", "unipc": "unipc", "plms": "pndm", "heun": "heun",
    "dpm++ 2m": "dpm++", "dpm++ 2m karras": "dpm++",
}  # fmt: skip
TAGS = frozenset({*_FIELDS, *_COUNTS, *_IGNORED, "sampler_name"})


class NotALineError(ValueError):
    """The line cannot be read; the message says why."""


def has_tags(line: str) -> bool:
    """True where the line is one of options and not a prompt as it stands."""
    return _TAG.search(line) is not None


def read_line(line: str) -> tuple[dict[str, Any], tuple[str, ...], tuple[Problem, ...]]:
    """Return the fields of a line, the tags that were ignored, and what is wrong."""
    try:
        found = _split(line)
        values: dict[str, Any] = {_FIELDS[tag]: value for tag, value in found.items() if tag in _FIELDS}
        if "sampler_name" in found:
            values["scheduler"] = _sampler(found["sampler_name"])
        if any(tag in found for tag in _COUNTS):
            values["num_images_per_prompt"] = _product(found)
    except NotALineError as error:
        return {}, (), (Problem("row", str(error)),)
    if values.get("seed") == "-1":  # A1111's word for a random one
        del values["seed"]
    return values, tuple(tag for tag in found if tag in _IGNORED), ()


def _split(line: str) -> dict[str, str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise NotALineError(f"cannot be split into words: {str(error).lower()}") from error
    found: dict[str, str] = {}
    while words:
        tag = words.pop(0)
        name = tag.removeprefix("--")
        if not tag.startswith("--"):
            raise NotALineError(f"has {tag[:40]!r} where an option such as --prompt should stand")
        if name not in TAGS:
            raise NotALineError(f"has the unknown option {tag[:40]}")
        if name in found:
            raise NotALineError(f"has the option {tag} twice")
        found[name] = _value(name, words)
    return found


def _value(name: str, words: list[str]) -> str:
    """Take the words that belong to an option."""
    if name in ("prompt", "negative_prompt"):
        taken = []
        while words and not words[0].startswith("--"):
            taken.append(words.pop(0))
        return " ".join(taken)
    if name in _FLAGS and (not words or words[0].startswith("--")):
        return "true"
    if not words or words[0].startswith("--"):
        raise NotALineError(f"gives no value for --{name}")
    return words.pop(0)


def _sampler(name: str) -> str:
    known = _SAMPLERS.get(name.strip().lower())
    if known is None:
        raise NotALineError(f"names the sampler {name[:40]!r}; known are {', '.join(sorted(_SAMPLERS))}")
    return known


def _product(found: dict[str, str]) -> int:
    try:
        sizes = [int(found.get(tag, "1")) for tag in _COUNTS]
    except ValueError:
        raise NotALineError("gives a batch_size or n_iter that is no whole number") from None
    return sizes[0] * sizes[1]
