"""English number words: cardinals, ordinals, years and digits, from strings of any length."""

from __future__ import annotations

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen "
    "eighteen nineteen"
)
_SCALES = (
    "- thousand million billion trillion quadrillion quintillion sextillion septillion "
    "octillion nonillion decillion"
)
_TENS = "- ten twenty thirty forty fifty sixty seventy eighty ninety"
ONES, TENS, SCALES = _ONES.split(), _TENS.split(), _SCALES.split()
MAX_DIGITS = 36
"""Longer numbers have no common name and are read digit by digit."""
MAX_PLAIN_DIGITS = 12
"""Longer ones without separators are codes and are read digit by digit."""

_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def digits(number: str) -> str:
    """Return the digits one by one, without other characters: "007" is "zero zero seven"."""
    return " ".join(ONES[int(digit)] for digit in number if digit.isdecimal())


def cardinal(number: str | int) -> str:
    """Return a whole number in words: "1204" is "one thousand two hundred four"."""
    text = str(number)
    if len(text) > MAX_DIGITS:
        return digits(text)
    value = int(text)
    groups = []
    for scale in SCALES:
        value, group = divmod(value, 1000)
        if group:
            groups.append(_below_1000(group) + ("" if scale == "-" else f" {scale}"))
        if not value:
            break
    return " ".join(reversed(groups)) or ONES[0]


def ordinal(number: str | int) -> str:
    """Return an ordinal: "21" is "twenty first"."""
    text = str(number)
    if len(text) > MAX_DIGITS:
        return digits(text)
    head, space, last = cardinal(text).rpartition(" ")
    return (
        head
        + space
        + (_ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"))
    )


def year(number: str | int) -> str:
    """Return a year: "1905" is "nineteen oh five", "2005" is "two thousand five"."""
    high, low = divmod(int(number), 100)
    if high % 10 == 0 and low < 10:
        return cardinal(number)
    if low == 0:
        return f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def plain(number: str) -> str:
    """Return a number with optional thousands separators and decimals, in words."""
    whole, point, fraction = number.partition(".")
    bare = "".join(filter(str.isdecimal, whole))
    is_code = (len(bare) > 1 and bare[0] == "0" and not point) or (
        bare == whole and len(bare) > MAX_PLAIN_DIGITS
    )
    words = digits(bare) if is_code else cardinal(bare or "0")
    if point and fraction:
        return f"{words if bare else 'zero'} point {digits(fraction)}"
    return words


def plural(word: str) -> str:
    """Return the regular plural of an English noun."""
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def _below_1000(value: int) -> str:
    words = []
    if value >= 100:
        words += [ONES[value // 100], "hundred"]
        value %= 100
    if value >= 20:
        words.append(TENS[value // 10])
        value %= 10
    if value:
        words.append(ONES[value])
    return " ".join(words)
