"""Test that text of any shape keeps the event loop responsive.

One word of 200 000 letters took 12 s of layout, and as much for each key.
"""

import time

import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QTextEdit

from studio.core.drafts import save_drafts
from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from studio.ui.batch.dialog import BatchDialog
from studio.ui.widgets import factory
from studio.ui.widgets.plain_editor import MAX_CHARACTERS, PlainEditor
from studio.ui.widgets.text_view import MAX_SHOWN

SIZE = 200_000
WORD = "w" * SIZE
SHAPES = {
    "letters": "w",
    "hyphenless path": "/w",
    "no-break spaces": "w\u00a0",
    "closing brackets": "。",
    "kana": "ー",
    "both directions": "aب",
    "joiners": "a\u2060",
    "combining marks": "e" + "\u0301" * 49,
    "emoji": "\U0001f469\u200d",
}
FACTOR = 25
"""Of the time that words with spaces take; the quadratic layout took 150 times as long."""


@pytest.fixture
def editor(qtbot):
    made = PlainEditor()
    qtbot.addWidget(made)
    made.resize(400, 120)
    made.show()
    qtbot.waitExposed(made)
    return made


def seconds(do):
    begun = time.process_time()
    do()
    QApplication.processEvents()
    return time.process_time() - begun


@pytest.fixture
def ordinary(editor):
    """The CPU time for as many characters of ordinary text."""
    return min(seconds(lambda: editor.setPlainText("word " * (SIZE // 5))) for _ in range(3))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_long_word_of_any_script_is_laid_out_in_linear_time(editor, ordinary, shape):
    text = shape * (SIZE // len(shape))
    assert seconds(lambda: editor.setPlainText(text)) < FACTOR * ordinary
    assert seconds(lambda: editor.insertPlainText("x")) < FACTOR * ordinary
    assert editor.toPlainText() == "x" + text.replace("\u00a0", " ")  # Qt returns spaces


def test_lines_just_below_the_longest_run_are_read_in_linear_time(editor):
    def fill(word):
        return min(seconds(lambda: editor.setPlainText((word + "\n") * 105)) for _ in range(3))

    assert fill("w" * 1_900) < FACTOR * fill("word " * 380)


def test_every_edit_of_a_long_word_takes_linear_time(editor, ordinary):
    pasted = QMimeData()
    pasted.setText(WORD)
    spaced = (WORD[:1_500] + "\n") * 100

    def remove_breaks():
        cursor = editor.textCursor()
        for line in range(1, 20):
            cursor.setPosition(1_500 * line)
            cursor.deleteChar()

    for do in (
        lambda: editor.insertFromMimeData(pasted),
        editor.undo,
        editor.redo,
        editor.clear,
        lambda: editor.textCursor().insertText(WORD),
        lambda: editor.setPlainText(spaced),
        remove_breaks,
    ):
        assert seconds(do) < FACTOR * ordinary


def test_word_wrap_returns_for_ordinary_text(editor):
    wraps = editor.wordWrapMode()
    editor.setPlainText(WORD)
    assert editor.wordWrapMode() is not wraps
    editor.setPlainText("some words")
    assert editor.wordWrapMode() is wraps
    editor.setPlainText("光" * SIZE + "\n" + "word " * 1_000)
    assert editor.wordWrapMode() is wraps


def test_pasted_text_over_the_limit_is_cut_and_refused(qtbot, open_studio):
    tab = open_studio().window.text_tab
    pasted = QMimeData()
    pasted.setText("word " * 2_000_000)
    for _paste in range(3):
        tab.prompt.insertFromMimeData(pasted)
    assert MAX_PROMPT_CHARACTERS < len(tab.prompt.toPlainText()) <= 2 * MAX_CHARACTERS
    assert not tab.generate_button.isEnabled()
    assert tab.prompt_box._problem.text()
    tab.prompt.selectAll()
    tab.prompt.insertPlainText("short")
    assert tab.prompt.toPlainText() == "short"
    assert tab.generate_button.isEnabled()


def test_every_editor_in_the_window_is_a_plain_editor(open_studio, tmp_path):
    window = open_studio().window
    tabs = [window.text_tab, window.image_tab, *window.audio_tab.pages]
    path = tmp_path / "rows.csv"
    path.write_text("prompt\na cat\n")
    dialog = BatchDialog(window.shared, path, parent=window)
    editors = [editor for owner in (*tabs, dialog) for editor in owner.findChildren(QPlainTextEdit)]
    assert len(editors) >= 9
    assert [editor for editor in editors if not isinstance(editor, PlainEditor)] == []
    assert window.findChildren(QTextEdit) == []


def test_draft_and_result_of_one_long_word_are_shown_in_linear_time(
    qtbot, open_studio, data, ordinary
):
    save_drafts(data, {"text": {"prompt": WORD, "system_prompt": WORD}})
    window = open_studio().window
    assert window.text_tab.prompt.toPlainText() == WORD
    view = window.text_tab.view
    for start in range(0, 2 * SIZE, 50_000):
        view.append(0, WORD[start % SIZE : start % SIZE + 50_000])
        assert seconds(view._flush) < FACTOR * ordinary
    assert view.text() == 2 * WORD
    view.view.selectAll()
    view.view.copy()
    copied = QApplication.clipboard().text()
    assert copied == WORD + WORD[: MAX_SHOWN - SIZE] + "\n…"


def test_message_details_break_long_lines():
    shown = factory.break_long_lines(WORD)
    assert max(map(len, shown.split("\n"))) <= 2_000
    assert len(shown) < SIZE
    assert factory.break_long_lines("a\nb") == "a\nb"
