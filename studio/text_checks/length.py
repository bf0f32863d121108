"""Checks how long a text is: words, characters, or tokens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from studio.text_checks.check import Check

Unit = Literal["words", "characters", "sentences", "tokens"]
HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
"""Chinese characters, for a set of a regular expression."""
_SENTENCE_END = re.compile(r"[!?。！？…\n]|\.(?!\d)")
_WORD = re.compile(rf"[{HAN}\u3040-\u30ff]|[^\W_{HAN}\u3040-\u30ff]+(?:['’\-][^\W_{HAN}]+)*")


def count_words(text: str) -> int:
    """Return the number of words; each Chinese or Japanese character counts as one."""
    return sum(1 for _word in _WORD.finditer(text))


def measure(text: str, unit: Unit) -> int:
    """Return the length in words, characters or sentences."""
    if unit == "sentences":
        return sum(any(map(str.isalnum, part)) for part in _SENTENCE_END.split(text))
    return count_words(text) if unit == "words" else len(text)


def check_length(
    text: str,
    unit: Unit,
    *,
    at_least: int = 0,
    at_most: int | None = None,
    count_tokens: Callable[[str], int] | None = None,
) -> Check:
    """Check the length in a unit; characters are counted with blanks.

    Raises ValueError for tokens without `count_tokens`.
    """
    if unit == "tokens":
        if count_tokens is None:
            raise ValueError("tokens need count_tokens")
        length = count_tokens(text)
    else:
        length = measure(text, unit)
    passed = at_least <= length and (at_most is None or length <= at_most)
    limit = f"{at_least:,} or more" if at_most is None else f"{at_least:,} to {at_most:,}"
    message = f"{length:,} {unit}; the limits are {limit}."
    return Check(name="length", passed=passed, message=message)
