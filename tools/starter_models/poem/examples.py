"""Turns quatrains into rows of tokens, each with a subject drawn from its title and its words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from studio.text_tasks.model_prompts.quatrain import layout
from studio.text_tasks.model_prompts.quatrain.subject import FUNCTION
from tools.starter_models.poem.corpus import Quatrain

FEWEST = 30
"""Times that a character occurs at least; a quatrain with a rarer one is left out."""
COMMONEST = 0.8
"""Share of quatrains that are kept: those of the most common characters."""
WORD_COUNT, WORD_RATIO = 30, 8.0
"""A pair of characters is a word if it occurs so often, and so many times as often as by chance."""
_HELD_OUT = 100


def vocabulary(quatrains: Sequence[Quatrain]) -> list[str]:
    """Return the special tokens, then the characters, the most common first."""
    counts = Counter(character for one in quatrains for line in one.lines for character in line)
    kept = sorted((one for one in counts if counts[one] >= FEWEST), key=lambda one: -counts[one])
    return [*layout.SPECIAL, *kept]


def chosen(quatrains: Sequence[Quatrain], tokens: Sequence[str]) -> list[Quatrain]:
    """Return the quatrains whose characters are known and, on the whole, common."""
    rank = {token: number for number, token in enumerate(tokens)}
    known = [one for one in quatrains if all(map(rank.__contains__, "".join(one.lines)))]

    def rarity(one: Quatrain) -> float:
        text = "".join(one.lines)
        return sum(math.log(1 + rank[character]) for character in text) / len(text)

    limit = sorted(map(rarity, known))[int(COMMONEST * len(known)) - 1]
    return [one for one in known if rarity(one) <= limit]


def find_words(quatrains: Sequence[Quatrain]) -> frozenset[str]:
    """Return pairs of characters that are words: they stand together more often than by chance."""
    single: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for one in quatrains:
        for line in one.lines:
            single.update(line)
            pairs.update(_pairs(line))
    total, all_pairs = single.total(), pairs.total()
    return frozenset(
        pair
        for pair, count in pairs.items()
        if count >= WORD_COUNT
        and not FUNCTION & set(pair)
        and count / all_pairs > WORD_RATIO * single[pair[0]] * single[pair[1]] / total**2
    )


def _pairs(line: str) -> Iterator[str]:
    """Yield pairs at the places where words stand: a caesura parts the last three characters."""
    for at in (*range(0, len(line) - 3, 2), len(line) - 3, len(line) - 2):
        yield line[at : at + 2]


def draw_subject(one: Quatrain, words: frozenset[str], random: Random) -> list[str]:
    """Return the tokens of a subject: in one of ten rows none, else a title, words or both."""
    title = one.title if random.random() < 0.5 else ""
    found: list[str] = []
    for line in random.sample(one.lines, random.choice((0, 1, 1, 2, 2, 3, 4))):
        pairs = [pair for pair in _pairs(line) if pair in words]
        singles = [character for character in line if character not in FUNCTION]
        options = pairs if pairs and random.random() < 0.5 else singles
        if options:
            found.append(random.choice(options))
    if random.random() < 0.05:
        title, found = "", []
    return layout.subject_tokens(title, list(dict.fromkeys(found)))


def split(quatrains: Sequence[Quatrain]) -> tuple[list[Quatrain], list[Quatrain]]:
    """Return the quatrains that are learned from, and one in a hundred that is held out."""
    held_out = quatrains[::_HELD_OUT]
    learned = [one for number, one in enumerate(quatrains) if number % _HELD_OUT]
    return learned, list(held_out)


class Rows:
    """Batches of token numbers; all rows of one batch have one form."""

    def __init__(self, quatrains: Sequence[Quatrain], tokens: Sequence[str]) -> None:
        self._numbers = {token: number for number, token in enumerate(tokens)}
        self._words = find_words(quatrains)
        self._forms = {
            token: [one for one in quatrains if len(one.lines[0]) == length]
            for token, length in layout.FORMS.values()
        }

    def batch(self, seed: int, rows: int) -> NDArray[np.int64]:
        """Return rows x tokens, fewer if there are fewer quatrains; the same for one seed."""
        random = Random(seed)
        forms = list(self._forms)
        form = random.choices(forms, [len(self._forms[one]) for one in forms])[0]
        known = self._forms[form]
        chosen = random.sample(known, min(rows, len(known)))
        return np.array([self.row(one, form, random) for one in chosen], np.int64)

    def row(self, one: Quatrain, form: str, random: Random) -> list[int]:
        """Return the token numbers of a quatrain with a subject."""
        tokens = [
            form,
            *draw_subject(one, self._words, random),
            layout.PATTERNS[one.pattern],
            f"[{one.rhyme}]",
            *layout.poem_tokens(one.lines),
        ]
        unknown = self._numbers[layout.EMPTY]  # a character that only titles have
        return [self._numbers.get(token, unknown) for token in tokens]
