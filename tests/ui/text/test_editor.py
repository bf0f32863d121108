"""The editor: what is typed, pasted, undone and generated is what the document has."""

import random
import time

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QInputMethodEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.documents.document import new_document
from studio.documents.origins import IMPORTED, PERSON, Origin, Stretch, total_length
from studio.documents.tracked_range import TrackedRange
from studio.ui.text import editor as editor_module
from studio.ui.text.editor import MAX_BLOCK, DocumentEditor
from studio.ui.text.places import units_of
from tests.ui.conftest import PATIENCE

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
MODEL = Origin("model", "job")


@pytest.fixture
def editor(qtbot):
    made = DocumentEditor()
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.show()
    qtbot.waitExposed(made)
    return made


def show(editor, qtbot, text, origin=IMPORTED):
    with qtbot.waitSignal(editor.loaded, timeout=PATIENCE):
        editor.open(new_document("A", text, origin))
    return editor


def plain(editor):
    """What Qt shows, without the breaks that are only shown."""
    cursor = QTextCursor(editor.document())
    cursor.select(QTextCursor.SelectionType.Document)
    shown = cursor.selectedText().replace("\u2029", "\n").encode("utf-16-le", "surrogatepass")
    for place in reversed(editor.places.breaks_between(0, len(shown))):
        assert shown[2 * place : 2 * place + 2] == b"\n\0"
        shown = shown[: 2 * place] + shown[2 * place + 2 :]
    return shown.decode("utf-16-le", "surrogatepass")


def check(editor):
    QApplication.processEvents()
    assert plain(editor) == editor.text
    assert total_length(editor.text_document.origins) == len(editor.text)
    block = editor.document().firstBlock()
    while block.isValid():
        assert block.length() <= MAX_BLOCK
        block = block.next()


def test_typed_text_is_in_the_document_with_its_origin(editor, qtbot):
    show(editor, qtbot, "one  three")
    editor.select(4, 4)
    QTest.keyClicks(editor, "two")
    assert editor.text == "one two three"
    assert editor.text_document.origins == (
        Stretch(4, IMPORTED),
        Stretch(3, PERSON),
        Stretch(6, IMPORTED),
    )
    QTest.keyClick(editor, Qt.Key.Key_Z, CONTROL)
    assert editor.text == "one  three"
    QTest.keyClick(editor, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert editor.text == "one two three"
    assert editor.place == 7
    check(editor)


def test_enter_backspace_and_selection_are_steps_of_their_own(editor, qtbot):
    show(editor, qtbot, "")
    QTest.keyClicks(editor, "ab")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QTest.keyClick(editor, Qt.Key.Key_Return, SHIFT)
    QTest.keyClicks(editor, "c")
    QTest.keyClick(editor, Qt.Key.Key_Backspace)
    assert editor.text == "ab\n\n"
    editor.select(0, 2)
    QTest.keyClicks(editor, "x")
    assert editor.text == "x\n\n"
    seen = []
    while editor.history.can_undo:
        editor.undo()
        seen.append(editor.text)
    assert seen[0] == "ab\n\n"
    assert seen[-1] == ""
    check(editor)


def test_text_of_an_input_method_counts_when_it_is_committed(editor, qtbot):
    show(editor, qtbot, "光", MODEL)
    editor.select(1, 1)
    QApplication.sendEvent(editor, QInputMethodEvent("zhi", []))
    assert editor.text == "光"
    assert editor.text_document.origins == (Stretch(1, MODEL),)
    committed = QInputMethodEvent("", [])
    committed.setCommitString("纸😀")
    QApplication.sendEvent(editor, committed)
    assert editor.text == "光纸😀"
    QTest.keyClicks(editor, "!")
    assert editor.text == "光纸😀!"
    check(editor)


def test_copy_and_paste_keep_the_text_as_it_is(editor, qtbot):
    line = "".join(random.Random(1).choices("abc 光😀\u00a0", k=20_000))
    show(editor, qtbot, line + "\nend")
    assert editor.places.break_count > 8
    editor.selectAll()
    editor.copy()
    assert QGuiApplication.clipboard().text() == editor.text == line + "\nend"
    editor.select(5, 5)
    editor.paste()
    assert editor.text == line[:5] + line + "\nend" + line[5:] + "\nend"
    check(editor)
    editor.undo()
    assert editor.text == line + "\nend"
    check(editor)


@pytest.mark.parametrize("key", [Qt.Key.Key_Backspace, Qt.Key.Key_Delete])
def test_a_key_deletes_a_letter_also_where_a_line_is_broken_to_show_it(editor, qtbot, key):
    show(editor, qtbot, "w" * 5_000)
    at = editor.places.breaks_between(0, 9_000)[1]
    cursor = editor.textCursor()
    cursor.setPosition(at + 1 if key is Qt.Key.Key_Backspace else at)
    editor.setTextCursor(cursor)
    for count in range(1, 4):
        QTest.keyClick(editor, key)
        assert len(editor.text) == 5_000 - count
    check(editor)


def test_generated_text_is_one_step_while_the_person_types(editor, qtbot):
    show(editor, qtbot, "Begin. End.")
    place = TrackedRange(6, 6)
    for number in range(5):
        change = editor.change(place.end, 0, f" m{number}", MODEL, "job")
        place.grow(change)
        editor.ranges = [place]
        editor.select(0, 0)
        QTest.keyClicks(editor, "p")
        editor.select(len(editor.text), len(editor.text))
        QTest.keyClicks(editor, "q")
    assert editor.text == "pppppBegin. m0 m1 m2 m3 m4 End.qqqqq"
    assert editor.text[place.start : place.end] == " m0 m1 m2 m3 m4"
    editor.history.close_step("job")
    while editor.history.next_key != "job":
        editor.undo()
    assert editor.text == "Begin. m0 m1 m2 m3 m4 End."
    editor.undo()
    assert editor.text == "Begin. End."
    while editor.history.can_redo:
        editor.redo()
    assert editor.text == "pppppBegin. m0 m1 m2 m3 m4 End.qqqqq"
    check(editor)


def wait_loaded(editor, qtbot):
    """Wait until all of the text is shown, and keys that were pressed meanwhile have come."""
    qtbot.waitUntil(lambda: not editor.is_loading, timeout=PATIENCE)
    QApplication.processEvents()


def edit_at_random(editor, dice, pieces):
    start, end = sorted(dice.randint(0, len(editor.text)) for _ in range(2))
    end = min(end, start + dice.choice((0, 1, 3_000)))
    editor.select(start, end)
    what = dice.randint(0, 5)
    if what == 0:
        QTest.keyClicks(editor, dice.choice(["k", "lm "]))
    elif what == 1:
        QTest.keyClick(editor, dice.choice([Qt.Key.Key_Backspace, Qt.Key.Key_Delete]))
    elif what == 2:
        editor.insertPlainText(dice.choice(pieces))
    elif what == 3:
        editor.change(start, 0, dice.choice(pieces), MODEL, f"job {dice.randint(0, 1)}")
    elif what == 4:
        QTest.keyClick(editor, Qt.Key.Key_Return)
    else:
        editor.undo()


@pytest.mark.parametrize("part", [editor_module.LOAD_CHARACTERS, 300])
@pytest.mark.parametrize("seed", range(6))
def test_any_edits_leave_editor_and_document_the_same(editor, qtbot, monkeypatch, seed, part):
    monkeypatch.setattr(editor_module, "LOAD_CHARACTERS", part)
    dice = random.Random(seed)
    pieces = ["a", "\n", "光", "😀", "word " * 600, "w" * 4_000, "", "\u2028", "x\ny\nz"]
    show(editor, qtbot, "".join(dice.choices(pieces, k=6)))
    wait_loaded(editor, qtbot)
    first = editor.text
    for _ in range(40):
        edit_at_random(editor, dice, pieces)
        if dice.random() < 0.3:
            wait_loaded(editor, qtbot)
            check(editor)

    def go(can, step):
        wait_loaded(editor, qtbot)
        while can():
            step()
            wait_loaded(editor, qtbot)
        check(editor)

    history = editor.history
    go(lambda: history.can_redo, editor.redo)
    last = editor.text
    go(lambda: history.can_undo, editor.undo)
    assert editor.text == first
    go(lambda: history.can_redo, editor.redo)
    assert editor.text == last


def test_a_long_paste_is_shown_in_parts_and_is_one_step(editor, qtbot):
    show(editor, qtbot, "begin end")
    editor.select(6, 6)
    long = "光 and 😀 words\n" * 20_000
    pasted = QMimeData()
    pasted.setText(long)
    editor.insertFromMimeData(pasted)
    assert editor.text == f"begin {long}end"
    assert editor.is_loading
    assert len(editor.toPlainText()) < 100_000
    QTest.keyClicks(editor, "x")
    editor.change(len(editor.text), 0, " more", MODEL, "job")
    editor.change(0, 0, "The ", MODEL, "job")
    wait_loaded(editor, qtbot)
    check(editor)
    assert editor.text == f"The begin {long}xend more"
    QTest.keyClick(editor, Qt.Key.Key_Z, CONTROL)
    for _ in range(2):
        editor.undo()
        wait_loaded(editor, qtbot)
    assert editor.text == "begin end"
    check(editor)
    while editor.history.can_redo:
        editor.redo()
        wait_loaded(editor, qtbot)
    assert editor.text == f"The begin {long}xend more"
    check(editor)


SHAPES = {
    "2 MB without a line break": "w" * 2_000_000,
    "2 MB of words on one line": "word " * 400_000,
    "2 MB of lines": "some words here\n" * 125_000,
    "2 MB of Chinese on one line": "光" * 2_000_000,
    "200 kB of emoji": "\U0001f469\u200d" * 100_000,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_long_texts_of_any_shape_are_loaded_and_typed_into_in_short_steps(editor, qtbot, shape):
    def slowest(do, count):
        times = []
        for _ in range(count):
            begun = time.process_time()
            do()
            QApplication.processEvents()
            times.append(time.process_time() - begun)
        return sorted(times)[count // 2]

    show(editor, qtbot, "word " * 8_000)
    ordinary = slowest(lambda: QTest.keyClicks(editor, "x"), 9)
    show(editor, qtbot, shape)
    assert editor.text == shape
    for place in (0, len(shape) // 2, len(shape)):
        editor.select(place, place)
        QApplication.processEvents()
        assert slowest(lambda: QTest.keyClicks(editor, "x"), 9) < 0.02 + 40 * ordinary
    assert units_of(editor.text) == units_of(shape) + 27
    editor.undo()
    assert editor.text.count("x") - shape.count("x") < 27


def test_pasting_a_long_line_takes_linear_time(editor, qtbot):
    show(editor, qtbot, "a")
    pasted = QMimeData()
    pasted.setText("w" * 200_000)
    begun = time.process_time()
    editor.insertFromMimeData(pasted)
    QApplication.processEvents()
    wait_loaded(editor, qtbot)
    assert time.process_time() - begun < 3  # 12 s when Qt lays the line out as one
    assert editor.text == "w" * 200_000 + "a"
    check(editor)


def test_menu_has_our_undo(editor, qtbot):
    show(editor, qtbot, "")
    QTest.keyClicks(editor, "abc")
    seen = []

    def look():
        menu = QApplication.activePopupWidget()
        seen.extend(action.text() for action in menu.actions())
        menu.actions()[0].trigger()
        menu.close()

    QTimer.singleShot(0, look)
    editor.contextMenuEvent(
        QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), QPoint(5, 5))
    )
    assert seen[:2] == ["Undo", "Redo"]
    assert editor.text == ""
