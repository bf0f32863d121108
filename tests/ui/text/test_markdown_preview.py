"""The preview: what it shows, what it never loads, and texts that are made to hang it."""

import time

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextDocument
from PySide6.QtTest import QTest

from studio.ui.text.highlighting import LANGUAGES
from studio.ui.text.markdown_preview import MAX_CHARACTERS, page_of
from tests.ui.conftest import PATIENCE, choose_theme
from tests.ui.text.test_document_page import choose

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
TEXT = "# Rain\n\nSome **bold** text.\n\n```python\ndef f():\n    return 1\n```\n\n- one\n- two\n"


def test_markdown_is_shown_next_to_the_text_and_code_is_copied(qtbot, open_page):
    page = open_page()
    page.editor.insertPlainText(TEXT)
    QTest.keyClick(page.editor, Qt.Key.Key_M, CONTROL | SHIFT)
    preview = page.preview
    qtbot.waitUntil(lambda: "def f():" in preview.toPlainText(), timeout=PATIENCE)
    assert page.editor.isVisible()
    shown = preview.toPlainText()
    assert "# Rain" not in shown
    assert "**" not in shown
    page.editor.insertPlainText("Last words")
    qtbot.waitUntil(lambda: "Last words" in preview.toPlainText(), timeout=PATIENCE)
    with qtbot.waitSignal(preview.copied, timeout=PATIENCE):
        preview.anchorClicked.emit(QUrl("copy:0"))
    assert QGuiApplication.clipboard().text() == "def f():\n    return 1"
    choose(page.header.more_menu, "Preview")
    assert not page.editor.isVisible()
    choose(page.header.more_menu, "Text")
    assert page.editor.isVisible()
    assert not preview.isVisible()


def test_code_is_highlighted_in_both_themes():
    pages = [page_of(TEXT, "md", is_dark=is_dark)[0] for is_dark in (False, True)]
    assert pages[0] != pages[1]
    assert all('<span style="color' in page for page in pages)
    assert page_of("```brainfuck\n+<b>\n```", "md", is_dark=False)[0].count("+&lt;b&gt;") == 1


def test_nothing_is_loaded_and_no_html_of_the_text_is_read(qtbot, open_page, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    page = open_page()
    page.editor.insertPlainText(
        f"# x\n<script>alert(1)</script> <img src='file://{secret}'> ![a](file://{secret}) "
        f"[open](file://{secret}) [copy](copy:99) [web](https://example.org)\n<b>not bold</b>\n"
    )
    page.show_preview("only")
    preview = page.preview
    qtbot.waitUntil(lambda: "not bold" in preview.toPlainText(), timeout=PATIENCE)
    assert "<script>" in preview.toPlainText()
    html = preview.document().toHtml()
    assert "secret" not in preview.toPlainText().replace("secret.txt", "")
    assert 'href="file' not in html
    image = preview.document().resource(
        QTextDocument.ResourceType.ImageResource, QUrl(f"file://{secret}")
    )
    assert b"secret" not in bytes(image)
    preview.anchorClicked.emit(QUrl("copy:99"))
    preview.anchorClicked.emit(QUrl("https://example.org"))
    assert QGuiApplication.clipboard().text() == "https://example.org"


HOSTILE = {
    "quotes": "> " * 20_000,
    "lists": "\n".join("  " * n + "- x" for n in range(200)),
    "brackets": "[" * 20_000,
    "stars": "*a " * 13_000,
    "links": "[a](" * 10_000,
    "cells": "|" * 20_000 + "\n" + "|-" * 10_000 + "\n" + "|" * 20_000,
    "one word": "# x\n" + "w" * 2_000_000,
    "fences": "```\n" * 10_000,
    "tags": "<a " * 13_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_take_a_bounded_time(qtbot, open_page, text):
    page = open_page()
    page.show_preview("both")
    begun = time.process_time()
    html, codes = page_of(text, "md", is_dark=False)
    page.preview._show(text, html, codes)
    page.preview.grab()
    assert time.process_time() - begun < 10
    assert len(html) < 60 * MAX_CHARACTERS


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_highlighting_takes_a_bounded_time(language):
    begun = time.process_time()
    for sign in ("`", '\\"', "a.b", "{", "<?", "a ", "(", "/*", "'", "$(", "//", "<a b="):
        page_of(f"```{language}\n{sign * (3_900 // len(sign))}\n```", "md", is_dark=False)
    assert time.process_time() - begun < 20


def test_code_follows_a_theme_of_the_menu_at_once(qtbot, open_page):
    page = open_page()
    page.editor.insertPlainText(TEXT)
    choose_theme(page.window(), "light")
    page.show_preview("beside")
    preview = page.preview
    qtbot.waitUntil(lambda: "def f():" in preview.toPlainText(), timeout=PATIENCE)
    light = preview.toHtml()
    choose_theme(page.window(), "dark")
    qtbot.waitUntil(lambda: preview.toHtml() != light, timeout=PATIENCE)
