"""Quantities with units in words."""

from __future__ import annotations

import re

from studio.speech_text.currencies import any_of
from studio.speech_text.english import number_words as numbers
from studio.speech_text.english import unit_tables as tables
from studio.speech_text.english.context import before_noun
from studio.speech_text.english.quantity import (
    DASH,
    MINUS,
    QUANTITY,
    START,
    is_one,
    quantity,
    sign_word,
)
from studio.speech_text.rule import Match, Rule, rule

_SPACED = r"[1-9]\d{0,2}(?:\s\d{3})+(?![\d,.])"
"""1 000 km; without a unit, such numbers may be two."""
_UNIT = (
    rf"(?P<minus>{MINUS})?{START}(?P<first>{_SPACED}|{QUANTITY})(?:%?\s?(?:{DASH}|"
    rf"to)\s?(?P<last>{QUANTITY}))?(?P<gap>[\s-])?"
    rf"(?P<unit>{any_of(tables.UNITS)})(?P<power>[23²³])?"
    r"(?:\s?/\s?(?P<per>100\s?km|[A-Za-zμ]{1,12})(?P<per_power>[23²³])?)?(?![A-Za-z0-9²³])"
)


def _units(match: Match) -> str:
    part = match.groupdict()
    unit, gap = part["unit"], part["gap"]
    if (unit in tables.SPACED_ONLY and not gap) or (
        unit in tables.LETTERS and not part["per"] and "." not in part["first"]
    ):
        return match[0]
    number = part["last"] or part["first"]
    one, many = tables.UNITS[unit]
    if part["power"]:
        power = tables.POWERS[part["power"]]
        one, many = f"{power} {one}", f"{power} {many}"
    first = f"{quantity(part['first'])} to " if part["last"] else ""
    sign = sign_word(part["minus"])
    # a 5km-long road
    hyphen = bool(re.match(r"-[a-z]", match.string[match.end() : match.end() + 2]))
    per = _per_unit(part["per"], part["per_power"])
    return (
        f"{sign}{first}{quantity(number)} "
        f"{one if is_one(number) or hyphen or before_noun(match) else many}{per}"
    )


def _per_unit(name: str | None, power: str | None) -> str:
    if not name:
        return ""
    words = tables.PER_NAMES.get(name) or tables.UNITS.get(name, (name, ""))[0]
    return f" per {tables.POWERS[power] + ' ' if power else ''}{words}"


RULES: tuple[Rule, ...] = (
    rule(
        r"(?<![\w.])(\d)'\s?(\d{1,2})(?:\"|''|”|(?!\w))",
        lambda match: f"{numbers.cardinal(match[1])} foot {numbers.cardinal(match[2])}",
    ),
    rule(_UNIT, _units),
)
