"""A JSON file of messages that is dropped on the window is a chat, not a batch."""

import json

import pytest
from PySide6.QtWidgets import QMessageBox

from studio.ui.batch.dialog import BatchDialog
from tests.ui.conftest import PATIENCE
from tests.ui.tabs.chat.conftest import requests, shown, wait_answer
from tests.ui.test_window import drop, press_generate

TURNS = [
    {"role": "system", "content": "Answer briefly."},
    {"role": "user", "content": "什么是雨？"},
    {"role": "assistant", "content": "水。"},
]


def write(tmp_path, messages):
    path = tmp_path / "talk.json"
    path.write_text(json.dumps(messages, ensure_ascii=False), encoding="utf-8")
    return path


def test_a_dropped_chat_goes_on(qtbot, open_studio, tmp_path):
    studio = open_studio()
    window = studio.window
    window.show_tab("image")
    drop(window, write(tmp_path, [*TURNS, {"role": "user", "content": "Why?"}]))
    qtbot.waitUntil(lambda: window.current() is window.text_tab, timeout=PATIENCE)
    tab = window.text_tab
    page = tab.chat_page
    qtbot.waitUntil(lambda: len(shown(page)) == 2, timeout=PATIENCE)
    qtbot.wait(100)  # the last chat is read meanwhile, and does not take its place
    assert shown(page) == ["什么是雨？", "水。"]
    assert tab.prompt.toPlainText() == "Why?"
    assert tab.system_prompt.toPlainText() == "Answer briefly."
    press_generate(tab)
    wait_answer(qtbot, page, 4)
    (request,) = requests(studio)
    assert [one.content for one in request.messages] == ["什么是雨？", "水。"]
    assert request.system_prompt == "Answer briefly."


def test_a_chat_of_one_prompt_begins_a_new_chat(qtbot, open_chat, tmp_path):
    studio, tab, page = open_chat()
    studio.window.file_opener.open_artifact(write(tmp_path, [{"role": "user", "content": "Hi"}]))
    qtbot.waitUntil(lambda: tab.prompt.toPlainText() == "Hi", timeout=PATIENCE)
    assert shown(page) == []


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([*TURNS, *TURNS[2:]], "user and assistant in turn"),
        ([*TURNS, TURNS[0]], "only the first message can be of system"),
        ([{"role": "tool", "content": "x"}], "tool"),
    ],
)
def test_messages_that_are_no_chat_are_refused(
    qtbot, open_studio, tmp_path, monkeypatch, messages, reason
):
    studio = open_studio()
    seen = []
    monkeypatch.setattr(
        QMessageBox, "exec", lambda box: seen.append(box.text() + box.informativeText())
    )
    drop(studio.window, write(tmp_path, messages))
    qtbot.waitUntil(lambda: bool(seen), timeout=PATIENCE)
    assert reason in seen[0]


def test_rows_of_prompts_stay_a_batch(qtbot, open_studio, tmp_path):
    studio = open_studio()
    drop(studio.window, write(tmp_path, [{"prompt": "a"}, {"prompt": "b"}]))
    qtbot.waitUntil(lambda: studio.window.findChild(BatchDialog) is not None, timeout=PATIENCE)
