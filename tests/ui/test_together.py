"""Test that jobs of a batch are shown together, with one progress bar and one Stop button."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.core.errors import Failure
from studio.core.jobs import JobState
from tests.ui.conftest import PATIENCE
from tests.ui.test_window import type_prompt


def submit(studio, tab, qtbot, count):
    """Put `count` jobs into the paused queue; they differ in prompt and seed. Return their ids."""
    queue = studio.shared.queue
    queue.pause()
    for number in range(count):
        tab.prompt.clear()
        type_prompt(tab, f"cat {number}")
        tab.form.set_values({"seed": number + 1})
        tab.generate()
        qtbot.waitUntil(lambda number=number: len(queue.jobs()) == number + 1, timeout=PATIENCE)
    return [job.id for job in queue.jobs()]


def all_over(studio, tab):
    return (
        all(job.state.over for job in studio.shared.queue.jobs())
        and tab.stage.is_over
        and not tab.bar.isVisible()
    )


@pytest.fixture
def studio(open_studio):
    return open_studio(step_seconds=0.002)


def test_all_texts_of_a_batch_are_shown(qtbot, studio, data):
    tab = studio.window.text_tab
    tab.form.set_values({"max_new_tokens": 10})
    submit(studio, tab, qtbot, 3)
    progress = []
    tab.shared.queue.job_event.connect(lambda _id, _event: progress.append(tab.status.text()))
    studio.shared.queue.resume()
    qtbot.waitUntil(lambda: all_over(studio, tab), timeout=PATIENCE)
    saved = {path.read_text(encoding="utf-8") for path in data.outputs.glob("*.txt")}
    assert len(saved) == 3
    qtbot.waitUntil(lambda: set(tab.view.texts().values()) == saved, timeout=PATIENCE)
    titles = [
        "1 · cat 0",
        "2 · cat 1",
        "3 · cat 2",
    ]  # set when the file is read, after the text has streamed
    qtbot.waitUntil(
        lambda: [tab.view.tabs.tabText(number) for number in range(3)] == titles, timeout=PATIENCE
    )
    assert tab.view.tabs.isVisible()
    tab.view.tabs.setCurrentIndex(1)
    (second,) = data.outputs.glob("*cat-1*.txt")
    assert tab.view.text() == second.read_text(encoding="utf-8")
    assert tab.status.text() == "3 of 3 jobs done · seeds 1, 2, 3 · 3 stopped at the token limit"
    assert any(line.startswith("3 jobs as one batch · Token 30 of at most 30") for line in progress)


def test_all_images_of_a_batch_are_shown(qtbot, studio, data):
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    tab.form.set_values({"width": 64, "height": 64, "num_inference_steps": 3})
    submit(studio, tab, qtbot, 3)
    studio.shared.queue.resume()
    qtbot.waitUntil(lambda: all_over(studio, tab) and tab.view.grid.count() == 3, timeout=PATIENCE)
    assert tab.view.image.path
    assert len(list(data.outputs.glob("*.png"))) == 3
    tab.form.set_values({"num_images_per_prompt": 2})
    tab.generate()
    qtbot.waitUntil(lambda: all_over(studio, tab) and tab.view.grid.count() == 2, timeout=PATIENCE)


def test_stop_cancels_all_shown_jobs_and_a_new_job_keeps_their_results(qtbot, studio):
    studio.session.engine._step_seconds = 0.1
    tab = studio.window.text_tab
    tab.form.set_values({"max_new_tokens": 40})
    ids = submit(studio, tab, qtbot, 3)
    studio.shared.queue.resume()
    qtbot.waitUntil(
        lambda: len(tab.stage.group.jobs) == 3 and bool(tab.view.text()), timeout=PATIENCE
    )
    type_prompt(tab, "!")
    tab.form.set_values({"max_new_tokens": 4})
    studio.shared.queue.pause()
    tab.generate()
    assert list(tab.stage.group.jobs) == ids
    QTest.mouseClick(tab.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.stage.is_over and not tab.bar.isVisible(), timeout=PATIENCE)
    assert [studio.shared.queue.job(one).state for one in ids] == [JobState.CANCELLED] * 3
    assert tab.view.text()


def test_failed_job_of_a_batch_is_reported_and_the_others_are_shown(qtbot, studio, data):
    failure = Failure(cause="model", message="The model is broken.", cure="Get it again.")
    studio.session.engine._fail_on = lambda job: failure if job.request.prompt == "cat 1" else None
    tab = studio.window.text_tab
    tab.form.set_values({"max_new_tokens": 5})
    submit(studio, tab, qtbot, 3)
    studio.shared.queue.resume()
    qtbot.waitUntil(lambda: all_over(studio, tab), timeout=PATIENCE)
    assert tab.notice.message == "The model is broken."
    assert (
        tab.status.text()
        == "2 of 3 jobs done · 1 failed · seeds 1, 3 · 2 stopped at the token limit"
    )
    qtbot.waitUntil(lambda: tab.view.tabs.tabText(2) == "3 · cat 2", timeout=PATIENCE)
    assert [tab.view.tabs.isTabVisible(number) for number in range(3)] == [True, False, True]
    assert len(list(data.outputs.glob("*.txt"))) == 2
