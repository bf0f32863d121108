"""What is typed into an edited turn is kept until it is saved or cancelled."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from studio.core.drafts import load_drafts
from studio.ui.tabs.chat.turn_list import EDITS, MAX_EDITS, EditDrafts
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.tabs.chat.conftest import click, send, shown, wait_answer


def first(page):
    return next(iter(page.turns.views.values()))


def type_edit(page, text):
    view = first(page)
    click(view.edit_button)
    view.editor.selectAll()
    QTest.keyClicks(view.editor, text)
    return view


def wait_draft(qtbot, data, texts):
    """Wait until the file of drafts, which a kill leaves, has these texts."""
    qtbot.waitUntil(
        lambda: list(load_drafts(data).get(EDITS, {}).values()) == texts, timeout=PATIENCE
    )


def test_an_edit_is_there_after_a_kill_and_after_another_chat(qtbot, open_chat, data):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    type_edit(page, "Hello you")
    wait_draft(qtbot, data, ["Hello you"])
    chat = page.chat.id
    click(page.new_button)
    page.open_chat.open(chat)
    qtbot.waitUntil(lambda: len(shown(page)) == 2, timeout=PATIENCE)
    assert first(page).editor.toPlainText() == "Hello you"
    assert first(page).editor.isVisibleTo(page)
    close_studio(studio)
    _studio, tab, page = open_chat()
    qtbot.waitUntil(lambda: len(shown(page)) == 2, timeout=PATIENCE)
    view = first(page)
    assert view.editor.toPlainText() == "Hello you"
    assert not view.editor.hasFocus()
    click(next(one for one in view.findChildren(QPushButton) if one.text() == "Save"))
    qtbot.waitUntil(lambda: shown(page)[:1] == ["Hello you"], timeout=PATIENCE)
    wait_answer(qtbot, page, 2)
    wait_draft(qtbot, data, [])
    click(first(page).before_button)
    assert first(page).editor.isHidden()


def test_a_cancelled_edit_leaves_no_draft(qtbot, open_chat, data):
    _studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    view = type_edit(page, "Other")
    wait_draft(qtbot, data, ["Other"])
    QTest.keyClick(view.editor, Qt.Key.Key_Escape)
    wait_draft(qtbot, data, [])
    click(view.edit_button)
    assert view.editor.toPlainText() == "Hi"


def test_an_edit_that_cannot_be_sent_stays(qtbot, open_chat, data, monkeypatch):
    _studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    view = type_edit(page, "Longer")
    monkeypatch.setattr(page.jobs, "_card", lambda: None)
    QTest.keyClick(view.editor, Qt.Key.Key_Return)
    assert page.notice.isVisibleTo(page)
    wait_draft(qtbot, data, ["Longer"])
    assert view.editor.isVisibleTo(page)


def test_only_the_newest_edits_are_kept(qtbot, open_chat):
    studio, _tab, _page = open_chat()
    edits = EditDrafts(studio.shared)
    for number in range(MAX_EDITS + 1):
        edits.keep(f"turn{number}", "text")
    assert edits.text("turn0") == ""
    assert edits.text(f"turn{MAX_EDITS}") == "text"
