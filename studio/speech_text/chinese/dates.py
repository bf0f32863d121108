"""Dates and times of day in words."""

from __future__ import annotations

from studio.speech_text.chinese import number_words as numbers
from studio.speech_text.chinese.quantity import DASH, RATIO_CUE
from studio.speech_text.rule import Match, Rule, rule, text_before

_HALVES = {"am": "上午", "pm": "下午"}
_CLOCK = r"([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?"


def _day(year: str, month: str, day: str) -> str:
    """Return a date in words; empty for a day that does not exist."""
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return ""
    return f"{numbers.digits(year)}年{numbers.cardinal(month)}月{numbers.cardinal(day)}日"


def _iso_date(match: Match) -> str:
    return _day(match[1], match[3], match[4]) or match[0]


def _western_date(match: Match) -> str:
    first, second = (
        (match[1], match[3]) if int(match[1]) <= 12 and match[2] != "." else (match[3], match[1])
    )
    return _day(match[4], first, second) or match[0]


def _year_month(match: Match) -> str:
    return f"{numbers.digits(match[1])}年{numbers.cardinal(match[2])}月"


def _year(match: Match) -> str:
    first = f"{numbers.digits(match[1])}{match[2]}到" if match[1] else ""
    return f"{first}{numbers.digits(match[3])}年"


def _century_years(match: Match) -> str:
    first, last = (
        numbers.digits(text) if len(text) == 4 else numbers.cardinal(text)
        for text in (match[1] or "0", match[2])
    )
    return f"{first + '到' if match[1] else ''}{last}年代"


def _memorial_day(match: Match) -> str:
    """Return a day that is known by its digits: 9·18 is 九一八, 10.1 is 十一."""
    return ("十" if match[1] == "10" else numbers.digits(match[1])) + numbers.digits(match[2])


def _clock_words(hour: str, minute: str, second: str | None) -> str:
    words = f"{'两' if int(hour) == 2 else numbers.cardinal(hour)}点"
    if minute == "00" and not second:
        return f"{words}整"
    words += f"{'零' if minute[0] == '0' and minute != '00' else ''}{numbers.cardinal(minute)}分"
    return words + (
        f"{'零' if second[0] == '0' and second != '00' else ''}{numbers.cardinal(second)}秒"
        if second
        else ""
    )


def _clock(match: Match) -> str:
    if RATIO_CUE.search(text_before(match, 8)) and not match[3]:
        return match[0]
    words = _clock_words(match[1], match[2], match[3])
    if match[4]:
        words = _HALVES[match[4].lower().replace(".", "")] + words
    if match[5]:
        words += f"到{_clock_words(match[5], match[6], match[7])}"
    return words


_SHORT_YEAR = r"(?=\d{1,2}月(?![内后])|春|夏|秋|冬|[初底末](?!期)|毕业|出生|入学|参军|世界杯)"


def _two_months(match: Match) -> str:
    return f"{numbers.cardinal(match[1])}{numbers.cardinal(match[2])}月"


RULES: tuple[Rule, ...] = (
    rule(r"(?<![\d/])(1?\d)/(1?\d)月", _two_months),
    rule(rf"(?<![\d.])'?(\d\d)年{_SHORT_YEAR}", lambda match: f"{numbers.digits(match[1])}年"),
    rule(r"公元([1-9]\d\d)年", lambda match: f"公元{numbers.digits(match[1])}年"),
    rule(
        r"(?<!\d)((?:19|20)\d\d)年?Q([1-4])(?![A-Za-z0-9])",
        lambda match: f"{numbers.digits(match[1])}年第{numbers.digits(match[2])}季度",
    ),
    rule(
        r"(?<![\d./-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})日?(?:T(?=\d))?(?![\d/-]|\.\d)", _iso_date
    ),
    rule(r"(?<![\d./-])(\d{1,2})([-/.])(\d{1,2})\2((?:19|20)\d{2})(?![\d/-]|\.\d)", _western_date),
    rule(r"(?<![\d./-])((?:19|20)\d{2})[-/.](0[1-9]|1[0-2])月?(?![\d/-]|\.\d)", _year_month),
    rule(
        rf"(?<![\d.])(?:((?:1\d|20)\d{{2}})(年?){DASH})?((?:1\d|20)\d{{2}})年(?!级|代)(?!(?<=00年)(?:前|后"
        rf"|来|间|内|以|的历史|历史|之久|左右))",
        _year,
    ),
    rule(rf"(?<!\d)(?:(\d{{4}}|\d0){DASH})?(\d{{4}}|\d0)年代", _century_years),
    rule(
        r"(?<![\d./-])((?:19|20)\d{2})[/-](\d{2})(?=赛季|学年|财年|年度)",
        lambda match: f"{numbers.digits(match[1])}到{numbers.digits(match[2])}",
    ),
    rule(
        r"(?<!\d)([5-9][05]|00|05|10)后(?![天年来面续的])",
        lambda match: f"{numbers.digits(match[1])}后",
    ),
    rule(
        r"(?<![\d.])(\d{1,2})[.·](\d{1,2})(?=国庆|假期|长假|黄金周|劳动节|晚会|事件|大地震)",
        _memorial_day,
    ),
    rule(r"(?<![\d.])(\d{1,2})·(\d{1,2})(?![\d.·])", _memorial_day),
    rule(r"(?<=\d[月日号])-(?=\d)", "到"),
    rule(
        rf"(?<![\d:：.]){_CLOCK}(?:\s?([aApP]\.?[mM])\.?(?![A-Za-z]))?(?:\s?{DASH}\s?{_CLOCK})"
        rf"?(?![\d:：])整?",
        _clock,
    ),
)
