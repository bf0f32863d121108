"""The desktop's languages, and Qt's own texts, numbers and dates in the language of the window."""

from __future__ import annotations

import sys

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from studio.core.translation import ENGLISH, LANGUAGES


def desktop_languages() -> list[str]:
    """Return the desktop's languages, the preferred first; empty where variables name them."""
    return [] if sys.platform == "linux" else QLocale.system().uiLanguages()


def translate_qt(application: QCoreApplication, language: str) -> None:
    """Show Qt's own texts, for example of a dialog's buttons, and its numbers in a language.

    Numbers and dates stay in the desktop's formats if it has the language, or one that Studio does
    not have.
    """
    chosen, desktop = QLocale(language), QLocale.system()
    is_ours = desktop.language() in [QLocale(code).language() for code in LANGUAGES]
    keeps = desktop.language() is chosen.language() or (language == ENGLISH and not is_ours)
    QLocale.setDefault(desktop if keeps else chosen)
    for before in application.findChildren(QTranslator):
        application.removeTranslator(before)
        before.deleteLater()
    if language != ENGLISH:
        translator = QTranslator(application)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if translator.load(f"qtbase_{language}", folder):
            application.installTranslator(translator)
