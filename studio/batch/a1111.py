"""Lines of prompts in the grammar of A1111's "Prompts from file": `--prompt "a cat" --seed 7
--steps 20`.

`--prompt` and `--negative_prompt` take all words up to the next tag, as they are written: quotes
count where they stand around the whole, so that the apostrophe in "knight's" and the backslashes in
`\\(animal\\)` stay. There, a line that cannot be read becomes a prompt as it stands; here it is an
error. https://github.com/AUTOMATIC1111/stable-diffusion-webui
"""

from __future__ import annotations

import re
from typing import Any

from studio.core.errors import Problem

_TAG = re.compile(r"(?:^|(?<=\s))--(?=\w)")
_NAME = re.compile(r"--(\S*)")
_WORD = re.compile(r'"(?:[^"\\]|\\.)*+"|\'[^\']*+\'|\S+')
_END = re.compile(r"\s*+(?:$|(?<=\s)(?=--\w))")
_SPACES = re.compile(r"\s+")
_ESCAPED = re.compile(r'\\(["\\])')
_QUOTED = {'"': re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL), "'": re.compile(r"'([^']*+)'")}
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
    "outpath_samples",
    "outpath_grids",
    "prompt_for_display",
    "styles",
    "subseed_strength",
    "subseed",
    "seed_resize_from_h",
    "seed_resize_from_w",
    "sampler_index",
    *_FLAGS,
}
"""What has no meaning here; a row that has one says so."""
_SAMPLERS = {
    "euler": "euler",
    "euler a": "euler-a",
    "ddim": "ddim",
    "lcm": "lcm",
    "unipc": "unipc",
    "plms": "pndm",
    "heun": "heun",
    "dpm++ 2m": "dpm++",
    "dpm++ 2m karras": "dpm++",
}
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
        values: dict[str, Any] = {
            _FIELDS[tag]: value for tag, value in found.items() if tag in _FIELDS
        }
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
    found: dict[str, str] = {}
    place = _skip(line, 0)
    while place < len(line):
        tag = _NAME.match(line, place)
        if tag is None:
            word = line[place : place + 40].split(None, 1)[0]
            raise NotALineError(f"has {word!r} where an option such as --prompt should stand")
        name = tag[1]
        if name not in TAGS:
            raise NotALineError(f"has the unknown option --{name[:40]}")
        if name in found:
            raise NotALineError(f"has the option --{name} twice")
        found[name], place = _value(name, line, _skip(line, tag.end()))
        place = _skip(line, place)
    return found


def _skip(line: str, place: int) -> int:
    found = _SPACES.match(line, place)
    return found.end() if found else place


def _value(name: str, line: str, place: int) -> tuple[str, int]:
    """Return an option's value and where it ends."""
    if name in ("prompt", "negative_prompt"):
        return _text(line, place)
    if place >= len(line) or _TAG.match(line, place):
        if name in _FLAGS:
            return "true", place
        raise NotALineError(f"gives no value for --{name}")
    found = _WORD.match(line, place)
    assert found is not None  # something that is no white space stands there
    word = found.group()
    if word[0] in "\"'" and (len(word) < 2 or word[-1] != word[0]):
        raise _not_closed()
    return (_ESCAPED.sub(r"\1", word[1:-1]) if word[0] == '"' else word.strip("'")), found.end()


def _text(line: str, place: int) -> tuple[str, int]:
    """Return a prompt: what stands between quotes around the whole, else everything up to the next
    tag.
    """
    quote = line[place : place + 1]
    if quote in _QUOTED and quote:
        found = _QUOTED[quote].match(line, place)
        if found and (end := _END.match(line, found.end())):
            return (_ESCAPED.sub(r"\1", found[1]) if quote == '"' else found[1]), end.end()
        if found is None and quote == '"':
            raise _not_closed()
    tag = _TAG.search(line, place)
    end_of_text = tag.start() if tag else len(line)
    return line[place:end_of_text].strip(), end_of_text


def _not_closed() -> NotALineError:
    return NotALineError("cannot be split into words: a quotation is not closed")


def sampler_named(name: str) -> str:
    """Return the scheduler that A1111's name of a sampler means; empty where it is none of them."""
    return _SAMPLERS.get(_SPACES.sub(" ", name.strip().lower()), "")


def _sampler(name: str) -> str:
    known = sampler_named(name)
    if not known:
        raise NotALineError(
            f"names the sampler {name[:40]!r}; known are {', '.join(sorted(_SAMPLERS))}"
        )
    return known


def _product(found: dict[str, str]) -> int:
    try:
        sizes = [int(found.get(tag, "1")) for tag in _COUNTS]
    except ValueError:
        raise NotALineError("gives a batch_size or n_iter that is no whole number") from None
    return sizes[0] * sizes[1]
