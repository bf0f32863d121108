"""Splits text into pieces to speak: sentences, and clauses of long ones. Keeps every character."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHARACTERS = 300
"""A longer sentence (about 20 s) is cut at clauses, else at spaces, else anywhere."""
FIRST_CHARACTERS = 80
"""The first piece is shorter, so that it plays early."""
WIDE_CHARACTER = 3
"""A Chinese character, a kana or a Hangul syllable lasts as long as this many letters."""

# A full stop ends a sentence only before a space (3.14, e.g.); the Chinese and Japanese marks end
# one anywhere.
_END = re.compile(
    r"(?<=[.!?…])[\"”’»)\]]*\s+|(?<=[。！？｡])[”’」』）]*+\s*+(?![。！？｡!?…，、；：])"
)
_CLAUSE = re.compile(r"(?<=[,;:—–])\s+|(?<=[，、；：])\s*")
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0002ffff]")
# J. or J.R.R., but not p.m. or U.S., which can end a sentence.
_INITIALS = re.compile(r"[^\W\d_](?:(?:\.[^\W\d_]){2,})?")
_ABBREVIATIONS = {"mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "vs", "etc", "no", "vol"}
_ABBREVIATIONS |= {"fig", "inc", "ltd", "co", "e.g", "i.e", "cf", "approx", "dept", "est"}


@dataclass(frozen=True)
class Piece:
    """A piece of text and the silence after it, in seconds."""

    text: str
    pause: float
    """Between sentences; shorter in faster speech."""
    silence: float = 0.0
    """A pause in the text, such as [pause:2]; the same at every speed."""


SENTENCE_PAUSE = 0.35
PARAGRAPH_PAUSE = 0.75
CLAUSE_PAUSE = 0.15


def split_sentences(text: str, longest: int = MAX_CHARACTERS) -> list[Piece]:
    """Return the pieces of a text in order; joined, they hold all characters but white space.

    `longest`: characters of a piece, for models that generate fewer seconds at once.
    """
    pieces: list[Piece] = []
    for paragraph in (line.strip() for line in re.split(r"[\r\n\u2028\u2029]+", text)):
        if not paragraph:
            continue
        for sentence in _sentences(paragraph):
            limit = longest if pieces else min(longest, FIRST_CHARACTERS)
            *first, last = _parts(sentence, limit, longest)
            pieces += [Piece(part, CLAUSE_PAUSE) for part in first]
            pieces.append(Piece(last, SENTENCE_PAUSE))
        pieces[-1] = Piece(pieces[-1].text, PARAGRAPH_PAUSE)
    if pieces:
        pieces[-1] = Piece(pieces[-1].text, 0.0)
    return pieces


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, of any length, without white space around them."""
    lines = (line.strip() for line in re.split(r"[\r\n\u2028\u2029]+", text))
    return [one.strip() for line in lines if line for one in _sentences(line) if one.strip()]


def group_pieces(pieces: list[Piece], characters: int) -> list[Piece]:
    """Join neighboring pieces up to `characters`: some models speak short texts badly."""
    groups: list[Piece] = []
    for piece in pieces:
        if groups and len(groups[-1].text) + len(piece.text) < characters:
            groups[-1] = Piece(f"{groups[-1].text} {piece.text}", piece.pause)
        else:
            groups.append(piece)
    return groups


def is_speakable(text: str) -> bool:
    """True if there is a word to speak: for marks alone ("...", "—") voices breathe or click."""
    return any(character.isalnum() or character in "$€£¥%&+=@#°" for character in text)


def _sentences(paragraph: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(paragraph):
        quotes = match.group().rstrip()  # closing quotes stay with their sentence
        if match.end() >= len(paragraph):
            continue
        before = paragraph[max(start, match.start() - 24) : match.start()]
        if _continues(before, quotes, paragraph[match.end()]):
            continue
        yield paragraph[start : match.start() + len(quotes)]
        start = match.end()
    yield paragraph[start:]


def _continues(before: str, quotes: str, after: str) -> bool:
    """True if the mark at the end of `before` doesn't end the sentence."""
    if before.endswith(("!", "?")):
        return bool(quotes) and after.islower()  # "Really?" he asked.
    if before.endswith("…"):
        return after.islower()
    if not before.endswith("."):
        return False
    word = before[:-1].rpartition(" ")[2].lower().lstrip("(\"“'")
    return after.islower() or word in _ABBREVIATIONS or bool(_INITIALS.fullmatch(word))


def _parts(sentence: str, limit: int, longest: int) -> Iterator[str]:
    while (reach := _reach(sentence, limit)) < len(sentence):
        cut = _best_cut(sentence, reach, longest)
        head, sentence = sentence[:cut].strip(), sentence[cut:].strip()
        if head:
            yield head
        limit = longest
    if sentence:
        yield sentence


def _reach(sentence: str, limit: int) -> int:
    """Return how many of the first characters fit the limit."""
    for number, character in enumerate(sentence[: limit + 1]):
        limit -= WIDE_CHARACTER if _WIDE.match(character) else 1
        if limit < 0:
            return number
    return len(sentence)


def _best_cut(sentence: str, reach: int, longest: int) -> int:
    clauses = [
        match.end() for match in _CLAUSE.finditer(sentence, 0, reach + 1) if match.end() <= reach
    ]
    if clauses:
        return clauses[-1]
    full = _reach(sentence, longest)
    if full == len(sentence):  # only the first piece is shorter, and is cut only at a clause
        return full
    space = sentence.rfind(" ", 1, full)
    return space if space > 0 else full
