"""Ratios, ranges, operators and the numbers that no other rule matches."""

from __future__ import annotations

import re

from studio.speech_text.chinese import number_words as numbers
from studio.speech_text.chinese import tables
from studio.speech_text.chinese.quantity import NUMBER, RATIO_CUE, TWO_BEFORE, counted, quantity
from studio.speech_text.rule import Match, Rule, rule, text_before


def _ratio(match: Match) -> str:
    return f"{numbers.plain(match[1])}比{numbers.plain(match[2])}" + (
        f"比{numbers.plain(match[3])}" if match[3] else ""
    )


def _range(match: Match) -> str:
    first, last = match[1], match[2]
    before = text_before(match, 8)
    after = match.string[match.end() : match.end() + 4]
    if after.lstrip().startswith("="):
        return f"{quantity(first)}减{quantity(last)}"
    if RATIO_CUE.search(before) and not re.match(tables.MEASURE_WORDS, after):
        return f"{numbers.plain(first)}比{numbers.plain(last)}"
    if (
        len(first) == 4
        and len(last) in (2, 4)
        and "1000" <= first <= "2099"
        and not re.match(tables.MEASURE_WORDS, after)
    ):
        return f"{numbers.digits(first)}到{numbers.digits(last)}"
    return f"{counted(first, after)}到{counted(last, after)}"


def _operator(match: Match) -> str:
    return tables.BETWEEN_NUMBERS[match[1]]


def _left_over(match: Match) -> str:
    text = match[0]
    after = match.string[match.end() : match.end() + 6]
    if text == "2" and TWO_BEFORE.match(after):
        return "两"
    is_counted = bool(re.match(rf"\s?(?:多|余|几)?(?:{tables.MEASURE_WORDS}|[万亿])", after))
    return quantity(text) if is_counted and text[0] != "0" else numbers.plain(text)


RULES: tuple[Rule, ...] = (
    rule(r"(?<![\d:：.])(\d{1,9})\s?[:：]\s?(\d{1,9})(?:[:：](\d{1,9}))?(?![\d:：])", _ratio),
    rule(rf"(?<![\d.,A-Za-z-])({NUMBER})\s?(?:[-–—−~]|——)\s?({NUMBER})(?![\d-]|\.\d)", _range),
    rule(r"(?<=\d)\s?[-−]\s?(?=\d)", "减"),
    rule(rf"(?<=\d)\s?([{re.escape(''.join(tables.BETWEEN_NUMBERS))}])\s?(?=[-−]?\d)", _operator),
    rule(rf"(?<![\d.A-Za-z)\]）{tables.NO_MINUS}-])[-−](?=\d)", "负"),
    rule(r"(?<=[A-Za-z\u4e00-\u9fff)）])-(?=\d)", " "),
    rule(r"(?<!\w)\+(?=\d)", "正"),
    rule(r"(?<=约)[~～](?=\d)", ""),
    rule(r"[~～](?=\d)", "约"),
    rule(rf"(?<!\d){NUMBER}", _left_over),
)
