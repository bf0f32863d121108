"""Finds the words of a text that a spell check looks up: not those of code, addresses, names of
files, abbreviations, and lines in another language.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from studio.text_checks.language import detect_language

MAX_WORD = 40
"""Longer ones are no words; the dictionary would take long for them."""
FEW_WORDS = 4
"""A line with fewer is taken for one in the dictionary's language."""
_FOREIGN_WORDS, _FOREIGN_SHARE = 8, 0.6
"""A line of so many words, of which so many are unknown, is in another language."""
_LETTER = "A-Za-zÀ-ÖØ-öø-ÿĀ-ž"
_JOINED = rf"0-9_{_LETTER}"
_PART = re.compile(
    r"(?P<skipped>(?<!`)(?:``(?!`)(?:[^`\n]|`(?!`))*+``|`++[^`\n]*+`++)"
    r"|(?:https?|ftp|file)://\S++|www\.\S++"
    r"|[\w.+-]{1,64}+@\S++)"
    rf"|(?<![{_JOINED}@#$&\\/.])(?P<word>[{_LETTER}]++(?:['’][{_LETTER}]++)*+)"
    rf"(?![0-9_@\\/(]|\.[{_JOINED}])"
)
_MIXED_CASE = re.compile(r"[a-zà-ÿ][A-ZÀ-Þ]")
_FENCES = ("```", "~~~")
MAX_ABBREVIATION = 6


class Word(NamedTuple):
    """A word and its place in the text, in characters."""

    start: int
    end: int
    text: str


class Line(NamedTuple):
    """The words of a line that are to be looked up."""

    words: tuple[Word, ...]


def lines_to_check(
    text: str, start: int, end: int, languages: Collection[str] = ("en",)
) -> list[Line]:
    """Return the words in a part of a text, which should begin and end with a line.

    `languages`: those of the dictionaries. What stands between lines of ``` is code.
    """
    fences = sum(text.count(f"\n{fence}", 0, start) + text.startswith(fence) for fence in _FENCES)
    is_code = start > 0 and fences % 2 == 1
    found = []
    for begin, line in _lines(text, start, end):
        if line.startswith(_FENCES):
            is_code = not is_code
        elif not is_code:
            words = tuple(_words(line, begin))
            if words and (len(words) < FEW_WORDS or _is_in(line, languages)):
                found.append(Line(words))
    return found


def misspelled(lines: Iterable[Line], unknown: Collection[str]) -> list[Word]:
    """Return the words that are not known, without lines that seem to be in another language."""
    found: list[Word] = []
    for line in lines:
        wrong = [word for word in line.words if word.text in unknown]
        is_foreign = len(line.words) >= _FOREIGN_WORDS and len(wrong) > _FOREIGN_SHARE * len(
            line.words
        )
        found += [] if is_foreign else wrong
    return found


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield start, text[start:stop]
        start = stop + 1


def _words(line: str, begin: int) -> Iterator[Word]:
    for match in _PART.finditer(line):
        text = match["word"]
        if text and _is_checked(text):
            start = begin + match.start("word")
            yield Word(start, start + len(text), text.replace("’", "'"))


def _is_checked(word: str) -> bool:
    if not 1 < len(word) <= MAX_WORD or _MIXED_CASE.search(word):
        return False
    return not (word.isupper() and len(word) <= MAX_ABBREVIATION)


def _is_in(line: str, languages: Collection[str]) -> bool:
    found = detect_language(line)
    return found in languages or found not in ("de", "fr", "es")
