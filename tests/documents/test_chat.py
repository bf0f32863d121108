"""Chats: versions and branches in memory and in the real file."""

import sqlite3

import msgspec
import pytest

from studio.core.errors import StudioError
from studio.core.requests.chat import ChatMessage
from studio.documents.chat import ROOT, SUMMARY, Turn, new_chat, new_turn
from studio.documents.chat_table import find_turn
from studio.documents.schema import MIGRATIONS
from studio.documents.store import DocumentStore


@pytest.fixture
def chat():
    chat = new_chat()
    question = new_turn(ROOT, "user", "Q")
    chat.add(question)
    chat.add(new_turn(question.id, "assistant", "A1", job="j"))
    return chat


@pytest.fixture
def store(tmp_path):
    store = DocumentStore(tmp_path / "documents.sqlite")
    yield store
    store.close()


def texts(chat):
    return [turn.text for turn in chat.path()]


def test_answers_are_versions_of_one_turn(chat):
    question, first = chat.path()
    second = new_turn(question.id, "assistant", "A2")
    chat.add(second)
    assert texts(chat) == ["Q", "A2"]
    assert chat.versions(second) == [first, second]
    chat.chosen[question.id] = first.id
    assert texts(chat) == ["Q", "A1"]


def test_each_branch_keeps_what_follows_it(chat):
    question, answer = chat.path()
    chat.add(new_turn(answer.id, "user", "Q2"))
    chat.add(new_turn(ROOT, "user", "Other"))
    assert texts(chat) == ["Other"]
    chat.chosen[ROOT] = question.id
    assert texts(chat) == ["Q", "A1", "Q2"]


def test_removing_a_version_shows_the_one_before_it(chat):
    question, _answer = chat.path()
    second = new_turn(question.id, "assistant", "A2")
    chat.add(second)
    chat.add(new_turn(second.id, "user", "Q2"))
    assert len(chat.remove(second)) == 2
    assert texts(chat) == ["Q", "A1"]
    assert len(chat.remove(question)) == 2
    assert (chat.path(), chat.turns, chat.chosen) == ([], {}, {})


def test_messages_end_with_a_turn(chat):
    question, answer = chat.path()
    chat.add(new_turn(answer.id, "user", "Q2"))
    assert chat.messages_before(answer.id) == (
        ChatMessage("user", "Q"),
        ChatMessage("assistant", "A1"),
    )
    assert chat.messages_before(question.id) == (ChatMessage("user", "Q"),)


def test_a_stored_chat_is_the_same(store, chat):
    store.chats.save(chat, list(chat.turns.values()))
    assert store.chats.load(chat.id) == chat
    question, answer = chat.path()
    chat.title = "Rain"
    removed = chat.remove(answer)
    store.chats.save(chat, removed=removed)
    assert store.chats.load(chat.id) == chat
    assert [info.title for info in store.chats.list()] == ["Rain"]
    assert question.id in chat.turns


def test_damaged_choice_of_versions_shows_the_newest(store, chat, tmp_path):
    store.chats.save(chat, list(chat.turns.values()))
    with sqlite3.connect(tmp_path / "documents.sqlite") as connection:
        connection.execute("UPDATE chats SET chosen = x'7b'")
    connection.close()
    assert texts(store.chats.load(chat.id)) == texts(chat)


def test_a_chat_goes_to_the_trash_and_back(store, chat):
    store.chats.save(chat)
    store.chats.trash(chat.id)
    assert store.chats.list() == ()
    store.chats.restore(chat.id)
    store.chats.rename(chat.id, "  New\nname ")
    assert store.chats.list()[0].title == "New name"
    with pytest.raises(StudioError):
        store.chats.load("gone")


def test_an_older_file_gets_the_tables(tmp_path, chat):
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1;")
    connection.close()
    store = DocumentStore(path)
    store.chats.save(chat, list(chat.turns.values()))
    assert store.chats.load(chat.id) == chat
    store.close()


def test_a_removed_turn_takes_its_summary_along():
    chat = new_chat()
    question = new_turn(ROOT, "user", "Hi")
    answer = new_turn(question.id, "assistant", "Hello")
    summary = msgspec.structs.replace(
        new_turn(SUMMARY + answer.id, "assistant", "Greetings."), finish="stop"
    )
    for turn in (question, answer, summary):
        chat.add(turn)
    assert [one.content for one in chat.messages_before(answer.id)][1:] == ["Greetings."]
    assert set(chat.remove(answer)) == {answer.id, summary.id}
    assert list(chat.turns) == [question.id]
    assert chat.chosen == {ROOT: question.id}


def test_chats_are_found_by_title_or_text_in_any_case(tmp_path):
    store = DocumentStore(tmp_path / "documents.sqlite")
    for title, text in (("Ärger", "x"), ("b", "ein ÄRGER"), ("100%", "a_b"), ("c", "晚上好")):
        chat = new_chat()
        chat.title = title
        chat.add(new_turn(ROOT, "user", text))
        store.chats.save(chat, tuple(chat.turns.values()))

    def found(wanted):
        return sorted(info.title for info in store.chats.list(wanted))

    assert found("ärger") == ["b", "Ärger"]
    assert found("%") == ["100%"]
    assert found("A_") == ["100%"]
    assert found("上") == ["c"]
    assert found("'; DROP TABLE chats; --") == []
    assert {info.turns for info in store.chats.list()} == {1}
    store.close()


def test_a_duplicate_has_the_same_versions_and_summary_and_other_ids(tmp_path):
    store = DocumentStore(tmp_path / "documents.sqlite")
    chat = new_chat()
    question = new_turn(ROOT, "user", "Hi")
    answers = [
        Turn(id=f"{n}", parent=question.id, role="assistant", text=f"{n}", job=f"j{n}", finish=end)
        for n, end in enumerate(("stop", ""))
    ]
    summary = Turn(id="s", parent=SUMMARY + "0", role="assistant", text="All", finish="stop")
    for turn in (question, *answers, summary):
        chat.add(turn)
    chat.chosen[question.id] = "0"
    store.chats.save(chat, tuple(chat.turns.values()))
    copy = store.chats.load(store.chats.duplicate(chat.id, "Copy").id)
    assert copy.title == "Copy"
    assert [one.text for one in copy.path()] == ["Hi", "0"]
    assert copy.summarized()[1].text == "All"
    assert [one.finish for one in copy.turns.values()] == ["", "stop", "cancelled", "stop"]
    assert not set(copy.turns) & set(chat.turns)
    store.close()


def test_a_turn_is_found_by_its_job_unless_its_chat_is_in_the_trash(tmp_path):
    path = tmp_path / "a %20b#c.sqlite"
    assert find_turn(path, "j") is None
    assert not path.exists()
    store = DocumentStore(path)
    chat = new_chat()
    question = new_turn(ROOT, "user", "Hi")
    answer = new_turn(question.id, "assistant", "Yes", job="j")
    for turn in (question, answer):
        chat.add(turn)
    store.chats.save(chat, (question, answer))
    assert find_turn(path, "j") == (chat.id, answer.id)
    assert find_turn(path, "") is None
    store.chats.trash(chat.id)
    assert find_turn(path, "j") is None
    store.close()
