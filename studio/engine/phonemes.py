"""From text to the phonemes of the misaki alphabet, which Kokoro and Hibari read. No espeak."""

from __future__ import annotations

import functools
import re
from typing import Any

_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_RUNS = re.compile(
    r"[㐀-䶿一-鿿豈-﫿0-9，。、；：？！“”‘’（）《》「」％…—·\s]+|[^㐀-䶿一-鿿豈-﫿，。、；：？！“”‘’（）《》「」％…—·]+"
)


def is_chinese(text: str) -> bool:
    """True where the text has Chinese characters."""
    return bool(_HAN.search(text))


def foreign_share(text: str) -> float:
    """Return which share of the letters are not Latin ones."""
    letters = [character for character in text if character.isalpha()]
    return sum(not _LATIN.match(letter) for letter in letters) / len(letters) if letters else 0.0


@functools.cache
def _english(british: bool) -> Any:
    from hibari.g2p import G2P

    return G2P(british=british)


@functools.cache
def _chinese() -> Any:
    import logging

    import jieba
    from misaki.zh import ZHG2P

    jieba.setLogLevel(logging.ERROR)
    return ZHG2P()


def english(text: str, *, british: bool = False) -> str:
    """Return the phonemes of English text."""
    return str(_english(british)(text))


def chinese(text: str) -> str:
    """Return the phonemes of Chinese text; English words inside are spoken as English."""
    spoken = []
    for run in _RUNS.findall(text):
        if not run.strip():
            continue
        spoken.append(str(_chinese()(run)[0]) if _HAN.search(run) or run.strip().isdigit() else english(run))
    return " ".join(spoken)
