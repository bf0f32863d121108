"""Numbers that name something: telephones, codes, trains, IP addresses, versions, ordinals."""

from __future__ import annotations

import re

from studio.speech_text.chinese import number_words as numbers
from studio.speech_text.chinese import tables
from studio.speech_text.chinese.quantity import DASH, quantity
from studio.speech_text.rule import Match, Rule, rule


def _groups(text: str) -> str:
    return "，".join(map(numbers.digits, re.findall(r"\d+", text)))


def _telephone(match: Match) -> str:
    return ("加" if match[0].startswith("+") else "") + _groups(match[0])


def _dotted(match: Match) -> str:
    """Return an IP address digit by digit, and a version number by number."""
    parts = match[0].split(".")
    is_address = len(parts) == 4 and all(int(part) < 256 for part in parts if len(part) < 4)
    return "点".join(
        numbers.digits(part) if is_address or part[0] == "0" else numbers.cardinal(part)
        for part in parts
    )


def _cued(match: Match) -> str:
    return match[1] + numbers.digits(match[2])


def _train(match: Match) -> str:
    return match[1] + numbers.digits(match[2])


def _ordinal(match: Match) -> str:
    return f"第{quantity(match[1])}" + (f"到{quantity(match[2])}" if match[2] else "")


RULES: tuple[Rule, ...] = (
    rule(r"\+\d{1,3}[\s-]?\d[\d\s()-]{5,16}\d(?!\d)", _telephone),
    rule(
        r"(?<![\d.-])(?:\(0\d{2,3}\)|（0\d{2,3}）|0\d{2,3}[-\s])\s?\d{7,8}(?:-\d{1,6})?(?![\d-])",
        _telephone,
    ),
    rule(
        r"(?<![\d.-])(?:1[3-9]\d[-\s]\d{4}[-\s]\d{4}|[48]00[-\s]\d{3,4}[-\s]\d{3,4}|"
        r"[48]00[-\s]\d{7})(?![\d-])",
        _telephone,
    ),
    rule(r"(?<![\d.A-Za-z-])\d{1,8}(?:-\d{1,8}){2,6}(?![\w-])", _telephone),
    rule(
        rf"((?:{tables.DIGIT_CUES})(?:是|为|号码|号)?[:：\s]?)(\d{{3,}})(?![\d.]*\d|[-,:/%]\d|元|块|次|个|人)",
        _cued,
    ),
    rule(
        rf"(?<![\d.,])(?:{tables.SERVICE_NUMBERS})(?![\d.,%]|\s?(?:[万亿]|{tables.MEASURE_WORDS}))",
        lambda match: numbers.digits(match[0]),
    ),
    rule(r"(?<![A-Za-z0-9])([A-Z]{1,2})(\d{2,4})(?=次|航班|列车|号列车|号航班)", _train),
    rule(r"(?<![\d.])\d{1,9}(?:\.\d{1,9}){2,9}(?!\.?\d)", _dotted),
    rule(r"(?<![A-Za-z])(?:NO|No|no)\.?\s?(?=\d)", "第"),
    rule(r"(?<!\w)#(?=\d)", "第"),
    rule(rf"第\s?(\d+)(?:\s?{DASH}\s?(\d+))?", _ordinal),
)
