"""A person's pronunciations: words with a respelling, or with phonemes between slashes.

One entry a line, or between semicolons; `#` begins a comment:

    Nguyen = win
    SQL = sequel | en case
    Hermione = /hɜɹmˈIəni/
    重庆 = 崇庆 | zh

After a bar: the language of the sentences that it holds for, `case` for the exact capitals, `part`
inside longer words too. Without them an entry holds in every language, for any capitals, and for
whole words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.core.regular_file import read_regular
from studio.core.translation import tr

MAX_ENTRIES = 2_000
MAX_BYTES = 200_000
_FIRST_TOKEN = 0xE000
"""Private characters that stand for phonemes while rules write out the text around them."""
_OPTIONS = re.compile(r"[a-z]{2,4}")
_FLAGS = ("case", "part")


class PronunciationError(ValueError):
    """An entry that cannot be read; `line` counts entries from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


@dataclass(frozen=True)
class Entry:
    """A word and how it is read."""

    word: str
    reading: str
    """A respelling, or phonemes without their slashes."""
    is_phonemes: bool = False
    language: str = ""
    """Of the sentences that it holds for; empty for all."""
    exact_case: bool = False
    inside_words: bool = False

    @property
    def pattern(self) -> str:
        """The regular expression of the word."""
        word = re.escape(self.word).replace(r"\ ", r"\s+")
        before = after = ""
        if not self.inside_words:
            before = r"(?<![^\W_])" if _is_latin(self.word[0]) else ""
            after = r"(?![^\W_])" if _is_latin(self.word[-1]) else ""
        return f"{before}{word if self.exact_case else f'(?i:{word})'}{after}"


class Pronunciations:
    """Entries that are applied to a text; the longest word wins."""

    def __init__(self, entries: tuple[Entry, ...] = ()) -> None:
        self.entries = entries
        ordered = sorted(enumerate(entries), key=lambda one: -len(one[1].word))
        self._pattern = re.compile(
            "|".join(f"(?P<e{number}>{entry.pattern})" for number, entry in ordered)
        )

    def __bool__(self) -> bool:
        return bool(self.entries)

    def apply(self, text: str, language: str, *, phonemes: bool) -> str:
        """Return the text of one language with its readings.

        `phonemes`: put a private character for each entry with phonemes, which `with_phonemes`
        replaces; else leave their words.
        """
        if not self.entries:
            return text

        def replace(match: re.Match[str]) -> str:
            number = int((match.lastgroup or "e0")[1:])
            entry = self.entries[number]
            if entry.language and entry.language != language:
                return match[0]
            if not entry.is_phonemes:
                return entry.reading
            return chr(_FIRST_TOKEN + number) if phonemes else match[0]

        return self._pattern.sub(replace, text)

    def with_phonemes(self, text: str, write: Callable[[str], str]) -> str:
        """Return the text with `write(phonemes)` in place of the private characters."""
        if not self.entries:
            return text
        last = _FIRST_TOKEN + len(self.entries)
        return "".join(
            write(self.entries[ord(one) - _FIRST_TOKEN].reading)
            if _FIRST_TOKEN <= ord(one) < last
            else one
            for one in text
        )


def read_pronunciations(value: object, folder: Path) -> object:
    """Return the text of pronunciations that is a file's name or the text itself.

    Raises OSError, and ValueError for a file that is not UTF-8.
    """
    if not isinstance(value, str) or not value.strip() or "=" in value or "\n" in value:
        return value
    return read_regular(folder / value.strip(), MAX_BYTES).decode("utf-8-sig")


def first_problem(text: str) -> str:
    """Return what is wrong with the first entry that cannot be read; empty if all can."""
    try:
        parse(text)
    except PronunciationError as error:
        return tr(
            "entry {number} must be a word, = and its reading: {text}",
            number=error.line,
            text=error.text[:60],
        )
    return ""


def parse(text: str) -> Pronunciations:
    """Return the entries of a text. Raises PronunciationError for one that cannot be read."""
    return Pronunciations(tuple(_entries(text)))


def _entries(text: str) -> Iterator[Entry]:
    number = 0
    for line in re.split(r"[\r\n;]+", text):
        line = line.strip().lstrip("\ufeff")
        if not line or line.startswith("#"):
            continue
        number += 1
        body, _bar, options = line.partition("|")
        word, equals, reading = (part.strip() for part in body.partition("="))
        if not (word and equals and reading) or number > MAX_ENTRIES:
            raise PronunciationError(number, line)
        chosen = options.split()
        if not all(map(_OPTIONS.fullmatch, chosen)):
            raise PronunciationError(number, line)
        languages = [option for option in chosen if option not in _FLAGS]
        if len(languages) > 1:
            raise PronunciationError(number, line)
        is_phonemes = len(reading) > 2 and reading[0] == reading[-1] == "/"
        yield Entry(
            word,
            reading[1:-1].strip() if is_phonemes else reading,
            is_phonemes,
            "".join(languages),
            "case" in chosen,
            "part" in chosen,
        )


def _is_latin(character: str) -> bool:
    return character.isalnum() and not "\u3400" <= character <= "\u9fff"
