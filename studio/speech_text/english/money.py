"""Amounts of money in words."""

from __future__ import annotations

from studio.speech_text.currencies import CODE, CODES, ONE_SIGN, SIGN, SIGNS, Currency
from studio.speech_text.english import number_words as numbers
from studio.speech_text.english.context import before_noun
from studio.speech_text.english.quantity import (
    DASH,
    MINUS,
    QUANTITY,
    START,
    quantity,
    sign_word,
    with_decimal_point,
)
from studio.speech_text.english.unit_tables import PER_NAMES, SCALES, UNITS
from studio.speech_text.rule import Match, Rule, rule


def _scale(word: str, letter: str) -> str:
    """Return the pattern of million, bn or k after an amount, with the names of its groups."""
    words = "hundred|thousand|million|billion|trillion"
    letters = "mio|Mio|mln|bln|trn|mn|bn|Bn|tn|MM|mm|[kKmMbBtT]"
    return rf"(?:[\s-]?(?P<{word}>{words})s?\b|\s?(?P<{letter}>{letters})(?![A-Za-z]))?"


_PER = r"(?:\s?/\s?(?P<per>[A-Za-zμ]{1,12})(?![A-Za-z0-9/]))?"
_MONEY = (
    rf"(?P<minus>{MINUS})?(?:(?P<sign>{SIGN})|(?<![A-Za-z])(?P<prefix>{CODE}))"
    rf"\s?(?P<minus2>[-−])?(?P<first>{QUANTITY}){_scale('s1', 's2')}"
    rf"(?:\s?(?:{DASH}|to)\s?(?P<sign2>{ONE_SIGN})?(?P<last>{QUANTITY})(?![\d-])"
    rf"{_scale('s3', 's4')})?"
    rf"(?:\s(?P<code>{CODE})(?![A-Za-z]))?{_PER}"
)
_MONEY_BEHIND = (
    rf"(?P<minus>{MINUS})?{START}(?P<first>\d{{1,3}}(?:\s\d{{3}})+(?=\s?{ONE_SIGN})|{QUANTITY})"
    rf"(?:\s?{ONE_SIGN}?\s?(?:{DASH}|to)\s?(?P<last>{QUANTITY}))?{_scale('s1', 's2')}"
    rf"\s?(?:(?P<sign>{ONE_SIGN})(?![\d.]*\d)|(?P<code>{CODE})(?![A-Za-z])){_PER}"
)


def _amount(number: str, currency: Currency, *, before_noun: bool = False) -> str:
    number = with_decimal_point(number)
    whole, point, cents = number.partition(".")
    whole = "".join(filter(str.isdecimal, whole)) or "0"
    if point and len(cents) == 2 and currency.part and not before_noun:
        units = (
            f"{numbers.cardinal(whole)} {currency.one if int(whole) == 1 else currency.many}"
            if int(whole) or cents == "00"
            else ""
        )
        parts = (
            f"{numbers.cardinal(cents)} {currency.part if cents == '01' else currency.parts}"
            if cents != "00"
            else ""
        )
        return " and ".join(part for part in (units, parts) if part)
    words = quantity(number)
    return f"{words} {currency.one if before_noun or (words == 'one') else currency.many}"


def _scaled(number: str, scale: str, currency: Currency, *, before_noun: bool) -> str:
    return f"{quantity(number)} {SCALES[scale]} {currency.one if before_noun else currency.many}"


def per(name: str | None) -> str:
    """Return " per month" for the "mo" after a slash."""
    if not name:
        return ""
    return f" per {PER_NAMES.get(name) or (UNITS[name][0] if name in UNITS else name)}"


def _money(match: Match) -> str:
    """Read $5, -$5, $-5, US$1.5 million, $5-10, $5-$10, £3bn, $20 USD, $5/month."""
    part = match.groupdict()
    scale, scale2 = part["s1"] or part["s2"], part["s3"] or part["s4"]
    currency = (
        CODES[part["code"]]
        if part["code"]
        else _currency(part["sign"] or part["prefix"], part["first"])
    )
    singular = before_noun(match)
    sign = sign_word(part["minus"] or part["minus2"])
    if part["last"]:
        both = scale2 or scale
        first = quantity(part["first"]) + (
            f" {SCALES[scale]}" if scale and scale2 and scale != scale2 else ""
        )
        last = (
            _scaled(part["last"], both, currency, before_noun=singular)
            if both
            else _amount(part["last"], currency, before_noun=singular)
        )
        if part["sign2"] and not both and "." in part["first"]:
            first = _amount(part["first"], currency)
        words = f"{first} to {last}"
    elif scale:
        words = _scaled(part["first"], scale, currency, before_noun=singular)
    else:
        words = _amount(part["first"], currency, before_noun=singular)
    return f"{sign}{words}{per(part['per'])}"


def _currency(sign: str, number: str) -> Currency:
    if sign in SIGNS:
        is_yuan = sign == "¥" and "." in number  # the yen has no hundredths
        return SIGNS["￥" if is_yuan else sign]
    return CODES[sign]


def _money_behind(match: Match) -> str:
    """Read 20 £, 99€, 5-10 €, 1,5 Mio €, 20 USD."""
    part = match.groupdict()
    currency = _currency(part["sign"] or part["code"], part["first"])
    singular, scale = before_noun(match), part["s1"] or part["s2"]
    first = f"{quantity(part['first'])} to " if part["last"] else ""
    number = part["last"] or part["first"]
    words = (
        _scaled(number, scale, currency, before_noun=singular)
        if scale
        else _amount(number, currency, before_noun=singular)
    )
    return f"{sign_word(part['minus'])}{first}{words}{per(part['per'])}"


RULES: tuple[Rule, ...] = (
    rule(_MONEY, _money),
    rule(_MONEY_BEHIND, _money_behind),
)
