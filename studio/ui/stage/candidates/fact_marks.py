"""Underlines the numbers, names and quotes that the facts of a task do not contain."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor, QTextCharFormat

from studio.core.requests.text_task import Check, Span
from studio.core.translation import mark, tr, tr_marked
from studio.ui.stage.candidates.result_view import Mark

MAX_LISTED = 8
LISTED_CHARACTERS = 40
_QUOTES = '"“”「」『』'
_COLOR = "#e5484d"
_REASONS = {
    "number": mark("This number is not in the facts"),
    "currency": mark("This currency is not in the facts"),
    "name": mark("This name is not in the facts"),
    "quote": mark("This quote is not in the facts"),
}


def unsupported_spans(checks: Sequence[Check], length: int) -> list[Span]:
    """Return what the check of facts marked in a text with so many characters, in order.

    A place inside another one, such as a number in a quote, is left out.
    """
    found: list[Span] = []
    spans = (span for check in checks if check.name == "facts" for span in check.spans)
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        end = min(span.end, length)
        if span.start < end and (not found or span.start >= found[-1].end):
            found.append(Span(span.start, end, span.note))
    return found


def fact_marks(spans: Sequence[Span]) -> list[Mark]:
    """Return the underlines, with the reason as their tooltip."""
    return [Mark(span.start, span.end, _look(span.note)) for span in spans]


def fact_legend(text: str, spans: Sequence[Span]) -> str:
    """Return what is underlined, the first ones by name."""
    named = dict.fromkeys(" ".join(text[span.start : span.end].split()) for span in spans)
    shown = [f"“{one.strip(_QUOTES)[:LISTED_CHARACTERS]}”" for one in list(named)[:MAX_LISTED]]
    if len(named) > MAX_LISTED:
        shown.append("…")
    return tr("Underlined: not in the facts. Check it: {names}", names=", ".join(shown))


def _look(note: str) -> QTextCharFormat:
    look = QTextCharFormat()
    look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
    look.setUnderlineColor(QColor(_COLOR))
    look.setToolTip(tr_marked(_REASONS.get(note, mark("This is not in the facts"))))
    return look
