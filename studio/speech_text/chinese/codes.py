"""Numbers that name something: telephones, codes, trains, IP addresses, versions, ordinals."""

from __future__ import annotations

import re

from studio.speech_text.chinese import number_words as numbers
from studio.speech_text.chinese import tables
from studio.speech_text.chinese.quantity import DASH, quantity
from studio.speech_text.roman import value_of
from studio.speech_text.rule import Match, Rule, rule


def _groups(text: str) -> str:
    return "，".join(map(numbers.digits, re.findall(r"\d+", text)))


def _telephone(match: Match) -> str:
    return ("加" if match[0].startswith("+") else "") + _groups(match[0])


def _dotted(match: Match) -> str:
    """Return an IP address digit by digit, and a version number by number."""
    parts = match[0].split(".")
    is_address = len(parts) == 4 and all(int(part) < 256 for part in parts if len(part) < 4)
    return "点".join(
        numbers.digits(part) if is_address or part[0] == "0" else numbers.cardinal(part)
        for part in parts
    )


def _cued(match: Match) -> str:
    return match[1] + numbers.digits(match[2])


def _train(match: Match) -> str:
    return match[1] + numbers.digits(match[2])


def _ordinal(match: Match) -> str:
    return f"第{quantity(match[1])}" + (f"到{quantity(match[2])}" if match[2] else "")


_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_EMERGENCY = "1(?:10|12|14|19|20|22)|12320|12345|12348|12366|12369"
_NUMERAL = r"(?:I{2,3}|IV|VI{1,3}|IX|XI{1,3}|XIV|XV|XVI{0,3})"


def _plate(match: Match) -> str:
    number = "".join(numbers.digits(one) if one.isdecimal() else one for one in match[2])
    return match[1] + number


def _letters_and_digits(match: Match) -> str:
    return match[1] + numbers.digits(match[2])


def _roman(match: Match) -> str:
    return numbers.cardinal(value_of(match[0]) or 0)


RULES: tuple[Rule, ...] = (
    rule(rf"([{_PROVINCES}][A-Z])[·\s]?(?=[A-Z]{{0,2}}\d)([A-Z0-9]{{5,6}})(?![A-Za-z0-9])", _plate),
    rule(
        r"((?:航班|车次|列车|高铁|动车|代码|编号|型号)号?[:：\s]?[A-Z]{1,3})\s?(\d{1,6})(?!\d)",
        _letters_and_digits,
    ),
    rule(
        rf"(?<![\d.])(?:{_EMERGENCY})(?=报警|急救|电话|热线|指挥|火警|接线|调度|救护)",
        lambda match: numbers.digits(match[0]),
    ),
    rule(
        rf"(?<=[打拨])(?:{_EMERGENCY})(?![\d.,%]|\s?(?:[万亿]|{tables.MEASURE_WORDS}))",
        lambda match: numbers.digits(match[0]),
    ),
    rule(r"(?<!\d)[48]00(?=电话|热线|客服)", lambda match: numbers.digits(match[0])),
    rule(r"(?<!\d)(?:985|211)(?=[/、和]|大学|高校|院校|工程)", lambda m: numbers.digits(m[0])),
    rule(r"(?<!\d)618(?=大促|购物|活动|年中)", lambda match: numbers.digits(match[0])),
    rule(
        r"(?<![\d.,-])\d{3,4}(?=室|房间|病房|寝室|宿舍|教室)|(?<=[楼栋座])\d{3,4}(?![\d.]|[平米个人])",
        lambda match: numbers.digits(match[0]),
    ),
    rule(r"#([^#\s]{1,40})#", r"\1"),
    rule(rf"(?<![A-Za-z0-9.]){_NUMERAL}(?=[级期型类章卷部世节])", _roman),
    rule(r"\+\d{1,3}[\s-]?\d[\d\s()-]{5,16}\d(?!\d)", _telephone),
    rule(
        r"(?<![\d.-])(?:\(0\d{2,3}\)|（0\d{2,3}）|0\d{2,3}[-\s])\s?\d{7,8}(?:-\d{1,6})?(?![\d-])",
        _telephone,
    ),
    rule(
        r"(?<![\d.-])(?:1[3-9]\d[-\s]\d{4}[-\s]\d{4}|[48]00[-\s]\d{3,4}[-\s]\d{3,4}|"
        r"[48]00[-\s]\d{7})(?![\d-])",
        _telephone,
    ),
    rule(r"(?<![\d.A-Za-z-])\d{1,8}(?:-\d{1,8}){2,6}(?![\w-])", _telephone),
    rule(
        rf"((?:{tables.DIGIT_CUES})(?:是|为|号码|号)?[:：\s]?)(\d{{3,}})(?![\d.]*\d|[-,:/%]\d|元|块|次|个|人)",
        _cued,
    ),
    rule(
        rf"(?<![\d.,])(?:{tables.SERVICE_NUMBERS})(?![\d.,%]|\s?(?:[万亿]|{tables.MEASURE_WORDS}))",
        lambda match: numbers.digits(match[0]),
    ),
    rule(r"(?<![A-Za-z0-9])([A-Z]{1,2})(\d{1,4})(?=次|航班|列车|号列车|号航班)", _train),
    rule(r"(?<![\d.])\d{1,9}(?:\.\d{1,9}){2,9}(?!\.?\d)", _dotted),
    rule(r"(?<![A-Za-z])(?:NO|No|no)\.?\s?(?=\d)", "第"),
    rule(r"(?<!\w)#(?=\d)", "第"),
    rule(rf"第\s?(\d+)(?:\s?{DASH}\s?(\d+))?", _ordinal),
)
