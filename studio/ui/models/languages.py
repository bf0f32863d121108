"""Names of the languages that models know."""

from __future__ import annotations

from PySide6.QtCore import QLocale

from studio.core.translation import mark, tr_marked

NAMES = (
    mark("Arabic"),
    mark("Chinese"),
    mark("Dutch"),
    mark("English"),
    mark("French"),
    mark("German"),
    mark("Hindi"),
    mark("Italian"),
    mark("Japanese"),
    mark("Korean"),
    mark("Polish"),
    mark("Portuguese"),
    mark("Russian"),
    mark("Spanish"),
    mark("Turkish"),
    mark("Vietnamese"),
)
"""Qt's names of the catalog's languages; Qt has no translations of them."""


def english_name(code: str) -> str:
    """Return a language's English name."""
    language = QLocale(code).language()
    return code if language is QLocale.Language.C else QLocale.languageToString(language)


def language_name(code: str) -> str:
    """Return a language's name for the user."""
    return tr_marked(english_name(code))
