"""Shortcuts of a part of the window act only where the focus is."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from studio.core.jobs import JobState
from studio.ui.widgets.shortcut import shortcut_within
from tests.ui.conftest import PATIENCE
from tests.ui.test_window import press_generate, type_prompt

CONTROL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier


def press(key, modifier=Qt.KeyboardModifier.NoModifier):
    """Press a key where the focus is."""
    QTest.keyClick(QApplication.focusWidget(), key, modifier)


def make_text(qtbot, studio, prompt):
    tab = studio.window.text_tab
    tab.prompt.setFocus()
    tab.prompt.selectAll()
    type_prompt(tab, prompt)
    press_generate(tab)
    qtbot.waitUntil(
        lambda: (
            tab.stage.job is not None
            and tab.stage.is_over
            and tab.stage.header.prompt.whole == prompt
        ),
        timeout=PATIENCE,
    )


def test_escape_in_the_queue_stops_nothing(qtbot, open_studio):
    studio = open_studio(step_seconds=0.1)
    window, tab = studio.window, studio.window.text_tab
    type_prompt(tab, "Write about light")
    press_generate(tab)
    qtbot.waitUntil(lambda: bool(tab.view.text()), timeout=PATIENCE)
    window.show_queue()
    with qtbot.assertNotEmitted(studio.shared.queue.cancel_requested):
        press(Qt.Key.Key_Escape)
    tab.prompt.setFocus()
    with qtbot.waitSignal(studio.shared.queue.cancel_requested, timeout=PATIENCE):
        press(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: tab.stage.is_over, timeout=PATIENCE)
    assert studio.shared.queue.job(tab.stage.job.id).state is JobState.CANCELLED


def test_the_queue_opens_and_closes_with_keys(qtbot, open_studio):
    studio = open_studio()
    window, prompt = studio.window, studio.window.text_tab.prompt
    prompt.setFocus()
    for close in (
        lambda: press(Qt.Key.Key_Escape),
        lambda: press(Qt.Key.Key_J, CONTROL),
    ):
        press(Qt.Key.Key_J, CONTROL)
        assert QApplication.focusWidget() is window.queue_dock.panel.table
        close()
        assert not window.queue_dock.isVisible()
        assert QApplication.focusWidget() is prompt


def test_escape_in_the_search_of_the_queue_closes_it(open_studio):
    window = open_studio().window
    window.show_queue()
    window.queue_dock.panel.text.setFocus()
    press(Qt.Key.Key_Escape)
    assert not window.queue_dock.isVisible()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_only_the_form_with_the_focus_generates(qtbot, open_studio, key):
    studio = open_studio()
    window, tab, queue = studio.window, studio.window.text_tab, studio.shared.queue
    type_prompt(tab, "Write about light")
    window.show_queue()
    with qtbot.assertNotEmitted(queue.jobs_added, wait=50):
        press(key, CONTROL)
    tab.prompt.setFocus()
    with qtbot.waitSignal(queue.jobs_added, timeout=PATIENCE):
        press(key, CONTROL)
    qtbot.waitUntil(lambda: tab.stage.job is not None and tab.stage.is_over, timeout=PATIENCE)


def test_keys_step_through_results_on_the_stage_only(qtbot, open_studio):
    studio = open_studio()
    stage = studio.window.text_tab.stage
    for prompt in ("the first", "the second"):
        make_text(qtbot, studio, prompt)
    qtbot.waitUntil(lambda: stage.strip.results.rowCount() == 2, timeout=PATIENCE)
    studio.window.text_tab.prompt.setFocus()
    press(Qt.Key.Key_Right, ALT)
    assert stage._requested is None, "the keys belong to the editor"
    stage.view.view.setFocus()
    press(Qt.Key.Key_Right, ALT)
    qtbot.waitUntil(lambda: stage.header.prompt.whole == "the first", timeout=PATIENCE)


@pytest.mark.parametrize(("key", "name"), [(Qt.Key.Key_2, "image"), (Qt.Key.Key_3, "audio")])
def test_a_tab_that_opens_with_keys_has_the_focus_in_its_prompt(open_studio, key, name):
    studio = open_studio()
    press(key, CONTROL)
    form = studio.window.tab(name).current()
    assert QApplication.focusWidget() is form.prompt


def test_a_shortcut_stays_in_its_widget(qtbot):
    window, inner = QPlainTextEdit(), QPlainTextEdit()
    qtbot.addWidget(window)
    inner.setParent(window)
    inner.setGeometry(0, 0, 50, 50)
    pressed = []
    shortcut_within(inner, "Ctrl+Return", lambda: pressed.append(1))
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window, PATIENCE)
    window.setFocus()
    press(Qt.Key.Key_Return, CONTROL)
    assert pressed == []
    inner.setFocus()
    press(Qt.Key.Key_Return, CONTROL)
    assert pressed == [1]
