"""A wrong expression or schema in the form of texts is refused there, before a job is made."""

import pytest
from PySide6.QtTest import QTest

from studio.core.translation import tr
from tests.ui.conftest import PATIENCE
from tests.ui.tabs.chat.conftest import shown
from tests.ui.test_window import is_over, press_generate, type_prompt


def type_into(tab, name, text):
    editor = tab.form.fields[name].editor
    if not editor.isVisible():
        tab.form.advanced_button.click()
    editor.setFocus()
    editor.clear()
    QTest.keyClicks(editor, text)


def problem_of(tab, name):
    label = tab.form.fields[name]._problem
    return label.text() if label.isVisibleTo(tab.form.fields[name]) else ""


@pytest.mark.parametrize(
    ("name", "wrong", "problem", "right"),
    [
        ("regex", "[a-z", "is invalid: unclosed character class", "[a-z]+"),
        ("regex", r"a(?=b)", "is invalid: look-around, including", "ab"),
        ("regex", r"\bword\b", "is invalid: look-around, including", "word"),
        ("regex", "a\\", "is invalid: incomplete escape sequence", "a\\\\"),
        ("json_schema", '{"type": "objekt"}', "is invalid: Invalid type: objekt", "{}"),
        ("json_schema", '{"type": ', "is not JSON", "{}"),
    ],
)
def test_what_is_wrong_is_seen_where_it_is_typed(qtbot, open_studio, name, wrong, problem, right):
    studio = open_studio()
    tab = studio.window.text_tab
    type_prompt(tab, "A word")
    type_into(tab, name, wrong)
    qtbot.waitUntil(lambda: problem in problem_of(tab, name), timeout=PATIENCE)
    assert not tab.generate_button.isEnabled()
    assert tab._hint.text() == f"{tab.form.fields[name].info.title}: {problem_of(tab, name)}"
    press_generate(tab)
    assert not studio.shared.queue.jobs()
    type_into(tab, name, right)
    qtbot.waitUntil(tab.generate_button.isEnabled, timeout=PATIENCE)
    press_generate(tab)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    assert getattr(tab.stage.job.request, name) == right


def test_generate_waits_for_a_check_that_is_due(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    type_prompt(tab, "A word")
    type_into(tab, "regex", "(a")
    press_generate(tab)  # before the person paused
    qtbot.waitUntil(lambda: "unclosed group" in problem_of(tab, "regex"), timeout=PATIENCE)
    assert not studio.shared.queue.jobs()
    type_into(tab, "regex", "(ab)")
    press_generate(tab)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    assert len(studio.shared.queue.jobs()) == 1


def test_a_prompt_of_a_chat_stays_in_the_form(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    tab.show_view("chat")
    page = tab.chat_page
    qtbot.waitUntil(lambda: page.open_chat.is_open, timeout=PATIENCE)
    type_prompt(tab, "A word")
    type_into(tab, "regex", "*")
    press_generate(tab)
    qtbot.waitUntil(lambda: "repetition operator" in problem_of(tab, "regex"), timeout=PATIENCE)
    assert tab.prompt.toPlainText() == "A word"
    assert shown(page) == []
    assert not studio.shared.queue.jobs()


def test_the_reason_is_in_the_language_of_the_window(qtbot, chinese, open_studio):
    tab = open_studio().window.text_tab
    type_prompt(tab, "A word")
    type_into(tab, "regex", "[a")
    expected = tr("unclosed character class")
    assert not expected.isascii()
    qtbot.waitUntil(lambda: expected in problem_of(tab, "regex"), timeout=PATIENCE)
