"""Numbers that no other rule matches: in words with letters, years, and whole numbers."""

from __future__ import annotations

import re

from studio.speech_text.english import number_words as numbers
from studio.speech_text.english.dates import MONTHS
from studio.speech_text.english.quantity import NUMBER, is_year
from studio.speech_text.rule import Match, Rule, rule, text_before

_PLURALS = {"people", "men", "women", "children", "feet", "mice", "teeth", "users", "percent"}
_YEAR_CUES = {
    "in",
    "since",
    "by",
    "of",
    "from",
    "until",
    "till",
    "before",
    "after",
    "during",
    "around",
    "circa",
    "year",
    "early",
    "late",
    "mid",
    "the",
    "and",
    "to",
    "through",
    "spring",
    "summer",
    "autumn",
    "fall",
    "winter",
    "class",
    *(name.lower() for name in MONTHS),
}
_WORD_BEFORE = re.compile(r"([A-Za-z]{1,16})[\s,(]{1,2}$")
_WORD_AFTER = re.compile(r"\s([a-z]+)")


def _attached(match: Match) -> str:
    """Read letters and digits in one word: MP3, A380, B12, H2O, 4K, 1080p."""
    parts = re.findall(r"\d+|[^\d]+", match[0])
    words = []
    for number, part in enumerate(parts):
        if part.isdecimal():
            words.append(
                _model_number(part)
                if number
                else numbers.year(part)
                if is_year(part)
                else numbers.plain(part)
            )
        else:
            words.append(part.strip("-").upper() if len(part.strip("-")) == 1 else part.strip("-"))
    return " ".join(word for word in words if word)


def _model_number(digits: str) -> str:
    if digits[0] == "0" or len(digits) > 4:
        return numbers.digits(digits)
    if len(digits) == 3 and digits[1:] != "00":
        return (
            f"{numbers.cardinal(digits[0])} "
            f"{'oh ' if digits[1] == '0' else ''}{numbers.cardinal(digits[1:])}"
        )
    return numbers.year(digits) if len(digits) == 4 else numbers.cardinal(digits)


def _left_over(match: Match) -> str:
    number = match[0]
    if is_year(number):
        before = _WORD_BEFORE.search(text_before(match, 16))
        after = _WORD_AFTER.match(match.string[match.end() : match.end() + 24])
        cued = bool(before and before[1].lower() in _YEAR_CUES)
        counts = bool(
            after and (after[1] in _PLURALS or re.fullmatch(r"[a-z]{2,}[a-rt-z]s", after[1]))
        )
        if (
            counts
            and after
            and after[1] in ("was", "has", "is", "us", "saw", "does", "this", "its", "his")
        ):
            counts = False
        if number[:2] != "10" or cued:
            return numbers.year(number) if cued or not counts else numbers.cardinal(number)
    return numbers.plain(number)


_COUNTED = (
    "people|users|views|copies|followers|downloads|subscribers|visitors|words|tons|cars|homes|jobs|"
    "members|readers|players|students|fans|years|rows|files|lines|steps|miles"
)


def _short_scale(match: Match) -> str:
    return f"{match[1]} {'thousand' if match[2] in 'kK' else 'million'}"


RULES: tuple[Rule, ...] = (
    rule(rf"(?<![\w.])(\d{{1,3}}(?:\.\d)?)([kKM])(?=\s(?:{_COUNTED})\b)", _short_scale),
    rule(
        r"(?<![\d.,])(?:\d{1,9}[A-Za-z]{1,3}|[A-Za-z]{1,24}-?\d{1,12})(?:[A-Za-z0-9]{0,24})"
        r"(?![.,]?\d)",
        _attached,
    ),
    rule(r"(?<=[A-Za-z])-?(?=\d)|(?<=\d)-?(?=[A-Za-z])", " "),
    rule(rf"(?<!\d){NUMBER}", _left_over),
)
