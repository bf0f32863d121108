"""All chats in the real window: search, open, rename, duplicate, delete and undo."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QLineEdit

from studio.documents.store import DocumentStore
from studio.ui.tabs.chat.chat_list import ChatList
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.tabs.chat.conftest import click, send, shown


def type_title(title):
    """Return what stands for `QInputDialog.exec`: the user types a title and accepts it."""

    def accept(dialog):
        dialog.show()
        dialog.findChild(QLineEdit).clear()
        QTest.keyClicks(dialog.findChild(QLineEdit), title)
        dialog.close()
        return QInputDialog.DialogCode.Accepted

    return accept


def choose(menu, text):
    menu.aboutToShow.emit()
    next(one for one in menu.actions() if one.text() == text).trigger()


def titles(window):
    return [window.table.item(row, 0).text() for row in range(window.table.rowCount())]


@pytest.fixture
def chats(qtbot, open_chat):
    """Return the window and the list of three chats: C, B (open) and A."""
    studio, tab, page = open_chat()
    for prompt in ("A first 河水", "B second", "C third"):
        page.open_chat.new()
        send(qtbot, tab, prompt)
    choose(page.title.menu_of_chats, "All chats…")
    window = studio.window.findChild(ChatList)
    qtbot.waitUntil(lambda: window.table.rowCount() == 3, timeout=PATIENCE)
    return studio, page, window


def test_chats_are_found_by_title_and_text_and_opened(qtbot, chats):
    _studio, page, window = chats
    assert titles(window) == ["C third", "B second", "A first 河水"]
    assert window.table.item(0, 2).text() == "2"
    assert window.selected_id() == page.chat.id
    answer = page.chat.path()[1].text
    window.search.setText(answer.upper())
    qtbot.waitUntil(lambda: titles(window) == ["C third"], timeout=PATIENCE)
    window.search.setText("河水")
    qtbot.waitUntil(lambda: titles(window) == ["A first 河水"], timeout=PATIENCE)
    window.search.setText("100%_")
    qtbot.waitUntil(lambda: titles(window) == [], timeout=PATIENCE)
    assert window.empty.text() == "No chat contains this."
    assert not window.duplicate_button.isEnabled()
    window.search.setText("FIRST")
    qtbot.waitUntil(lambda: titles(window) == ["A first 河水"], timeout=PATIENCE)
    QTest.keyClick(window.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown(page)[:1] == ["A first 河水"], timeout=PATIENCE)


def test_renamed_chats_keep_their_title(qtbot, chats, open_chat, monkeypatch):
    studio, page, window = chats
    monkeypatch.setattr(QInputDialog, "exec", type_title("The newest"))
    QTest.keyClick(window.table, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: page.title.text().startswith("The newest"), timeout=PATIENCE)
    qtbot.waitUntil(lambda: titles(window)[0] == "The newest", timeout=PATIENCE)
    window.table.selectRow(2)
    monkeypatch.setattr(QInputDialog, "exec", type_title("An old one"))
    click(window.rename_button)
    qtbot.waitUntil(lambda: titles(window)[2] == "An old one", timeout=PATIENCE)
    assert page.chat.title == "The newest"
    monkeypatch.setattr(QInputDialog, "exec", type_title("From the menu"))
    choose(page.title.menu_of_chats, "Rename…")
    assert page.title.text().startswith("From the menu")
    window.close()
    close_studio(studio)
    again = open_chat()[2]
    qtbot.waitUntil(lambda: again.title.text().startswith("From the menu"), timeout=PATIENCE)


def test_deleted_chats_come_back_with_undo(qtbot, chats):
    studio, page, window = chats
    toasts = []
    studio.shared.toast_posted.connect(toasts.append)
    open_id = page.chat.id
    window.table.selectRow(2)
    window.table.setFocus()
    QTest.keyClick(window.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: titles(window) == ["C third", "B second"], timeout=PATIENCE)
    assert page.chat.id == open_id
    toasts[-1].action()
    qtbot.waitUntil(lambda: len(titles(window)) == 3, timeout=PATIENCE)
    assert page.chat.id == open_id
    window.table.selectRow(0)
    click(window.delete_button)
    qtbot.waitUntil(lambda: shown(page)[:1] == ["B second"], timeout=PATIENCE)
    toasts[-1].action()
    qtbot.waitUntil(lambda: shown(page)[:1] == ["C third"], timeout=PATIENCE)


def test_a_duplicate_is_a_chat_of_its_own(qtbot, chats, data):
    studio, page, window = chats
    click(window.duplicate_button)
    qtbot.waitUntil(lambda: "C third (copy)" in titles(window), timeout=PATIENCE)
    window.table.selectRow(titles(window).index("C third (copy)"))
    original, texts = page.chat, shown(page)
    click(window.open_button)
    qtbot.waitUntil(lambda: page.chat.id != original.id, timeout=PATIENCE)
    assert shown(page) == texts
    click(next(iter(page.turns.views.values())).delete_button)
    close_studio(studio)
    store = DocumentStore(data.documents)
    assert [one.text for one in store.chats.load(original.id).path()] == texts
    assert store.chats.load(page.chat.id).path() == []
    store.close()
