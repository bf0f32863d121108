"""Which learned thing stands for a word that was not learned: by WordNet, what the word is another
name of or a kind of.

WordNet 3.1, Fellbaum 1998; the files' format: its manual page wndb(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.preflight.vocabulary import singulars

# Lexicographer files of things that can be drawn: animal, artifact, body, food, object, phenomenon,
# plant.
_CONCRETE = {5, 6, 8, 13, 17, 19, 20}
_STEPS = 6
"""Kinds of kinds: a robin is a thrush, a songbird … a bird. The nearest learned thing counts."""
_SENSES, _NAME_SENSES = 2, 4
"""Only the commonest meanings of a word. A learned name is that of a thing, whatever else it may
mean.
"""
_WORD = re.compile(r"[a-z]{3,14}(_[a-z]{2,14})?")


@dataclass(frozen=True)
class _Synset:
    """One meaning: its lexicographer file, and what it is a kind of."""

    category: int
    above: tuple[str, ...]


class Nouns:
    """The nouns of a folder with `index.noun` and `data.noun`."""

    def __init__(self, folder: Path) -> None:
        self._meanings = dict(_index(folder / "index.noun"))
        self._synsets = dict(_data(folder / "data.noun"))

    def category(self, word: str) -> int:
        """Return the lexicographer file of the word's commonest meaning where that can be drawn,
        else 0.
        """
        return next((self._synsets[meaning].category for meaning in self._concrete(word, 1)), 0)

    def category_of_thing(self, name: str) -> int:
        """Return that of a learned thing: of its first meaning that can be drawn, or of its last
        word's.
        """
        forms = [form for word in (name, name.split()[-1]) for form in (word, *singulars(word))]
        found = (meaning for form in forms for meaning in self._concrete(form, _NAME_SENSES))
        return next((self._synsets[meaning].category for meaning in found), 0)

    def words(self) -> list[str]:
        """Return all words, and pairs of words, whose commonest meaning can be drawn."""
        return [
            word.replace("_", " ")
            for word in self._meanings
            if _WORD.fullmatch(word) and self.category(word)
        ]

    def stand_ins(self, names: Sequence[str]) -> dict[str, str]:
        """Return word → the learned name that it is another name of, or the nearest that it is a
        kind of.
        """
        learned = {
            meaning: name
            for name in reversed(names)
            for form in (name, *singulars(name))
            for meaning in self._concrete(form, _NAME_SENSES)[:1]
        }
        found: dict[str, str] = {}
        for word in self.words():
            name = next(
                filter(
                    None, (self._up(meaning, learned) for meaning in self._concrete(word, _SENSES))
                ),
                "",
            )
            if name and name != word:
                found[word] = name
        return found

    def _concrete(self, word: str, senses: int) -> list[str]:
        meanings = self._meanings.get(word.replace(" ", "_"), ())[:senses]
        return [meaning for meaning in meanings if self._synsets[meaning].category in _CONCRETE]

    def _up(self, meaning: str, learned: dict[str, str]) -> str:
        level = [meaning]
        for _step in range(_STEPS + 1):
            if name := next((learned[each] for each in level if each in learned), ""):
                return name
            level = [above for each in level for above in self._synsets[each].above]
        return ""


def _index(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """lemma pos synset_cnt p_cnt [ptr_symbol…] sense_cnt tagsense_cnt synset_offset…; commonest
    meanings first.
    """
    for fields in _lines(path):
        yield fields[0], tuple(fields[6 + int(fields[3]) :])


def _data(path: Path) -> Iterator[tuple[str, _Synset]]:
    """synset_offset lex_filenum ss_type w_cnt(hex) word lex_id [word lex_id…] p_cnt [ptr…] |
    gloss.
    """
    for fields in _lines(path):
        at = 4 + 2 * int(fields[3], 16)
        pointers = [
            fields[at + 1 + 4 * number : at + 5 + 4 * number] for number in range(int(fields[at]))
        ]
        above = tuple(target for symbol, target, _kind, _places in pointers if symbol == "@")
        yield fields[0], _Synset(int(fields[1]), above)


def _lines(path: Path) -> Iterable[list[str]]:
    with path.open(encoding="utf-8") as file:
        yield from (
            line.split() for line in file if not line.startswith("  ")
        )  # the license is indented
