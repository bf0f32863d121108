"""Rules: regular expressions with replacements, and what stands around a match."""

from __future__ import annotations

import re
from collections.abc import Callable

Match = re.Match[str]
Rule = Callable[[str], str]
"""Returns the text with every match replaced."""


def rule(pattern: str, replacement: Callable[[Match], str] | str, flags: int = 0) -> Rule:
    """Return the function that replaces every match of the pattern."""
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.sub(replacement, text)


SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
"""Digits that are raised, from 0."""


def plain_digits(text: str) -> str:
    """Return the text with raised digits, and a raised n, as plain ones."""
    return text.translate(_PLAIN)


_PLAIN = str.maketrans(f"{SUPERSCRIPTS}ⁿ", "0123456789n")


def text_before(match: Match, size: int) -> str:
    """Return the `size` characters before the match."""
    return match.string[max(0, match.start() - size) : match.start()]
