"""Chats in the real window: send, regenerate, edit, delete, and what is kept."""

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from studio.documents.chat import SUMMARY_PROMPT
from studio.documents.store import DocumentStore
from studio.preflight.tokens import MESSAGE_TOKENS
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.tabs.chat.conftest import click, requests, send, shown, wait_answer
from tests.ui.test_window import press_generate, type_prompt


def test_a_prompt_is_answered_with_the_turns_before_it(qtbot, open_chat):
    studio, tab, page = open_chat()
    assert page.empty.isVisibleTo(page)
    send(qtbot, tab, "Hi")
    send(qtbot, tab, "And now")
    assert tab.prompt.toPlainText() == ""
    first, answer, second, last = shown(page)
    assert (first, second) == ("Hi", "And now")
    assert answer
    assert last
    (request,) = [one for one in requests(studio) if one.prompt == "And now"]
    assert [one.content for one in request.messages] == ["Hi", answer]
    assert page.chat.title == "Hi"


def test_regenerated_answers_are_versions_to_step_through(qtbot, open_chat):
    _studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    before = shown(page)[1]
    click(list(page.turns.views.values())[1].retry_button)
    qtbot.waitUntil(
        lambda: list(page.turns.views.values())[1].version.text() == "2 of 2", timeout=PATIENCE
    )
    wait_answer(qtbot, page, 2)
    assert shown(page)[1] != before
    click(list(page.turns.views.values())[1].before_button)
    assert shown(page)[1] == before
    assert list(page.turns.views.values())[1].version.text() == "1 of 2"


def test_an_edited_turn_is_a_branch(qtbot, open_chat):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    send(qtbot, tab, "More")
    view = next(iter(page.turns.views.values()))
    click(view.edit_button)
    view.editor.selectAll()
    QTest.keyClicks(view.editor, "Hello")
    click(next(one for one in view.findChildren(QPushButton) if one.text() == "Save"))
    qtbot.waitUntil(lambda: shown(page)[:1] == ["Hello"], timeout=PATIENCE)
    wait_answer(qtbot, page, 2)
    assert next(one for one in requests(studio) if one.prompt == "Hello").messages == ()
    click(next(iter(page.turns.views.values())).before_button)
    assert shown(page)[::2] == ["Hi", "More"]


def test_a_chat_is_there_after_a_restart(qtbot, open_chat, data):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi <b>there</b>")
    texts = shown(page)
    close_studio(studio)
    store = DocumentStore(data.documents)
    (info,) = store.chats.list()
    assert [turn.text for turn in store.chats.load(info.id).path()] == texts
    store.close()
    again = open_chat()[2]
    qtbot.waitUntil(lambda: shown(again) == texts, timeout=PATIENCE)
    (label,) = next(iter(again.turns.views.values())).text_view.parts
    assert label.textFormat() is Qt.TextFormat.PlainText


def test_a_deleted_turn_comes_back_with_undo(qtbot, open_chat):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    texts = shown(page)
    toasts = []
    studio.shared.toast_posted.connect(toasts.append)
    click(next(iter(page.turns.views.values())).delete_button)
    assert shown(page) == []
    assert page.empty.isVisibleTo(page)
    toasts[-1].action()
    qtbot.waitUntil(lambda: shown(page) == texts, timeout=PATIENCE)


def test_new_chats_leave_the_others_alone(qtbot, open_chat):
    _studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    chat = page.chat.id
    click(page.new_button)
    assert shown(page) == []
    send(qtbot, tab, "Other")
    page.open_chat.open(chat)
    qtbot.waitUntil(lambda: shown(page)[:1] == ["Hi"], timeout=PATIENCE)


def stop_at_limit(qtbot, tab):
    tab.set_values({"max_new_tokens": 3})
    send(qtbot, tab, "Hi")
    return list(tab.chat_page.turns.views.values())[1]


def test_an_answer_that_stopped_at_the_limit_goes_on_as_the_same_turn(qtbot, open_chat, data):
    studio, tab, page = open_chat()
    view = stop_at_limit(qtbot, tab)
    before, turn = view.text, page.chat.path()[1]
    assert not view.continue_button.isHidden()
    tab.set_values({"max_new_tokens": 60})
    click(view.continue_button)
    qtbot.waitUntil(lambda: page.chat.path()[1].finish == "stop", timeout=PATIENCE)
    after = list(page.turns.views.values())[1]
    assert page.chat.path()[1].id == turn.id
    assert after.text.startswith(before)
    assert len(after.text) > len(before)
    assert after.version.isHidden()
    assert after.continue_button.isHidden()
    last = next(one for one in requests(studio) if one.prefix)
    assert (last.prompt, last.prefix, last.messages) == ("Hi", before, ())
    close_studio(studio)
    store = DocumentStore(data.documents)
    assert store.chats.load(page.chat.id).path()[1].text == after.text
    store.close()


def test_an_answer_keeps_its_text_if_going_on_is_cancelled_in_the_queue(qtbot, open_chat):
    studio, tab, page = open_chat()
    view = stop_at_limit(qtbot, tab)
    before = view.text
    studio.shared.queue.pause()
    click(view.continue_button)
    qtbot.waitUntil(lambda: bool(page.answers.jobs_of(page.chat.id)), timeout=PATIENCE)
    assert list(page.turns.views.values())[1].text == before
    assert list(page.turns.views.values())[1].continue_button.isHidden()
    click(page.stop_button)
    wait_answer(qtbot, page, 2)
    assert list(page.turns.views.values())[1].text == before
    assert not list(page.turns.views.values())[1].continue_button.isHidden()


def use_counting_model(studio, tab, folder, limit):
    """Let the form's model count words, of at most `limit`."""
    folder.mkdir()
    tokenizer = Tokenizer(WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    card = msgspec.structs.replace(
        tab.card, path=str(folder), max_positions=limit, template_tokens=0
    )
    tab.chat_page._card = lambda: card


def test_the_context_bar_counts_the_chat_and_what_is_typed(qtbot, open_chat, tmp_path):
    studio, tab, page = open_chat()
    use_counting_model(studio, tab, tmp_path / "model", 200)
    tab.set_values({"max_new_tokens": 50})
    type_prompt(tab, "One two three")
    qtbot.waitUntil(lambda: page.context.count.text() == "3 of 200 tokens", timeout=PATIENCE)
    assert page.context.bar.value() == 3
    assert not page.context.advice.isVisibleTo(page)
    press_generate(tab)
    wait_answer(qtbot, page, 2)
    words = 3 + len(shown(page)[1].split()) + 2 * MESSAGE_TOKENS
    qtbot.waitUntil(lambda: page.context.count.text() == f"{words} of 200 tokens", timeout=PATIENCE)
    tab.set_values({"max_new_tokens": 190})
    qtbot.waitUntil(lambda: page.context.advice.isVisibleTo(page), timeout=PATIENCE)


def summarize(qtbot, page):
    click(page.summarize_button)
    qtbot.waitUntil(lambda: page.chat.summarized() is not None, timeout=PATIENCE)
    return page.chat.summarized()


def test_a_summary_replaces_older_turns_in_what_is_sent_until_undone(qtbot, open_chat, data):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    assert page.summarize_button.isHidden()  # the last turns stay
    send(qtbot, tab, "More")
    texts = shown(page)
    last, summary = summarize(qtbot, page)
    assert last.text == texts[1]
    assert shown(page) == texts
    (view,) = page.turns.summaries.values()
    assert view.text_label.text() == summary.text
    assert "2 turns" in view.heading.text()
    send(qtbot, tab, "Third")
    request = next(one for one in requests(studio) if one.prompt == "Third")
    assert [one.content for one in request.messages] == [
        SUMMARY_PROMPT,
        summary.text,
        *texts[2:],
    ]
    click(next(iter(page.turns.summaries.values())).undo_button)
    assert page.turns.summaries == {}
    send(qtbot, tab, "Fourth")
    request = next(one for one in requests(studio) if one.prompt == "Fourth")
    assert [one.content for one in request.messages][:4] == texts
    close_studio(studio)
    store = DocumentStore(data.documents)
    assert store.chats.load(page.chat.id).summarized() is None
    store.close()


def test_a_chat_that_no_longer_fits_offers_a_summary(qtbot, open_chat, tmp_path):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    send(qtbot, tab, "More")
    use_counting_model(studio, tab, tmp_path / "model", 200)
    tab.set_values({"max_new_tokens": 190})
    type_prompt(tab, "Third")
    press_generate(tab)
    qtbot.waitUntil(lambda: not page.notice.isHidden(), timeout=PATIENCE)
    assert tab.prompt.toPlainText() == "Third"
    offered = [one for one in page.notice.findChildren(QPushButton) if "Summarize" in one.text()]
    tab.set_values({"max_new_tokens": 50})
    click(offered[0])
    qtbot.waitUntil(lambda: page.chat.summarized() is not None, timeout=PATIENCE)
    assert page.notice.isHidden()


def test_the_list_shows_the_last_answer_and_stays_where_the_person_scrolls(qtbot, open_chat):
    _studio, tab, page = open_chat()
    bar = page.turns.verticalScrollBar()
    for prompt in ("Hi", "More", "Third", "Fourth", "Fifth"):
        send(qtbot, tab, prompt)
    qtbot.waitUntil(lambda: 0 < bar.maximum() == bar.value(), timeout=PATIENCE)
    bar.setValue(0)
    click(list(page.turns.views.values())[1].retry_button)
    wait_answer(qtbot, page, 2)
    click(list(page.turns.views.values())[1].before_button)
    qtbot.waitUntil(lambda: len(page.turns.views) == 10, timeout=PATIENCE)
    qtbot.waitUntil(lambda: 0 < bar.maximum() == bar.value(), timeout=PATIENCE)
    bar.setValue(0)
    first = next(iter(page.turns.views.values()))
    click(first.edit_button)
    click(next(one for one in first.findChildren(QPushButton) if one.text() == "Cancel"))
    assert bar.value() == 0


def send_slowly(qtbot, studio, tab, text):
    """Send a prompt, and return when a part of its answer is there."""
    studio.session.engine._step_seconds = 0.2
    type_prompt(tab, text)
    press_generate(tab)
    qtbot.waitUntil(
        lambda: any(one.text for one in list(tab.chat_page.turns.views.values())[1:]),
        timeout=PATIENCE,
    )


def test_stop_keeps_the_part_that_was_written(qtbot, open_chat):
    studio, tab, page = open_chat()
    send_slowly(qtbot, studio, tab, "Hi")
    assert not page.stop_button.isHidden()
    click(page.stop_button)
    wait_answer(qtbot, page, 2)
    answer = page.chat.path()[1]
    assert answer.finish == "cancelled"
    assert answer.text
    assert page.stop_button.isHidden()
    assert not list(page.turns.views.values())[1].continue_button.isHidden()


def test_an_answer_that_was_being_written_is_complete_after_a_restart(qtbot, open_chat):
    studio, tab, page = open_chat()
    send_slowly(qtbot, studio, tab, "Hi")
    turn = page.chat.path()[1]
    close_studio(studio)
    _studio, _tab, again = open_chat()
    qtbot.waitUntil(lambda: bool(again.chat.path()), timeout=PATIENCE)
    wait_answer(qtbot, again, 2)
    answer = again.chat.path()[1]
    assert (answer.id, answer.finish) == (turn.id, "stop")
    assert shown(again)[1] == answer.text != ""


def test_a_deleted_chat_comes_back_with_undo(qtbot, open_chat):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    texts, toasts = shown(page), []
    studio.shared.toast_posted.connect(toasts.append)
    page.open_chat.delete()
    qtbot.waitUntil(lambda: shown(page) == [], timeout=PATIENCE)
    toasts[-1].action()
    qtbot.waitUntil(lambda: shown(page) == texts, timeout=PATIENCE)
