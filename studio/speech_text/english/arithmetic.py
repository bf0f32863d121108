"""Decades, ordinals, fractions, ranges and operators in words."""

from __future__ import annotations

import re

from studio.speech_text.english import number_words as numbers
from studio.speech_text.english.dates import date_words
from studio.speech_text.english.quantity import NUMBER, is_year, label_number
from studio.speech_text.english.symbol_tables import BETWEEN_NUMBERS
from studio.speech_text.rule import Match, Rule, rule, text_before


def _decade(match: Match) -> str:
    text = match[1] or match[2]
    high, tens = text[:-2], int(text[-2])
    if not tens:
        return (
            f"{numbers.cardinal(high)} hundreds" if int(high) % 10 else f"{numbers.cardinal(text)}s"
        )
    decade = "tens" if tens == 1 else numbers.plural(numbers.TENS[tens])
    return f"{numbers.cardinal(high)} {decade}" if high else decade


_DATE_CUE = re.compile(
    r"\b(?:on|by|until|till|since|before|after|due|dated|through)\s$", re.IGNORECASE
)
_OUT_OF_CUE = re.compile(
    r"\b(?:rated|rating|scored|score|gets?|got|grade|gave)(?:\s[a-z]{1,8}){0,3}\s$", re.IGNORECASE
)


def _fraction_words(above: str, below: str) -> str:
    first, second = int(above), int(below)
    if second == 2:
        name = "half" if first == 1 else "halves"
    elif second == 4:
        name = "quarter" if first == 1 else "quarters"
    else:
        name = numbers.ordinal(below) + ("" if first == 1 else "s")
    return f"{numbers.cardinal(above)} {name}"


def _fraction(match: Match) -> str:
    whole, above, below = match[1], match[2], match[3]
    first, second = int(above), int(below)
    before = text_before(match, 40)
    if whole:
        return (
            f"{numbers.cardinal(whole)} and {_fraction_words(above, below)}" if second else match[0]
        )
    if _OUT_OF_CUE.search(before):
        return f"{numbers.cardinal(above)} out of {numbers.cardinal(below)}"
    if _DATE_CUE.search(before) and date_words(first, second):
        return date_words(first, second)
    if (above, below) in (("24", "7"), ("9", "11"), ("50", "50"), ("60", "40"), ("80", "20")):
        return f"{numbers.cardinal(above)} {numbers.cardinal(below)}"
    if 0 < first < second <= 100 or (first and second in (2, 3, 4, 5, 8, 10)):
        return _fraction_words(above, below)
    return f"{numbers.cardinal(above)} over {numbers.cardinal(below)}"


def _range(match: Match) -> str:
    first, mark, last = match[1], match[2], match[3]
    after = match.string[match.end() : match.end() + 3]
    spaced = mark != mark.strip()
    if "=" in after or ("-" in mark and spaced and _value(first) > _value(last)):
        return f"{numbers.plain(first)} minus {numbers.plain(last)}"
    if is_year(first) and (is_year(last) or len(last) == 2):
        end = numbers.year(last) if is_year(last) else numbers.plain(last)
        return f"{numbers.year(first)} to {end}"
    return f"{numbers.plain(first)} to {numbers.plain(last)}"


def _value(text: str) -> float:
    return float(
        "".join(character for character in text if character.isdecimal() or character == ".")
    )


def _operator(match: Match) -> str:
    return f" {BETWEEN_NUMBERS[match[1]]} "


def _dimensions(match: Match) -> str:
    factors = re.findall(r"\d+", match[0])
    is_product = (
        "×" in match[0] and all(len(factor) < 3 for factor in factors) and len(factors) == 2
    )
    return (" times " if is_product else " by ").join(
        numbers.year(factor) if is_year(factor) else numbers.plain(factor) for factor in factors
    )


RULES: tuple[Rule, ...] = (
    rule(r"(?<![\w.,$])'?(?:(\d{3}0)'?s|(\d0)'?s)(?!\w)", _decade),
    rule(r"(?<!\w)'(\d\d)(?![\w'])", lambda match: label_number(match[1])),
    rule(
        r"(?<![\w.])(\d[\d,]{0,60})(?:st|nd|rd|th)(?![A-Za-z])",
        lambda match: numbers.ordinal(match[1].replace(",", "")),
    ),
    rule(r"(?<![\w./])(?:(\d{1,6})\s)?(\d{1,3})/(\d{1,3})(?![\w/]|\.\d)", _fraction),
    rule(r"(?<![\w.])\d{1,6}\s?[x×X]\s?\d{1,6}(?:\s?[x×X]\s?\d{1,6})?(?!\d)", _dimensions),
    rule(r"(?<=\d)\s?[x×](?![\w])", " times"),
    rule(rf"(?<![\w.,/-])({NUMBER})(\s?[-–—~]\s?)({NUMBER})(?![\w-]|[./]\d)", _range),
    rule(
        r"(?<![\w.])(\d{1,9}):(\d{1,9})(?![\w:])",
        lambda match: f"{numbers.plain(match[1])} to {numbers.plain(match[2])}",
    ),
    rule(r"(?<=\d)\s?\*\*\s?(?=\d)", " to the power of "),
    rule(
        rf"(?<=\d)\s{{0,2}}([{re.escape(''.join(BETWEEN_NUMBERS))}])\s{{0,2}}(?=[-−]?[\d.])",
        _operator,
    ),
    rule(r"(?<=\d)\s[-−]\s(?=\d)", " minus "),
    rule(r"(?<![\w)\].])[-−](?=\.?\d)", "minus "),
    rule(r"(?<!\w)\+(?=\.?\d)", "plus "),
    rule(r"(?<!\w)~\s?(?=[\d$£€])", "about "),
)
