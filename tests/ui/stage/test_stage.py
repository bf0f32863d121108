"""The stage follows every job of its kind and shows results together with their settings."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from studio.core.errors import Failure
from studio.core.jobs import Batch, JobState, new_job
from studio.core.requests import ImageRequest, TextRequest
from studio.ui.stage.shown_result import time_of_day
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.test_window import drop, press_generate, type_prompt

NOON = 1_700_000_000.0


@pytest.fixture
def studio(open_studio):
    return open_studio()


def submit_text(studio, prompt, **values):
    """Submit a job as the command line does, without the form."""
    request = TextRequest(prompt=prompt, model="fake-text", max_new_tokens=50, **values)
    job = new_job(request, studio.shared.output_folder())
    studio.shared.queue.submit([job])
    return job


def wait_over(qtbot, studio, job_id):
    qtbot.waitUntil(
        lambda: (job := studio.shared.queue.job(job_id)) is not None and job.state.over,
        timeout=PATIENCE,
    )


def click(widget):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_a_job_of_the_command_line_is_shown_as_it_runs(qtbot, open_studio):
    studio = open_studio(step_seconds=0.02)
    tab = studio.window.text_tab
    assert not tab.stage.header.isVisible()
    job = submit_text(studio, "from elsewhere", seed=77)
    qtbot.waitUntil(lambda: bool(tab.view.text()), timeout=PATIENCE)
    assert tab.stage.job.id == job.id
    assert tab.stage.header.prompt.whole == "from elsewhere"
    assert tab.stop_button.isEnabled()
    wait_over(qtbot, studio, job.id)
    qtbot.waitUntil(lambda: not tab.bar.isVisible(), timeout=PATIENCE)
    facts = tab.stage.header.facts.whole
    assert facts.startswith("Fake text · seed 77 · ")
    assert facts.count(":") == 1, "the time of day"


def test_a_job_that_waited_for_the_restart_is_shown(qtbot, open_studio):
    studio = open_studio()
    studio.shared.queue.pause()
    job = submit_text(studio, "after the restart")
    qtbot.waitUntil(lambda: studio.shared.queue.job(job.id) is not None, timeout=PATIENCE)
    close_studio(studio)
    again = open_studio()
    stage = again.window.text_tab.stage
    qtbot.waitUntil(lambda: stage.job is not None and stage.job.id == job.id, timeout=PATIENCE)
    wait_over(qtbot, again, job.id)
    qtbot.waitUntil(lambda: bool(again.window.text_tab.view.text()), timeout=PATIENCE)


def test_a_tab_that_is_opened_later_shows_what_runs(qtbot, open_studio):
    studio = open_studio(step_seconds=0.05)
    request = ImageRequest(prompt="a cat", model="fake-image", width=64, height=64)
    job = new_job(request, studio.shared.output_folder())
    studio.shared.queue.submit([job])
    qtbot.waitUntil(
        lambda: (
            (now := studio.shared.queue.job(job.id)) is not None and now.state is JobState.RUNNING
        ),
        timeout=PATIENCE,
    )
    studio.window.show_tab("image")
    stage = studio.window.image_tab.stage
    assert stage.job.id == job.id
    qtbot.waitUntil(lambda: bool(studio.window.image_tab.view.image.path), timeout=PATIENCE)


def test_the_header_names_batch_and_row(qtbot, studio, tmp_path):
    batch = Batch(id="b1", source=str(tmp_path / "城市.csv"), folder=str(tmp_path))
    request = TextRequest(prompt="row\nfour", model="fake-text", max_new_tokens=4)
    job = new_job(request, str(tmp_path), "four", batch="b1", row=4)
    studio.shared.queue.submit([job], batch)
    header = studio.window.text_tab.stage.header
    wait_over(qtbot, studio, job.id)
    studio.window.show_result(job.id)
    qtbot.waitUntil(lambda: header.facts.whole.endswith("row 4 of 城市.csv"), timeout=PATIENCE)
    assert header.prompt.text() == "row four"


def test_the_form_never_contradicts_the_stage_unnoticed(qtbot, studio):
    tab = studio.window.text_tab
    type_prompt(tab, "mine")
    tab.form.set_values({"seed": 5})
    job = submit_text(studio, "theirs", temperature=0.5)
    wait_over(qtbot, studio, job.id)
    load = tab.stage.header.load_button
    qtbot.waitUntil(load.isVisible, timeout=PATIENCE)
    click(load)
    assert not load.isVisible()
    assert tab.prompt.toPlainText() == "theirs"
    assert tab.form.values()["temperature"] == 0.5
    assert tab.form.values()["seed"] == str(job.request.seed)
    tab.form.set_values({"seed": None})
    assert not load.isVisible(), "a random seed contradicts no seed"
    tab.form.set_values({"temperature": 0.6})
    assert load.isVisible()


def test_show_result_shows_form_and_result_of_a_finished_job(qtbot, studio):
    window = studio.window
    first = submit_text(studio, "the first")
    wait_over(qtbot, studio, first.id)
    second = submit_text(studio, "the second")
    wait_over(qtbot, studio, second.id)
    tab = window.text_tab
    qtbot.waitUntil(lambda: tab.stage.shown.path != "", timeout=PATIENCE)
    window.show_tab("image")
    window.show_result(first.id)
    assert window.current() is tab
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "the first", timeout=PATIENCE)
    path = next(Path(studio.shared.output_folder()).glob("*first*.txt"))
    qtbot.waitUntil(lambda: tab.view.text() == path.read_text(encoding="utf-8"), timeout=PATIENCE)
    assert tab.prompt.toPlainText() == "the first"
    assert not tab.stage.header.load_button.isVisible()


def test_show_result_of_a_failed_job_shows_why(qtbot, studio):
    failure = Failure(cause="model", message="The model is broken.", cure="Get it again.")
    broken = [True]
    studio.session.engine._fail_on = lambda _job: failure if broken else None
    job = submit_text(studio, "fails")
    wait_over(qtbot, studio, job.id)
    broken.clear()
    other = submit_text(studio, "works")
    wait_over(qtbot, studio, other.id)
    tab = studio.window.text_tab
    qtbot.waitUntil(lambda: not tab.notice.isVisible(), timeout=PATIENCE)
    studio.window.show_result(job.id)
    qtbot.waitUntil(tab.notice.isVisible, timeout=PATIENCE)
    assert tab.notice.message == "The model is broken."
    assert tab.stage.header.prompt.whole == "fails"
    again = next(
        made for made in tab.notice.findChildren(QAbstractButton) if "again" in made.text()
    )
    again.click()
    qtbot.waitUntil(
        lambda: studio.shared.queue.job(job.id).state is JobState.COMPLETED, timeout=PATIENCE
    )
    qtbot.waitUntil(lambda: bool(tab.view.text()) and not tab.bar.isVisible(), timeout=PATIENCE)
    assert not tab.notice.isVisible()


def test_an_opened_result_stays_while_jobs_begin(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    first = submit_text(studio, "look at me")
    wait_over(qtbot, studio, first.id)
    path = next(Path(studio.shared.output_folder()).glob("*.txt"))
    studio.session.engine._step_seconds = 0.2
    drop(studio.window, path)
    qtbot.waitUntil(lambda: tab.prompt.toPlainText() == "look at me", timeout=PATIENCE)
    qtbot.waitUntil(lambda: tab.view.text() == path.read_text(encoding="utf-8"), timeout=PATIENCE)
    running = submit_text(studio, "do not disturb")
    back = tab.stage.header.return_button
    qtbot.waitUntil(back.isVisible, timeout=PATIENCE)
    assert tab.stage.header.prompt.whole == "look at me"
    click(back)
    assert tab.stage.header.prompt.whole == "do not disturb"
    assert not back.isVisible()
    wait_over(qtbot, studio, running.id)


def test_generate_leaves_an_opened_result(qtbot, studio):
    tab = studio.window.text_tab
    first = submit_text(studio, "old")
    wait_over(qtbot, studio, first.id)
    studio.window.show_result(first.id)
    qtbot.waitUntil(lambda: tab.prompt.toPlainText() == "old", timeout=PATIENCE)
    tab.prompt.selectAll()
    type_prompt(tab, "new")
    press_generate(tab)
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "new", timeout=PATIENCE)


def test_a_missing_file_is_explained(qtbot, studio, tmp_path):
    stage = studio.window.text_tab.stage
    stage.show_file(tmp_path / "gone.txt")
    qtbot.waitUntil(stage.notice.isVisible, timeout=PATIENCE)
    assert stage.notice.message == "gone.txt cannot be shown."


def test_results_of_one_job_have_their_own_seeds(qtbot, studio):
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    tab.form.set_values({"width": 64, "height": 64, "num_inference_steps": 1, "seed": 10})
    tab.form.set_values({"num_images_per_prompt": 3})
    type_prompt(tab, "cats")
    press_generate(tab)
    qtbot.waitUntil(lambda: tab.view.grid.count() == 3, timeout=PATIENCE)
    seeds = []
    for number in range(3):
        tab.view.grid.setCurrentRow(number)
        seeds.append(tab.stage.header.facts.whole.split(" · ")[1])
    assert seeds == ["seed 10", "seed 11", "seed 12"]


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOON, "%H:%M"),
        (NOON - 40 * 86_400, "%d %b, %H:%M"),
        (NOON - 400 * 86_400, "%d %b %Y, %H:%M"),
        (1e30, ""),
    ],
)
def test_the_date_is_shown_if_it_is_not_today(moment, words):
    import time

    expected = time.strftime(words, time.localtime(moment)) if words else ""
    assert time_of_day(moment, NOON) == expected
