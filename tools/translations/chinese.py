"""Punctuation of Chinese texts: wide characters next to Chinese ones."""

from __future__ import annotations

import re

WIDE = {
    ",": "\N{FULLWIDTH COMMA}",
    ":": "\N{FULLWIDTH COLON}",
    ";": "\N{FULLWIDTH SEMICOLON}",
    "?": "\N{FULLWIDTH QUESTION MARK}",
    "!": "\N{FULLWIDTH EXCLAMATION MARK}",
    "(": "\N{FULLWIDTH LEFT PARENTHESIS}",
    ")": "\N{FULLWIDTH RIGHT PARENTHESIS}",
}
NARROW = {wide: narrow for narrow, wide in WIDE.items()} | {"\N{IDEOGRAPHIC FULL STOP}": "."}
_CHINESE = r"[\u4e00-\u9fff\u3001-\u3011\u201c\u201d\uff08\uff09]"
_MARK = re.compile(rf"(?:(?<={_CHINESE})|(?<=\}}))([,:;?!]) ?(?={_CHINESE}|[\w{{'`.@*]|$)")
_BEFORE_CHINESE = re.compile(rf"(?<=[\w}}'`\"%)])([,:;?!]) ?(?={_CHINESE})")
_PARENTHESES = re.compile(
    rf"(?<=[^ &])\(((?!&)[^()]*{_CHINESE}[^()]*)\)|(?<={_CHINESE})\(((?!&)[^()]*)\)"
)


def punctuate(text: str) -> str:
    """Return a Chinese text with wide punctuation; keys such as (&S) stay narrow."""
    if not re.search(_CHINESE, text):
        return text
    text = _PARENTHESES.sub(lambda match: f"\uff08{match[1] or match[2]}\uff09", text)
    text = _MARK.sub(lambda match: WIDE[match[1]], text)
    return _BEFORE_CHINESE.sub(lambda match: WIDE[match[1]], text)
