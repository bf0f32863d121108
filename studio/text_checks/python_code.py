"""Checks that a text is Python code, without running it."""

from __future__ import annotations

import ast
import warnings

from studio.text_checks.check import Check, Span

MAX_CHARACTERS = 200_000


def check_python(text: str) -> Check:
    """Check the syntax; marks the line of the first error. The code is never run."""
    if not text.strip():
        return Check(name="python", passed=False, message="There is no code.")
    if len(text) > MAX_CHARACTERS:
        message = f"The code has more than {MAX_CHARACTERS:,} characters."
        return Check(name="python", passed=False, message=message)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "invalid escape sequence" is no error
            ast.parse(text)
    except SyntaxError as error:
        line = error.lineno or 1
        message = f"Line {line} is not valid Python: {error.msg}."
        return Check(name="python", passed=False, message=message, spans=_line(text, line))
    except (ValueError, RecursionError, MemoryError):  # NUL; brackets nested too deeply
        return Check(name="python", passed=False, message="Python cannot read the code.")
    return Check(name="python", passed=True, message="The syntax is valid Python.")


def _line(text: str, number: int) -> tuple[Span, ...]:
    lines = text.split("\n")
    if not 1 <= number <= len(lines):
        return ()
    start = sum(len(line) + 1 for line in lines[: number - 1])
    return (Span(start, start + len(lines[number - 1]), "syntax error"),)
