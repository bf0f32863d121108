"""The texts of a form that may have alternatives: `{red|blue}`, `__animal__` and `[1..3]`.

A form is no batch file: a text without alternatives stays as it is, also with `$` and `__init__`.
`alternatives` reads them.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

Mode = Literal["one", "all", "off"]
MAX_JOBS = 200
"""Of one click; a batch from a file may have more."""
MAX_WILDCARDS = 1_000
"""In a text; a text with more is no prompt of a form, and each name costs a look at the disk."""
# Linear in the text: each brace reads up to the next one.
_ALTERNATIVES = re.compile(
    r"\{[^{}|]*+\|"
    r"|\[\s*+[+-]?\d{1,15}(?:\.\d{1,15})?\s*+\.\.\s*+[+-]?\d"
)
_WILDCARD = re.compile(r"__(?!_)([^\s{}|$\[\]]{1,100}?)__")


class PromptTexts(NamedTuple):
    """The texts of a form that may have alternatives, named as in requests."""

    prompt: str = ""
    negative_prompt: str = ""


class Alternatives(msgspec.Struct, frozen=True):
    """What the texts of a form stand for."""

    count: int = 1
    """Number of combinations; 1 if there are no alternatives."""
    problem: str = ""
    """Why they cannot be read, which continues "The prompt …"."""


def have_alternatives(texts: PromptTexts, folder: Path) -> bool:
    """Return True if a text has alternatives. Reads no file, but looks for wildcard files."""
    return any(has_alternatives(text, folder) for text in texts)


def has_alternatives(text: str, folder: Path) -> bool:
    """Return True if one text has alternatives."""
    if _ALTERNATIVES.search(text) is not None:
        return True
    names = {found[1] for found in itertools.islice(_WILDCARD.finditer(text), MAX_WILDCARDS)}
    return any((folder / f"{name}.txt").is_file() for name in names)
