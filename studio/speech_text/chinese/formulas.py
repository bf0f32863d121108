"""Powers, charges and signs of sets and geometry in words: 10⁻³, x^2, Ca²⁺, A∩B, ∠A."""

from __future__ import annotations

import re

from studio.speech_text.chinese import number_words as numbers
from studio.speech_text.rule import SUPERSCRIPTS, Match, Rule, plain_digits, rule

_NAMES = {
    "∩": "交",
    "∪": "并",
    "∈": "属于",
    "∉": "不属于",
    "⊂": "包含于",
    "⊆": "包含于",
    "∀": "任意",
    "∃": "存在",
    "∅": "空集",
    "∑": "求和",
    "∏": "连乘",
    "∫": "积分",
    "∂": "偏",
    "∝": "正比于",
    "⊥": "垂直于",
    "∥": "平行于",
    "∠": "角",
    "△": "三角形",
    "∴": "所以",
    "∵": "因为",
    "⇔": "等价于",
    "≡": "恒等于",
    "∛": "三次根号",
}
_NAMED_POWERS = {"2": "平方", "3": "立方"}


def _charge(match: Match) -> str:
    count = plain_digits(match[1])
    return f"{numbers.cardinal(count) if count else ''}{'正' if match[2] == '⁺' else '负'}"


def _power(match: Match) -> str:
    sign, exponent = match[1], plain_digits(match[2])
    if not sign and exponent in _NAMED_POWERS:
        return f"的{_NAMED_POWERS[exponent]}"
    words = numbers.cardinal(exponent) if exponent.isdecimal() else exponent
    return f"的{'负' if sign else ''}{words}次方"


RULES: tuple[Rule, ...] = (
    rule(rf"([{SUPERSCRIPTS}]{{0,4}})([⁺⁻])(?![{SUPERSCRIPTS}])", _charge),
    rule(rf"(?<=[。，！？；：”」])[{SUPERSCRIPTS}]{{1,3}}", ""),
    rule(rf"(?<=[A-Za-z\d)）])(⁻?)([{SUPERSCRIPTS}ⁿ]{{1,9}})", _power),
    rule(r"(?<=[A-Za-z\d)）])\^[({]?([-−]?)(\d{1,9}|[A-Za-z](?![A-Za-z]))[)}]?", _power),
    rule(rf"\s?([{re.escape(''.join(_NAMES))}])\s?", lambda match: _NAMES[match[1]]),
)
