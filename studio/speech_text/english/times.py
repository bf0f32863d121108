"""Times of day in words."""

from __future__ import annotations

import re

from studio.speech_text.english import number_words as numbers
from studio.speech_text.english.context import ends_sentence
from studio.speech_text.english.quantity import DASH
from studio.speech_text.rule import Match, Rule, rule, text_before

_HALF = r"(?:\s?([AaPp])\.?[Mm](?:\.|(?![A-Za-z])))"
_CLOCK = r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?"
_RATIO_CUE = re.compile(
    r"\b(?:ratio|aspect|scale|odds|score|mix|resolution|proportion|beat|won|lost)\b[^.!?]{0,24}$"
)


def _time_words(hour: str, minute: str | None, second: str | None, half: str | None) -> str:
    value = int(hour)
    if value in (0, 24) and not half and minute == "00" and not second:
        return "midnight"
    words = numbers.cardinal(value)
    if minute and (minute != "00" or second):
        words += " oh" if minute[0] == "0" else ""
        words += f" {numbers.cardinal(minute)}"
    elif not half:
        words += " o'clock"
    if second:
        words += f" and {numbers.cardinal(second)} second{'' if second == '01' else 's'}"
    return words + (f" {half.upper()}M" if half else "")


def _clock(match: Match) -> str:
    before = text_before(match, 40).lower()
    if not match[4] and not match[3] and _RATIO_CUE.search(before):
        return match[0]
    first = _time_words(match[1], match[2], match[3], match[4])
    if match[5]:
        first += f" to {_time_words(match[5], match[6], match[7], match[8])}"
    return first + _stop_of_half(match)


def _half_day(match: Match) -> str:
    first = _time_words(match[1], match[2], None, match[3] or match[6]) if match[1] else ""
    if match[1] and not match[3]:  # 7-9 pm
        first = numbers.cardinal(match[1]) + (
            f" {numbers.cardinal(match[2])}" if match[2] and match[2] != "00" else ""
        )
    last = _time_words(match[4], match[5], None, match[6])
    return (f"{first} to {last}" if first else last) + _stop_of_half(match)


def _stop_of_half(match: Match) -> str:
    return "." if match[0].endswith(".") and ends_sentence(match) else ""


RULES: tuple[Rule, ...] = (
    rule(r"\b(noon|midnight)\s?[-–—]\s?(?=\d)", r"\1 to "),
    rule(rf"(?<![\d:.]){_CLOCK}{_HALF}?(?:\s?{DASH}\s?{_CLOCK}{_HALF}?)?(?![\d:])", _clock),
    rule(
        rf"(?<![\d:.,-])(?:(\d{{1,2}})(?:[:.](\d\d))?{_HALF}?\s?{DASH}\s?)?(\d{{1,2}})(?:[.:](\d\d)"
        rf")?{_HALF}",
        _half_day,
    ),
    rule(
        r"(?<=\b[AP]M)\s?[-–—]\s?(?=(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven"
        r"|twelve|noon|midnight)\b)",
        " to ",
    ),
)
