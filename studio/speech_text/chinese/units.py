"""Units, percentages and fractions in words."""

from __future__ import annotations

from collections.abc import Mapping

from studio.speech_text.chinese import number_words as numbers
from studio.speech_text.chinese import tables
from studio.speech_text.chinese.quantity import DASH, MINUS, NUMBER, START, counted, quantity
from studio.speech_text.currencies import any_of
from studio.speech_text.rule import Match, Rule, rule

_UNIT = (
    rf"{MINUS}{START}(?P<first>{NUMBER})(?:°?C?\s?{DASH}\s?(?P<last>{NUMBER}))?\s?"
    rf"(?P<unit>{any_of(tables.UNITS)})(?P<power>[23²³])?"
    rf"(?:/(?P<per>[A-Za-zμ]{{1,5}})(?P<per_power>[23²³])?)?(?![A-Za-z0-9²³])"
)
_PER_NAMES = {"h": "小时", "hr": "小时", "d": "天", "day": "天", "min": "分钟", "s": "秒"}


def _units(match: Match) -> str:
    part = match.groupdict()
    name = tables.POWERS.get(part["power"] or "", "") + tables.UNITS[part["unit"]]
    minus = ""
    if part["minus"]:
        minus = "零下" if part["unit"][0] == "°" and part["unit"] != "°" else "负"
    name = f"{name}每{_per_unit(part)}" if part["per"] else name
    # a minus belongs to the first number only, so both get the unit
    begin = f"{quantity(part['first'])}{name if minus else ''}到" if part["last"] else ""
    return f"{minus}{begin}{counted(part['last'] or part['first'], name)}{name}"


def _per_unit(part: Mapping[str, str]) -> str:
    return tables.POWERS.get(part["per_power"] or "", "") + (
        _PER_NAMES.get(part["per"]) or tables.UNITS.get(part["per"]) or part["per"]
    )


def _percent(match: Match) -> str:
    part = match.groupdict()
    of = "百分之" if part["mark"] == "%" else "千分之"
    first, last = part["first"], part["last"]
    minus = "负" if part["minus"] else "正" if match[0].startswith("+") else ""
    if last:
        return f"{minus}{of}{_percent_number(first)}到{of}{_percent_number(last)}"
    return f"{minus}{of}{_percent_number(first)}"


def _percent_number(text: str) -> str:
    return "百" if text == "100" else quantity(text)


def _fraction(match: Match) -> str:
    whole, above, below = match[1], match[2], match[3]
    if match[0] == "24/7":
        return "二十四小时七天"
    if int(above) >= int(below) and int(above) <= 12 and int(below) <= 31 and not whole:
        return f"{numbers.cardinal(above)}月{numbers.cardinal(below)}日"
    words = f"{numbers.cardinal(below)}分之{numbers.cardinal(above)}"
    return f"{numbers.cardinal(whole)}又{words}" if whole else words


def _more_than(match: Match) -> str:
    scale = match[2].upper().replace("W", "万")
    return f"{numbers.cardinal(match[1])}多{scale}"


RULES: tuple[Rule, ...] = (
    rule(r"(?<=\d)(\s?(?:km|cm|mm|m|公里|厘米|毫米|米))\s?[*×xX]\s?(?=\d)", r"\1乘"),
    rule(r"(?<![\d.,])([1-9]\d{0,7}0)([万亿wW]?)\+(?![\d\sA-Za-z])", _more_than),
    rule(
        rf"{MINUS}\+?{START}(?P<first>{NUMBER})[%‰]?(?:\s?{DASH}\s?(?P<last>{NUMBER}))"
        rf"?(?P<mark>[%‰])",
        _percent,
    ),
    rule(_UNIT, _units),
    rule(
        r"(?<![\d/.A-Za-z])(?:(\d{1,6})[\s又])?(\d{1,4})/([1-9]\d{0,3})(?![\d/A-Za-z]|\.\d)",
        _fraction,
    ),
)
