"""Powers, charges, sets and numbers of programs in words: 10⁻³, x^2, Fe³⁺, A ∩ B, 2.5e-3, 0x1F."""

from __future__ import annotations

import re

from studio.speech_text.english import number_words as numbers
from studio.speech_text.rule import SUPERSCRIPTS, Match, Rule, plain_digits, rule

_NAMES = {
    "∩": "intersection",
    "∪": "union",
    "∈": "in",
    "∉": "not in",
    "⊂": "subset of",
    "⊆": "subset of",
    "∀": "for all",
    "∃": "there exists",
    "∅": "empty set",
    "∫": "integral of",
    "∏": "product of",
    "∂": "partial",
    "∝": "proportional to",
    "⊥": "perpendicular to",
    "∥": "parallel to",
    "∠": "angle",
    "∴": "therefore",
    "∵": "because",
    "∧": "and",
    "∨": "or",
    "⇔": "if and only if",
    "≡": "identical to",
    "∛": "cube root of",
}
_SIGNS = {"⁺": "plus", "⁻": "minus", "-": "minus ", "−": "minus "}


def _charge(match: Match) -> str:
    count = plain_digits(match[1])
    return f" {numbers.cardinal(count)} {_SIGNS[match[2]]}" if count else f" {_SIGNS[match[2]]}"


def _power(match: Match) -> str:
    sign, exponent = match[1], plain_digits(match[2])
    if not sign and exponent in ("2", "3"):
        return f" {'squared' if exponent == '2' else 'cubed'}"
    words = numbers.cardinal(exponent) if exponent.isdecimal() else exponent
    return f" to the power of {'minus ' if sign else ''}{words}"


def _scientific(match: Match) -> str:
    sign = "minus " if match[2] == "-" else ""
    exponent = f"ten to the power of {sign}{numbers.cardinal(match[3])}"
    return f"{numbers.plain(match[1])} times {exponent}"


def _hexadecimal(match: Match) -> str:
    letters = (numbers.digits(one) if one.isdecimal() else one.upper() for one in match[1])
    return f"zero x {' '.join(letters)}"


RULES: tuple[Rule, ...] = (
    rule(r"(?<![\w.])0x([0-9A-Fa-f]{1,16})(?!\w)", _hexadecimal),
    rule(r"(?<![\w.])(\d{1,9}(?:\.\d{1,9})?)e([+-]?)(\d{1,3})(?![\w.])", _scientific),
    rule(rf"([{SUPERSCRIPTS}]{{0,4}})([⁺⁻])(?![{SUPERSCRIPTS}])", _charge),
    # A footnote's mark, which nobody reads aloud.
    rule(rf"(?<=[a-z]{{3}})(?<!sin|cos|tan|log)[{SUPERSCRIPTS}]{{1,3}}(?!\w)", ""),
    rule(rf"(?<=[.,;:!?\"”])[{SUPERSCRIPTS}]{{1,3}}(?!\w)", ""),
    rule(rf"(?<=[\w)])(⁻?)([{SUPERSCRIPTS}ⁿ]{{1,9}})", _power),
    rule(r"(?<=[\w)])\^[({]?([-−]?)(\d{1,9}|[A-Za-z](?![A-Za-z]))[)}]?", _power),
    rule(rf"\s?([{re.escape(''.join(_NAMES))}])\s?", lambda match: f" {_NAMES[match[1]]} "),
)
