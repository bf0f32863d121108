"""Misspelled words in a document: underlined, corrected, ignored and learned."""

import pytest
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from studio.core.settings_store import load_settings
from studio.ui.text.marking import spelling
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.text.conftest import wait_saved
from tests.ui.text.test_document_page import choose


def wait_words(qtbot, page, words):
    qtbot.waitUntil(lambda: [one.text for one in page.spell_check.words] == words, timeout=PATIENCE)


def page_of(qtbot, studio):
    tab = studio.window.text_tab
    if not tab.is_document_shown:
        with qtbot.waitSignal(tab.document_page.document_opened, timeout=PATIENCE):
            tab.views.show_view("document")
    qtbot.waitUntil(lambda: not tab.document_page.editor.isReadOnly(), timeout=PATIENCE)
    return tab.document_page


def underlined(page):
    page.marks.show()
    return [one.cursor.selectedText() for one in page.editor.extraSelections()]


def open_menu(qtbot, page, word, title):
    """Open the context menu at a word, choose an entry when it is there; return all entries."""
    at = page.editor.text.index(word) + 1
    page.editor.select(at, at)
    seen = []

    def look():
        menu = QApplication.activePopupWidget()
        entries = {action.text(): action for action in menu.actions()}
        if title not in entries:
            return
        timer.stop()
        seen.extend(entries)
        entries[title].trigger()
        menu.close()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(10)
    page.editor.contextMenuEvent(
        QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), QPoint(5, 5))
    )
    return seen


def test_words_are_underlined_once_they_are_complete(qtbot, open_page):
    page = open_page()
    QTest.keyClicks(page.editor, "We recieve teh")
    wait_words(qtbot, page, ["recieve"])
    assert underlined(page) == ["recieve"]
    QTest.keyClicks(page.editor, " ")
    wait_words(qtbot, page, ["recieve", "teh"])
    page.editor.moveCursor(page.editor.textCursor().MoveOperation.Start)
    QTest.keyClicks(page.editor, "Now ")
    assert underlined(page) == ["recieve", "teh"]


def test_a_suggestion_replaces_the_word_as_a_step_of_undo(qtbot, open_page):
    page = open_page()
    page.editor.insertPlainText("We recieve it. ")
    wait_words(qtbot, page, ["recieve"])
    entries = open_menu(qtbot, page, "recieve", "receive")
    assert entries.index("receive") < entries.index("Add to dictionary") < entries.index("Undo")
    assert page.editor.text == "We receive it. "
    wait_words(qtbot, page, [])
    page.editor.undo()
    assert page.editor.text == "We recieve it. "
    wait_words(qtbot, page, ["recieve"])


def test_ignored_words_return_and_learned_ones_stay(qtbot, open_studio, data):
    studio = open_studio()
    page = page_of(qtbot, studio)
    page.editor.insertPlainText("Zorble met Quandar. ")
    wait_words(qtbot, page, ["Zorble", "Quandar"])
    open_menu(qtbot, page, "Zorble", "Ignore")
    assert underlined(page) == ["Quandar"]
    open_menu(qtbot, page, "Quandar", "Add to dictionary")
    assert underlined(page) == []
    qtbot.waitUntil(data.words.exists, timeout=PATIENCE)
    wait_saved(qtbot, page)
    close_studio(studio)
    again = page_of(qtbot, open_studio())
    wait_words(qtbot, again, ["Zorble"])


def test_the_switch_is_kept(qtbot, open_page, data):
    page = open_page()
    page.editor.insertPlainText("recieve ")
    wait_words(qtbot, page, ["recieve"])
    choose(page.header.more_menu, "Check spelling")
    assert page.spell_check.words == []
    qtbot.waitUntil(lambda: not load_settings(data).document_spelling, timeout=PATIENCE)
    choose(page.header.more_menu, "Check spelling")
    wait_words(qtbot, page, ["recieve"])


def test_only_lines_in_view_are_checked(qtbot, open_page, monkeypatch):
    parts = []
    real = spelling.lines_to_check

    def record(text, start, end, languages):
        parts.append(end - start)
        return real(text, start, end, languages)

    monkeypatch.setattr(spelling, "lines_to_check", record)
    page = open_page()
    page.editor.insertPlainText("We recieve it.\n" * 4_000 + "At teh end")
    page.editor.moveCursor(page.editor.textCursor().MoveOperation.Start)
    qtbot.waitUntil(lambda: "recieve" in underlined(page), timeout=PATIENCE)
    page.editor.moveCursor(page.editor.textCursor().MoveOperation.End)
    qtbot.waitUntil(lambda: "teh" in underlined(page), timeout=PATIENCE)
    assert parts
    assert max(parts) <= spelling.MAX_PART


def test_without_the_package_the_menu_says_how_to_get_it(qtbot, open_page):
    page = open_page()
    page.spell_check.is_installed = False
    page.editor.insertPlainText("recieve ")
    choose(page.header.more_menu, "Check spelling")
    assert "studio[spell]" in " ".join(one.text() for one in page.notice.findChildren(QLabel))
    assert page.spell_check.words == []


@pytest.mark.parametrize(
    ("text", "start", "end", "part"),
    [
        ("one\ntwo\nthree", 5, 6, "two"),
        ("one", 0, 3, "one"),
        ("a b " * 5_000, 10_000, 10_100, None),
        ("x" * 50_000, 20_000, 20_010, None),
    ],
)
def test_parts_are_whole_lines_or_short(text, start, end, part):
    low, high = spelling._whole_lines(text, start, end)
    if part is not None:
        assert text[low:high] == part
    assert low <= start
    assert high >= end
    assert high - low <= spelling.MAX_PART
