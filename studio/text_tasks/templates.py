"""Fills the placeholders of prompts."""

from __future__ import annotations

import re
from collections.abc import Mapping

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")

ONE_LESS = re.compile(r"\{(\w+)-1\}")
"""In a regular expression: a number less one."""


def fill_lines(template: str, texts: Mapping[str, str]) -> str:
    """Return a prompt with the texts; leave out lines whose texts are all empty.

    Texts are inserted once, so that braces in them stay as they are.
    """
    lines = []
    for line in template.strip("\n").split("\n"):
        names = PLACEHOLDER.findall(line)
        if not names or any(texts[name] for name in names):
            lines.append(PLACEHOLDER.sub(lambda match: texts[match[1]], line))
    return "\n".join(lines)
