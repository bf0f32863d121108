"""Translate what a user reads; see docs/translations.md.

A text in a call is translated by `tr("Save the file")`. A text of a table that is made when its
module is imported is marked there, `mark("Save")`, and translated where it is shown,
`tr_marked(action.title)`: the language is chosen after the import. English is the language of the
source and opens no catalog.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.resources import resources

if TYPE_CHECKING:
    import gettext

VARIABLE = "STUDIO_LANGUAGE"
"""Environment variable with the language of this process and its children; beats the setting."""
ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "zh_CN": "简体中文"}
"""Language → its own name."""
DOMAIN = "studio"
"""gettext's name for the catalogs of a program."""
_SIMPLIFIED = ("cn", "sg", "hans")
_catalog: gettext.GNUTranslations | None = None
_language = ""
"""Empty until a text is translated or `use_language` is called."""


def tr(text: str, /, *, context: str = "", **values: object) -> str:
    """Return a text in the user's language, with values for its `{placeholders}`.

    `text` is a literal. `context` distinguishes two meanings of one English text.
    """
    shown = tr_marked(text, context)
    return shown.format(**values) if values else shown


def tr_plural(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the form of a text for a number, which is also the value of `{count}`.

    `one` is the English text for 1, `many` for any other number; both are literals.
    """
    if (catalog := _current()) is not None:
        shown = catalog.ngettext(one, many, count)
    else:
        shown = one if count == 1 else many
    return shown.format(count=count, **values)


def mark(text: str, context: str = "") -> str:
    """Return a literal as it is; its place in the source makes it part of the catalogs."""
    return text


def tr_marked(text: str, context: str = "") -> str:
    """Return a text that was marked elsewhere in the user's language."""
    if (catalog := _current()) is None or not text:  # "" has the catalog's header
        return text
    return catalog.pgettext(context, text) if context else catalog.gettext(text)


def current_language() -> str:
    """Return the language of this process, a key of LANGUAGES."""
    _current()
    return _language


def use_language(language: str) -> None:
    """Use a key of LANGUAGES from now on, also in processes that start later.

    Texts that are shown already stay as they are. English is used if the catalog is missing.
    """
    global _catalog, _language
    _catalog = _read_catalog(language) if language != ENGLISH else None
    _language = language if _catalog is not None else ENGLISH
    os.environ[VARIABLE] = _language


def choose_language(
    setting: str, system: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> str:
    """Return the language to use, a key of LANGUAGES.

    `setting`: the user's choice, or "system". `system`: the names of the desktop's languages, for
    systems without environment variables for them.
    """
    environment = os.environ if environment is None else environment
    for chosen in (environment.get(VARIABLE, ""), setting):
        if chosen in LANGUAGES:
            return chosen
    return next(filter(None, map(_known, _locales(environment) or system)), ENGLISH)


def _locales(environment: Mapping[str, str]) -> list[str]:
    """Return the languages that POSIX's variables name, the preferred one first."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next(filter(None, (environment.get(name) for name in names)), "")
    if not locale or locale.partition(".")[0] in ("C", "POSIX"):
        return [locale] if locale else []
    return [*filter(None, environment.get("LANGUAGE", "").split(":")), locale]


def _known(name: str) -> str:
    """Return the language for a locale's name such as `zh_CN.UTF-8` or `zh-Hans-CN`, or ""."""
    parts = name.partition(".")[0].partition("@")[0].replace("-", "_").lower().split("_")
    if parts[0] in ("en", "c", "posix"):
        return ENGLISH
    # Traditional Chinese (zh_TW, zh_HK) has words of its own; there is no catalog for it.
    if parts[0] == "zh" and (len(parts) == 1 or not set(_SIMPLIFIED).isdisjoint(parts)):
        return "zh_CN"
    return ""


def _current() -> gettext.GNUTranslations | None:
    """Return the catalog, None for English; a child has its parent's language in VARIABLE."""
    if not _language:
        chosen = os.environ.get(VARIABLE, "")
        use_language(chosen if chosen in LANGUAGES else ENGLISH)
    return _catalog


def _read_catalog(language: str) -> gettext.GNUTranslations | None:
    import gettext

    try:
        found = gettext.translation(DOMAIN, catalog_folder(), [language])
    except OSError:
        return None
    assert isinstance(found, gettext.GNUTranslations)
    return found


def catalog_folder() -> Path:
    """Return the folder of the catalogs, in gettext's layout."""
    return resources() / "translations"
