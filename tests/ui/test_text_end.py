"""Test that thoughts are shown apart from the answer and a text at its limit is marked."""

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton

from studio.core.events import Finished, TextDelta, ThoughtDelta
from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.ui.widgets.text_view import TextView
from tests.ui.conftest import PATIENCE
from tests.ui.test_window import is_over, press_generate, type_prompt


def generate(qtbot, studio, tab, tokens):
    tab.form.set_values({"max_new_tokens": tokens})
    type_prompt(tab, "Rain")
    press_generate(tab)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)


def buttons_of(notice):
    return {one.text(): one for one in notice.findChildren(QPushButton)}


def test_text_that_reached_its_limit_can_be_extended(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    generate(qtbot, studio, tab, 30)
    assert tab.notice.message == "The text stops at its limit of 30 tokens."
    first, text = tab.stage.job, tab.view.text()
    QTest.mouseClick(
        buttons_of(tab.notice)["Generate again with 60 tokens"], Qt.MouseButton.LeftButton
    )
    qtbot.waitUntil(lambda: tab.stage.job.id != first.id and is_over(studio, tab), timeout=PATIENCE)
    assert (tab.stage.job.request.max_new_tokens, tab.stage.job.request.seed) == (
        60,
        first.request.seed,
    )
    qtbot.waitUntil(lambda: len(tab.view.text()) > len(text), timeout=PATIENCE)
    assert tab.view.text().startswith(text)
    assert tab.notice.isHidden()  # the model ended this one itself
    assert tab.form.values()["seed"] is None


def test_text_can_be_continued(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    generate(qtbot, studio, tab, 12)
    first, text = tab.stage.job, tab.view.text()
    QTest.mouseClick(buttons_of(tab.notice)["Continue from here"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.stage.job.id != first.id and is_over(studio, tab), timeout=PATIENCE)
    assert tab.stage.job.request.prompt == text


def test_text_ended_by_its_model_shows_no_note(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    generate(qtbot, studio, tab, 100)
    assert tab.notice.isHidden()


@pytest.fixture
def view(qtbot):
    made = TextView()
    qtbot.addWidget(made)
    made.show()
    return made


def test_thoughts_are_collapsed_and_not_part_of_the_text(qtbot, view):
    view.append_thought(0, "Short is good.")
    qtbot.waitUntil(view.thoughts.isVisible, timeout=PATIENCE)
    assert view.thoughts.toggle.text() == "Thinking… (3 words)"
    assert not view.thoughts.view.isVisible()
    view.append(0, "Rain again.")
    qtbot.waitUntil(lambda: view.thoughts.toggle.text() == "Thoughts (3 words)", timeout=PATIENCE)
    assert view.text() == view.view.toPlainText() == "Rain again."
    QTest.mouseClick(view.thoughts.toggle, Qt.MouseButton.LeftButton)
    assert view.thoughts.view.isVisible()
    assert view.thoughts.view.toPlainText() == "Short is good."
    view.append_thought(0, " More.")
    qtbot.waitUntil(
        lambda: view.thoughts.view.toPlainText() == "Short is good. More.", timeout=PATIENCE
    )
    view.clear()
    assert not view.thoughts.isVisible()


def test_text_recognized_as_thoughts_later_moves_there(qtbot, view):
    view.append(0, "Short is good.")
    view.append_thought(0, "", takes_text=True)
    view.append(0, "Rain again.")
    qtbot.waitUntil(lambda: view.view.toPlainText() == "Rain again.", timeout=PATIENCE)
    assert view.text() == "Rain again."
    assert view.thoughts.text() == "Short is good."


def test_each_candidate_has_its_own_thoughts(qtbot, view):
    for number in range(3):
        view.append_thought(number, f"thought {number}")
        view.append(number, f"text {number}")
    view.keep_only([0, 2])
    assert [view.tabs.isTabVisible(index) for index in range(3)] == [True, False, True]
    view.set_text(2, "text 2")
    view.tabs.setCurrentIndex(2)
    assert (view.text(), view.thoughts.text()) == ("text 2", "thought 2")
    view.keep_only([2])
    assert not view.tabs.isVisible()


def test_tab_shows_thought_events(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    job = new_job(TextRequest(prompt="Rain", seed=1), str(studio.shared.output_folder()))
    tab.stage.follow(job)
    for event in (
        ThoughtDelta(text="Short is good."),
        TextDelta(text="Rain again."),
        Finished(artifacts=()),
    ):
        tab.stage._on_job_event(job.id, event)
    qtbot.waitUntil(
        lambda: tab.view.thoughts.toggle.text() == "Thoughts (3 words)", timeout=PATIENCE
    )
    tab.copy()
    assert tab.view.text() == "Rain again."


def test_saving_asks_before_a_completed_name_replaces_a_file(
    qtbot, open_studio, monkeypatch, tmp_path
):
    studio = open_studio()
    tab = studio.window.text_tab
    generate(qtbot, studio, tab, 12)
    (tmp_path / "notes.txt").write_text("mine")
    chosen = str(tmp_path / "notes")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (chosen, ""))
    asked = []

    def answer(choice):
        box = QApplication.activeModalWidget()
        asked.append(box.text())
        QTest.mouseClick(buttons_of(box)[choice], Qt.MouseButton.LeftButton)

    QTimer.singleShot(0, lambda: answer("Cancel"))
    QTest.mouseClick(tab.stage.save_button, Qt.MouseButton.LeftButton)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    QTimer.singleShot(0, lambda: answer("Replace"))
    QTest.mouseClick(tab.stage.save_button, Qt.MouseButton.LeftButton)
    text = tab.view.text()
    qtbot.waitUntil(lambda: (tmp_path / "notes.txt").read_text() == text, timeout=PATIENCE)
    assert asked == ["notes.txt exists already."] * 2
