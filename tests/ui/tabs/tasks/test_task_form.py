"""Guided tasks in the window: chosen from the menu, filled in, generated, kept and restored."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QPushButton, QSpinBox

from studio.core.drafts import load_drafts
from studio.core.presets import own_presets, shareable
from studio.models.card import fake_card, request_for
from studio.text_tasks.loader import find_task
from studio.text_tasks.requests import TaskInput, request_values
from studio.ui.help.entries import default_providers
from studio.ui.tabs.presets.save_dialog import SaveDialog
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.test_window import is_over, type_prompt

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def open_tab(qtbot, open_studio):
    """Return a function that starts the program and reads the tasks, as opening the menu does."""

    def start():
        studio = open_studio()
        tab = studio.window.text_tab
        studio.window.action("choose_task").trigger()
        menu = tab.tasks.write_button.menu()
        qtbot.waitUntil(lambda: len(menu.actions()) > 5, timeout=PATIENCE)
        menu.close()
        return studio, tab

    return start


def choose(button, name):
    next(one for one in button.menu().actions() if one.data() == name).trigger()


def control(tab, name, kind):
    return next(one for one in tab.findChildren(kind) if one.accessibleName() == name)


def main_editor(tab):
    return tab.tasks.panel.main.text_editor


def generate(tab):
    QTest.keyClick(main_editor(tab), Qt.Key.Key_Return, CONTROL)


def test_a_form_makes_the_request_that_the_command_makes(qtbot, open_tab, data):
    studio, tab = open_tab()
    type_prompt(tab, "a flood in a small town")
    choose(tab.tasks.write_button, "headline")
    assert not tab.prompt.isVisible()
    assert not tab.system_prompt.isVisible()
    assert main_editor(tab).toPlainText() == "a flood in a small town", "what was typed"
    style = control(tab, "Style", QComboBox)
    style.setFocus()
    QTest.keyClick(style, Qt.Key.Key_Down)
    tab.form.set_values({"seed": "7"})
    generate(tab)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    inputs = TaskInput(
        prompt="a flood in a small town",
        fields={"style": "question"},
        settings={"seed": 7, **studio.shared.format_defaults("text")},
    )
    card = fake_card("text")
    expected = request_for(card, request_values(find_task(data, "headline"), inputs, card))
    assert tab.stage.job.request == expected
    assert list(data.outputs.glob("*.txt"))


def test_the_plain_prompt_comes_back_with_its_settings(open_tab):
    _studio, tab = open_tab()
    type_prompt(tab, "a prompt")
    tab.form.set_values({"temperature": 0.4})
    choose(tab.tasks.write_button, "poem")
    assert tab.form.values()["temperature"] == pytest.approx(0.8)
    QTest.keyClicks(main_editor(tab), "!")
    QTest.mouseClick(tab.tasks.back_button, Qt.MouseButton.LeftButton)
    assert tab.prompt.isVisible()
    assert tab.prompt.toPlainText() == "a prompt"
    assert tab.form.values()["temperature"] == pytest.approx(0.4)
    assert tab.request().task is None
    choose(tab.tasks.write_button, "poem")
    assert "!" in main_editor(tab).toPlainText()
    QTest.keyClick(main_editor(tab), Qt.Key.Key_Z, CONTROL)
    assert "!" not in main_editor(tab).toPlainText(), "undo still reaches what was typed"


def test_another_task_takes_the_text_over(open_tab):
    _studio, tab = open_tab()
    choose(tab.tasks.write_button, "title")
    QTest.keyClicks(main_editor(tab), "Rain")
    choose(tab.tasks.title_button, "ad")
    assert main_editor(tab).toPlainText() == "Rain"
    assert tab.tasks.title_button.text().startswith("Advertisement")


def test_a_number_follows_a_choice_until_it_is_entered(open_tab):
    _studio, tab = open_tab()
    choose(tab.tasks.write_button, "summary")
    form, sentences = (
        control(tab, "Form of the text", QComboBox),
        control(tab, "Sentences", QSpinBox),
    )
    assert sentences.value() == 5
    form.setCurrentIndex(form.findData("tl;dr"))
    assert sentences.value() == 1
    sentences.setValue(3)
    form.setCurrentIndex(form.findData("bullets"))
    assert sentences.value() == 3
    QTest.keyClicks(main_editor(tab), "Snow fell.")
    assert tab.request().task.value("sentences") == "3"


def test_the_draft_has_the_form(qtbot, open_tab, open_studio, data):
    studio, tab = open_tab()
    type_prompt(tab, "plain")
    choose(tab.tasks.write_button, "summary")
    main_editor(tab).replace_text("Snow fell in May.")
    control(tab, "Focus", QLineEdit).setText("snow")
    control(tab, "Corrections", QSpinBox).setValue(2)
    tab.form.set_values({"temperature": 0.9})
    close_studio(studio)
    assert load_drafts(data)["text"]["task"]["values"]["focus"] == "snow"
    again = open_studio().window.text_tab
    qtbot.waitUntil(lambda: again.tasks.panel is not None, timeout=PATIENCE)
    request = again.request()
    assert request.task.main_text == "Snow fell in May."
    assert (request.task.value("focus"), request.task.fix) == ("snow", 2)
    assert request.temperature == pytest.approx(0.9)
    QTest.mouseClick(again.tasks.back_button, Qt.MouseButton.LeftButton)
    assert again.prompt.toPlainText() == "plain"


def test_a_result_restores_the_form(qtbot, open_tab, data):
    studio, tab = open_tab()
    choose(tab.tasks.write_button, "headline")
    main_editor(tab).replace_text("春天的花")
    control(tab, "Longest headline, in words", QSpinBox).setValue(9)
    generate(tab)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    made = tab.stage.job.request
    assert made.task.language == "zh"
    QTest.mouseClick(tab.tasks.back_button, Qt.MouseButton.LeftButton)
    choose(tab.tasks.write_button, "poem")
    main_editor(tab).replace_text("other")
    path = sorted(data.outputs.glob("*.txt"))[0]
    studio.window.show_artifact(path)
    qtbot.waitUntil(lambda: tab.tasks.panel.task.name == "headline", timeout=PATIENCE)
    qtbot.waitUntil(lambda: main_editor(tab).toPlainText() == "春天的花", timeout=PATIENCE)
    assert control(tab, "Language", QComboBox).currentData() == ""
    tab.form.set_values({"seed": made.seed})
    assert tab.request() == made
    studio.window.edit_job(msgspec.structs.replace(tab.stage.job, request=plain_request()))
    assert tab.tasks.panel is None
    assert tab.prompt.toPlainText() == "plain"


def plain_request():
    return request_for(fake_card("text"), {"prompt": "plain", "seed": 1})


def test_a_text_that_is_put_into_the_prompt_shows_the_prompt(open_tab):
    _studio, tab = open_tab()
    choose(tab.tasks.write_button, "headline")
    tab.use_as_prompt("Once upon a time")
    assert tab.tasks.panel is None
    assert tab.prompt.isVisible()


def test_a_document_is_the_source(qtbot, open_tab, tmp_path, monkeypatch):
    _studio, tab = open_tab()
    choose(tab.tasks.write_button, "summary")
    source = tab.tasks.panel.source
    path = tmp_path / "report.html"
    path.write_text("<p>The river rose by two metres.</p>", encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(path), ""))
    QTest.mouseClick(source.file_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "river" in main_editor(tab).toPlainText(), timeout=PATIENCE)
    assert source.notice.isHidden()
    path.write_bytes(b"")
    QTest.mouseClick(source.file_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "it is empty" in source.notice.message, timeout=PATIENCE)
    assert "river" in main_editor(tab).toPlainText(), "kept"


def test_a_long_document_is_held_and_can_be_removed(qtbot, open_tab, tmp_path):
    _studio, tab = open_tab()
    choose(tab.tasks.write_button, "summary")
    panel = tab.tasks.panel
    path = tmp_path / "long.txt"
    path.write_text("A sentence of the text. " * 5_000, encoding="utf-8")
    panel.source.read(path)
    qtbot.waitUntil(lambda: len(panel.main.value()) > 100_000, timeout=PATIENCE)
    assert not main_editor(tab).isVisible()
    assert len(tab.request().task.main_text) > 100_000
    remove = next(one for one in panel.findChildren(QPushButton) if one.text() == "Remove")
    QTest.mouseClick(remove, Qt.MouseButton.LeftButton)
    assert main_editor(tab).isVisible()
    assert tab.check() is None


def test_the_document_in_the_editor_is_the_source(qtbot, open_tab):
    _studio, tab = open_tab()
    choose(tab.tasks.write_button, "report")
    source = tab.tasks.panel.source
    QTest.mouseClick(source.document_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "is empty" in source.notice.message, timeout=PATIENCE)
    tab.document_page.editor.insertPlainText("Sales rose by 4 %.")
    QTest.mouseClick(source.document_button, Qt.MouseButton.LeftButton)
    assert main_editor(tab).toPlainText() == "Sales rose by 4 %."
    assert source.notice.isHidden()


def test_a_model_that_is_too_small_is_named(open_tab):
    studio, tab = open_tab()
    small = msgspec.structs.replace(fake_card("text"), parameters=134_515_008, title="Small")
    large = msgspec.structs.replace(small, name="large", title="Large", parameters=2_000_000_000)
    studio.shared._cards = [small, large]
    studio.shared.models_changed.emit()
    menu = tab.tasks.write_button.menu()
    menu.aboutToShow.emit()
    titles = [one.text() for one in menu.actions()]
    assert "Story (needs a larger model)" in titles
    assert "Headline" in titles
    choose(tab.tasks.write_button, "story")
    note = tab.tasks.panel.size_note
    assert "Small is too small" in note.message
    use = next(one for one in note.findChildren(QPushButton) if one.text() == "Use Large")
    QTest.mouseClick(use, Qt.MouseButton.LeftButton)
    assert tab.card.name == "large"
    assert note.isHidden()


def test_own_tasks_are_listed_and_invalid_ones_named(qtbot, open_tab, data):
    _studio, tab = open_tab()
    own = (
        'title = "Toast"\n[[field]]\nname = "text"\ntitle = "Whom"\nrequired = true\n'
        '[prompt.en]\nchat = "A toast to {text}"\ncomplete = "A toast to {text}:"\n'
    )
    data.tasks.mkdir(parents=True)
    (data.tasks / "toast.toml").write_text(own, encoding="utf-8")
    (data.tasks / "broken.toml").write_text("title = ", encoding="utf-8")
    menu = tab.tasks.write_button.menu()
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: any(one.data() == "toast" for one in menu.actions()), timeout=PATIENCE)
    broken = menu.actions()[-1]
    assert "broken.toml" in broken.text()
    assert not broken.isEnabled()
    choose(tab.tasks.write_button, "toast")
    QTest.keyClicks(main_editor(tab), "the cook")
    assert tab.request().prompt == "A toast to the cook:"


def test_the_palette_opens_a_form(qtbot, open_studio):
    studio = open_studio()
    studio.window.show_tab("library")
    entries = [entry for find in default_providers(studio.window) for entry in find("poem")]
    next(entry for entry in entries if entry.title == "Write: Poem").run()
    tab = studio.window.text_tab
    qtbot.waitUntil(lambda: tab.tasks.panel is not None, timeout=PATIENCE)
    assert main_editor(tab).isVisible()


def test_an_empty_form_does_not_generate(open_tab):
    studio, tab = open_tab()
    choose(tab.tasks.write_button, "headline")
    assert not tab.generate_button.isEnabled()
    assert "Topic or article" in tab._hint.text()
    generate(tab)
    assert studio.shared.queue.jobs() == []


def preset_titles(tab):
    return [one.text() for one in tab.task_presets.menu().actions() if one.text()]


def use_preset(button, title):
    next(one for one in button.menu().actions() if one.text() == title).trigger()


def test_a_preset_holds_a_task_with_its_fields(qtbot, open_tab, data):
    _studio, tab = open_tab()
    choose(tab.tasks.write_button, "ad")
    tab.tasks.panel.main.set_value("A rain coat")
    tab.tasks.panel.fields["audience"].set_value("walkers")
    tab.form.set_values({"temperature": 0.4})
    for title, with_prompt in (("Coat", True), ("For walkers", False)):
        use_preset(tab.task_presets, "Save as a preset…")
        dialog = tab.window().findChildren(SaveDialog)[-1]
        QTest.keyClicks(dialog.title, title)
        assert dialog.with_task.isVisible()
        dialog.with_prompt.setChecked(with_prompt)
        assert "Task ad" in dialog._summary.text()
        QTest.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda name=title: name in preset_titles(tab), timeout=PATIENCE)
    tab.tasks.close_task()
    type_prompt(tab, "A plain prompt")
    use_preset(tab.preset_button, "Coat")
    panel = tab.tasks.panel
    assert panel.task.name == "ad"
    assert panel.main.value() == "A rain coat"
    assert panel.fields["audience"].value() == "walkers"
    assert tab.form.values()["temperature"] == pytest.approx(0.4)
    assert tab.prompt.toPlainText() == "A plain prompt", "it is not the task's"
    panel.main.set_value("An umbrella")
    panel.fields["audience"].set_value("")
    use_preset(tab.task_presets, "For walkers")
    assert panel.main.value() == "An umbrella", "it is no part of this preset"
    assert panel.fields["audience"].value() == "walkers"
    exported = shareable("text", own_presets(data, "text")[0].values)
    assert exported["task"]["values"]["audience"] == "walkers"


def test_earlier_prompts_are_what_was_typed(qtbot, open_tab, data):
    studio, tab = open_tab()
    choose(tab.tasks.write_button, "title")
    tab.tasks.panel.main.set_value("A flood in Kelmore")
    generate(tab)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    index = studio.shared.library.index
    qtbot.waitUntil(lambda: index.prompts(["text"]) != [], timeout=PATIENCE)
    assert index.prompts(["text"]) == ["A flood in Kelmore"]
