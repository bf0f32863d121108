"""Personas of chats in the real window: chosen per chat, written, edited, shared."""

import sqlite3

import msgspec
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from studio.core.presets import PERSONAS, Preset, encode_preset, own_presets, persona_of, presets
from studio.documents.schema import MIGRATIONS
from studio.documents.store import DocumentStore
from studio.models import card
from studio.ui.tabs.chat.personas.persona_dialog import PersonaDialog
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.tabs.chat.conftest import click, requests, send, shown, wait_answer
from tests.ui.test_window import press_generate, type_prompt

EDITOR = persona_of(next(one for one in presets(PERSONAS) if one.title == "Editor"))


@pytest.fixture(autouse=True)
def _chat_model(monkeypatch):
    """The fake model reads a system prompt."""
    made = card.fake_card
    monkeypatch.setattr(
        card, "fake_card", lambda kind: msgspec.structs.replace(made(kind), chat=kind == "text")
    )


def entries(page):
    """Return the actions of the menu as a person sees them when it opens."""
    menu = page.persona.menu()
    menu.aboutToShow.emit()
    return {one.text(): one for one in menu.actions() if one.text()}


def choose(page, title):
    entries(page)[title].trigger()


def asked(studio):
    return {one.prompt: one.system_prompt for one in requests(studio)}


def write(qtbot, page, entry, name, text):
    """Fill the dialog behind an entry of the menu, and save."""
    choose(page, entry)
    dialog = page.window().findChildren(PersonaDialog)[-1]
    for editor, typed in ((dialog.name, name), (dialog.text, text)):
        editor.setFocus()
        editor.selectAll()
        QTest.keyClicks(editor, typed)
    click(dialog.save_button)
    qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=PATIENCE)
    window = page.window()
    window.activateWindow()  # as a desktop does when a dialog closes
    assert QTest.qWaitForWindowActive(window, PATIENCE)


def test_each_chat_has_its_persona_also_after_a_restart(qtbot, open_chat):
    studio, tab, page = open_chat()
    tab.set_values({"system_prompt": "Of the form."})
    send(qtbot, tab, "Plain")
    assert tab.system_prompt.isVisible()
    click(page.new_button)
    choose(page, "Editor")
    assert page.persona.accessibleName() == "Persona: Editor"
    assert not tab.system_prompt.isVisible()
    send(qtbot, tab, "Correct me")
    assert asked(studio) == {"Plain": "Of the form.", "Correct me": EDITOR}
    edited = page.chat.id
    plain = next(
        info.id
        for info in DocumentStore(studio.shared.data.documents).chats.list()
        if info.id != edited
    )
    page.open_chat.open(plain)
    qtbot.waitUntil(lambda: shown(page)[:1] == ["Plain"], timeout=PATIENCE)
    assert page.persona.accessibleName() == "Persona: none"
    assert tab.system_prompt.isVisible()
    close_studio(studio)
    studio, tab, page = open_chat()
    page.open_chat.open(edited)
    qtbot.waitUntil(lambda: shown(page)[:1] == ["Correct me"], timeout=PATIENCE)
    assert page.persona.accessibleName() == "Persona: Editor"
    send(qtbot, tab, "Again")
    assert asked(studio)["Again"] == EDITOR
    choose(page, "None: the form's system prompt")
    send(qtbot, tab, "Free")
    assert asked(studio)["Free"] == "Of the form."


def test_a_prompt_waits_for_the_chat_that_is_being_opened(qtbot, open_chat):
    _studio, tab, page = open_chat()
    send(qtbot, tab, "First")
    first = page.chat.id
    click(page.new_button)
    send(qtbot, tab, "Second")
    page.open_chat.open(first)
    type_prompt(tab, "More")
    press_generate(tab)
    wait_answer(qtbot, page, 4)
    assert shown(page)[::2] == ["First", "More"]


def test_regenerated_and_branched_answers_have_the_persona(qtbot, open_chat):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    choose(page, "Brainstorming partner")
    click(list(page.turns.views.values())[1].retry_button)
    qtbot.waitUntil(lambda: len(requests(studio)) == 2, timeout=PATIENCE)
    assert sorted(one.system_prompt[:14] for one in requests(studio)) == ["", "You are a part"]


def test_an_own_persona_is_written_used_and_edited(qtbot, open_chat, data):
    studio, tab, page = open_chat()
    write(qtbot, page, "New persona…", "Pirate & co", "You are a pirate.")
    qtbot.waitUntil(lambda: page.chat.persona == "Pirate & co", timeout=PATIENCE)
    send(qtbot, tab, "Hi")
    assert asked(studio)["Hi"] == "You are a pirate."
    write(qtbot, page, "Edit this persona…", "Pirate & co", "You are a polite pirate.")
    qtbot.waitUntil(lambda: page.chat.system_prompt == "You are a polite pirate.", timeout=PATIENCE)
    assert own_presets(data, "text") == [
        Preset("Pirate & co", {"system_prompt": "You are a polite pirate."})
    ]
    send(qtbot, tab, "And now")
    assert asked(studio)["And now"] == "You are a polite pirate."
    assert entries(page)["Pirate && co"].isChecked()


def test_one_of_studio_is_edited_as_a_copy(qtbot, open_chat, data):
    _studio, _tab, page = open_chat()
    choose(page, "Editor")
    choose(page, "Edit this persona…")
    dialog = page.window().findChildren(PersonaDialog)[-1]
    assert (dialog.name.text(), dialog.text.toPlainText()) == ("My Editor", EDITOR)
    click(dialog.save_button)
    qtbot.waitUntil(lambda: page.chat.persona == "My Editor", timeout=PATIENCE)
    assert [one.title for one in own_presets(data, "text")] == ["My Editor"]
    assert "Editor" in entries(page)


def test_a_shared_file_becomes_a_persona(qtbot, open_chat, tmp_path, monkeypatch):
    _studio, _tab, page = open_chat()
    path = tmp_path / "coach.preset.json"
    path.write_bytes(encode_preset("text", Preset("Coach", {"system_prompt": "You coach."})))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_more: (str(path), ""))
    choose(page, "Import a preset…")
    qtbot.waitUntil(lambda: "Coach" in entries(page), timeout=PATIENCE)
    choose(page, "Coach")
    assert page.chat.system_prompt == "You coach."


def test_a_model_without_chat_offers_none(qtbot, open_chat):
    _studio, tab, page = open_chat()
    assert page.persona.isEnabled()
    base = msgspec.structs.replace(tab.card, chat=False, title="Base")
    page._card = lambda: base
    page.show_context()
    assert not page.persona.isEnabled()
    assert "Base reads no system prompt" in page.persona.toolTip()


def test_titles_are_in_the_language_of_the_window(qtbot, chinese, open_chat):
    _studio, _tab, page = open_chat()
    names = [one for one in entries(page) if one in {"通俗讲解", "英文编辑"}]
    assert names == ["通俗讲解", "英文编辑"]  # Chinese ones first
    choose(page, "英文编辑")
    assert page.chat.system_prompt == EDITOR
    assert "英文编辑" in page.persona.accessibleName()


@pytest.mark.parametrize("preset", presets(PERSONAS), ids=lambda one: one.title)
def test_those_of_studio_are_personas(preset):
    assert persona_of(preset)
    assert preset.values.keys() == {"system_prompt"}
    assert preset.title.isascii() == persona_of(preset).isascii()


def test_a_file_from_before_personas_opens(tmp_path):
    path = tmp_path / "documents.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            ";".join(one.rstrip().rstrip(";") for one in MIGRATIONS[:5])
            + "; PRAGMA user_version = 5;"
        )
        connection.execute("INSERT INTO chats VALUES ('a', 'Old', 1, 2, 0, x'7b7d')")
    connection.close()
    store = DocumentStore(path)
    chat = store.chats.load("a")
    assert (chat.title, chat.persona, chat.system_prompt) == ("Old", "", "")
    chat.persona, chat.system_prompt = "Editor", "You edit."
    store.chats.save(chat)
    copy = store.chats.duplicate("a", "Copy")
    assert (copy.persona, copy.system_prompt) == ("Editor", "You edit.")
    store.close()
