"""Fuzzy search over the entries of the command palette. No Qt; called in another thread."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

MAX_RESULTS = 100
_WORD_START, _INSIDE, _SPREAD, _IN_WORDS = 100, 60, 30, 20


@dataclass(frozen=True)
class Entry:
    """Something that the palette can do or show."""

    title: str
    group: str
    """What it is: an action, a model, a setting …"""
    run: Callable[[], object]
    """Called in the GUI thread when the entry is chosen."""
    shortcut: str = ""
    words: str = ""
    """Further text that is searched."""
    is_match: bool = False
    """True if its provider searched for the query itself."""


Provider = Callable[[str], list[Entry]]
"""Query → entries, best first. Called in another thread: it must not touch widgets.

A provider of few entries may ignore the query, because the palette filters and ranks them; one of
many (a library) searches itself, returns at most about a hundred, and sets `Entry.is_match`.
"""


def rank(entries: Iterable[Entry], query: str) -> list[Entry]:
    """Return the entries that have all words of the query, best first; all without a query."""
    words = query.casefold().split()
    if not words:
        return list(entries)[:MAX_RESULTS]
    patterns = [_spread(word) for word in words]
    scored = (
        (score, -at, entry)
        for at, entry in enumerate(entries)
        if (score := _score(entry, words, patterns)) > 0
    )
    best = heapq.nlargest(MAX_RESULTS, scored, key=lambda found: found[:2])
    return [entry for _score, _at, entry in best]


def _spread(word: str) -> re.Pattern[str]:
    """Return a pattern that finds the letters of a word in order, at most a few apart."""
    return re.compile(".{0,12}?".join(map(re.escape, word)), re.DOTALL)


def _score(entry: Entry, words: Sequence[str], patterns: Sequence[re.Pattern[str]]) -> float:
    """Return how well an entry matches; 0 if a word is missing."""
    title = entry.title.casefold()
    rest = f"{entry.group} {entry.words} {entry.shortcut}".casefold()
    total = 0.0
    for word, pattern in zip(words, patterns, strict=True):
        score = _score_word(title, rest, word, pattern)
        if not score and not entry.is_match:
            return 0
        total += score or 1
    return total - min(len(title), 200) / 100  # a short title is the better match


def _score_word(title: str, rest: str, word: str, pattern: re.Pattern[str]) -> float:
    at = title.find(word)
    if at >= 0:
        is_start = at == 0 or not title[at - 1].isalnum()
        return (_WORD_START if is_start else _INSIDE) - min(at, 20) / 2
    if word in rest:
        return _IN_WORDS
    found = pattern.search(title)
    return _SPREAD - min(found.end() - found.start() - len(word), 25) if found else 0
