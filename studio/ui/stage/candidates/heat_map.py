"""Marks on a text by the probability of its tokens: the less likely, the stronger."""

from __future__ import annotations

import math

from PySide6.QtGui import QColor, QTextCharFormat

from studio.core.artifact import TokenLogprobs
from studio.core.translation import tr
from studio.ui.stage.candidates.result_view import Mark

LEVELS = ((0.05, 160), (0.2, 100), (0.5, 45))
"""Probability below which a token is marked, and how opaque; text on each stays readable."""
_COLOR = "#d9730d"


def heat_marks(logprobs: TokenLogprobs, length: int) -> list[Mark]:
    """Return the marks of a text with so many characters; likely tokens have none."""
    looks = [(math.log(limit), _look(alpha)) for limit, alpha in LEVELS]
    choices = logprobs.choices
    marks = []
    for number, choice in enumerate(choices):
        if number + 1 < len(choices):
            end = choices[number + 1].start
        else:
            end = choice.start + len(logprobs.texts.get(choice.token, ""))
        look = next((look for limit, look in looks if choice.logprob < limit), None)
        if look is not None and choice.start < min(end, length):
            marks.append(Mark(choice.start, min(end, length), look))
    return marks


def heat_legend() -> str:
    """Return what the marks mean."""
    return tr("Marked: tokens with a probability below 50 %; stronger below 20 % and 5 %")


def _look(alpha: int) -> QTextCharFormat:
    look = QTextCharFormat()
    color = QColor(_COLOR)
    color.setAlpha(alpha)
    look.setBackground(color)
    return look
