"""Chips below an image prompt: weights, tags and BREAK, changed with the mouse and keys."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest

from studio.models.card import ModelCard
from studio.models.install.add import add
from tests.models.inspect.test_adapter import lora_bytes, put

SD = ModelCard(
    name="sd", title="SD", kind="image", runner="diffusers", family="StableDiffusionPipeline"
)
LLM = msgspec.structs.replace(SD, name="qwen", title="Qwen", family="QwenImagePipeline")


@pytest.fixture
def tab(open_studio, data, tmp_path):
    lora = add(data, put(tmp_path, lora_bytes(), "pixel-art.safetensors"))
    studio = open_studio()
    shared = studio.window.shared
    shared._cards = [SD, LLM, lora]
    shared.models_changed.emit()
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    tab.choose_model("sd")
    return tab


def shown(tab):
    return [chip.title.text() for chip in tab.marks.chips()] if tab.marks.isVisible() else []


def click(control):
    QTest.mouseClick(control, Qt.MouseButton.LeftButton)


def test_chips_change_the_prompt(tab):
    tab.prompt.setPlainText("a (red:1.2) cat BREAK a dog <lora:Pixel_Art:0.8>")
    assert shown(tab) == ["red", "BREAK", "pixel-art"]
    click(tab.marks.chips()[0].more)
    assert tab.prompt.toPlainText().startswith("a (red:1.3) cat")
    click(tab.marks.chips()[2].less)
    assert tab.prompt.toPlainText().endswith("<lora:Pixel_Art:0.7>")
    click(tab.marks.chips()[1].remove)
    assert shown(tab) == ["red", "pixel-art"]
    request = tab.request()
    assert (
        request.prompt == tab.prompt.toPlainText() == "a (red:1.3) cat a dog <lora:Pixel_Art:0.7>"
    )
    tab.prompt.setPlainText("a cat")
    assert shown(tab) == []


def test_alt_and_arrows_change_the_weight_at_the_cursor_and_undo_takes_it_back(tab):
    tab.prompt.setPlainText("a red cat")
    tab.prompt.setFocus()
    cursor = tab.prompt.textCursor()
    cursor.setPosition(3)
    tab.prompt.setTextCursor(cursor)
    QTest.keyClick(tab.prompt, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(tab.prompt, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert tab.prompt.toPlainText() == "a (red:1.2) cat"
    assert tab.prompt.textCursor().selectedText() == "(red:1.2)"
    QTest.keyClick(tab.prompt, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert tab.prompt.toPlainText() == "a (red:1.1) cat"
    tab.prompt.undo()
    assert tab.prompt.toPlainText() == "a (red:1.2) cat"
    tab.prompt.moveCursor(QTextCursor.MoveOperation.End)


def test_a_missing_adapter_is_refused_by_name(tab):
    tab.prompt.setPlainText("a cat <lora:nowhere:0.8>")
    assert tab.check() is None
    assert "<lora:nowhere:0.8> in the prompt" in tab._hint.text()
    assert tab.marks.chips()[0].title.property("role") == "error"


def test_a_model_without_weights_says_so_and_one_click_makes_plain_words(tab):
    tab.choose_model("qwen")
    tab.prompt.setPlainText("a (red:1.2) cat BREAK a (small) dog")
    assert "Qwen" in tab.prompt_box._problem.text()
    assert not tab.generate_button.isEnabled()
    click(tab.marks.words_button)
    assert tab.prompt.toPlainText() == "a red cat a small dog"
    assert tab.request().prompt == "a red cat a small dog"
    assert not tab.marks.isVisible()


def test_an_open_bracket_is_named(tab):
    tab.prompt.setPlainText("a (red cat")
    assert "at character 3 is not closed" in tab.prompt_box._problem.text()
    click(tab.marks.words_button)
    assert tab.prompt.toPlainText() == r"a \(red cat"
    assert tab.request() is not None
