"""Column names and numbers as people and other programs write them.

`CFG Scale`, `cfg_scale` and `guidance` are the same setting. `3,5` in a table separated by
semicolons is 3.5.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable

from studio.core.kinds import KINDS, kinds_with_settings_for
from studio.core.requests import fields

_ALIASES = {  # not translated: names in files of other programs
    "prompt": ("positive prompt", "positive", "text prompt"),
    "negative_prompt": ("neg prompt", "neg", "uc"),
    "model": (
        "model name",
        "checkpoint",
        "ckpt",
        "ckpt name",
        "sd model",
        "sd model checkpoint",
        "sd model name",
    ),
    "seed": ("noise seed", "random seed"),
    "num_inference_steps": ("sampling steps", "sample steps", "inference steps", "num steps"),
    "guidance_scale": ("cfg", "cfg scale", "cfgscale"),
    "scheduler": ("sampler", "sampler name", "sampling method"),
    "num_images_per_prompt": ("images", "num images", "number of images", "images per prompt"),
    "strength": ("denoise", "denoising", "denoising strength"),
    "image": ("init image", "input image"),
    "adapters": ("loras",),
    "system_prompt": ("system message", "system instruction"),
    "max_new_tokens": (
        "max tokens",
        "max completion tokens",
        "max output tokens",
        "n predict",
        "num predict",
    ),
    "temperature": ("temp",),
    "repetition_penalty": ("repeat penalty",),
    "num_return_sequences": ("n", "num candidates"),
    "num_frames": ("number of frames",),
    "frame_rate": ("frames per second",),
    "seconds": ("duration", "length in seconds"),
}
"""Field → its names in A1111, ComfyUI, InvokeAI, llama.cpp and others, folded."""
_SPACES = "\ufeff\u200b\u2060"
"""Zero-width characters that `str.strip` leaves."""
_NOT_LETTERS = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:([.,])(\d{0,20}))?(?:[eE][+-]?\d{1,3})?%?", re.ASCII)
_GROUP_SPACES = re.compile("(?<=\\d)[\u00a0\u2009\u202f](?=\\d)")


def clean(text: str) -> str:
    """Return a cell's text without surrounding white space, with LF line breaks."""
    text = text.strip().strip(_SPACES).strip() if text else text
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


@functools.lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Return a column's name without case, underscores, hyphens and extra spaces."""
    return _NOT_LETTERS.sub(" ", unicodedata.normalize("NFKC", name[:200]).casefold()).strip()


@functools.cache
def _fields(kind: str) -> dict[str, str]:
    """Return the fields of a kind by folded name."""
    known = fields(KINDS[kind].request_type)
    names = {info.name for info in known}
    found = {
        alias: name for name, aliases in _ALIASES.items() if name in names for alias in aliases
    }
    found |= {fold(info.name): info.name for info in known}
    return found | {fold(info.flag): info.name for info in known}


@functools.cache
def _known() -> frozenset[str]:
    return frozenset({"kind"}.union(*(_fields(kind.name) for kind in kinds_with_settings_for(""))))


def meant_by(name: str, kind: str) -> str:
    """Return the field of a kind that a column's name refers to, or ""."""
    return _fields(kind).get(fold(name), "") if kind in KINDS else ""


def guess_kind(columns: Iterable[str], current: str) -> str:
    """Return the kind whose settings the columns name; `current` if that is not clear.

    Names that several kinds share count for each of them, so they don't decide.
    """
    names = list(columns)
    scores = {kind: sum(bool(meant_by(name, kind)) for name in names) for kind in KINDS}
    best = [kind for kind, score in scores.items() if score == max(scores.values())]
    if current in best:
        return current
    likely = [kind for kind in best if not KINDS[kind].is_optional] or best
    return likely[0] if len(likely) == 1 else current


def is_known(name: str) -> bool:
    """Return True for the name of a setting of any kind."""
    return fold(name) in _known()


def is_prompt(name: str) -> bool:
    """Return True for a name of the prompt."""
    return meant_by(name, "text") == "prompt"


@functools.cache
def _numbers(kind: str) -> dict[str, type]:
    return {
        info.name: info.type
        for info in fields(KINDS[kind].request_type)
        if info.type in (int, float)
    }


def as_number(text: str, kind: str, field: str, *, decimal_comma: bool) -> str:
    """Convert a cell's text to the notation of numbers that requests use.

    Returns it unchanged if the field takes no number, or if it is not a number. `5.0` is a whole
    number, `50 %` is 0.5; digits and the minus sign may be of other scripts.
    """
    if text.isdigit() and text.isascii():
        return text
    wanted = _numbers(kind).get(field)
    if wanted is None or len(text) > 60:
        return text
    plain = (
        unicodedata.normalize("NFKC", _GROUP_SPACES.sub("", text))
        .replace("\u2212", "-")
        .replace(" %", "%")
        .strip()
    )
    found = _NUMBER.fullmatch(plain)
    if found is None or (found[1] == "," and not decimal_comma):
        return text
    plain = plain.replace(",", ".")
    if plain.endswith("%"):
        return text if wanted is int else f"{float(plain[:-1]) / 100:.15g}"
    if (
        wanted is int
        and found[1]
        and not (found[2] or "").strip("0")
        and "e" not in plain.casefold()
    ):
        return plain.partition(".")[0]
    return plain
