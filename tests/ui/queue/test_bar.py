"""The queue's bar below the tabs, in the real window."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from tests.ui.conftest import PATIENCE


@pytest.fixture
def studio(open_studio):
    opened = open_studio(step_seconds=0.05)
    opened.shared.queue.batch_jobs = False
    return opened


def submit(studio, *prompts, tokens=4):
    folder = str(studio.data.outputs)
    requests = [TextRequest(prompt=prompt, seed=1, max_new_tokens=tokens) for prompt in prompts]
    studio.shared.queue.submit([new_job(request, folder) for request in requests])


def is_over(studio):
    jobs = studio.shared.queue.jobs()
    return bool(jobs) and all(job.state.over for job in jobs)


def test_the_bar_is_hidden_until_there_is_a_job(studio, qtbot):
    bar = studio.window.queue_bar
    assert not bar.isVisible()
    submit(studio, "a")
    qtbot.waitUntil(bar.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bar.summary.text() == "1 done", timeout=PATIENCE)
    assert bar.title.whole == "No job waits"
    assert not bar.pause_button.isVisible()


def test_the_bar_shows_what_runs_and_what_waits(studio, qtbot):
    bar = studio.window.queue_bar
    submit(studio, "the first\nprompt 第一", "b", "c", tokens=2_000)
    qtbot.waitUntil(lambda: bar.title.whole == "the first prompt 第一", timeout=PATIENCE)
    qtbot.waitUntil(lambda: bar.bar.isVisible() and bar.bar.value() > 0, timeout=PATIENCE)
    qtbot.waitUntil(lambda: "left" in bar.details.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: bar.summary.text().startswith("2 waiting"), timeout=PATIENCE)
    assert not studio.window.queue_dock.isVisible()
    studio.shared.queue.cancel_all()
    qtbot.waitUntil(lambda: is_over(studio), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not bar.bar.isVisible(), timeout=PATIENCE)


def test_jobs_that_run_as_one_batch_are_counted(studio, qtbot):
    studio.shared.queue.batch_jobs = True
    studio.shared.queue.pause()
    submit(studio, "a", "b", "c", tokens=2_000)
    bar = studio.window.queue_bar
    qtbot.waitUntil(lambda: bar.summary.text().startswith("3 waiting"), timeout=PATIENCE)
    QTest.mouseClick(bar.pause_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bar.title.whole == "a and 2 more", timeout=PATIENCE)
    studio.shared.queue.cancel_all()
    qtbot.waitUntil(lambda: is_over(studio), timeout=PATIENCE)


def test_the_bar_pauses_and_continues(studio, qtbot):
    bar, queue = studio.window.queue_bar, studio.shared.queue
    submit(studio, "a", "b", tokens=2_000)
    qtbot.waitUntil(bar.pause_button.isVisible, timeout=PATIENCE)
    QTest.mouseClick(bar.pause_button, Qt.MouseButton.LeftButton)
    assert queue.paused
    qtbot.waitUntil(lambda: bar.pause_button.text() == "Continue", timeout=PATIENCE)
    queue.cancel_all()
    qtbot.waitUntil(lambda: bar.title.whole == queue.paused, timeout=PATIENCE)
    QTest.mouseClick(bar.pause_button, Qt.MouseButton.LeftButton)
    assert not queue.paused
    qtbot.waitUntil(lambda: is_over(studio), timeout=PATIENCE)


def test_a_pause_without_jobs_is_shown(studio, qtbot):
    studio.shared.queue.pause()
    qtbot.waitUntil(studio.window.queue_bar.isVisible, timeout=PATIENCE)
    studio.shared.queue.resume()
    qtbot.waitUntil(lambda: not studio.window.queue_bar.isVisible(), timeout=PATIENCE)


def test_the_bar_expands_into_the_table_and_back(studio, qtbot):
    window = studio.window
    submit(studio, "a")
    qtbot.waitUntil(window.queue_bar.isVisible, timeout=PATIENCE)
    QTest.mouseClick(window.queue_bar.expand_button, Qt.MouseButton.LeftButton)
    assert window.queue_dock.isVisible()
    assert QApplication.focusWidget() is window.queue_dock.panel.table
    assert not window.queue_bar.isVisible()
    QTest.keyClick(window, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert not window.queue_dock.isVisible()
    assert window.queue_bar.isVisible()


@pytest.mark.parametrize("width", [720, 1024, 1280])
def test_everything_in_the_bar_is_inside(studio, qtbot, width):
    window, bar = studio.window, studio.window.queue_bar
    window.resize(width, 600)
    submit(studio, "w" * 5_000, "b", tokens=2_000)
    qtbot.waitUntil(lambda: bar.bar.isVisible() and bar.bar.value() > 0, timeout=PATIENCE)
    assert window.width() == width
    qtbot.waitUntil(
        lambda: bar.summary.width() >= bar.summary.minimumSizeHint().width(), timeout=PATIENCE
    )
    for widget in (bar.title, bar.bar, bar.summary, bar.pause_button, bar.expand_button):
        corner = widget.mapTo(window, widget.rect().bottomRight())
        assert window.rect().contains(corner), widget.accessibleName()
    assert bar.title.width() > 60
    assert bar.title.toolTip()
    studio.shared.queue.cancel_all()
    qtbot.waitUntil(lambda: is_over(studio), timeout=PATIENCE)
