"""A chat in the real window, and what a person does in it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.conftest import PATIENCE
from tests.ui.test_window import press_generate, type_prompt


@pytest.fixture
def open_chat(qtbot, open_studio):
    def start():
        studio = open_studio()
        tab = studio.window.text_tab
        tab.show_view("chat")
        page = tab.chat_page
        qtbot.waitUntil(lambda: page.open_chat.is_open, timeout=PATIENCE)
        return studio, tab, page

    return start


def click(control):
    QTest.mouseClick(control, Qt.MouseButton.LeftButton)


def shown(page):
    return [view.text for view in page.turns.views.values()]


def wait_answer(qtbot, page, turns):
    qtbot.waitUntil(
        lambda: len(page.turns.views) == turns and not page.answers.jobs_of(page.chat.id),
        timeout=PATIENCE,
    )


def send(qtbot, tab, text):
    page = tab.chat_page
    turns = len(page.turns.views) + 2
    type_prompt(tab, text)
    press_generate(tab)
    wait_answer(qtbot, page, turns)


def requests(studio):
    return [job.request for job in studio.shared.queue.jobs()]
