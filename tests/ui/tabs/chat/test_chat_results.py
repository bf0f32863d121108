"""Results of chats, opened from the library, the queue and by dropping files."""

import shutil

from studio.core.requests.chat import ChatMessage
from studio.library.artifacts import sidecar_path
from tests.ui.conftest import PATIENCE
from tests.ui.tabs.chat.conftest import click, send, shown, wait_answer


def answer_path(studio, text, data):
    return next(
        path for path in data.outputs.rglob("*.txt") if path.read_text(encoding="utf-8") == text
    )


def test_a_text_of_a_chat_opens_at_its_turn(qtbot, open_chat, data):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    first = page.chat.path()[1]
    click(list(page.turns.views.values())[1].retry_button)
    qtbot.waitUntil(lambda: page.chat.path()[1].id != first.id, timeout=PATIENCE)
    wait_answer(qtbot, page, 2)
    for prompt in ("More", "Third", "Fourth", "Fifth"):
        send(qtbot, tab, prompt)
    chat = page.chat.id
    page.open_chat.new()
    send(qtbot, tab, "Another chat")
    tab.prompt.setPlainText("what I write now")
    tab.show_view("result")
    studio.window.show_artifact(answer_path(studio, first.text, data))
    qtbot.waitUntil(lambda: shown(page) == ["Hi", first.text], timeout=PATIENCE)
    assert page.chat.id == chat
    assert tab.views.name == "chat"
    assert page.turns.views[first.id].copy_button.hasFocus()
    assert tab.prompt.toPlainText() == "what I write now"
    assert tab.values()["seed"] is None


def test_a_job_of_a_chat_is_shown_in_the_chat(qtbot, open_chat):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    send(qtbot, tab, "More")
    answer = page.chat.path()[1]
    page.open_chat.new()
    studio.window.show_result(answer.job)
    qtbot.waitUntil(lambda: shown(page)[:1] == ["Hi"], timeout=PATIENCE)
    bar = page.turns.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == min(bar.maximum(), page.turns.views[answer.id].y()))


def test_a_result_without_a_chat_is_shown_as_before(qtbot, open_chat, data):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    text = page.chat.path()[1].text
    path = answer_path(studio, text, data)
    page.open_chat.delete()
    qtbot.waitUntil(lambda: shown(page) == [], timeout=PATIENCE)
    studio.window.show_artifact(path)
    qtbot.waitUntil(lambda: tab.views.name == "result", timeout=PATIENCE)
    qtbot.waitUntil(lambda: tab.stage.view.text() == text, timeout=PATIENCE)
    assert tab.prompt.toPlainText() == "Hi"


def test_a_recipe_with_messages_opens_as_a_chat(qtbot, open_chat, data, tmp_path):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi <there>")
    send(qtbot, tab, "More")
    texts = shown(page)
    path = answer_path(studio, texts[3], data)
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    recipe = sidecar_path(path).read_bytes()
    job = page.chat.path()[3].job.encode()
    assert job in recipe
    sidecar_path(copy).parent.mkdir()
    sidecar_path(copy).write_bytes(recipe.replace(job, b"of-another-machine"))
    first = page.chat.id
    studio.window.file_opener.open(copy)
    qtbot.waitUntil(lambda: page.chat.id != first, timeout=PATIENCE)
    assert shown(page) == texts
    assert page.chat.title == "Hi <there>"
    send(qtbot, tab, "Third")
    request = next(
        job.request for job in studio.shared.queue.jobs() if job.request.prompt == "Third"
    )
    assert request.messages[-1] == ChatMessage("assistant", texts[3])
    assert len(request.messages) == 4
