"""Normalizes characters in any language: composed letters, half-width digits, no emoji."""

from __future__ import annotations

import re
import unicodedata

from studio.speech_text.roman import value_of

# Chinese punctuation (，：；！？（）) stays; other full-width characters become ASCII.
_FULL_WIDTH = {
    code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "！（），：；？"
}
_SAME = {
    "￡": "£",
    "￠": "¢",
    "￦": "₩",
    "’": "'",
    "ʼ": "'",
    "‐": "-",
    "‑": "-",
    "‒": "–",
    "―": "—",
    "⁄": "/",
    "∕": "/",
    "∶": ":",
    "⋅": "·",
    "∼": "~",
    "〜": "~",
    "\u3000": " ",
    "\u00a0": " ",
    "\u2028": "\n",
    "\u2029": "\n",
    "\u0085": "\n",
    "\u00b5": "\u03bc",
    "№": "No. ",
}
_TABLE = str.maketrans({**{chr(code): chr(half) for code, half in _FULL_WIDTH.items()}, **_SAME})
# Compatibility characters: mathematical letters, ligatures, ㎏, ℃, №.
_COMPATIBLE = re.compile(
    "[\U0001d400-\U0001d7ff\ufb00-\ufb06\u2080-\u2089\u2103\u2109\u2121\u3371-\u33df\u249c-\u24e9]"
)
_ROMAN = re.compile("[\u2160-\u217f]+")
_FRACTION = re.compile("(?:(?<=[0-9])\\s?)?([\u00bc-\u00be\u2150-\u215e])")
_ENCLOSED = re.compile(
    "[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3251-\u325f\u32b1-\u32bf](?=(.?))"
)
_COUNTED = "步章节条款类种个组点级层期号题项"
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u200e\u200f\u2060-\u2064\ufeff\ufe00-\ufe0f\u202a-\u202e\u2066-\u2069\U000e0000-"
    "\U000e01ef]"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
_EMOJI = re.compile(
    "(?:(?<![\u200d\u20e3])[\u200d\u20e3]++)?[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300"
    "-\u23ff\u25a0-\u25ff]+[\u200d\u20e3]*"
)
_KEYCAP = re.compile("(?<=[0-9#*])\u20e3")
_DEGREE = re.compile("\u00ba(?=\\s?[CF](?![A-Za-z]))")
_SPACES = re.compile(r"[^\S\n]{2,}")


def clean(text: str, keep: str = "") -> str:
    """Return the text in NFC with ASCII digits, without invisible characters and emoji.

    `keep`: emoji that the voice reads.
    """
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text).translate(_TABLE))
    if text.isascii():
        return text
    text = _COMPATIBLE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _DEGREE.sub("\u00b0", text)
    text = _ROMAN.sub(_roman, text)
    text = _FRACTION.sub(_fraction, text)
    text = _ENCLOSED.sub(_enclosed, text)
    text = _KEYCAP.sub("", text)
    text = _EMOJI.sub(
        lambda match: "".join(character for character in match[0] if character in keep) or " ", text
    )
    if not text.isascii():
        text = "".join(map(_ascii_digit, text))
    return _SPACES.sub(" ", text)


def _roman(match: re.Match[str]) -> str:
    letters = unicodedata.normalize("NFKC", match[0])
    value = value_of(letters.upper())
    return str(value) if value else letters


def _fraction(match: re.Match[str]) -> str:
    # 1½ is 1 1/2
    before = match.string[match.start() - 1] if match.start() else ""
    space = " " if before.isdecimal() or match[0][0].isspace() else ""
    return space + unicodedata.normalize("NFKC", match[1]).replace("\u2044", "/")


def _enclosed(match: re.Match[str]) -> str:
    # The number of a list item: a short pause separates it from the text.
    number = f"{unicodedata.numeric(match[0]):.0f}"
    after = match[1]
    if "\u4e00" <= after <= "\u9fff":
        return number if after in _COUNTED else f"{number}，"
    return f"{number} " if after.isalnum() else number


def _ascii_digit(character: str) -> str:
    if character.isascii() or not character.isdecimal():
        return character
    return str(unicodedata.decimal(character))
