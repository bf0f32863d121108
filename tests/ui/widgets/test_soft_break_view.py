"""Long lines are broken for display, and whole on the clipboard."""

import pytest
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication

from studio.ui.widgets.soft_break_view import MAX_LINE, SoftBreakView

LINES = {
    "letters": "w" * 20_000,
    "words": "word " * 4_000,
    "Chinese": "光" * 20_000,
    "outside of the basic plane": "𠀀" * 5_000 + " 😀" * 5_000,
    "many lines": ("word " * 900 + "\n") * 5 + "\n\nend",
    "space at the limit": "w" * MAX_LINE + " " + "w" * MAX_LINE + "\n",
}


@pytest.fixture
def view(qtbot):
    view = SoftBreakView()
    qtbot.addWidget(view)
    return view


def lines_of(view):
    document = view.document()
    return [document.findBlockByNumber(n).text() for n in range(document.blockCount())]


def copied(view):
    view.copy()
    return QApplication.clipboard().text()


@pytest.mark.parametrize("portion", [0, 7, 1_000, 5_000])
@pytest.mark.parametrize("text", LINES.values(), ids=LINES.keys())
def test_no_line_that_is_shown_is_long_and_a_copy_is_whole(view, text, portion):
    if portion:
        for begin in range(0, len(text), portion):
            view.append_text(text[begin : begin + portion])
    else:
        view.set_text(text)
    assert max(map(len, lines_of(view))) <= MAX_LINE
    view.selectAll()
    assert copied(view) == text


def test_lines_break_after_words(view):
    view.set_text("word " * 1_000)
    *broken, _last = lines_of(view)
    assert broken
    assert all(line.endswith("word ") for line in broken)


def test_ordinary_lines_are_shown_as_they_are(view):
    text = "a line\n\n  another\n" + "w" * 1_000
    view.set_text(text)
    assert view.toPlainText() == text


def test_a_part_of_the_selection_is_copied_without_the_breaks_in_it(view):
    text = "😀" + "w" * (2 * MAX_LINE) + "\nend"
    view.set_text(text)
    cursor = QTextCursor(view.document())
    cursor.setPosition(2 + MAX_LINE - 10)  # an emoji counts as two
    cursor.setPosition(2 + MAX_LINE + 10, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    assert copied(view) == "w" * 19, "one of the 20 places is a break"


def test_a_new_text_forgets_the_breaks_of_the_last_one(view):
    view.set_text("w" * 10_000)
    view.set_text("a\nb\nc\nd")
    view.selectAll()
    assert copied(view) == "a\nb\nc\nd"
