"""Dates in words."""

from __future__ import annotations

from studio.speech_text.currencies import any_of
from studio.speech_text.english import number_words as numbers
from studio.speech_text.english.context import ends_sentence
from studio.speech_text.rule import Match, Rule, rule

_MONTHS = "January February March April May June July August September October November December"
MONTHS = _MONTHS.split()
MONTH_OF = {name.lower(): number for number, name in enumerate(MONTHS, 1)}
MONTH_OF |= {name[:3].lower(): number for number, name in enumerate(MONTHS, 1)} | {"sept": 9}
_MONTH = any_of([*MONTHS, *(name[:3] for name in MONTHS), "Sept"])


def date_words(month: int, day: int, year: str = "") -> str:
    """Return "May first, twenty twenty four"; empty for a day that does not exist."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return ""
    return f"{MONTHS[month - 1]} {numbers.ordinal(day)}" + (f", {_year(year)}" if year else "")


def _year(text: str) -> str:
    if len(text) == 2:
        text = ("19" if int(text) > 50 else "20") + text
    return numbers.year(text)


def _iso_date(match: Match) -> str:
    words = date_words(int(match[3]), int(match[4]), match[1])
    return words + (", " if words and match[5] else "") if words else match[0]


def _written_date(match: Match) -> str:
    first, mark, second, year = int(match[1]), match[2], int(match[3]), match[4]
    if len(year) == 2 and mark != "/":
        return match[0]
    day_first = mark == "." or first > 12
    month, day = (second, first) if day_first else (first, second)
    return date_words(month, day, year) or match[0]


def month_number(name: str) -> int:
    """Return the number of a month from its name or abbreviation."""
    return MONTH_OF[name.lower() if name.lower() in MONTH_OF else name[:3].lower()]


def _month_day(match: Match) -> str:
    month, day, last, year = month_number(match[1]), int(match[2]), match[3], match[4]
    words = date_words(month, day)
    if not words:
        return match[0]
    words += f" to {numbers.ordinal(last)}" if last else ""
    return words + (f", {numbers.year(year)}" if year else "")


def _day_month(match: Match) -> str:
    before, day, last, month, year = (
        match[1] or "the ",
        int(match[2]),
        match[3],
        month_number(match[4]),
        match[5],
    )
    if not 1 <= day <= 31:
        return match[0]
    days = numbers.ordinal(day) + (f" to {numbers.ordinal(last)}" if last else "")
    stop = "." if match[0].endswith(".") and ends_sentence(match) else ""
    words = f"{before}{days} of {MONTHS[month - 1]}{stop}"
    return words + (f", {numbers.year(year)}" if year else "")


def _month_year(match: Match) -> str:
    return f"{MONTHS[month_number(match[1]) - 1]}{match[2]}{numbers.year(match[3])}"


RULES: tuple[Rule, ...] = (
    rule(
        r"(?<![\d./-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:(T|\s)(?=\d\d?:)|(?![\d/-]))", _iso_date
    ),
    rule(r"(?<=:\d\d)(?:\.\d{1,6})?Z\b", " UTC"),
    rule(r"(?<![\d./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-]|\.\d)", _written_date),
    rule(
        rf"\b({_MONTH})\.?\s(\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–]\s?(\d{{1,2}})(?:st|nd|rd|"
        rf"th)?)?(?:,?\s(\d{{4}}))?(?![\d:%,.]*\d|\s?[AaPp]\.?[Mm]\b)",
        _month_day,
    ),
    rule(
        rf"(?<![\d.,:/$£€-])((?i:the)\s)?(\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–]\s?(\d{{1,2}})(?:st|"
        rf"nd|rd|"
        rf"th)?)?(?:\sof)?\s({_MONTH})\b\.?(?:,?\s(\d{{4}})(?!\d))?",
        _day_month,
    ),
    rule(rf"\b({_MONTH})\.?(,?\s)(1\d{{3}}|20\d\d)(?!\d|[.,]\d)", _month_year),
)
