"""Symbols in words, and spaces."""

from __future__ import annotations

import re

from studio.speech_text.chinese import tables
from studio.speech_text.rule import Rule, rule

RULES: tuple[Rule, ...] = (
    rule(r"(?<=[\u4e00-\u9fff])·(?=[\u4e00-\u9fff])", ""),
    rule(r"(?<=[A-Za-z])(?:\+\+|#)", lambda match: " plus plus" if match[0] == "++" else " sharp"),
    rule(r"(?<=[A-Za-z])&(?=[A-Za-z])", " and "),
    rule(r"-->|->|=>|==>", "到"),
    rule(r"<=|>=|<-+", ""),
    rule(r"(?<=[\u4e00-\u9fff])/(?=[天年月日周人次个台件斤米]|小时|分钟|秒|公斤|平方米)", "每"),
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
