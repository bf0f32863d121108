"""Checks that a text is a list, or prose."""

from __future__ import annotations

import re

from studio.text_checks.check import Check, Span, from_spans

POINT = re.compile(r"[ \t]{0,8}(?:[-*•·]|\d{1,2}[.)、])[ \t]*\S")


def check_list(text: str) -> Check:
    """Mark the lines that are no points of a list."""
    marked = from_spans("list", _lines(text, points=False), "lines that are no points")
    if not text.strip():
        return Check(name="list", passed=False, message="There are no points.")
    return marked


def check_prose(text: str) -> Check:
    """Mark the points of a list in a text that is to be prose."""
    return from_spans("prose", _lines(text, points=True), "points of a list")


def _lines(text: str, *, points: bool) -> list[Span]:
    spans = []
    for match in re.finditer(r"[^\n]+", text):
        line = match.group()
        if line.strip() and bool(POINT.match(line)) == points:
            spans.append(Span(*match.span(), "line"))
    return spans
