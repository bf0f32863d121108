"""A form's editor breaks long lines for display; text, clipboard, keys and undo know no breaks."""

import random

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.ui.widgets.factory import text_editor
from studio.ui.widgets.long_text_editor import MAX_BLOCK

LINES = {
    "letters": "w" * 20_000,
    "words": "word " * 4_000,
    "Chinese": "光" * 20_000,
    "outside of the basic plane": "𠀀" * 5_000 + " 😀" * 5_000,
    "many lines": ("word " * 900 + "\n") * 5 + "\n\nend",
}


@pytest.fixture
def editor(qtbot):
    editor = text_editor("Prompt", "A prompt", 100)
    qtbot.addWidget(editor)
    editor.show()
    return editor


def longest_block(editor):
    document = editor.document()
    return max(document.findBlockByNumber(n).length() for n in range(document.blockCount()))


def paste(editor, text):
    QApplication.clipboard().setText(text)
    QTest.keyClick(editor, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


@pytest.mark.parametrize("text", LINES.values(), ids=LINES.keys())
def test_a_pasted_line_is_broken_and_text_copy_and_undo_are_whole(editor, text):
    QTest.keyClicks(editor, "ab")
    editor.moveCursor(QTextCursor.MoveOperation.Left)
    paste(editor, text)
    assert editor.toPlainText() == f"a{text}b"
    assert longest_block(editor) <= MAX_BLOCK
    editor.selectAll()
    editor.cut()
    assert QApplication.clipboard().text() == f"a{text}b"
    assert editor.toPlainText() == ""
    editor.undo()
    assert editor.toPlainText() == f"a{text}b"
    editor.undo()
    assert editor.toPlainText() == "ab"
    editor.redo()
    assert editor.toPlainText() == f"a{text}b"
    editor.setPlainText(text)
    assert editor.toPlainText() == text
    assert longest_block(editor) <= MAX_BLOCK
    assert not editor.document().isUndoAvailable()


def test_return_begins_a_line_and_deleting_passes_breaks(editor):
    paste(editor, "w" * 5_000)
    editor.select_text(1_950, 1_950)  # after the first break
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert editor.toPlainText() == "w" * 1_950 + "\n" + "w" * 3_050
    QTest.keyClick(editor, Qt.Key.Key_Backspace)
    assert editor.toPlainText() == "w" * 5_000
    starts = [editor.document().findBlockByNumber(n).position() for n in (1, 2)]
    for start, key in ((starts[0], Qt.Key.Key_Backspace), (starts[1] - 1, Qt.Key.Key_Delete)):
        before = len(editor.toPlainText())
        cursor = editor.textCursor()
        cursor.setPosition(start)
        editor.setTextCursor(cursor)
        QTest.keyClick(editor, key)
        assert len(editor.toPlainText()) == before - 1


def test_a_line_that_grows_at_its_begin_is_broken_again(qtbot, editor):
    for _ in range(4):
        editor.moveCursor(QTextCursor.MoveOperation.Start)
        paste(editor, "w" * 1_500)
        qtbot.waitUntil(lambda: longest_block(editor) <= MAX_BLOCK)
    assert editor.toPlainText() == "w" * 6_000
    editor.undo()
    assert editor.toPlainText() == "w" * 4_500


@pytest.mark.parametrize("seed", range(12))
def test_random_edits_give_the_text_that_they_give_without_breaks(editor, seed):
    """Insert, delete, undo and redo at random places, beside a Python string."""
    draw = random.Random(seed)
    text = ""
    states: list[str] = []
    for _ in range(40):
        start, end = sorted(draw.randint(0, len(text)) for _ in range(2))
        if draw.random() < 0.5:
            end = start
        inserted = draw.choice(["", "a", "\n", "词" * 4_100, "word \n" * 3, "w" * 1_899, "x\r\ny"])
        editor.select_text(start, end)
        assert editor.createMimeDataFromSelection().text() == text[start:end]
        before = text
        text = text[:start] + inserted.replace("\r\n", "\n") + text[end:]
        if inserted:
            editor.insertPlainText(inserted)
        elif end > start:
            QTest.keyClick(editor, Qt.Key.Key_Delete)
        QApplication.processEvents()
        assert editor.toPlainText() == text
        if before != text:
            states.append(before)
        if states and draw.random() < 0.25:
            editor.undo()
            assert editor.toPlainText() == states[-1]
            editor.redo()
            assert editor.toPlainText() == text
