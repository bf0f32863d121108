"""Below a result of a guided task: its checks, what was left out, and Fix."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from studio.core.jobs import new_job
from studio.core.requests.text_task import AddedFact, LeftOut, TaskReview
from studio.library import artifacts
from studio.library.results import TextResult
from studio.models.card import ModelCard
from studio.text_tasks.loader import find_task
from studio.text_tasks.requests import TaskInput, build_requests
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


def test_sentences_that_were_left_out_are_named_and_put_back(qtbot, open_tab, data):  # noqa: F811
    card = ModelCard(name="m", title="M", kind="text", runner="transformers", sha256="abc")
    (request,) = build_requests(find_task(data, "article"), TaskInput(prompt="Rain fell."), card)
    review = TaskReview(
        unedited="x",
        left_out=(LeftOut(10, "It cost 9 euros."),),
        added=(AddedFact(0, "Rain fell."),),
        missing=("Snow fell.",),
    )
    saved = artifacts.save(
        TextResult(text="Rain fell. It was cold.", review=review),
        job=new_job(request, str(data.outputs)),
        card=card,
        versions={},
    )
    studio, tab = open_tab()
    studio.window.file_opener.open(Path(saved.path))
    panel = tab.stage.review
    qtbot.waitUntil(panel.put_back_button.isVisible, timeout=PATIENCE)
    assert panel.left_out.text().endswith("do not support it: It cost 9 euros.")
    assert panel.added.isVisible()
    assert panel.added.text() == (
        "Added in your words: Rain fell.\nFacts for which the text has no room: Snow fell."
    )
    QTest.mouseClick(panel.put_back_button, Qt.MouseButton.LeftButton)
    page = tab.document_page
    expected = "Rain fell. It cost 9 euros. It was cold."
    qtbot.waitUntil(lambda: page.editor.text == expected, timeout=PATIENCE)
