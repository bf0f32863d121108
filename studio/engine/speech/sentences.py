"""Text in pieces that a voice can speak: sentences, and clauses of very long ones. No character is
ever lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHARACTERS = 300
"""A longer sentence (about 20 s) is cut at clauses, else at spaces, else anywhere."""
FIRST_CHARACTERS = 80
"""The first piece is shorter, so that sound comes soon."""
WIDE_CHARACTER = 3
"""A Chinese character, a kana or a Hangul syllable takes as long to say as this many letters."""

# A full stop ends a sentence only before a space (3.14, e.g.); the Chinese and Japanese marks end
# one anywhere.
_END = re.compile(
    r"(?<=[.!?…])[\"”’»)\]]*\s+|(?<=[。！？｡])[”’」』）]*+\s*+(?![。！？｡!?…，、；：])"
)
_CLAUSE = re.compile(r"(?<=[,;:—–])\s+|(?<=[，、；：])\s*")
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0002ffff]")
_ABBREVIATIONS = {
    "mr",
    "mrs",
    "ms",
    "dr",
    "prof",
    "st",
    "jr",
    "sr",
    "vs",
    "etc",
    "no",
    "vol",
    "fig",
    "inc",
    "ltd",
    "co",
}
_ABBREVIATIONS |= {"e.g", "i.e", "cf", "approx", "dept", "est"}


@dataclass(frozen=True)
class Piece:
    """A piece of text and the silence after it, in seconds."""

    text: str
    pause: float
    """As a speaker makes it; shorter in faster speech."""
    silence: float = 0.0
    """As the text asks for it: [pause:2]; the same at every speed."""


SENTENCE_PAUSE = 0.35
PARAGRAPH_PAUSE = 0.75
CLAUSE_PAUSE = 0.15


def split_sentences(text: str, longest: int = MAX_CHARACTERS) -> list[Piece]:
    """Return the pieces of a text, in order. Joined, they hold every character but white space.

    `longest`: characters of a piece, for models that make fewer seconds at once.
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


def group_pieces(pieces: list[Piece], characters: int) -> list[Piece]:
    """Return the pieces with neighbours joined while they are no longer together: some models speak
    short texts badly.
    """
    groups: list[Piece] = []
    for piece in pieces:
        if groups and len(groups[-1].text) + len(piece.text) < characters:
            groups[-1] = Piece(f"{groups[-1].text} {piece.text}", piece.pause)
        else:
            groups.append(piece)
    return groups


def is_speakable(text: str) -> bool:
    """True where there is anything to say: of marks alone ("...", "—") voices make a breath or a
    click.
    """
    return any(character.isalnum() or character in "$€£¥%&+=@#°" for character in text)


def _sentences(paragraph: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(paragraph):
        closed = match.start() + len(
            match.group().rstrip()
        )  # closing quotes stay with their sentence
        if match.end() >= len(paragraph) or _goes_on(
            paragraph[max(start, match.start() - 24) : match.start()], paragraph[match.end()]
        ):
            continue
        yield paragraph[start:closed]
        start = match.end()
    yield paragraph[start:]


def _goes_on(before: str, after: str) -> bool:
    if not before.endswith("."):
        return False
    word = before[:-1].rpartition(" ")[2].lower().lstrip("(\"“'")
    return after.islower() or word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())


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
    """Return how many of the first characters are said within the limit."""
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
    if full == len(sentence):  # only the first piece is cut shorter than this, and only at a clause
        return full
    space = sentence.rfind(" ", 1, full)
    return space if space > 0 else full
