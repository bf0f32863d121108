"""Chinese text as it is spoken: numbers, dates, times, money, units and symbols become Chinese
characters.

As `english.normalize`: rules in order, each of which leaves words. Latin words and names with
digits (GPT-4, MP3) are read by the rules of English, since their phonemes come from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from studio.speech_text import chinese_numbers as numbers
from studio.speech_text import chinese_tables as tables
from studio.speech_text import english
from studio.speech_text.currencies import CODE, CODES, ONE_SIGN, SIGN, SIGNS, any_of

Match = re.Match[str]


def normalize(text: str) -> str:
    """Return cleaned Chinese text (`cleaning.clean`) with everything written out that is not a
    word.
    """
    for rule in _RULES:
        text = rule(text)
    return text.strip()


def _rule(pattern: str, replacement: Callable[[Match], str] | str) -> Callable[[str], str]:
    compiled = re.compile(pattern)
    return lambda text: compiled.sub(replacement, text)


_DASH = r"(?:[-–—−~～]|——|至|到)"
_N = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
_START = r"(?<![\d.,A-Za-z])"
_TWO = re.compile(rf"(?:{tables.MEASURE_WORDS}|多?[万亿千])")
_MINUS = r"(?<![\w)\]）])[-−]|(?<![\d.A-Za-z)\]）-])−"


def _number(text: str) -> str:
    """Return a quantity, never digit by digit."""
    whole, point, fraction = text.partition(".")
    words = numbers.cardinal("".join(filter(str.isdecimal, whole)) or "0")
    return f"{words}点{numbers.digits(fraction)}" if point and fraction else words


def _counted(text: str, after: str) -> str:
    """Return a number before `after`: 两 for a bare 2 before a measure word."""
    return "两" if text == "2" and _TWO.match(after) else _number(text)


# Dates and times
# ----------------------------------------------------------------------


def _day(year: str, month: str, day: str) -> str:
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
    """Return a day that is known by its numbers: 9·18 is 九一八, 10.1 is 十一."""
    return ("十" if match[1] == "10" else numbers.digits(match[1])) + numbers.digits(match[2])


_HALVES = {"am": "上午", "pm": "下午"}
_RATIO = re.compile(rf"(?:{tables.RATIO_CUES})\s?(?:是|为|约)?\s?$")


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
    if _RATIO.search(match.string[max(0, match.start() - 8) : match.start()]) and not match[3]:
        return match[0]
    words = _clock_words(match[1], match[2], match[3])
    if match[4]:
        words = _HALVES[match[4].lower().replace(".", "")] + words
    if match[5]:
        words += f"到{_clock_words(match[5], match[6], match[7])}"
    return words


# Numbers that are names
# ----------------------------------------------------------------------


def _groups(text: str) -> str:
    return "，".join(map(numbers.digits, re.findall(r"\d+", text)))


def _telephone(match: Match) -> str:
    return ("加" if match[0].startswith("+") else "") + _groups(match[0])


def _dotted(match: Match) -> str:
    """Addresses of computers digit by digit, versions number by number."""
    parts = match[0].split(".")
    is_address = len(parts) == 4 and all(int(part) < 256 for part in parts if len(part) < 4)
    return "点".join(
        numbers.digits(part) if is_address or part[0] == "0" else numbers.cardinal(part)
        for part in parts
    )


# Money
# ----------------------------------------------------------------------

_SCALE = r"(?:\s?(thousand|million|billion|trillion)\b|(mn|bn|[kKmMbBT])(?![A-Za-z])|(十万|百万|千万|万亿|[十百千万亿]))?"  # noqa: E501
_NAMES = r"(?:\s?(?:元|块钱|块|人民币|美元|美金|欧元|英镑|港元|港币|日元|韩元|卢布|澳元|加元))?"


def _money(match: Match) -> str:
    """¥49.90, ￥5-10万, -$5, $1.5 million, US$20亿, RMB 50."""
    part = match.groupdict()
    sign = part["sign"] or part["code"]
    name = "元" if sign == "¥" else (SIGNS.get(sign) or CODES[sign]).chinese
    if part["name"].strip():
        name = part["name"].strip()
    minus = "负" if part["minus"] or part["minus2"] else ""
    first, last = part["first"], part["last"]
    scale = _scale(part)
    begin = f"{_scaled(first, scale, last)}到" if last else ""
    return f"{minus}{begin}{_scaled(last or first, scale, name)}{name}{_per(part['per'])}"


def _money_behind(match: Match) -> str:
    part = match.groupdict()
    sign = part["sign"] or part["code"]
    name = "元" if sign == "¥" else (SIGNS.get(sign) or CODES[sign]).chinese
    minus = "负" if part["minus"] else ""
    scale = _scale(part)
    begin = f"{_scaled(part['first'], scale, '')}到" if part["last"] else ""
    return f"{minus}{begin}{_scaled(part['last'] or part['first'], scale, name)}{name}{_per(part['per'])}"  # noqa: E501


def _scale(part: dict[str, str | None]) -> str:
    return part["word"] or part["letter"] or part["han"] or ""


def _scaled(number: str, scale: str, after: str) -> str:
    if scale in tables.SCALES:
        value = Decimal(number.replace(",", "")).scaleb(tables.SCALES[scale])
        for name, power in (("亿", 8), ("万", 4)):
            if value >= 10**power and len(f"{value:f}") <= 16:
                return f"{_counted(_short(value.scaleb(-power)), name)}{name}"
        return _number(_short(value))
    return f"{_counted(number, scale or after)}{scale}"


def _short(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _per(unit: str | None) -> str:
    if not unit:
        return ""
    names = {
        "d": "天",
        "day": "天",
        "month": "月",
        "mo": "月",
        "year": "年",
        "hour": "小时",
        "week": "周",
        "person": "人",
    }
    return f"每{tables.UNITS.get(unit) or names.get(unit, unit)}"


_SCALE_NAMED = (
    _SCALE.replace("(thousand", "(?P<word>thousand")
    .replace("(mn", "(?P<letter>mn")
    .replace("(十", "(?P<han>十")
)
_PER = r"(?:/(?P<per>[A-Za-z]{1,6}|[\u4e00-\u9fff])(?![A-Za-z]))?"
_MONEY = (
    rf"(?P<minus>(?<![\d.A-Za-z)\]）])[-−])?(?:(?P<sign>{SIGN})|(?P<code>(?<![A-Za-z])(?:{CODE})))\s?(?P<minus2>[-−])?(?P<first>{_N})"
    rf"(?:\s?{_DASH}\s?(?:{SIGN})?(?P<last>{_N}))?{_SCALE_NAMED}(?P<name>{_NAMES}){_PER}"
)
_MONEY_BEHIND = (
    rf"(?P<minus>(?<![\d.A-Za-z)\]）])[-−])?{_START}(?P<first>{_N})(?:\s?{_DASH}\s?(?P<last>{_N}))?{_SCALE_NAMED}"
    rf"\s?(?:(?P<sign>{ONE_SIGN})(?!\d)|(?P<code>{CODE})(?![A-Za-z])){_PER}"
)


# Units, percent, fractions
# ----------------------------------------------------------------------


def _units(match: Match) -> str:
    part = match.groupdict()
    name = tables.POWERS.get(part["power"] or "", "") + tables.UNITS[part["unit"]]
    minus = ""
    if part["minus"]:
        minus = "零下" if part["unit"][0] == "°" and part["unit"] != "°" else "负"
    name = f"{name}每{_per_unit(part)}" if part["per"] else name
    begin = (
        f"{_number(part['first'])}{name if minus else ''}到" if part["last"] else ""
    )  # the minus is of the first alone
    return f"{minus}{begin}{_counted(part['last'] or part['first'], name)}{name}"


def _per_unit(part: dict[str, str]) -> str:
    names = {"h": "小时", "hr": "小时", "d": "天", "day": "天", "min": "分钟", "s": "秒"}
    return tables.POWERS.get(part["per_power"] or "", "") + (
        names.get(part["per"]) or tables.UNITS.get(part["per"]) or part["per"]
    )


_UNIT = (
    rf"(?P<minus>(?<![\d.A-Za-z)\]）])[-−])?{_START}(?P<first>{_N})(?:°?C?\s?{_DASH}\s?(?P<last>{_N}))?\s?"
    rf"(?P<unit>{any_of(tables.UNITS)})(?P<power>[23²³])?(?:/(?P<per>[A-Za-zμ]{{1,5}})(?P<per_power>[23²³])?)?(?![A-Za-z0-9²³])"
)


def _percent(match: Match) -> str:
    part = match.groupdict()
    of = "百分之" if part["mark"] == "%" else "千分之"
    first, last = part["first"], part["last"]
    minus = "负" if part["minus"] else "正" if match[0].startswith("+") else ""
    if last:
        return f"{minus}{of}{_percent_number(first)}到{of}{_percent_number(last)}"
    return f"{minus}{of}{_percent_number(first)}"


def _percent_number(text: str) -> str:
    return "百" if text == "100" else _number(text)


def _fraction(match: Match) -> str:
    whole, above, below = match[1], match[2], match[3]
    if match[0] == "24/7":
        return "二十四小时七天"
    if int(above) >= int(below) and int(above) <= 12 and int(below) <= 31 and not whole:
        return f"{numbers.cardinal(above)}月{numbers.cardinal(below)}日"
    words = f"{numbers.cardinal(below)}分之{numbers.cardinal(above)}"
    return f"{numbers.cardinal(whole)}又{words}" if whole else words


# Ranges, operators, what is left
# ----------------------------------------------------------------------


def _ratio(match: Match) -> str:
    return f"{numbers.plain(match[1])}比{numbers.plain(match[2])}" + (
        f"比{numbers.plain(match[3])}" if match[3] else ""
    )


def _range(match: Match) -> str:
    first, last = match[1], match[2]
    before = match.string[max(0, match.start() - 8) : match.start()]
    after = match.string[match.end() : match.end() + 4]
    if after.lstrip().startswith("="):
        return f"{_number(first)}减{_number(last)}"
    if _RATIO.search(before) and not re.match(tables.MEASURE_WORDS, after):
        return f"{numbers.plain(first)}比{numbers.plain(last)}"
    if (
        len(first) == 4
        and len(last) in (2, 4)
        and "1000" <= first <= "2099"
        and not re.match(tables.MEASURE_WORDS, after)
    ):
        return f"{numbers.digits(first)}到{numbers.digits(last)}"
    return f"{_counted(first, after)}到{_counted(last, after)}"


def _operator(match: Match) -> str:
    return tables.BETWEEN_NUMBERS[match[1]]


def _cued(match: Match) -> str:
    return match[1] + numbers.digits(match[2])


def _ordinal(match: Match) -> str:
    return f"第{_number(match[1])}" + (f"到{_number(match[2])}" if match[2] else "")


def _left_over(match: Match) -> str:
    text = match[0]
    after = match.string[match.end() : match.end() + 6]
    if text == "2" and _TWO.match(after):
        return "两"
    is_counted = bool(re.match(rf"\s?(?:多|余|几)?(?:{tables.MEASURE_WORDS}|[万亿])", after))
    return _number(text) if is_counted and text[0] != "0" else numbers.plain(text)


def _latin(match: Match) -> str:
    return english.normalize(match[0]) if any(map(str.isdecimal, match[0])) else match[0]


def _train(match: Match) -> str:
    return match[1] + numbers.digits(match[2])


_WORD = r"[A-Za-zÀ-ÖØ-öø-ɏ][A-Za-zÀ-ÖØ-öø-ɏ0-9'’]*(?:[-.][A-Za-zÀ-ÖØ-öø-ɏ0-9]+)*"
_CLOCK = r"([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?"
_RULES: list[Callable[[str], str]] = [
    _rule(r"〇", "零"),
    _rule(english.EMAIL, lambda match: english.read_email(match)),
    _rule(english.URL, lambda match: english.read_url(match)),
    # Dates
    _rule(
        r"(?<![\d./-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})日?(?:T(?=\d))?(?![\d/-]|\.\d)", _iso_date
    ),
    _rule(r"(?<![\d./-])(\d{1,2})([-/.])(\d{1,2})\2((?:19|20)\d{2})(?![\d/-]|\.\d)", _western_date),
    _rule(r"(?<![\d./-])((?:19|20)\d{2})[-/.](0[1-9]|1[0-2])月?(?![\d/-]|\.\d)", _year_month),
    _rule(
        rf"(?<![\d.])(?:((?:1\d|20)\d{{2}})(年?){_DASH})?((?:1\d|20)\d{{2}})年(?!级|代)(?!(?<=00年)(?:前|后|来|间|内|以|的历史|历史|之久|左右))",
        _year,
    ),
    _rule(rf"(?<!\d)(?:(\d{{4}}|\d0){_DASH})?(\d{{4}}|\d0)年代", _century_years),
    _rule(
        r"(?<![\d./-])((?:19|20)\d{2})[/-](\d{2})(?=赛季|学年|财年|年度)",
        lambda match: f"{numbers.digits(match[1])}到{numbers.digits(match[2])}",
    ),
    _rule(
        r"(?<!\d)([5-9][05]|00|05|10)后(?![天年来面续的])",
        lambda match: f"{numbers.digits(match[1])}后",
    ),
    _rule(
        r"(?<![\d.])(\d{1,2})[.·](\d{1,2})(?=国庆|假期|长假|黄金周|劳动节|晚会|事件|大地震)",
        _memorial_day,
    ),
    _rule(r"(?<![\d.])(\d{1,2})·(\d{1,2})(?![\d.·])", _memorial_day),
    _rule(r"(?<=\d[月日号])-(?=\d)", "到"),
    # Times
    _rule(
        rf"(?<![\d:：.]){_CLOCK}(?:\s?([aApP]\.?[mM])\.?(?![A-Za-z]))?(?:\s?{_DASH}\s?{_CLOCK})?(?![\d:：])",
        _clock,
    ),
    # Numbers that are names
    _rule(r"\+\d{1,3}[\s-]?\d[\d\s()-]{5,16}\d(?!\d)", _telephone),
    _rule(
        r"(?<![\d.-])(?:\(0\d{2,3}\)|（0\d{2,3}）|0\d{2,3}[-\s])\s?\d{7,8}(?:-\d{1,6})?(?![\d-])",
        _telephone,
    ),
    _rule(
        r"(?<![\d.-])(?:1[3-9]\d[-\s]\d{4}[-\s]\d{4}|[48]00[-\s]\d{3,4}[-\s]\d{3,4}|[48]00[-\s]\d{7})(?![\d-])",
        _telephone,
    ),
    _rule(r"(?<![\d.A-Za-z-])\d{1,8}(?:-\d{1,8}){2,6}(?![\w-])", _telephone),
    _rule(
        rf"((?:{tables.DIGIT_CUES})(?:是|为|号码|号)?[:：\s]?)(\d{{3,}})(?![\d.]*\d|[-,:/%]\d|元|块|次|个|人)",
        _cued,
    ),
    _rule(
        rf"(?<![\d.,])(?:{tables.SERVICE_NUMBERS})(?![\d.,%]|\s?(?:[万亿]|{tables.MEASURE_WORDS}))",
        lambda match: numbers.digits(match[0]),
    ),
    _rule(r"(?<![A-Za-z0-9])([A-Z]{1,2})(\d{2,4})(?=次|航班|列车|号列车|号航班)", _train),
    _rule(r"(?<![\d.])\d{1,9}(?:\.\d{1,9}){2,9}(?!\.?\d)", _dotted),
    _rule(r"(?<![A-Za-z])(?:NO|No|no)\.?\s?(?=\d)", "第"),
    _rule(r"(?<!\w)#(?=\d)", "第"),
    _rule(rf"第\s?(\d+)(?:\s?{_DASH}\s?(\d+))?", _ordinal),
    # Amounts
    _rule(_MONEY, _money),
    _rule(_MONEY_BEHIND, _money_behind),
    _rule(
        rf"(?P<minus>(?<![\d.A-Za-z)\]）])[-−])?\+?{_START}(?P<first>{_N})[%‰]?(?:\s?{_DASH}\s?(?P<last>{_N}))?(?P<mark>[%‰])",
        _percent,
    ),
    _rule(_UNIT, _units),
    _rule(
        r"(?<![\d/.A-Za-z])(?:(\d{1,6})[\s又])?(\d{1,4})/([1-9]\d{0,3})(?![\d/A-Za-z]|\.\d)",
        _fraction,
    ),
    # Latin words with digits in them
    _rule(rf"(?<![A-Za-zÀ-ÖØ-öø-ɏ0-9]){_WORD}", _latin),
    # Ratios, ranges, operators, signs
    _rule(r"(?<![\d:：.])(\d{1,9})\s?[:：]\s?(\d{1,9})(?:[:：](\d{1,9}))?(?![\d:：])", _ratio),
    _rule(rf"(?<![\d.,A-Za-z-])({_N})\s?(?:[-–—−~]|——)\s?({_N})(?![\d-]|\.\d)", _range),
    _rule(r"(?<=\d)\s?[-−]\s?(?=\d)", "减"),
    _rule(rf"(?<=\d)\s?([{re.escape(''.join(tables.BETWEEN_NUMBERS))}])\s?(?=[-−]?\d)", _operator),
    _rule(rf"(?<![\d.A-Za-z)\]）{tables.NO_MINUS}-])[-−](?=\d)", "负"),
    _rule(r"(?<=[A-Za-z\u4e00-\u9fff)）])-(?=\d)", " "),
    _rule(r"(?<!\w)\+(?=\d)", "正"),
    _rule(r"[~～](?=\d)", "约"),
    # What is left
    _rule(rf"(?<!\d){_N}", _left_over),
    _rule(r"(?<=[\u4e00-\u9fff])·(?=[\u4e00-\u9fff])", ""),
    _rule(r"(?<=[A-Za-z])(?:\+\+|#)", lambda match: " plus plus" if match[0] == "++" else " sharp"),
    _rule(r"(?<=[A-Za-z])&(?=[A-Za-z])", " and "),
    _rule(r"-->|->|=>|==>", "到"),
    _rule(r"<=|>=|<-+", ""),
    _rule(r"(?<=[\u4e00-\u9fff])/(?=[天年月日周人次个台件斤米]|小时|分钟|秒|公斤|平方米)", "每"),
    _rule(r"/", " "),
    _rule(r"(?<=[\u4e00-\u9fff])\.(?=[\u4e00-\u9fff])", "，"),
    _rule(rf"[{re.escape(''.join(tables.SYMBOLS))}]", lambda match: tables.SYMBOLS[match[0]]),
    _rule(rf"[{re.escape(tables.SILENT)}]+", " "),
    _rule(r"[^\S\n]{2,}", " "),
    _rule(
        r"(?<=[\u4e00-\u9fff])[^\S\n](?=[\u4e00-\u9fff])|(?<![^\S\n])[^\S\n]++(?=[，。！？；：、）])",
        "",
    ),
]
