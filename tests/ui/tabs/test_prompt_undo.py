"""Whatever replaces the prompt in the window is undone with Ctrl+Z."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from studio.ui.help.palette import Palette
from tests.ui.conftest import PATIENCE
from tests.ui.stage.test_strip import make_texts
from tests.ui.test_window import drop

MINE = "mine 我的"


def use_preset(_qtbot, studio):
    menu = studio.window.text_tab.preset_button.menu()
    next(one for one in menu.actions() if one.text() == "GPT-2 headline").trigger()


def use_example(_qtbot, studio):
    menu = studio.window.text_tab.preset_button.menu()
    (examples,) = [action.menu() for action in menu.actions() if action.menu()]
    examples.actions()[0].trigger()


def step_back_in_history(qtbot, studio):
    index = studio.shared.library.index
    qtbot.waitUntil(lambda: index.prompts(["text"]) == ["earlier"], timeout=PATIENCE)
    QTest.keySequence(studio.window.text_tab.prompt, "Ctrl+Up")


def load_from_stage(_qtbot, studio):
    studio.window.text_tab.stage.header.load_button.click()


def drop_file(_qtbot, studio):
    (path,) = Path(studio.shared.output_folder()).glob("*.txt")
    drop(studio.window, path)


def show_from_queue(_qtbot, studio):
    studio.window.show_result(studio.shared.queue.jobs()[0].id)


def use_text(_qtbot, studio):
    tab = studio.window.text_tab
    next(
        made for made in tab.stage.findChildren(QPushButton) if made.text() == "Use as prompt"
    ).click()


def use_from_library(_qtbot, studio):
    studio.window.window_library.prompt_requested.emit("text", "of the library", "0" * 64)


def choose_in_palette(qtbot, studio, text, group):
    """Run the first entry that a text finds, as Ctrl+K and Return do."""
    QTest.keySequence(studio.window, "Ctrl+K")
    (palette,) = [one for one in studio.window.findChildren(Palette) if one.isVisible()]
    QTest.keyClicks(palette.search, text)
    qtbot.waitUntil(
        lambda: bool(palette.model.entries) and palette.model.entries[0].group == group,
        timeout=PATIENCE,
    )
    QTest.keyClick(palette.search, Qt.Key.Key_Return)


def use_preset_of_palette(qtbot, studio):
    choose_in_palette(qtbot, studio, "GPT-2 headline", "Text preset")


def use_result_of_palette(qtbot, studio):
    choose_in_palette(qtbot, studio, "earlier", "Text result")


@pytest.mark.parametrize(
    "replace",
    [
        use_preset,
        use_example,
        step_back_in_history,
        load_from_stage,
        drop_file,
        show_from_queue,
        use_text,
        use_from_library,
        use_preset_of_palette,
        use_result_of_palette,
    ],
)
def test_replaced_prompt_comes_back_with_undo(qtbot, open_studio, replace):
    studio = open_studio()
    make_texts(qtbot, studio, "earlier")
    tab = studio.window.text_tab
    qtbot.waitUntil(lambda: bool(tab.view.text()), timeout=PATIENCE)
    tab.prompt.setFocus()
    tab.prompt.insertPlainText(MINE)
    replace(qtbot, studio)
    qtbot.waitUntil(lambda: tab.prompt.toPlainText() != MINE, timeout=PATIENCE)
    replaced = tab.prompt.toPlainText()
    assert replaced
    QTest.keySequence(tab.prompt, "Ctrl+Z")
    assert tab.prompt.toPlainText() == MINE
