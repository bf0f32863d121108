r"""Parse lines of A1111's "Prompts from file": `--prompt "a cat" --seed 7 --steps 20`.

`--prompt` and `--negative_prompt` take all words up to the next tag. Quotes count only around the
whole prompt, so that the apostrophe in "knight's" and the backslashes in `\\(animal\\)` stay. A1111
turns a line that it cannot read into a prompt; here it is an error.
https://github.com/AUTOMATIC1111/stable-diffusion-webui
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studio.core.errors import Problem
from studio.core.requests.scheduler_names import scheduler_named
from studio.core.translation import tr

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
"""Tags whose product is the number of images."""
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
"""Tags without an equivalent; a line that contains one is reported."""
_SAMPLERS = "DDIM, DPM++ 2M, Euler, Euler a, Heun, LCM, PLMS, UniPC"
TAGS = frozenset({*_FIELDS, *_COUNTS, *_IGNORED, "sampler_name"})


class NotALineError(ValueError):
    """A line that cannot be parsed; the message names the reason."""


def has_tags(line: str) -> bool:
    """Return True for a line of options, False for a plain prompt."""
    return _TAG.search(line) is not None


def read_line(line: str) -> tuple[dict[str, Any], tuple[str, ...], tuple[Problem, ...]]:
    """Return the fields of a line, its ignored tags, and its problems."""
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
    if values.get("seed") == "-1":  # A1111's notation for a random seed
        del values["seed"]
    return values, tuple(tag for tag in found if tag in _IGNORED), ()


def _split(line: str) -> dict[str, str]:
    found: dict[str, str] = {}
    position = _skip(line, 0)
    while position < len(line):
        tag = _NAME.match(line, position)
        if tag is None:
            word = line[position : position + 40].split(None, 1)[0]
            raise NotALineError(
                tr("has {word} instead of an option such as --prompt", word=repr(word))
            )
        name = tag[1]
        if name not in TAGS:
            raise NotALineError(tr("has the unknown option {option}", option=f"--{name[:40]}"))
        if name in found:
            raise NotALineError(tr("has the option {option} twice", option=f"--{name}"))
        found[name], position = _value(name, line, _skip(line, tag.end()))
        position = _skip(line, position)
    return found


def _skip(line: str, position: int) -> int:
    found = _SPACES.match(line, position)
    return found.end() if found else position


def _value(name: str, line: str, position: int) -> tuple[str, int]:
    """Return an option's value and the position after it."""
    if name in ("prompt", "negative_prompt"):
        return _text(line, position)
    if position >= len(line) or _TAG.match(line, position):
        if name in _FLAGS:
            return "true", position
        raise NotALineError(tr("has no value for {option}", option=f"--{name}"))
    found = _WORD.match(line, position)
    assert found is not None  # the position is at a character other than white space
    word = found.group()
    if word[0] in "\"'" and (len(word) < 2 or word[-1] != word[0]):
        raise _not_closed()
    return (_ESCAPED.sub(r"\1", word[1:-1]) if word[0] == '"' else word.strip("'")), found.end()


def _text(line: str, position: int) -> tuple[str, int]:
    """Return a prompt, quoted as a whole or up to the next tag, and the position after it."""
    quote = line[position : position + 1]
    if quote in _QUOTED and quote:
        found = _QUOTED[quote].match(line, position)
        if found and (end := _END.match(line, found.end())):
            return (_ESCAPED.sub(r"\1", found[1]) if quote == '"' else found[1]), end.end()
        if found is None and quote == '"':
            raise _not_closed()
    tag = _TAG.search(line, position)
    end_of_text = tag.start() if tag else len(line)
    return line[position:end_of_text].strip(), end_of_text


def _not_closed() -> NotALineError:
    return NotALineError(tr("cannot be split into words: a quote is not closed"))


def _sampler(name: str) -> str:
    known = scheduler_named(name)
    if not known:
        raise NotALineError(
            tr(
                "has the unknown sampler {sampler}; known are {samplers}",
                sampler=repr(name[:40]),
                samplers=_SAMPLERS,
            )
        )
    return known


def _product(found: Mapping[str, str]) -> int:
    try:
        sizes = [int(found.get(tag, "1")) for tag in _COUNTS]
    except ValueError:
        raise NotALineError(tr("has a batch_size or n_iter that is not a whole number")) from None
    return sizes[0] * sizes[1]
