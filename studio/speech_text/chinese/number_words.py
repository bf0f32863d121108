"""Chinese number words, from strings of any length."""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
MAX_DIGITS = 16
"""Longer numbers are read digit by digit."""
MAX_PLAIN_DIGITS = 8
"""Longer ones without separators are telephone numbers or codes, read digit by digit."""


def digits(number: str) -> str:
    """Return the digits one by one, without other characters; 1 is 一 (幺 is regional)."""
    return "".join(DIGITS[int(digit)] for digit in number if digit.isdecimal())


def cardinal(number: str | int) -> str:
    """Return a whole number: "2024" is 两千零二十四.

    A 2 is 两 before 千, 万 and 亿, and 二 before 百 and 十.
    """
    text = str(number).lstrip("0") or "0"
    if len(text) > MAX_DIGITS:
        return digits(str(number))
    value, words, position = int(text), "", 0
    if value == 0:
        return DIGITS[0]
    needs_zero = False
    while value:
        value, group = divmod(value, 10_000)
        if group:
            part = ("两" if group == 2 and position else _below_10000(group)) + _GROUPS[position]
            words = part + ("零" if needs_zero and words else "") + words
            needs_zero = group < 1000
        elif words:
            needs_zero = True
        position += 1
    return words.removeprefix("一") if words.startswith("一十") else words


def plain(number: str) -> str:
    """Return a number with optional thousands separators and decimals, in words."""
    whole, point, fraction = number.partition(".")
    bare = "".join(filter(str.isdecimal, whole))
    is_code = (len(bare) > 1 and bare[0] == "0" and not point) or (
        bare == whole and len(bare) > MAX_PLAIN_DIGITS and not point
    )
    words = digits(bare) if is_code else cardinal(bare or "0")
    return f"{words}点{digits(fraction)}" if point and fraction else words


def _below_10000(value: int) -> str:
    words, zero = "", False
    for place in (3, 2, 1, 0):
        digit, value = divmod(value, 10**place)
        if not digit:
            zero = bool(words)
            continue
        name = "两" if digit == 2 and place == 3 else DIGITS[digit]
        words += ("零" if zero else "") + name + _PLACES[place]
        zero = False
    return words
