"""An empty stage offers examples; a click generates one."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from studio.core.paths import DataFolder
from studio.models import catalog
from studio.models.card import fake_card
from studio.models.registry import ModelRegistry
from studio.preflight.prompt_translation import prepare
from studio.ui.stage.examples import COUNT, examples_for
from tests.ui.conftest import PATIENCE


def forms(window):
    return [window.text_tab, window.image_tab, *window.audio_tab.pages]


def is_chinese(text):
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_each_empty_stage_offers_three_examples(open_studio):
    window = open_studio().window
    for form in forms(window):
        page = form.examples_page
        assert page.isVisibleTo(form), form.kind
        assert len(page.buttons) == COUNT
        assert len({button.accessibleName() for button in page.buttons}) == COUNT


@pytest.mark.parametrize("number", range(4))
def test_a_click_fills_the_form_and_generates(open_studio, qtbot, number):
    studio = open_studio()
    window = studio.window
    form = forms(window)[number]
    window.show_kind(form.kind)
    button = form.examples_page.buttons[-1]
    prompt = button.accessibleName()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert form.prompt.toPlainText() == prompt
    qtbot.waitUntil(
        lambda: [job.state.over for job in studio.shared.queue.jobs()] == [True], timeout=PATIENCE
    )
    assert studio.shared.queue.jobs()[0].request.prompt == prompt
    assert not form.examples_page.isVisibleTo(form)  # the result takes its place


def test_the_keyboard_reaches_the_examples(open_studio, qtbot):
    studio = open_studio()
    button = studio.window.text_tab.examples_page.buttons[0]
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(studio.shared.queue.jobs()) == 1, timeout=PATIENCE)


def test_without_a_model_there_is_no_example(open_studio, qtbot, monkeypatch):
    window = open_studio().window
    page = window.text_tab.examples_page
    monkeypatch.setattr(window.shared, "_cards", [])
    window.shared.models_changed.emit()
    assert page.buttons == []
    texts = [label.text() for label in page.findChildren(QLabel) if label.isVisibleTo(page)]
    assert texts == ["Your text will appear here."]


def test_long_examples_are_elided_in_a_narrow_window(open_studio, qtbot):
    window = open_studio().window
    window.resize(720, 480)
    window.show_kind("speech")
    (button, *_others) = window.audio_tab.speech.examples_page.buttons
    qtbot.waitUntil(lambda: button.text().endswith("…"), timeout=PATIENCE)
    corner = button.mapTo(window, button.rect().bottomRight())
    assert window.rect().contains(corner)
    assert button.accessibleName().endswith("£12.50.")


def test_models_that_read_chinese_get_a_chinese_example():
    for name in ("kokoro", "qwen3-0.6b", "starter-music"):
        examples = examples_for(catalog.entry_named(name).card)
        assert [is_chinese(example) for example in examples] == [False, False, True]
    for name in ("starter", "hibari"):
        assert not any(map(is_chinese, examples_for(catalog.entry_named(name).card)))


def test_the_starter_image_model_reads_its_chinese_example(data: DataFolder):
    card = next(card for card in ModelRegistry(data).list() if card.name == "starter-image")
    examples = examples_for(card)
    assert is_chinese(examples[-1])
    assert "apple" in prepare(examples[-1], card)


def test_a_plain_language_model_continues_a_beginning():
    chat = msgspec.structs.replace(fake_card("text"), chat=True)
    assert not examples_for(chat)[0].endswith("and")
    assert examples_for(fake_card("text"))[0].endswith("and")
    summarizer = msgspec.structs.replace(fake_card("text"), encoder_decoder=True)
    assert examples_for(summarizer) == []
