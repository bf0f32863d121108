"""The document view of the real window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from tests.ui.conftest import PATIENCE


@pytest.fixture
def open_page(qtbot, open_studio):
    """Return a function that starts the program and shows the document view."""

    def start(**options):
        studio = open_studio(**options)
        tab = studio.window.text_tab
        with qtbot.waitSignal(tab.document_page.document_opened, timeout=PATIENCE):
            tab.views.bar.setFocus()
            QTest.keyClick(tab.views.bar, Qt.Key.Key_Right)
        assert tab.is_document_shown
        page = tab.document_page
        page.editor.setFocus()
        return page

    return start


@pytest.fixture
def open_file(qtbot, monkeypatch):
    """Return a function that chooses a file in the menu."""

    def choose_file(page, path):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(path), ""))
        from tests.ui.text.test_document_page import choose

        choose(page.header.title_menu, "Open a file…")

    return choose_file


def wait_saved(qtbot, page):
    """Wait until everything that was typed is stored."""
    qtbot.waitUntil(lambda: page.autosave.is_saved, timeout=PATIENCE)
