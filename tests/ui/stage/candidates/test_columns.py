"""Candidates side by side: differences, scores, checks, and what a column does."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from studio.core.requests.text_task import FieldValue, TaskCheck, TextTask
from studio.ui.library.compare.texts import different_spans
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.stage.candidates.conftest import click, make_candidates, show_columns

IN = QPoint(8, 8)
"""From a control's corner to its indicator."""


def marked(column):
    return [one.cursor.selectedText() for one in column.view.extraSelections()]


def texts(columns):
    return [column.view.toPlainText() for column in columns.columns.values()]


def test_candidates_stand_side_by_side_with_differences_to_the_chosen_one(qtbot, studio, data):
    stage, _job = make_candidates(qtbot, studio)
    assert stage.candidates.switch.isVisible()
    assert stage.view.tabs.isVisible()
    columns = show_columns(qtbot, stage)
    assert not stage.view.tabs.isVisible()
    saved = {path.read_text(encoding="utf-8") for path in data.outputs.glob("*.txt")}
    assert set(texts(columns)) == saved
    first, second, third = columns.columns.values()
    qtbot.waitUntil(lambda: bool(marked(second)), timeout=PATIENCE)
    assert first.title.isChecked()
    assert marked(first) == []
    whole = [column.view.toPlainText() for column in (first, second)]
    assert marked(second) == [whole[1][low:high] for low, high in different_spans(*whole)[1]]
    QTest.mouseClick(
        second.title, Qt.MouseButton.LeftButton, pos=second.title.rect().topLeft() + IN
    )
    qtbot.waitUntil(lambda: bool(marked(first)) and not marked(second), timeout=PATIENCE)
    assert stage.current_path() == stage._paths[1]
    second.title.setFocus()
    QTest.keyClick(second.title, Qt.Key.Key_Right)
    qtbot.waitUntil(third.title.isChecked, timeout=PATIENCE)
    qtbot.waitUntil(lambda: stage.view.text() == third.view.toPlainText(), timeout=PATIENCE)


def test_columns_are_remembered_and_the_tabs_come_back(qtbot, open_studio):
    studio = open_studio()
    stage, _job = make_candidates(qtbot, studio)
    show_columns(qtbot, stage)
    close_studio(studio)
    stage = open_studio().window.text_tab.stage
    qtbot.waitUntil(lambda: stage.candidates.are_columns_shown, timeout=PATIENCE)
    columns = stage.candidates.columns
    qtbot.waitUntil(lambda: columns.isVisible() and len(columns.columns) == 3, timeout=PATIENCE)
    click(stage.candidates.tabs_button)
    assert not columns.isVisible()
    assert stage.view.tabs.isVisible()


def test_a_single_text_has_no_columns(qtbot, studio):
    studio.shared.change_settings(text_columns=True)
    stage, _job = make_candidates(qtbot, studio, num_return_sequences=1)
    assert not stage.candidates.switch.isVisible()
    assert stage.view.view.isVisible()


def test_beams_are_ranked_with_their_scores_also_when_they_are_opened_again(qtbot, studio):
    stage, _job = make_candidates(qtbot, studio, num_beams=4)
    columns = show_columns(qtbot, stage)
    titles = ["1 · score -0.10", "2 · score -0.20", "3 · score -0.30"]

    def shown():
        return [column.title.text() for column in columns.columns.values()]

    qtbot.waitUntil(lambda: shown() == titles, timeout=PATIENCE)
    path = stage.current_path()
    make_candidates(qtbot, studio, num_return_sequences=2)
    qtbot.waitUntil(lambda: len(columns.columns) == 2, timeout=PATIENCE)
    stage.show_file(Path(path))
    qtbot.waitUntil(lambda: shown() == titles, timeout=PATIENCE)


def test_a_column_shows_what_its_checks_found(qtbot, studio):
    task = TextTask(
        name="prose",
        language="en",
        fields=(FieldValue(name="text", value="rain"),),
        count=3,
        check=(
            TaskCheck(use="length", at_most=3),
            TaskCheck(use="refusal"),
        ),
    )
    stage, _job = make_candidates(qtbot, studio, num_return_sequences=4, seed=3, task=task)
    columns = show_columns(qtbot, stage)
    assert len(columns.columns) == 2, "the others are too similar"
    for column in columns.columns.values():
        passed, failed = column.checks.text().split("\n")
        assert passed == "✓ refusal"
        assert failed.startswith("✗ length: ")


def test_copy_edit_and_pick_belong_to_their_column(qtbot, studio):
    stage, _job = make_candidates(qtbot, studio)
    columns = show_columns(qtbot, stage)
    second = columns.columns[1]
    text, path = second.view.toPlainText(), stage._paths[1]
    click(second.copy_button)
    assert QGuiApplication.clipboard().text() == text
    click(second.pick_button)
    qtbot.waitUntil(lambda: stage.view.text() == text, timeout=PATIENCE)
    assert stage.current_path() == path
    qtbot.waitUntil(stage.view.view.isVisible, timeout=PATIENCE)
    assert not stage.candidates.switch.isVisible()
    assert all(Path(item.path).is_file() for item in stage.strip.results.items())
    assert len(stage.strip.results.items()) == 3
    stage.show_file(Path(path))
    qtbot.waitUntil(lambda: len(columns.columns) == 3 and columns.isVisible(), timeout=PATIENCE)
    tab = studio.window.text_tab
    click(columns.columns[2].edit_button)
    qtbot.waitUntil(
        lambda: tab.is_document_shown and tab.document_page.editor.text == texts(columns)[2],
        timeout=PATIENCE,
    )


@pytest.mark.parametrize(("width", "count"), [(388, 2), (900, 4), (3000, 4)])
def test_two_to_four_columns_are_in_view(qtbot, studio, width, count):
    stage, _job = make_candidates(qtbot, studio, num_return_sequences=6)
    columns = show_columns(qtbot, stage)
    columns.resize(width, 300)
    each = columns.columns[0].width()
    assert count * each <= width < (count + 1) * each
    rest = columns.horizontalScrollBar
    qtbot.waitUntil(lambda: rest().maximum() > 0, timeout=PATIENCE)
