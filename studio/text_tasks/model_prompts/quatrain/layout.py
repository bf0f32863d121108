"""The tokens that the starter poem model reads and writes.

A row is: the form, `SUBJECT` places for title and words, the pattern of tones, the rhyme, then the
poem with its marks and `END`. The places that a subject does not need hold `EMPTY`, so that each
character of the poem always has the same position.
"""

from __future__ import annotations

from collections.abc import Sequence

EMPTY, END, TITLE, WORDS = "[空]", "[终]", "[题]", "[词]"
FORMS = {"五言绝句": ("[五]", 5), "七言绝句": ("[七]", 7)}
"""Form → its token, and the characters of a line."""
PATTERNS = ("[仄]", "[平]", "[仄韵]", "[平韵]")
"""Tone of the second character of the first line, and whether that line rhymes."""
_FINALS = "a ai an ang ao e e2 ei en eng er i o ong ou u v vn"
RHYMES = tuple(f"[{final}]" for final in _FINALS.split(" "))
"""The rhymes of `studio.text_checks.han_rhymes`."""
COMMA, STOP, SEPARATOR = "，", "。", "、"
SPECIAL = (
    EMPTY,
    END,
    TITLE,
    WORDS,
    *(token for token, _length in FORMS.values()),
    *PATTERNS,
    *RHYMES,
    COMMA,
    STOP,
    SEPARATOR,
)
SUBJECT = 15
"""Places of the subject."""
TITLE_CHARACTERS = 6
PREFIX = 1 + SUBJECT
"""Tokens that are always read; the pattern, the rhyme and the poem can be the model's."""
POSITIONS = 56


def subject_tokens(title: str, words: Sequence[str]) -> list[str]:
    """Return `SUBJECT` tokens: the title, if it is short enough, and the words that fit."""
    tokens = [TITLE, *title] if 0 < len(title) <= TITLE_CHARACTERS else []
    separator = WORDS
    for word in words:
        if len(tokens) + 1 + len(word) > SUBJECT:
            break
        tokens += [separator, *word]
        separator = SEPARATOR
    return tokens + [EMPTY] * (SUBJECT - len(tokens))


def poem_tokens(lines: Sequence[str]) -> list[str]:
    """Return the characters of four lines, with the marks between and after them, and the end."""
    marks = (COMMA, STOP, COMMA, STOP)
    found = [token for line, mark in zip(lines, marks, strict=True) for token in (*line, mark)]
    return [*found, END]
