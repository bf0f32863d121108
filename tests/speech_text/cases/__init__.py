"""Cases of text normalization by category, two thirds to improve the rules with, one held out.

A line holds category, text and the readings that a person accepts, separated by ` | `. They were
written without running the rules. The held-out third is drawn by the text's hash, so that adding a
case moves no other one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from studio.speech_text import spoken

_HERE = Path(__file__).parent
_FILES = {"en": "english.tsv", "zh": "chinese.tsv"}


@dataclass(frozen=True)
class Case:
    """One text with the readings that a person accepts."""

    language: str
    category: str
    written: str
    readings: tuple[str, ...]

    @property
    def is_held_out(self) -> bool:
        """True for the third that no rule was improved with."""
        return hashlib.sha256(self.written.encode()).digest()[0] % 3 == 0

    @property
    def read_as(self) -> str:
        """The reading by the rules."""
        words = spoken(self.written, (self.language,), default=self.language)
        return " ".join(words.split())  # a space is not spoken

    @property
    def passes(self) -> bool:
        """True if the rules' reading is one that a person accepts."""
        return self.read_as in self.readings


def read_cases(language: str) -> list[Case]:
    """Return the cases of a language, "en" or "zh"."""
    lines = (_HERE / _FILES[language]).read_text(encoding="utf-8").splitlines()
    split = (line.split("\t") for line in lines if line)
    return [
        Case(language, category, written, tuple(readings.split(" | ")))
        for category, written, readings in split
    ]
