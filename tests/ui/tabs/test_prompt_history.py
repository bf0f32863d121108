"""Earlier prompts come back: with keys, and from a list with a search."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.library.index import LibraryIndex
from studio.ui.tabs.prompt_history import PromptList
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import make_item
from tests.ui.test_window import press_generate

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def tab(data, tmp_path, open_studio):
    """A text tab after three prompts, the first one used twice."""
    index = LibraryIndex(data.library)
    prompts = ["a story about rain", "一首关于雨的诗", "a headline", "a story about rain"]
    index.add(
        make_item(tmp_path, number, media="text", prompt=prompt, program="Studio")
        for number, prompt in enumerate(prompts, 1)
    )
    index.add([make_item(tmp_path, 9, prompt="an image", program="Studio")])
    index.close()
    return open_studio().window.text_tab


def step(tab, key) -> None:
    QTest.keyClick(tab.prompt, key, CONTROL)


def shows(tab, text):
    return lambda: tab.prompt.toPlainText() == text


def test_keys_step_through_earlier_prompts_and_back_to_what_was_typed(qtbot, tab):
    QTest.keyClicks(tab.prompt, "half a th")
    step(tab, Qt.Key.Key_Up)
    qtbot.waitUntil(shows(tab, "a story about rain"), timeout=PATIENCE)
    step(tab, Qt.Key.Key_Up)
    assert tab.prompt.toPlainText() == "一首关于雨的诗"
    step(tab, Qt.Key.Key_Up)
    step(tab, Qt.Key.Key_Up)
    assert tab.prompt.toPlainText() == "a headline", "there is nothing before it"
    for _ in range(3):
        step(tab, Qt.Key.Key_Down)
    assert tab.prompt.toPlainText() == "half a th"
    step(tab, Qt.Key.Key_Down)
    assert tab.prompt.toPlainText() == "half a th"


def test_a_step_is_undone_with_ctrl_z(qtbot, tab):
    QTest.keyClicks(tab.prompt, "typed")
    step(tab, Qt.Key.Key_Up)
    qtbot.waitUntil(shows(tab, "a story about rain"), timeout=PATIENCE)
    QTest.keyClick(tab.prompt, Qt.Key.Key_Z, CONTROL)
    assert tab.prompt.toPlainText() == "typed"


def open_list(qtbot, tab) -> PromptList:
    QTest.mouseClick(tab.prompt_box.history_button, Qt.MouseButton.LeftButton)
    opened = tab.window().findChildren(PromptList)[-1]
    qtbot.waitUntil(lambda: opened.list.count() == 3, timeout=PATIENCE)
    return opened


def test_list_finds_prompts_by_words(qtbot, tab):
    opened = open_list(qtbot, tab)
    opened.search.setText("雨")
    qtbot.waitUntil(lambda: opened.list.count() == 1, timeout=PATIENCE)
    QTest.keyClick(opened.search, Qt.Key.Key_Return)
    assert tab.prompt.toPlainText() == "一首关于雨的诗"


def test_list_is_used_with_the_arrow_keys(qtbot, tab):
    opened = open_list(qtbot, tab)
    QTest.keyClick(opened.search, Qt.Key.Key_Down)
    QTest.keyClick(opened.search, Qt.Key.Key_Down)
    QTest.keyClick(opened.search, Qt.Key.Key_Return)
    assert tab.prompt.toPlainText() == "a headline"


def test_list_reports_that_nothing_was_found(qtbot, tab):
    opened = open_list(qtbot, tab)
    opened.search.setText("zebra")
    qtbot.waitUntil(lambda: opened.list.isHidden(), timeout=PATIENCE)
    opened.close()


def test_new_prompt_is_in_the_history(qtbot, tab):
    tab.prompt.replace_text("a brand new prompt")
    press_generate(tab)
    index = tab.shared.library.index
    qtbot.waitUntil(lambda: "a brand new prompt" in index.prompts(["text"]), timeout=PATIENCE)
    tab.prompt.replace_text("")
    step(tab, Qt.Key.Key_Up)
    qtbot.waitUntil(shows(tab, "a brand new prompt"), timeout=PATIENCE)
