"""Numbers that name something, in groups or digit by digit: telephones, IP addresses, versions."""

from __future__ import annotations

import re

from studio.speech_text.currencies import SIGNS, any_of
from studio.speech_text.english import number_words as numbers
from studio.speech_text.english.quantity import label_number
from studio.speech_text.rule import Match, Rule, rule

_CODE_CUES = (
    "code|codes|pin|zip|id|tel|telephone|phone|fax|hotline|extension|account|serial|tracking|"
    "passport|password|flight|"
    "postcode|card|dial"
)


def _groups(text: str) -> str:
    return ", ".join(numbers.digits(group) for group in re.findall(r"\d+", text))


def _international(match: Match) -> str:
    count = sum(character.isdecimal() for character in match[0])
    return f"plus {_groups(match[0])}" if 8 <= count <= 15 else match[0]


def _ip(match: Match) -> str:
    address, _colon, port = match[0].partition(":")
    if any(int(part) > 255 for part in address.split(".")):
        return match[0]
    words = " dot ".join(numbers.digits(part) for part in address.split("."))
    return words + (f" port {numbers.plain(port)}" if port else "")


def _version(match: Match) -> str:
    prefix = "version " if match[1] in ("v", "V") else match[1] or ""
    return prefix + " point ".join(label_number(part) for part in match[2].split("."))


def _code(match: Match) -> str:
    return f"{match[1]}{numbers.digits(match[2])}"


RULES: tuple[Rule, ...] = (
    rule(r"(?<![\w+])\+\d[\d\s().-]{5,20}\d(?!\d)", _international),
    rule(
        r"(?<![\w.\-])(?:1[-.\s])?(?:\(\d{3}\)\s?|\d{3}[-.\s])\d{3}[-.]\d{4}(?![\w-])",
        lambda match: _groups(match[0]),
    ),
    rule(r"(?<![\w.\-/])\d{3}-\d{4}(?![\w-])", lambda match: _groups(match[0])),
    rule(r"(?<![\w.])0\d{2,4}[\s-]\d{3,4}(?:[\s-]\d{3,4})?(?!\d)", lambda match: _groups(match[0])),
    rule(r"(?<![\w.-])\d{4}(?:[\s-]\d{4}){3}(?![\d-])", lambda match: _groups(match[0])),
    rule(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?!\.?\d)", _ip),
    rule(r"(?<![\w.])(v|V|)\.?\s?(\d{1,9}(?:\.\d{1,9}){2,9})(?!\.?\d)", _version),
    rule(r"(?<![\w.])([vV])\.?\s?(\d{1,4}(?:\.\d{1,4})?)(?![\w.]*\d)", _version),
    rule(
        r"\b((?i:version|python|ubuntu|node|ios|android|macos|php|java|"
        r"release)\s)(\d{1,3}\.\d{2})(?!\.?\d)",
        _version,
    ),
    rule(r"(?<![\w-])\d{1,6}(?:-\d{1,6}){2,6}(?![\w-])", lambda match: _groups(match[0])),
    rule(
        rf"\b((?i:(?:{_CODE_CUES})(?:\s(?:number|no|is|was|of|"
        rf"to))?[\s:#]{{1,2}}(?:is\s)?))(\d{{3,}})(?![\d]|"
        rf"[.,:/-]\d|\s?(?:%|{any_of(SIGNS)}))",
        _code,
    ),
)
