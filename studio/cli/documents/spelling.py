"""`studio document spell`: list misspelled words with suggestions."""

from __future__ import annotations

import msgspec

from studio.cli import output
from studio.core.paths import DataFolder
from studio.documents.spelling.dictionary import Dictionary, languages_of
from studio.documents.spelling.own_words import read_words
from studio.documents.spelling.words import Word, lines_to_check, misspelled


class Misspelling(msgspec.Struct, frozen=True):
    """A word, its place, and words that are like it."""

    word: str
    line: int
    column: int
    """Both from 1, in characters."""
    suggestions: tuple[str, ...]


def find_misspellings(data: DataFolder, text: str) -> list[Misspelling]:
    """Return the words that no dictionary has. Raises StudioError."""
    dictionary, own = Dictionary(data.dictionaries), read_words(data)
    lines = lines_to_check(text, 0, len(text), languages_of(data.dictionaries))
    words = {word.text for line in lines for word in line.words} - own
    unknown = {word for word in words if not dictionary.is_known(word)}
    found = misspelled(lines, unknown)
    suggestions = {word: dictionary.suggest(word) for word in {one.text for one in found}}
    return [_located(text, one, suggestions[one.text]) for one in found]


def _located(text: str, word: Word, suggestions: tuple[str, ...]) -> Misspelling:
    begin = text.rfind("\n", 0, word.start) + 1
    return Misspelling(
        text[word.start : word.end],
        text.count("\n", 0, begin) + 1,
        word.start - begin + 1,
        suggestions,
    )


def print_misspellings(found: list[Misspelling], *, as_json: bool) -> None:
    """Print one line a word, as compilers do."""
    if as_json:
        output.as_json(found)
        return
    for one in found:
        output.result(f"{one.line}:{one.column}: {one.word} → {', '.join(one.suggestions) or '?'}")
