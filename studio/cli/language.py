"""Choose the language of the command line before the texts of its help are made."""

from __future__ import annotations

import os
from collections.abc import Sequence

from studio.core.errors import StudioError
from studio.core.paths import data_folder
from studio.core.settings import Settings
from studio.core.settings_store import load_settings
from studio.core.translation import (
    DOMAIN,
    ENGLISH,
    catalog_folder,
    choose_language,
    current_language,
    use_language,
)


def use_language_of(arguments: Sequence[str]) -> None:
    """Use the language of the settings or the environment; English for output as JSON.

    What programs read must not depend on the language.
    """
    if "--json" in arguments:
        use_language(ENGLISH)
        return
    try:
        settings = load_settings(data_folder(_data_dir(arguments)))
    except (StudioError, OSError, ValueError):  # an odd path, which the command explains
        settings = Settings()
    use_language(choose_language(settings.language))
    if current_language() != ENGLISH:
        _translate_parser(current_language())


def _translate_parser(language: str) -> None:
    """Let typer and click, which ask gettext, find the texts of `parser_texts` in our catalog."""
    import gettext

    gettext.bindtextdomain(DOMAIN, str(catalog_folder()))
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = language  # which gettext reads


def _data_dir(arguments: Sequence[str]) -> str:
    """Return the value of `--data-dir`, which precedes the command, or ""."""
    for at, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--data-dir":
            return value if equals else "".join(arguments[at + 1 : at + 2])
    return ""
