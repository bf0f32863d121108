"""Chats with the real engine and a tiny model: killed children, lost models, full disks."""

import json
import shutil
import sys

import psutil
import pytest
from PySide6.QtTest import QTest

from studio.app import Studio
from studio.documents.chat import new_turn
from studio.documents.store import DocumentStore
from studio.models.install.add import add
from tests.checkpoints.text import make_llama
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.tabs.chat.conftest import click, send, shown, wait_answer
from tests.ui.test_window import press_generate, type_prompt

LONG = {"max_new_tokens": 6000, "regex": "[a-z]{8000}"}
ENDLESS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


@pytest.fixture
def open_real(qtbot, qapp, data, tmp_path):
    """Return a function that opens a chat with a tiny model, whose chat template it may change."""
    opened = []

    def start(template=""):
        folder = tmp_path / "tiny"
        if not folder.exists():
            make_llama(folder)
            config = json.loads((folder / "config.json").read_text())
            config["max_position_embeddings"] = 8192  # an answer that takes seconds
            (folder / "config.json").write_text(json.dumps(config))
            add(data, folder)
        if template:
            (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        studio = Studio(data)
        opened.append(studio)
        studio.window.show()
        studio.window.activateWindow()
        assert QTest.qWaitForWindowActive(studio.window, PATIENCE)
        studio.start_background()
        tab = studio.window.text_tab
        tab.choose_model("tiny")
        assert tab.card.name == "tiny"
        tab.show_view("chat")
        page = tab.chat_page
        qtbot.waitUntil(lambda: page.open_chat.is_open, timeout=PATIENCE)
        tab.set_values({"max_new_tokens": 12, "seed": 1})
        return studio, tab, page, folder

    yield start
    for studio in opened:
        close_studio(studio)


def answers(page):
    return [turn.text for turn in page.chat.turns.values() if turn.role == "assistant"]


def stored(data):
    store = DocumentStore(data.documents)
    (info,) = store.chats.list()
    chat = store.chats.load(info.id)
    store.close()
    return {turn.id: turn.text for turn in chat.turns.values()}


def test_an_endless_template_fails_with_a_sentence(qtbot, open_real):
    _studio, tab, page, _folder = open_real(ENDLESS)
    send(qtbot, tab, "Hi")
    assert "chat template does not end" in page.notice.message
    assert page.chat.path()[1].finish == "failed"
    assert shown(page)[0] == "Hi"


def test_a_child_that_dies_while_it_regenerates_costs_no_version(qtbot, open_real, data):
    studio, tab, page, _folder = open_real()
    send(qtbot, tab, "Hi")
    (before,) = answers(page)
    tab.set_values(LONG)
    click(list(page.turns.views.values())[1].retry_button)
    qtbot.waitUntil(
        lambda: any(one.text for one in page.answers._streams.values()), timeout=PATIENCE
    )
    psutil.Process(studio.session.engine._child.process.pid).kill()
    wait_answer(qtbot, page, 2)
    assert answers(page)[0] == before
    last = page.chat.path()[1]
    assert last.finish in ("stop", "length", "failed")
    assert last.text or page.notice.isVisible()
    texts = {turn.id: turn.text for turn in page.chat.turns.values()}
    close_studio(studio)
    assert stored(data) == texts


def test_a_model_that_is_removed_while_it_writes(qtbot, open_real):
    studio, tab, page, folder = open_real()
    tab.set_values(LONG)
    type_prompt(tab, "Hi")
    press_generate(tab)
    qtbot.waitUntil(
        lambda: any(one.text for one in page.answers._streams.values()), timeout=PATIENCE
    )
    shutil.rmtree(folder)
    click(page.stop_button)
    wait_answer(qtbot, page, 2)
    assert page.chat.path()[1].text
    psutil.Process(studio.session.engine._child.process.pid).kill()
    before = shown(page)
    type_prompt(tab, "More")
    press_generate(tab)
    qtbot.waitUntil(page.notice.isVisible, timeout=PATIENCE)
    assert page.notice.message
    assert shown(page)[:2] == before


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_a_chat_on_a_full_disk_is_stored_once_there_is_space(qtbot, open_chat, data, monkeypatch):
    import resource

    monkeypatch.setattr("studio.ui.tabs.chat.open_chat.RETRY_MS", 100)
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = data.documents.stat().st_size
    wal = data.documents.with_name(data.documents.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(size, wal) + 100_000, hard))
    try:
        last = page.chat.path()[-1]
        page.open_chat.add(page.chat, new_turn(last.id, "user", "y" * 400_000))
        qtbot.waitUntil(page.notice.isVisible, timeout=PATIENCE)
        assert "disk is full" in page.notice.message
        page.open_chat.rename("A title")  # with what is not stored yet
        assert page.chat.path()[-1].text.startswith("yy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    qtbot.waitUntil(lambda: not page.notice.isVisible(), timeout=PATIENCE)
    texts = {turn.id: turn.text for turn in page.chat.turns.values()}
    close_studio(studio)
    assert stored(data) == texts
