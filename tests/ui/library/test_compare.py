"""Comparing items in a window: images, texts and audio, and what becomes of the others."""

import wave
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.jobs.library import live_library
from studio.jobs.library.trash import Trashed, TrashResult
from studio.ui.library.compare.texts import different_spans
from studio.ui.library.compare.window import CompareWindow
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import found, make_item, press

CONTROL = Qt.KeyboardModifier.ControlModifier
CENTER = QPointF(0.5, 0.5)


def words(text: str, spans) -> list[str]:
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("first", "second", "only_first", "only_second"),
    [
        ("a red door", "a blue door", ["red"], ["blue"]),
        ("the same text", "the same  text", [], []),
        ("明月山水", "明日山水", ["月"], ["日"]),
        ("one two", "one two three four", [], ["three four"]),
        ("", "new", [], ["new"]),
    ],
)
def test_words_that_differ_are_found(first, second, only_first, only_second):
    spans = different_spans(first, second)
    assert words(first, spans[0]) == only_first
    assert words(second, spans[1]) == only_second


@pytest.fixture
def compare(open_library, fill_library, qtbot):
    """Return a function that opens the comparison of items as the key C does."""

    def start(*items):
        ids = fill_library(*items)
        _studio, page = open_library()
        press(page, Qt.Key.Key_Right)
        press(page, Qt.Key.Key_A, CONTROL)
        press(page, Qt.Key.Key_C)
        qtbot.waitUntil(lambda: page.findChild(CompareWindow) is not None, timeout=PATIENCE)
        window = page.findChild(CompareWindow)
        qtbot.waitUntil(lambda: window.content is not None, timeout=PATIENCE)
        window.activateWindow()
        assert QTest.qWaitForWindowActive(window, PATIENCE)
        return page, window, ids

    return start


def color_at(widget, share: float):
    shown = widget.grab().toImage()
    return shown.pixelColor(round(shown.width() * share), shown.height() // 2)


def test_images_zoom_together_and_differ_under_the_slider(compare, folder, qtbot):
    _page, window, _ids = compare(make_item(folder, 0), make_item(folder, 1))
    comparison = window.content
    first, second = comparison.panes
    qtbot.waitUntil(lambda: first.width() > 150, timeout=PATIENCE)
    place = QPointF(first.rect().center())
    wheel = QWheelEvent(
        place,
        first.mapToGlobal(place),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    before = second.target().width()
    QApplication.sendEvent(first, wheel)
    assert second.target().width() > 1.5 * before
    assert first.target().size() == second.target().size()
    QTest.mousePress(first, Qt.MouseButton.LeftButton, pos=first.rect().center())
    QTest.mouseMove(first, first.rect().center() + QPoint(-20, 0))
    QTest.mouseRelease(first, Qt.MouseButton.LeftButton)
    assert comparison.view.middle != CENTER
    QTest.keyClick(first, Qt.Key.Key_0)
    assert comparison.view.zoom == 1.0
    colors = color_at(first, 0.5), color_at(second, 0.5)
    assert colors[0] != colors[1]
    QTest.mouseClick(window.mode_buttons[1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: comparison.both.width() > 300, timeout=PATIENCE)
    assert color_at(comparison.both, 0.35) == colors[0]
    assert color_at(comparison.both, 0.65) == colors[1]
    QTest.mouseClick(
        comparison.both,
        Qt.MouseButton.LeftButton,
        pos=QPoint(comparison.both.width() * 8 // 10, 50),
    )
    assert color_at(comparison.both, 0.65) == colors[0]
    QTest.mouseClick(window.mode_buttons[2], Qt.MouseButton.LeftButton)
    difference = color_at(comparison.both, 0.5)
    assert difference.red() == abs(colors[0].red() - colors[1].red())


def test_texts_are_marked_where_they_differ(compare, folder, qtbot):
    _page, window, _ids = compare(
        make_item(folder, 0, media="text", body="🙂 the cat sat"),
        make_item(folder, 1, media="text", body="🙂 the dog sat"),
    )
    panes = window.content.panes
    qtbot.waitUntil(lambda: bool(panes[1].extraSelections()), timeout=PATIENCE)
    kept = [pane.extraSelections() for pane in panes]  # their cursors end with them
    marked = [[one.cursor.selectedText() for one in selections] for selections in kept]
    assert marked == [["cat"], ["dog"]]


def test_audio_is_switched_at_the_same_position(compare, folder, qtbot):
    items = [make_item(folder, number, media="audio") for number in range(2)]
    for item in items:
        with wave.open(item.path, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8_000)
            file.writeframes(b"\0\0" * 16_000)
    _page, window, _ids = compare(*items)
    comparison = window.content
    qtbot.waitUntil(lambda: all(comparison.buffers), timeout=PATIENCE)
    comparison.player.seek(1.25)
    QTest.keyClick(comparison, Qt.Key.Key_2)
    assert comparison.player.buffer is comparison.buffers[1]
    assert comparison.player.position == 1.25
    QTest.mouseClick(comparison._choices.button(0), Qt.MouseButton.LeftButton)
    assert comparison.player.buffer is comparison.buffers[0]
    assert comparison.player.position == 1.25


def test_one_is_chosen_and_the_others_go_to_the_trash(compare, folder, qtbot, monkeypatch):
    gone = []

    def move(paths, is_cancelled=lambda: False):
        gone.extend(paths)
        return TrashResult(tuple(Trashed(path, ()) for path in gone), {})

    monkeypatch.setattr(live_library, "move_to_trash", move)
    page, window, ids = compare(*(make_item(folder, number) for number in range(3)))
    QTest.mouseClick(window._trash_others, Qt.MouseButton.LeftButton)
    QTest.mouseClick(window.keep_buttons[1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: found(page) == [ids[1]], timeout=PATIENCE)
    assert [Path(path).name for path in gone] == ["0000.png", "0002.png"]
    qtbot.waitUntil(lambda: page.results.item(ids[1]).favorite, timeout=PATIENCE)


def image_of(folder, number: int, size: tuple[int, int], color: str):
    path = folder / f"{number:04}.png"
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    image.save(str(path))
    return make_item(folder, 0, path=str(path), sha256=str(number), created=9e8 - 10 * number)


def test_images_of_other_shapes_are_not_stretched(compare, folder, qtbot):
    _page, window, _ids = compare(
        image_of(folder, 1, (40, 40), "#ff0000"), image_of(folder, 2, (40, 20), "#0000ff")
    )
    comparison = window.content
    assert window.pair.isHidden()
    qtbot.waitUntil(window.mode_buttons[1].isVisible, timeout=PATIENCE)
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: comparison.currentIndex() == 1, timeout=PATIENCE)
    qtbot.waitUntil(lambda: comparison.both.height() > 300, timeout=PATIENCE)
    assert "The sizes differ: 40 × 40 and 40 × 20." in window.pair.text()
    both = comparison.both
    shown = both.grab().toImage()
    right = both.width() * 3 // 4
    column = [shown.pixelColor(right, y).name() for y in range(0, shown.height(), 4)]
    wide = QSizeF(2, 1).scaled(QSizeF(both.size()), Qt.AspectRatioMode.KeepAspectRatio)
    assert column.count("#0000ff") == pytest.approx(wide.height() / 4, abs=2)
    QTest.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: "compared where both are" in window.pair.text(), timeout=PATIENCE)
    assert color_at(both, 0.5).name() == "#ff00ff"
    assert both.grab().toImage().pixelColor(both.width() // 2, 4).name() != "#ff0000", "cut"
    qtbot.waitUntil(both.hasFocus, timeout=PATIENCE)


def test_keys_choose_the_second_image_and_move_the_slider(compare, folder, qtbot):
    _page, window, _ids = compare(*(make_item(folder, number) for number in range(3)))
    comparison = window.content
    QTest.mouseClick(window.mode_buttons[1], Qt.MouseButton.LeftButton)
    assert window.pair.text() == "1  prompt number 0  ↔  3  prompt number 2"
    QTest.keyClick(comparison.both, Qt.Key.Key_2)
    assert window.pair.text() == "1  prompt number 0  ↔  2  prompt number 1"
    before = comparison.both.split
    QTest.keyClick(comparison.both, Qt.Key.Key_Right)
    assert comparison.both.split > before
    QTest.keyClick(comparison.both, Qt.Key.Key_Plus)
    assert comparison.view.zoom > 1
    QTest.mouseClick(window.mode_buttons[2], Qt.MouseButton.LeftButton)
    assert window.pair.text().endswith("Black: no difference")


def test_the_buttons_name_what_is_kept_and_what_becomes_of_the_others(compare, folder, qtbot):
    page, window, ids = compare(*(make_item(folder, number) for number in range(3)))
    assert [one.text() for one in window.keep_buttons] == [
        "Keep &1  prompt number 0",
        "Keep &2  prompt number 1",
        "Keep &3  prompt number 2",
    ]
    assert window.outcome.text().endswith("the other 2 stay in the library.")
    QTest.mouseClick(window._trash_others, Qt.MouseButton.LeftButton)
    assert window.outcome.text().endswith("can be taken back with Ctrl+Z.")
    QTest.mouseClick(window._trash_others, Qt.MouseButton.LeftButton)
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: page.results.item(ids[1]).favorite, timeout=PATIENCE)
    assert found(page) == ids


def test_results_of_one_prompt_are_named_by_their_seeds(compare, folder):
    _page, window, _ids = compare(
        *(
            make_item(folder, number, prompt="a lighthouse at the end of the world")
            for number in (7, 8)
        )
    )
    assert [one.text() for one in window.keep_buttons] == [
        "Keep &1  a lighthouse at the end… · 7",
        "Keep &2  a lighthouse at the end… · 8",
    ]


def test_texts_have_their_names_and_scroll_together(compare, folder, qtbot):
    lines = "\n".join(f"line {number}" for number in range(400))
    _page, window, _ids = compare(
        make_item(folder, 0, media="text", body=lines),
        make_item(folder, 1, media="text", body=f"{lines}\nmore"),
    )
    first, second = window.content.panes
    assert [first.accessibleName(), second.accessibleName()] == [
        "1  prompt number 0",
        "2  prompt number 1",
    ]
    bars = first.verticalScrollBar(), second.verticalScrollBar()
    qtbot.waitUntil(lambda: min(bar.maximum() for bar in bars) > 300, timeout=PATIENCE)
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_End, CONTROL)
    qtbot.waitUntil(lambda: bars[0].value() > 300, timeout=PATIENCE)
    assert bars[1].value() > 300


def test_one_item_cannot_be_compared(open_library, fill_library, folder):
    fill_library(make_item(folder, 0))
    studio, page = open_library()
    press(page, Qt.Key.Key_Right)
    press(page, Qt.Key.Key_C)
    assert page.findChild(CompareWindow) is None
    assert "Select two to nine" in studio.window.toasts.shown[-1].toast.text
