"""Abbreviations and Roman numerals in words."""

from __future__ import annotations

from studio.speech_text.currencies import any_of
from studio.speech_text.english import abbreviation_tables as tables
from studio.speech_text.english import number_words as numbers
from studio.speech_text.english.context import ends_sentence
from studio.speech_text.english.dates import MONTHS, month_number
from studio.speech_text.roman import PATTERN, value_of
from studio.speech_text.rule import Match, Rule, rule, text_before

_STARTERS = (
    r"(?:He|She|It|The|They|We|I|In|At|A|An|And|But|Then|This|That|On|There|Our|His|Her|When|If|"
    r"So|You|My|Its|Next|No|Yes)\b"
)
"""Words that begin a sentence after "St." and the like, where a name would mean Saint."""
_WEEKENDS = {"Sat": "Saturday", "Sun": "Sunday"}
_NUMERAL = rf"((?=[IVXLCDM]){PATTERN})(?![\w'’]|\.\w)"


def _abbreviation(match: Match) -> str:
    short = match[0]
    if short == "min." and text_before(match, 2).strip()[-1:].isdecimal():
        return short  # minutes, for the rule of units
    stop = "." if short in tables.MAY_END and short.endswith(".") and ends_sentence(match) else ""
    return (tables.AFTER_NAMES.get(short) or tables.ABBREVIATIONS[short]) + stop


def _regnal(match: Match) -> str:
    value = value_of(match[2])
    return (
        f"{match[1]} the {numbers.ordinal(value)}"
        if value and match[2] not in ("L", "C", "D", "M")
        else match[0]
    )


def _roman(match: Match) -> str:
    """Return the numeral behind a word such as "chapter" in digits, for later rules."""
    value = value_of(match[2])
    return f"{match[1]}{match.string[match.end(1) : match.start(2)]}{value}" if value else match[0]


_WEEKDAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_UNIT_STOPS = "min|sec|hr|hrs|in|ft|oz|lb|lbs|yd|yds|gal|yr|yrs|wk|wks"


def _unit_stop(match: Match) -> str:
    """Return the unit of a number without its full stop, unless that ends the sentence."""
    return match[1] + ("." if ends_sentence(match) else "")


RULES: tuple[Rule, ...] = (
    rule(r"(?<=\d)\sin\.(?=\s(?:wide|long|tall|high|deep|thick|by)\b)", " inches"),
    rule(rf"(?<=\d)(\s?(?:{_UNIT_STOPS}))\.(?![\w.])", _unit_stop),
    rule(r"(?<!\w)(Sat|Sun)\.(?=\s[a-z\d]|\s?[,–-])", lambda match: _WEEKENDS[match[1]]),
    rule(r"\bWW(?:II|2)\b", "World War two"),
    rule(r"\bWW(?:I|1)\b", "World War one"),
    rule(
        r"\b(?i:(he|his|him|she|her|hers)/(she|her|hers|he|his|him))\b",
        lambda match: f"{match[1]} or {match[2]}",
    ),
    rule(
        rf"(?<![\w.])({any_of(tables.BEFORE_NAMES)})\.\s?(?=[A-Z\u00c0-\u00de])(?!{_STARTERS})",
        lambda match: f"{tables.BEFORE_NAMES[match[1]]} ",
    ),
    rule(
        rf"(?<![\w.'])({any_of(tables.BARE_TITLES)})\s(?=[A-Z\u00c0-\u00de][a-z])",
        lambda match: f"{tables.BEFORE_NAMES[match[1]]} ",
    ),
    rule(r"(?<![\w.'])(Mr|Mrs|Ms|Prof)\.(?=\s[a-z])", lambda match: tables.BEFORE_NAMES[match[1]]),
    rule(rf"(?<=[\w,]\s)(?<![.!?]\s)(?:{any_of(tables.AFTER_NAMES)})(?!\w)", _abbreviation),
    rule(rf"(?<![\w.])(?:{any_of(tables.ABBREVIATIONS)})(?![\w/])", _abbreviation),
    rule(rf"\b({_WEEKDAY})\s?[-–—]\s?(?={_WEEKDAY})", r"\1 to "),
    rule(
        rf"(?<![\w.&])({any_of(tables.BEFORE_NUMBERS)})\s?(?=\d)",
        lambda match: f"{tables.BEFORE_NUMBERS[match[1]]} ",
    ),
    rule(
        r"(?<!\w)(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.(?=\s\d|\s[a-z]|,)",
        lambda match: MONTHS[month_number(match[1]) - 1],
    ),
    rule(rf"\b({tables.REGNAL})\s{_NUMERAL}", _regnal),
    rule(rf"\b((?i:{tables.NUMBERED}))\s{_NUMERAL}", _roman),
    rule(r"\b([A-Z][a-z]{2,20})\s((?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3}))(?![\w'’]|\.\w)", _roman),
    rule(
        r"(?<!\w)([Cc]entury\s|)((?=[XVI]{2})X{0,2}(?:IX|IV|V?I{0,3}))(?=\s[Cc]ent)",
        lambda match: numbers.ordinal(value_of(match[2]) or 1),
    ),
)
