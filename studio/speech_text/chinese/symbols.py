"""Symbols in words, and spaces."""

from __future__ import annotations

import re

from studio.speech_text.chinese import tables
from studio.speech_text.currencies import any_of
from studio.speech_text.rule import Rule, rule

RULES: tuple[Rule, ...] = (
    rule(r"(?<=[\u4e00-\u9fff])·(?=[\u4e00-\u9fff])", ""),
    rule(r"(?<=[A-Za-z])(?:\+\+|#)", lambda match: " plus plus" if match[0] == "++" else " sharp"),
    rule(r"(?<=[A-Za-z])&(?=[A-Za-z])", " and "),
    rule(r"-->|->|=>|==>", "到"),
    rule(r"<=|>=|<-+", ""),
    rule(
        r"(?<=[\u4e00-\u9fff])/(?=[天年月日周人次个台件斤米吨亩升克]|小时|分钟|秒|公斤|平方米)",
        "每",
    ),
    rule(r"(?<=元)/(?=[\u4e00-\u9fff])", "每"),
    rule(
        rf"(?<=元)/({any_of(tables.UNITS)})(?![A-Za-z0-9])", lambda one: f"每{tables.UNITS[one[1]]}"
    ),
    rule(r"/", " "),
    rule(r"(?<=[\u4e00-\u9fff])\.(?=[\u4e00-\u9fff])", "，"),
    rule(rf"[{re.escape(''.join(tables.SYMBOLS))}]", lambda match: tables.SYMBOLS[match[0]]),
    rule(rf"[{re.escape(tables.SILENT)}]+", " "),
    rule(r"[^\S\n]{2,}", " "),
    rule(
        r"(?<=[\u4e00-\u9fff])[^\S\n](?=[\u4e00-\u9fff])|(?<![^\S\n])[^\S\n]++(?=[，。！？；：、）])",
        "",
    ),
)
