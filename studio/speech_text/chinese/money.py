"""Amounts of money in words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from studio.speech_text.chinese import tables
from studio.speech_text.chinese.quantity import DASH, MINUS, NUMBER, START, counted, quantity
from studio.speech_text.currencies import CODE, CODES, ONE_SIGN, SIGN, SIGNS
from studio.speech_text.rule import Match, Rule, rule

_SCALE = (
    r"(?:\s?(?P<word>thousand|million|billion|trillion)\b"
    r"|(?P<letter>mn|bn|[kKmMbBT])(?![A-Za-z])|(?P<han>十万|百万|千万|万亿|[十百千万亿]))?"
)
_NAMES = r"(?:\s?(?:元|块钱|块|人民币|美元|美金|欧元|英镑|港元|港币|日元|韩元|卢布|澳元|加元))?"
_PER = r"(?:/(?P<per>[A-Za-z]{1,6}|[\u4e00-\u9fff])(?![A-Za-z]))?"
_PER_NAMES = {
    "d": "天",
    "day": "天",
    "month": "月",
    "mo": "月",
    "year": "年",
    "hour": "小时",
    "week": "周",
    "person": "人",
}
_MONEY = (
    rf"{MINUS}(?:(?P<sign>{SIGN})|(?P<code>(?<![A-Za-z])(?:{CODE})))\s?(?P<minus2>[-−])?"
    rf"(?P<first>{NUMBER})(?:\s?{DASH}\s?(?:{SIGN})?(?P<last>{NUMBER}))?{_SCALE}(?P<name>{_NAMES})"
    rf"{_PER}"
)
_MONEY_BEHIND = (
    rf"{MINUS}{START}(?P<first>{NUMBER})(?:\s?{DASH}\s?(?P<last>{NUMBER}))?{_SCALE}"
    rf"\s?(?:(?P<sign>{ONE_SIGN})(?!\d)|(?P<code>{CODE})(?![A-Za-z])){_PER}"
)


def _money(match: Match) -> str:
    """Read ¥49.90, ￥5-10万, -$5, $1.5 million, US$20亿, RMB 50."""
    part = match.groupdict()
    name = _currency(part)
    if part["name"].strip():
        name = part["name"].strip()
    minus = "负" if part["minus"] or part["minus2"] else ""
    first, last = part["first"], part["last"]
    scale = _scale(part)
    begin = f"{_scaled(first, scale, last)}到" if last else ""
    return f"{minus}{begin}{_scaled(last or first, scale, name)}{name}{_per(part['per'])}"


def _money_behind(match: Match) -> str:
    part = match.groupdict()
    name = _currency(part)
    minus = "负" if part["minus"] else ""
    scale = _scale(part)
    begin = f"{_scaled(part['first'], scale, '')}到" if part["last"] else ""
    amount = _scaled(part["last"] or part["first"], scale, name)
    return f"{minus}{begin}{amount}{name}{_per(part['per'])}"


def _currency(part: Mapping[str, str | None]) -> str:
    """Return the Chinese name of the sign or code; ¥ is 元."""
    sign = part["sign"] or part["code"] or ""
    return "元" if sign == "¥" else (SIGNS.get(sign) or CODES[sign]).chinese


def _scale(part: Mapping[str, str | None]) -> str:
    """Return the million, bn or 万 after an amount."""
    return part["word"] or part["letter"] or part["han"] or ""


def _scaled(number: str, scale: str, after: str) -> str:
    if scale in tables.SCALES:
        value = Decimal(number.replace(",", "")).scaleb(tables.SCALES[scale])
        for name, power in (("亿", 8), ("万", 4)):
            if value >= 10**power and len(f"{value:f}") <= 16:
                return f"{counted(_short(value.scaleb(-power)), name)}{name}"
        return quantity(_short(value))
    return f"{counted(number, scale or after)}{scale}"


def _short(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _per(unit: str | None) -> str:
    if not unit:
        return ""
    return f"每{tables.UNITS.get(unit) or _PER_NAMES.get(unit, unit)}"


RULES: tuple[Rule, ...] = (
    rule(_MONEY, _money),
    rule(_MONEY_BEHIND, _money_behind),
)
