"""The dictionaries of the spell check: English, and those that a person put into the data folder.

Hunspell checks them (package chunspell, the extra `spell`). Its calls hold Python's lock for up to
0.2 s, so the window asks it in a child process.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from studio.core.errors import StudioError
from studio.core.translation import mark, tr, tr_marked

PACKAGE = "hunspell"
NOT_INSTALLED = mark("The spell check is not installed.")
CURE = mark('Install it with `pip install "studio[spell]"`.')
MAX_SUGGESTIONS = 5
_AMERICAN = (
    (r"our(?=$|[a-z])", "or"),
    (r"is(?=e|ing|ation)", "iz"),
    (r"ys(?=e|ing)", "yz"),
    (r"ll(?=ed$|er$|ers$|ing$|or$|ors$)", "l"),
    (r"l(?=ment|ful)|(?<=fi)l$", "ll"),
    (r"tre(?=s?$|d$)", "ter"),
    (r"ence(?=s?$)", "ense"),
    (r"ogue(?=s?$)", "og"),
    (r"grey", "gray"),
    (r"ae|oe", "e"),
)
"""British endings → American ones, which the English dictionary has."""


class Checker(Protocol):
    """A dictionary of Hunspell."""

    def spell(self, word: str) -> bool:
        """Return True if the word is known. Raises UnicodeEncodeError."""

    def suggest(self, word: str) -> tuple[str, ...]:
        """Return known words that are like it. Raises UnicodeEncodeError."""


def is_installed() -> bool:
    """Return True if the package is there, without importing it."""
    return importlib.util.find_spec(PACKAGE) is not None


def own_dictionaries(folder: Path) -> list[str]:
    """Return the names of a person's dictionaries, such as `en_GB`: each has an .aff and a .dic."""
    with contextlib.suppress(OSError):
        return sorted(one.stem for one in folder.glob("*.dic") if one.with_suffix(".aff").is_file())
    return []


def languages_of(folder: Path) -> tuple[str, ...]:
    """Return the languages of all dictionaries, such as en."""
    return tuple({"en", *(name[:2].lower() for name in own_dictionaries(folder))})


class Dictionary:
    """All dictionaries as one. Raises StudioError if the package is missing or fails."""

    def __init__(self, folder: Path) -> None:
        if not is_installed():
            raise StudioError(tr_marked(NOT_INSTALLED), cause="invalid", cure=tr_marked(CURE))
        from hunspell import Hunspell

        try:
            # Paths are UTF-8 for us; else the package takes the locale's encoding.
            self._checkers: list[Checker] = [Hunspell("en_US", system_encoding="UTF-8")]
            self._checkers += [
                Hunspell(name, hunspell_data_dir=str(folder), system_encoding="UTF-8")
                for name in own_dictionaries(folder)
            ]
        except (OSError, MemoryError) as error:
            raise StudioError(
                tr("A dictionary cannot be read: {reason}.", reason=error),
                cure=tr("Remove it from {path}.", path=folder),
            ) from error

    def is_known(self, word: str) -> bool:
        """Return True if a dictionary has the word, or its American spelling."""
        if any(_spells(checker, word) for checker in self._checkers):
            return True
        return any(_spells(self._checkers[0], variant) for variant in _american(word))

    def suggest(self, word: str) -> tuple[str, ...]:
        """Return known words that are like it, the likeliest first."""
        found: dict[str, None] = {}
        for checker in self._checkers:
            with contextlib.suppress(UnicodeEncodeError):
                found.update(dict.fromkeys(checker.suggest(word)))
        whole = sorted(found, key=lambda one: " " in one or "-" in one)  # two words come last
        return tuple(whole)[:MAX_SUGGESTIONS]


def _spells(checker: Checker, word: str) -> bool:
    try:
        return bool(checker.spell(word))
    except UnicodeEncodeError:  # a letter that the dictionary's encoding lacks
        return False


def _american(word: str) -> Iterator[str]:
    for ending, other in _AMERICAN:
        changed = re.sub(ending, other, word)
        if changed != word:
            yield changed
