"""A chat in daily use: keys, documents, copies and exports, thoughts."""

import functools

import docx
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from studio.core.events import JobEvent, ThoughtDelta
from studio.documents.chat import ROOT, new_chat, new_turn
from studio.documents.store import DocumentStore
from studio.ui.tabs.chat.turn_list import PAGE
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.tabs.chat.conftest import click, requests, send, shown, wait_answer

SHIFT = Qt.KeyboardModifier.ShiftModifier


def choose(menu, text):
    menu.aboutToShow.emit()
    next(one for one in menu.actions() if one.text() == text).trigger()


def test_enter_sends_shift_enter_begins_a_line_and_up_edits_the_last_prompt(qtbot, open_chat):
    studio, tab, page = open_chat()
    QTest.keyClicks(tab.prompt, "One")
    QTest.keyClick(tab.prompt, Qt.Key.Key_Return, SHIFT)
    QTest.keyClicks(tab.prompt, "two")
    QTest.keyClick(tab.prompt, Qt.Key.Key_Return)
    wait_answer(qtbot, page, 2)
    assert shown(page)[0] == "One\ntwo"
    QTest.keyClick(tab.prompt, Qt.Key.Key_Up)
    view = next(iter(page.turns.views.values()))
    assert view.editor.toPlainText() == "One\ntwo"
    QTest.keyClick(view.editor, Qt.Key.Key_Escape)
    assert view.editor.isHidden()
    QTest.keyClick(tab.prompt, Qt.Key.Key_Up)
    view.editor.selectAll()
    QTest.keyClicks(view.editor, "Three")
    QTest.keyClick(view.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown(page)[:1] == ["Three"], timeout=PATIENCE)
    wait_answer(qtbot, page, 2)
    tab.show_view("result")
    tab.prompt.setPlainText("")
    QTest.keyClicks(tab.prompt, "a")
    QTest.keyClick(tab.prompt, Qt.Key.Key_Return)
    assert tab.prompt.toPlainText() == "a\n"  # only a chat sends with Enter
    assert len(requests(studio)) == 2


@pytest.mark.parametrize("suffix", [".md", ".html", ".docx"])
def test_a_chat_is_copied_and_exported_with_all_turns(
    qtbot, open_chat, monkeypatch, tmp_path, suffix
):
    _studio, tab, page = open_chat()
    send(qtbot, tab, "Rain & <snow>?")
    send(qtbot, tab, "More")
    texts = shown(page)
    choose(page.title.menu_of_chats, "Copy the chat")
    copied = QApplication.clipboard().text()
    assert [copied.index(text) for text in texts] == sorted(copied.index(text) for text in texts)
    assert copied.count("**You**") == copied.count("**Answer**") == 2
    path = tmp_path / f"chat{suffix}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    choose(page.title.menu_of_chats, "Export…")
    qtbot.waitUntil(path.exists, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not page.chat_text.work.is_running, timeout=PATIENCE)
    if suffix == ".docx":
        whole = "\n".join(one.text for one in docx.Document(str(path)).paragraphs)
    else:
        whole = path.read_text(encoding="utf-8")
    for text in (texts[1], texts[3]):
        assert text.split()[0] in whole
    assert "snow" in whole
    assert "<snow>" not in whole or suffix != ".html"


def test_a_document_is_attached_to_the_prompt_and_sent(qtbot, open_chat, monkeypatch, tmp_path):
    studio, tab, page = open_chat()
    path = tmp_path / "notes.txt"
    path.write_text("The meeting is on Monday. 会议在周一。", encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    tab.prompt.setPlainText("When is it?")
    click(page.attach_button)
    qtbot.waitUntil(lambda: "Monday" in tab.prompt.toPlainText(), timeout=PATIENCE)
    assert tab.prompt.toPlainText().startswith("Document notes.txt:\n\nThe meeting")
    assert tab.prompt.toPlainText().endswith("\n\nWhen is it?")
    QTest.keyClick(tab.prompt, Qt.Key.Key_Return)
    wait_answer(qtbot, page, 2)
    assert "会议在周一。" in requests(studio)[-1].prompt


@pytest.mark.parametrize(
    ("content", "message"),
    [(b" \n", "has no text"), (b"a b " * 40_000, "too long"), (b"%PDF-1.4 broken", "")],
)
def test_a_document_that_cannot_be_attached_is_explained(
    qtbot, open_chat, monkeypatch, tmp_path, content, message
):
    _studio, tab, page = open_chat()
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    click(page.attach_button)
    notice = page.attachment.work.notice
    qtbot.waitUntil(
        lambda: not page.attachment.work.is_running and bool(notice.message), timeout=PATIENCE
    )
    assert message in notice.message
    assert tab.prompt.toPlainText() == ""


def let_it_think(studio):
    """Let the engine send thoughts before its answers, as it does for a reasoning model."""
    engine = studio.session.engine

    def run(run_jobs, jobs, emit, is_cancelled):
        for job in jobs:
            emit(JobEvent(job.id, ThoughtDelta(text="Short is good.")))
        run_jobs(jobs, emit, is_cancelled)

    engine.run = functools.partial(run, engine.run)


def test_thoughts_are_folded_and_never_copied_exported_stored_or_sent(qtbot, open_chat, data):
    studio, tab, page = open_chat()
    let_it_think(studio)
    studio.session.engine._step_seconds = 0.2
    tab.prompt.setPlainText("Rain?")
    QTest.keyClick(tab.prompt, Qt.Key.Key_Return)

    def thoughts():
        views = list(page.turns.views.values())
        return views[1].thoughts if len(views) > 1 else None

    qtbot.waitUntil(
        lambda: thoughts() and thoughts().toggle.text() == "Thinking… (3 words)", timeout=PATIENCE
    )
    studio.session.engine._step_seconds = 0
    wait_answer(qtbot, page, 2)
    qtbot.waitUntil(lambda: thoughts().toggle.text() == "Thoughts (3 words)", timeout=PATIENCE)
    assert not thoughts().isHidden()
    assert thoughts().view.isHidden()
    click(thoughts().toggle)
    assert thoughts().view.toPlainText() == "Short is good."
    click(list(page.turns.views.values())[1].copy_button)
    assert "Short" not in QApplication.clipboard().text()
    choose(page.title.menu_of_chats, "Copy the chat")
    assert "Short" not in QApplication.clipboard().text()
    send(qtbot, tab, "More")
    assert all("Short" not in one.content for one in requests(studio)[-1].messages)
    close_studio(studio)
    store = DocumentStore(data.documents)
    assert all("Short" not in one.text for one in store.chats.load(page.chat.id).turns.values())
    store.close()
    again = open_chat()[2]
    qtbot.waitUntil(lambda: len(shown(again)) == 4, timeout=PATIENCE)
    assert list(again.turns.views.values())[1].thoughts.isHidden()


def test_a_long_chat_shows_its_last_turns_and_earlier_ones_on_request(qtbot, open_chat):
    studio, tab, page = open_chat()
    chat, parent = new_chat(), ROOT
    for number in range(25):
        for role in ("user", "assistant"):
            turn = new_turn(parent, role, f"{role} {number}")
            chat.add(turn)
            parent = turn.id
    page.open_chat.add_chat(chat)
    path = chat.path()
    assert list(page.turns.views) == [turn.id for turn in path[-PAGE:]]
    assert page.turns.earlier_button.text() == "Show 20 earlier turns"
    qtbot.waitUntil(page.turns.earlier_button.isVisible, timeout=PATIENCE)
    click(page.turns.earlier_button)
    assert len(page.turns.views) == 2 * PAGE
    assert page.turns.earlier_button.text() == "Show 10 earlier turns"
    bar, first = page.turns.verticalScrollBar(), page.turns.views[path[-PAGE].id]
    qtbot.waitUntil(lambda: 0 < first.y() == bar.value(), timeout=PATIENCE)
    page.turns.show_turn(path[0].id)
    assert list(page.turns.views) == [turn.id for turn in path]
    assert page.turns.earlier_button.isHidden()
    send(qtbot, tab, "More")
    assert len(requests(studio)[-1].messages) == 50
