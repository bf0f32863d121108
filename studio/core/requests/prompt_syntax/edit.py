"""Changes weights in a prompt as it is typed: those of words in brackets and of tags."""

from __future__ import annotations

import re
from typing import NamedTuple

from studio.core.requests.adapter_list import MAX_SCALE
from studio.core.requests.prompt_syntax.weights import (
    MAX_WEIGHT,
    NUMBER,
    STEP,
    Mark,
    PromptError,
    read_prompt,
)

STEP_SIZE = 0.1
"""Of one key press or click."""
_WORD = re.compile(r"[^\s,.;:()\[\]<>{}|]+")
_NUMBER_AT_END = re.compile(rf":\s*{NUMBER}\s*$", re.ASCII)


class Edited(NamedTuple):
    """A changed prompt and the part of it to select."""

    prompt: str
    start: int
    end: int


def words_of_mark(mark: Mark) -> str:
    """Return what stands in the brackets of a mark, without its weight."""
    return _NUMBER_AT_END.sub("", mark.text) if mark.weight != STEP else mark.text


def with_weight(prompt: str, mark: Mark, weight: float) -> Edited:
    """Return the prompt with another weight at a mark; brackets of weight 1 are removed."""
    weight = round(max(-MAX_WEIGHT, min(MAX_WEIGHT, weight)), 2)
    if mark.kind == "adapter":
        tag = prompt[mark.start : mark.end]
        kind, name = tag[1:].split(":")[:2]
        weight = max(-MAX_SCALE, min(MAX_SCALE, weight))
        new = f"<{kind}:{name.rstrip('>')}:{weight:g}>"
    else:
        words = words_of_mark(mark)
        new = words if weight == 1 else f"({words}:{weight:g})"
    return Edited(
        prompt[: mark.start] + new + prompt[mark.end :], mark.start, mark.start + len(new)
    )


def without_mark(prompt: str, mark: Mark) -> str:
    """Return the prompt without a mark; words in brackets stay, with a weight of 1."""
    if mark.kind == "weight":
        return with_weight(prompt, mark, 1).prompt
    before, after = prompt[: mark.start].rstrip(" ,"), prompt[mark.end :].lstrip(" ")
    return f"{before}{' ' if before and after and after[0] not in ',.' else ''}{after}"


def step_weight(prompt: str, start: int, end: int, steps: int) -> Edited | None:
    """Change the weight of the selected words, or of the word, brackets or tag at the cursor.

    `start` and `end` count letters; `steps` are of 0.1. None if there is nothing to change.
    """
    try:
        marks = [mark for mark in read_prompt(prompt).marks if mark.kind != "break"]
    except PromptError:
        return None
    around = [mark for mark in marks if mark.start <= start and end <= mark.end]
    if around:
        innermost = min(around, key=lambda mark: mark.end - mark.start)
        return with_weight(prompt, innermost, innermost.weight + steps * STEP_SIZE)
    if start == end:
        word = next(
            (one for one in _WORD.finditer(prompt) if one.start() <= start <= one.end()), None
        )
        if word is None:
            return None
        start, end = word.span()
    while start < end and prompt[start].isspace():
        start += 1
    while end > start and prompt[end - 1].isspace():
        end -= 1
    if start == end or any(mark.start < end and start < mark.end for mark in marks):
        return None
    added = Mark("weight", start, end, prompt[start:end], 1.0)
    return with_weight(prompt, added, 1 + steps * STEP_SIZE)
