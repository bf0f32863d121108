"""Text in pieces that a voice can speak: sentences, and clauses of very long ones. No character is ever lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHARACTERS = 300
"""A longer sentence is cut at clauses, else at spaces, else anywhere."""
FIRST_CHARACTERS = 80
"""The first piece is shorter, so that sound comes soon."""

# A full stop ends a sentence only before a space (3.14, e.g.); the Chinese and Japanese marks end one anywhere.
_END = re.compile(r"(?<=[.!?…])[\"”’»)\]]*\s+|(?<=[。！？｡])[”’」』）]*\s*")
_CLAUSE = re.compile(r"(?<=[,;:—–])\s+|(?<=[，、；：])\s*")
_ABBREVIATIONS = {"mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "vs", "etc", "no", "vol", "fig", "inc", "ltd", "co"}
_ABBREVIATIONS |= {"e.g", "i.e", "cf", "approx", "dept", "est"}


@dataclass(frozen=True)
class Piece:
    """A piece of text and the silence after it, in seconds."""

    text: str
    pause: float


SENTENCE_PAUSE = 0.25
PARAGRAPH_PAUSE = 0.6
CLAUSE_PAUSE = 0.08


def split(text: str) -> list[Piece]:
    """Return the pieces of a text, in order. Joined, they hold every character but white space."""
    pieces: list[Piece] = []
    for paragraph in (line.strip() for line in re.split(r"[\r\n\u2028\u2029]+", text)):
        if not paragraph:
            continue
        for sentence in _sentences(paragraph):
            limit = MAX_CHARACTERS if pieces else FIRST_CHARACTERS
            parts = list(_parts(sentence, limit))
            pieces += [Piece(part, CLAUSE_PAUSE) for part in parts[:-1]]
            pieces.append(Piece(parts[-1], SENTENCE_PAUSE))
        pieces[-1] = Piece(pieces[-1].text, PARAGRAPH_PAUSE)
    return pieces


def _sentences(paragraph: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(paragraph):
        closed = match.start() + len(match.group().rstrip())  # closing quotes stay with their sentence
        if match.end() >= len(paragraph) or _goes_on(paragraph[start : match.start()], paragraph[match.end()]):
            continue
        yield paragraph[start:closed]
        start = match.end()
    yield paragraph[start:]


def _goes_on(before: str, after: str) -> bool:
    if not before.endswith("."):
        return False
    word = before[:-1].rpartition(" ")[2].lower().lstrip("(\"“'")
    return after.islower() or word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())


def _parts(sentence: str, limit: int) -> Iterator[str]:
    while len(sentence) > limit:
        cut = _best_cut(sentence, limit)
        head, sentence = sentence[:cut].strip(), sentence[cut:].strip()
        if head:
            yield head
        limit = MAX_CHARACTERS
    yield sentence


def _best_cut(sentence: str, limit: int) -> int:
    clauses = [match.end() for match in _CLAUSE.finditer(sentence) if match.end() <= limit]
    if clauses:
        return clauses[-1]
    if len(sentence) <= MAX_CHARACTERS:  # only the first piece is cut this short, and only at a clause
        return len(sentence)
    space = sentence.rfind(" ", 1, MAX_CHARACTERS)
    return space if space > 0 else MAX_CHARACTERS
