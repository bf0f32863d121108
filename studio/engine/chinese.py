"""From Chinese text, with numbers and English words in it, to the phonemes of the misaki alphabet that Kokoro reads."""

from __future__ import annotations

import functools
import logging
import re
import tempfile
from collections.abc import Callable
from typing import Any

# English is a word or several, with what belongs to them (GPT-4, iPhone 15 Pro is "iPhone", 十五, "Pro").
_WORDS = r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9'’]*(?:[-.][A-Za-zÀ-ɏ0-9]+)*"
_RUNS = re.compile(rf"({_WORDS}(?:\s+{_WORDS})*)")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3007]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2})[:：]([0-5]\d)(?!\d)")
_DIGIT_BY_DIGIT = re.compile(r"(?<![\d.])(?:0\d{2,}|\d{9,})(?![\d.])|\d{16,}|\d+(?:\.\d+){2,}")
_BELOW_ZERO = re.compile(r"(?<![\d.])[-−](?=\d+℃)")
_DIGITS = "零一二三四五六七八九"


def phonemes(text: str, english: Callable[[str], str]) -> str:
    """Return the phonemes; `english` gives those of the English words inside."""
    spoken = []
    for number, run in enumerate(_RUNS.split(text)):
        if run.strip():
            spoken.append(english(run) if number % 2 else _spoken(run))
    return " ".join(part for part in spoken if part)


def _spoken(run: str) -> str:
    run = write_numbers(run)
    converter = _converter()
    try:
        return str(converter(run)[0])
    except ValueError:  # a few dozen rare characters have a reading that cannot be turned into phonemes
        return str(converter("".join(filter(_has_reading, run)))[0])


def write_numbers(text: str) -> str:
    """Return the text with its numbers in Chinese characters, as they are said."""
    import cn2an

    text = _THOUSANDS.sub("", text).replace("％", "%").replace("〇", "零")
    text = _CLOCK.sub(lambda match: _clock(*match.groups()), text)
    text = _DIGIT_BY_DIGIT.sub(lambda match: _one_by_one(match.group()), text)
    return str(cn2an.transform(_BELOW_ZERO.sub("零下", text), "an2cn"))


def _clock(hour: str, minute: str) -> str:
    return f"{int(hour)}点整" if minute == "00" else f"{int(hour)}点{'零' if minute[0] == '0' else ''}{int(minute)}分"


def _one_by_one(digits: str) -> str:
    # Telephone numbers and codes, and what is too long for a number.
    return "".join(_DIGITS[int(digit)] if digit.isdigit() else "点" for digit in digits)


@functools.lru_cache(maxsize=4096)
def _has_reading(character: str) -> bool:
    if not _HAN.match(character):
        return True
    try:
        return bool(_converter().word2ipa(character))
    except ValueError:
        return False


@functools.cache
def _converter() -> Any:
    import jieba
    from misaki.zh import ZHG2P

    jieba.setLogLevel(logging.ERROR)
    # By default the dictionary's cache is a file of a known name in the shared /tmp, read with marshal: anybody could have
    # put one there.
    with tempfile.TemporaryDirectory() as own:
        jieba.dt.tmp_dir = own
        jieba.dt.initialize()
    return ZHG2P()
