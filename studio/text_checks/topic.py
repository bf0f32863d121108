"""Checks that a text is about a topic: it has a word of the topic."""

from __future__ import annotations

import re

from studio.text_checks.check import Check
from studio.text_checks.length import HAN

_WORD = re.compile(rf"[{HAN}]{{2,60}}|[^\W\d_{HAN}]{{3,60}}|\d{{2,60}}")
_COMMON_TEXT = (
    "the and for that with this from have has was were are not but its his her their they you "
    "your our who which will would can could about after before over into than then there what "
    "when where how all any more most some such only own same too very just been being also "
    "new small big one two"
)
_COMMON = frozenset(_COMMON_TEXT.split())
STEM = 4
"""Letters that two words share to count as the same: flood, flooding."""
MAX_READ = 200_000
"""Characters of text and topic that are compared."""


def content_words(text: str) -> list[str]:
    """Return the words that carry meaning, in order, folded: stems, or two Chinese characters."""
    found: list[str] = []
    for word in _WORD.findall(text[:MAX_READ].casefold()):
        if word[0] >= "\u3400":
            found += [word[at : at + 2] for at in range(len(word) - 1)]
        elif word not in _COMMON:
            found.append(stem(word))
    return found


def stem(word: str) -> str:
    """Return a word without common English endings, so that forms of one word are equal."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= STEM:
            return word[: -len(ending)]
    return word


def check_topic(text: str, topic: str) -> Check:
    """Check that the text has a word of the topic; passes if the topic has no content words."""
    wanted = set(content_words(topic))
    shared = sorted(wanted & set(content_words(text)))
    if shared or not wanted:
        message = "The text has words of the topic."
    else:
        message = "The text has no word of the topic."
    return Check(name="topic", passed=bool(shared) or not wanted, message=message)
