"""Converts Chinese text, with English words in it, to the misaki phonemes that Kokoro reads."""

from __future__ import annotations

import functools
import logging
import re
import tempfile
from collections.abc import Callable
from typing import Any

from studio import speech_text

_LATIN = r"[A-Za-zÀ-ÖØ-öø-ɏ]+(?:['’-][A-Za-zÀ-ÖØ-öø-ɏ]+)*"
_RUNS = re.compile(rf"({_LATIN}(?:\s+{_LATIN})*)")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3007]")


def phonemes(text: str, english: Callable[[str], str]) -> str:
    """Return the phonemes of text without numbers and symbols; `english` converts English words."""
    spoken = []
    for number, run in enumerate(_RUNS.split(text)):
        if run.strip():
            spoken.append(english(run) if number % 2 else _spoken(run))
    return " ".join(part for part in spoken if part)


def _spoken(run: str) -> str:
    converter = _converter()
    try:
        return str(converter(run)[0])
    except ValueError:  # a few dozen rare characters have a reading without phonemes
        return str(converter("".join(filter(_has_reading, run)))[0])


def write_numbers(text: str) -> str:
    """Return the text with its numbers and symbols written out in Chinese characters."""
    return speech_text.spoken(text, ("zh",), default="zh")


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
    # By default jieba caches its dictionary in a file of a known name in the shared /tmp and reads
    # it with marshal: any user could have planted one.
    with tempfile.TemporaryDirectory() as own:
        jieba.dt.tmp_dir = own
        jieba.dt.initialize()
    return ZHG2P()
