"""Toasts in the real window: shown, closed, queued, read aloud, and never in the way."""

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QDesktopServices, QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QPushButton

from studio.core.jobs import Batch
from studio.ui.widgets import toast as toast_module
from tests.ui.conftest import PATIENCE


@pytest.fixture
def window(open_studio):
    return open_studio().window


def texts(window):
    return [frame.toast.text for frame in window.toasts.shown]


def find_button(frame, text):
    (found,) = (button for button in frame.findChildren(QPushButton) if button.text() == text)
    return found


def enter(frame):
    at = QPointF(5, 5)
    QApplication.sendEvent(frame, QEnterEvent(at, at, at))


def test_a_toast_is_shown_and_closes_by_itself(window, qtbot, monkeypatch):
    monkeypatch.setattr(toast_module, "BASE_MS", 1)
    monkeypatch.setattr(toast_module, "CHARACTER_MS", 0)
    window.shared.post_toast("Copied")
    assert texts(window) == ["Copied"]
    assert window.toasts.isVisible()
    qtbot.waitUntil(lambda: not window.toasts.isVisible(), timeout=PATIENCE)
    assert texts(window) == []


def test_a_toast_below_a_dialog_stays_until_the_dialog_is_closed(window, qtbot, monkeypatch):
    monkeypatch.setattr(toast_module, "BASE_MS", 1)
    monkeypatch.setattr(toast_module, "CHARACTER_MS", 0)
    dialog = QDialog(window)
    dialog.open()
    window.shared.post_toast("Saved a")
    window.shared.post_toast("Saved b")
    (frame, _other) = window.toasts.shown
    with qtbot.waitSignals([frame._timer.timeout] * 3, timeout=PATIENCE):
        pass
    assert texts(window) == ["Saved a", "Saved b"]
    dialog.close()
    qtbot.waitUntil(lambda: texts(window) == [], timeout=PATIENCE)


def test_the_button_calls_its_action_once_and_closes_the_toast(window):
    calls = []
    window.shared.post_toast("Deleted", "Undo", lambda: calls.append("undo"))
    QTest.mouseClick(find_button(window.toasts.shown[0], "Undo"), Qt.MouseButton.LeftButton)
    assert calls == ["undo"]
    assert texts(window) == []


def test_a_toast_leaves_the_focus_where_it_is(window):
    window.current().prompt.setFocus()
    window.shared.post_toast("Saved a", "Show", lambda: None)
    assert QApplication.focusWidget() is window.current().prompt
    QTest.keyClicks(window.current().prompt, "typed")
    assert window.current().prompt.toPlainText() == "typed"


def test_three_are_shown_and_the_rest_wait(window):
    for name in "abcde":
        window.shared.post_toast(name)
    assert texts(window) == ["a", "b", "c"]
    window.toasts.shown[0].dismiss()
    assert texts(window) == ["b", "c", "d"]


def test_a_repeated_toast_is_shown_once(window):
    for _ in range(5):
        window.shared.post_toast("Added to the queue")
    assert texts(window) == ["Added to the queue"]


def test_a_toast_stays_under_the_mouse(window, qtbot, monkeypatch):
    monkeypatch.setattr(toast_module, "AFTER_HOVER_MS", 1)
    window.shared.post_toast("Saved a", "Show", lambda: None)
    (frame,) = window.toasts.shown
    assert frame.is_counting_down
    enter(frame)
    assert not frame.is_counting_down
    QApplication.sendEvent(frame, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: not texts(window), timeout=PATIENCE)


def test_keyboard_goes_to_the_button_and_back(window, qtbot):
    prompt = window.current().prompt
    prompt.setFocus()
    calls = []
    window.shared.post_toast("Saved a", "Show", lambda: calls.append("show"))
    (frame,) = window.toasts.shown
    QTest.keyClick(prompt, Qt.Key.Key_F8)
    assert QApplication.focusWidget() is find_button(frame, "Show")
    assert not frame.is_counting_down
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert texts(window) == []
    assert QApplication.focusWidget() is prompt
    window.shared.post_toast("Saved b", "Show", lambda: calls.append("show"))
    QTest.keyClick(prompt, Qt.Key.Key_F8)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert calls == ["show"]
    assert QApplication.focusWidget() is prompt


def test_without_a_toast_the_key_does_nothing(window):
    window.current().prompt.setFocus()
    QTest.keyClick(window.current().prompt, Qt.Key.Key_F8)
    assert QApplication.focusWidget() is window.current().prompt


def test_a_toast_is_announced(window, monkeypatch):
    announced = []
    monkeypatch.setattr(
        QAccessible, "updateAccessibility", lambda event: announced.append(event.message())
    )
    window.shared.post_toast("Saved a", "Show", lambda: None)
    assert announced == ["Saved a Show: F8."]
    (frame,) = window.toasts.shown
    assert frame.accessibleName() == "Saved a"
    assert all(button.accessibleName() for button in frame.findChildren(QPushButton))


@pytest.mark.parametrize("text", ["短消息", "w" * 5_000, "<b>bold</b>\n" * 40], ids=str.__len__)
@pytest.mark.parametrize("size", [(720, 480), (1024, 700), (1280, 800)])
def test_any_text_is_inside_the_window_as_plain_text(window, text, size):
    window.resize(*size)
    for number in range(3):
        window.shared.post_toast(f"{text}{number}"[-5_000:], "Show", lambda: None)
    QTest.qWait(1)
    central = window.tabs
    for frame in window.toasts.shown:
        place = frame.rect().translated(frame.mapTo(central, QPoint()))
        assert central.rect().left() <= place.left()
        assert place.right() <= central.rect().right()
        assert place.bottom() <= central.rect().bottom()
        label = frame.findChild(QLabel)
        assert label.textFormat() is Qt.TextFormat.PlainText


def test_toasts_follow_the_size_of_the_window(window, qtbot):
    window.shared.post_toast("Copied")
    window.resize(800, 600)
    central = window.tabs
    bottom = window.toasts.geometry().bottom
    qtbot.waitUntil(
        lambda: bottom() == central.height() - toast_module.MARGIN - 1, timeout=PATIENCE
    )


def test_saving_offers_the_folder(window, qtbot, monkeypatch, tmp_path):
    tab = window.text_tab
    tab.prompt.setPlainText("x")
    tab.generate()
    qtbot.waitUntil(tab.stage.save_button.isEnabled, timeout=PATIENCE)
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_arguments, **_more: (str(tmp_path / "a.txt"), "")
    )
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    tab.save_as()
    qtbot.waitUntil(lambda: "Saved a.txt" in texts(window), timeout=PATIENCE)
    find_button(window.toasts.shown[-1], "Show").click()
    assert opened == [str(tmp_path)]


def test_the_end_of_a_batch_is_confirmed_with_its_folder(window, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    batch = Batch(id="b", source=str(tmp_path / "rows.csv"), folder=str(tmp_path / "out"))
    window.shared.queue.batch_finished.emit(batch)
    assert texts(window) == ["Batch rows.csv is done"]
    find_button(window.toasts.shown[0], "Show").click()
    assert [Path(path) for path in opened] == [tmp_path / "out"]


def test_a_job_that_cannot_be_stored_stays_in_view(window):
    window.shared.queue.failed.emit("The disk is full.", ["a"])
    assert window.queue_banner.isVisible()
    assert window.queue_banner.message == "The disk is full."
