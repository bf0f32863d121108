"""Converts text to the misaki phonemes that Kokoro and Hibari read, without espeak."""

from __future__ import annotations

import functools
import re
from typing import Any

from studio import speech_text

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ]")


def is_chinese(text: str) -> bool:
    """True if the text has Chinese characters."""
    return bool(_HAN.search(text))


def foreign_share(text: str, *, chinese_too: bool = False) -> float:
    """Return the share of letters that are neither Latin nor, with `chinese_too`, Chinese."""
    letters = [character for character in text if character.isalpha()]
    known = sum(
        bool(_LATIN.match(letter) or (chinese_too and _HAN.match(letter))) for letter in letters
    )
    return 1 - known / len(letters) if letters else 0.0


@functools.cache
def _english(british: bool) -> Any:
    from hibari.g2p import G2P

    return G2P(british=british)


def english(text: str, *, british: bool = False) -> str:
    """Return the phonemes of English text; numbers and symbols in it are read as words."""
    return _phonemes(speech_text.spoken(text, ("en",), default="en"), british)


def chinese(text: str, *, british: bool = False) -> str:
    """Return the phonemes of Chinese text with English words, or of English with Chinese names."""
    from studio.engine.speech.phonemes_zh import phonemes

    words = speech_text.spoken(text)
    if speech_text.is_mainly_chinese(words):
        return phonemes(words, functools.partial(_phonemes, british=british))
    parts = [
        phonemes(part, functools.partial(_phonemes, british=british))
        if script == "zh"
        else _phonemes(part, british)
        for script, part in speech_text.parts_by_script(words)
    ]
    return " ".join(part.strip() for part in parts if part.strip())


_MARKED = re.compile(r"\[\[([^\[\]]{1,400})\]\]")


def with_marks(text: str, *, british: bool = False) -> str:
    """Return the phonemes of English or Chinese text; those in `[[…]]` stay as they are."""
    convert = chinese if is_chinese(text) else english
    parts = [
        part if number % 2 else convert(part, british=british)
        for number, part in enumerate(_MARKED.split(text))
    ]
    joined = " ".join(part.strip() for part in parts if part.strip())
    return re.sub(r" (?=[,.;:!?])", "", joined) if len(parts) > 1 else joined


def _phonemes(words: str, british: bool) -> str:
    return str(_english(british)(words))
