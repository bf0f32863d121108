"""Below a result of a guided task: its checks, what was left out, and Fix."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from tests.ui.conftest import PATIENCE
from tests.ui.tabs.tasks.test_task_form import (
    choose,
    control,
    generate,
    main_editor,
    open_tab,  # noqa: F401  a fixture
)
from tests.ui.test_window import is_over, press_generate, type_prompt


def test_checks_and_fix_of_a_poem(qtbot, open_tab):  # noqa: F811
    studio, tab = open_tab()
    choose(tab.tasks.write_button, "poem")
    form = control(tab, "Form of the text", QComboBox)
    form.setCurrentIndex(form.findData("sonnet"))
    QTest.keyClicks(main_editor(tab), "light")
    generate(tab)
    review = tab.stage.review
    qtbot.waitUntil(review.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    assert "✗" in review.checks.text()
    assert not review.coverage.isVisible()
    assert not review.omitted.isVisible()
    first, text = tab.stage.job, tab.view.text()
    QTest.mouseClick(review.fix_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.stage.job.id != first.id, timeout=PATIENCE)
    assert tab.stage.job.request.task.draft == text
    assert tab.stage.job.request.task.fix == 1
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)


def test_a_summary_shows_its_coverage_and_a_plain_text_nothing(qtbot, open_tab):  # noqa: F811
    studio, tab = open_tab()
    choose(tab.tasks.write_button, "summary")
    main_editor(tab).replace_text("Snow fell in May. The road was closed. Trains ran late.")
    generate(tab)
    review = tab.stage.review
    qtbot.waitUntil(review.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    assert "parts of the text" in review.coverage.text()
    QTest.mouseClick(tab.tasks.back_button, Qt.MouseButton.LeftButton)
    type_prompt(tab, "plain")
    press_generate(tab)
    qtbot.waitUntil(lambda: not review.isVisible(), timeout=PATIENCE)
