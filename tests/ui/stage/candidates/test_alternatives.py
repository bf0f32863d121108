"""A token's alternatives: seen, chosen by mouse or keys, and gone on from."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.core.requests.text_task import FieldValue, TextTask
from studio.library.encoders import read_sidecar
from studio.ui.stage.candidates.alternatives import AlternativesPopup
from tests.ui.conftest import PATIENCE
from tests.ui.stage.candidates.conftest import click, make_candidates, show_columns


def open_with_keys(stage, place):
    """Move the cursor into the text and press Enter; return the popup."""
    view = stage.view.view
    cursor = view.textCursor()
    cursor.setPosition(view.position(place))
    view.setTextCursor(cursor)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Return)
    return QApplication.activePopupWidget()


def shown(popup):
    items = [popup.list.topLevelItem(row) for row in range(popup.list.topLevelItemCount())]
    return [(item.text(0), item.text(1)) for item in items]


def test_enter_on_an_alternative_adds_a_candidate_that_begins_with_it(qtbot, studio, data):
    stage, job_id = make_candidates(qtbot, studio, num_return_sequences=1, top_logprobs=10)
    text = stage.view.text()
    (path,) = data.outputs.glob("*.txt")
    choice = read_sidecar(path).logprobs.choices[6]
    popup = open_with_keys(stage, choice.start + 1)
    rows = shown(popup)
    assert len(rows) == 10
    assert [row for _text, row in rows[:3]] == ["50.0%", "25.0%", "12.5%"]
    (own,) = [row for row, (name, _value) in enumerate(rows) if name.endswith("(chosen)")]
    word = text[choice.start :].split()[0]
    assert rows[own][0] == f" {word} (chosen)"
    other = 0 if own else 1
    for _step in range(other):
        QTest.keyClick(popup.list, Qt.Key.Key_Down)
    QTest.keyClick(popup.list, Qt.Key.Key_Return)
    begin = text[: choice.start] + rows[other][0]
    qtbot.waitUntil(lambda: len(stage.candidates.saved) == 2 and stage.is_over, timeout=PATIENCE)
    assert stage.view.tabs.count() == 2
    assert stage.view.tabs.currentIndex() == 1
    assert stage.view.text().startswith(begin)
    assert stage.view.texts()[0] == text
    assert stage.view.tabs.tabText(1) == f"2 · from “{rows[other][0]}”"
    added = stage.shown.request
    first = studio.shared.queue.job(job_id).request
    assert (added.prompt, added.prefix) == ("rain", begin)
    assert added.seed != first.seed
    assert (added.model, added.top_logprobs) == (first.model, 10)
    assert "batch" not in stage.status.text()


def test_a_click_on_a_word_opens_its_alternatives_and_escape_closes_them(qtbot, studio):
    stage, _job = make_candidates(qtbot, studio, num_return_sequences=1, top_logprobs=10)
    view = stage.view.view
    place = stage.view.text().index(" ", 20) + 1
    qtbot.waitUntil(lambda: view.opens_on_click, timeout=PATIENCE)
    where = view.rect_of(place).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    popup = QApplication.activePopupWidget()
    word = stage.view.text()[place:].split()[0]
    assert f" {word} (chosen)" in [name for name, _row in shown(popup)]
    QTest.keyClick(popup.list, Qt.Key.Key_Escape)
    assert QApplication.activePopupWidget() is None
    assert stage.is_over


def test_a_column_opens_its_own_alternatives(qtbot, studio):
    stage, _job = make_candidates(qtbot, studio, num_return_sequences=2, top_logprobs=10)
    view = show_columns(qtbot, stage).columns[1].view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Return)
    word = stage.view.texts()[1].split()[0]
    chosen = [name for name, _row in shown(view.findChild(AlternativesPopup)) if "(" in name]
    assert chosen == [f"{word} (chosen)"] or chosen == [f" {word} (chosen)"]


def test_a_text_without_alternatives_is_generated_again_with_them(qtbot, studio):
    stage, job_id = make_candidates(qtbot, studio, num_return_sequences=1)
    text = stage.view.text()
    popup = open_with_keys(stage, 3)
    assert not popup.list.isVisible()
    assert popup.message.text() == "This text was generated without alternatives."
    click(popup.repeat_button)
    qtbot.waitUntil(
        lambda: stage.job.id != job_id and stage.is_over and len(stage.candidates.saved) == 1,
        timeout=PATIENCE,
    )
    assert stage.view.text() == text
    assert len(shown(open_with_keys(stage, 3))) == 10


@pytest.mark.parametrize(
    ("values", "message", "can_repeat"),
    [
        ({"num_beams": 2, "num_return_sequences": 2}, "A beam search keeps no alternatives.", True),
        (
            {"task": TextTask(name="t", language="en", fields=(FieldValue("text", "rain"),))},
            "Texts of a guided task have no alternatives",
            False,
        ),
    ],
    ids=["beams", "task"],
)
def test_it_says_why_there_are_no_alternatives(qtbot, studio, values, message, can_repeat):
    stage, _job = make_candidates(qtbot, studio, **values)
    popup = open_with_keys(stage, 0)
    assert popup.message.text().startswith(message)
    assert popup.repeat_button.isVisible() == can_repeat
    popup.close()
