"""Which characters may stand where in a quatrain: tones, rhymes, repetitions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.text_checks.han_rhymes import main_rhyme
from studio.text_checks.tones import LEVEL, OBLIQUE, tones_of
from studio.text_tasks.model_prompts.quatrain.layout import RHYMES, SPECIAL

Mask = NDArray[np.bool_]
LINES = 4
_OPPOSITE = (1, 2)
"""Lines, from 0, whose even characters have the tones that the first line's have not."""
_LEAST_ENDS = 40
"""Characters that a rhyme needs, so that it leaves a choice."""


def pattern_is_level(starts_level: bool, line: int, at: int) -> bool:
    """Return whether an even character is level; `at` is 1, 3 or 5, `line` 0 to 3.

    `starts_level`: the second character of the first line is. The even characters of a line
    alternate, those of a couplet's lines are opposite (对), and couplets join equal (粘).
    """
    return starts_level ^ bool((at // 2) % 2) ^ (line in _OPPOSITE)


def line_rhymes(line: int, first_rhymes: bool) -> bool:
    """Return whether a line rhymes: the second and the fourth, and maybe the first."""
    return line in (1, 3) or (line == 0 and first_rhymes)


class Prosody:
    """Tones and rhymes of a vocabulary, by today's readings."""

    def __init__(self, tokens: Sequence[str]) -> None:
        special = frozenset(SPECIAL)
        tones = [frozenset() if token in special else tones_of(token) for token in tokens]
        self.is_character: Mask = np.array([token not in special for token in tokens])
        self.level: Mask = np.array([LEVEL in one for one in tones])
        self.oblique: Mask = np.array([OBLIQUE in one for one in tones])
        numbers = {rhyme: number for number, rhyme in enumerate(RHYMES)}
        self.rhyme = np.array(
            [
                -1 if token in special else numbers.get(f"[{main_rhyme(token)}]", -1)
                for token in tokens
            ]
        )
        ends = [int((self.level & (self.rhyme == number)).sum()) for number in range(len(RHYMES))]
        self.usable_rhymes: Mask = np.array([count >= _LEAST_ENDS for count in ends])

    def allowed(
        self, length: int, line: int, at: int, starts_level: bool, first_rhymes: bool, rhyme: int
    ) -> Mask:
        """Return which tokens may stand at a place, whatever the characters before it are.

        `length`: characters of a line. The last character of a line that rhymes is level, of
        another oblique and without the rhyme. The last three are not all level or all oblique.
        """
        rhymes = line_rhymes(line, first_rhymes)
        mask = self.is_character.copy()
        if at == length - 1:
            mask &= (self.rhyme == rhyme) if rhymes else (self.rhyme != rhyme)
            mask &= self.level if rhymes else self.oblique
        elif at % 2:
            mask &= self.level if pattern_is_level(starts_level, line, at) else self.oblique
        elif at == length - 3:
            before_last = pattern_is_level(starts_level, line, length - 2)
            if before_last == rhymes:
                mask &= self.oblique if before_last else self.level
        return mask


def may_double(length: int, at: int) -> bool:
    """Return whether the character before `at` may stand there again (悠悠), within a word."""
    return at == 1 or (length == 7 and at == 3)
