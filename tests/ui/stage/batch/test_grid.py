"""The grid of a batch in the real window: live, run again, open, pick the best."""

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel

from studio.core.errors import Failure
from studio.core.jobs import Batch, JobState, new_job
from studio.core.requests import ImageRequest, SpeechRequest, TextRequest
from studio.library.items import Annotation
from studio.ui.stage.batch.results import MAX_SHOWN, BatchResults
from studio.ui.widgets import undo_steps
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.test_window import press_generate, type_prompt


@pytest.fixture
def studio(open_studio):
    return open_studio()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "批 out"
    folder.mkdir()
    return folder


def text_request(prompt):
    return TextRequest(prompt=prompt, model="fake-text", max_new_tokens=50)


def image_request(prompt):
    return ImageRequest(
        prompt=prompt, model="fake-image", width=64, height=64, num_inference_steps=4
    )


def submit_batch(studio, folder, requests):
    """Submit a batch as the dialog does; return its id."""
    batch = Batch(id="b1", source=str(folder / "cities.csv"), folder=str(folder))
    jobs = [
        new_job(request, str(folder), f"row-{number}", batch=batch.id, row=number)
        for number, request in enumerate(requests, 2)
    ]
    studio.shared.queue.submit(jobs, batch)
    return batch.id


def states(grid):
    return [item.state for item in grid.model.items()]


def wait_done(qtbot, stage, count):
    grid = stage.grid
    qtbot.waitUntil(
        lambda: (
            len(grid.model.items()) == count
            and all(item.state.over for item in grid.model.items())
            and not stage.bar.isVisible()
        ),
        timeout=PATIENCE,
    )


def select(grid, *rows):
    grid.list.clearSelection()
    for row in rows:
        index = grid.model.index(row)
        grid.list.selectionModel().select(index, grid.list.selectionModel().SelectionFlag.Select)


def button_of(widget, text):
    return next(made for made in widget.findChildren(QAbstractButton) if text in made.text())


def test_the_grid_is_live_while_a_batch_runs(qtbot, open_studio, folder):
    studio = open_studio(step_seconds=0.02)
    stage = studio.window.text_tab.stage
    submit_batch(studio, folder, [text_request(f"city {n}") for n in range(4)])
    grid = stage.grid
    qtbot.waitUntil(lambda: JobState.RUNNING in states(grid), timeout=PATIENCE)
    assert grid.isVisible()
    assert stage.bar.isVisible()
    qtbot.waitUntil(lambda: any(live.text for live in grid._live.values()), timeout=PATIENCE)
    assert "of 4 done" in stage.header.facts.whole
    assert "left" in stage.header.facts.whole
    assert not grid.pick_button.isVisible()
    wait_done(qtbot, stage, 4)
    assert stage.header.facts.whole == "4 of 4 done"
    qtbot.waitUntil(lambda: stage.header.prompt.whole == "cities.csv", timeout=PATIENCE)
    assert [item.prompt for item in grid.model.items()] == [f"city {n}" for n in range(4)]
    qtbot.waitUntil(
        lambda: all(Path(item.path).is_file() for item in grid.model.items()), timeout=PATIENCE
    )
    assert grid.isVisible(), "it stays at the end"


def test_failed_rows_say_why_and_run_again(qtbot, studio, folder):
    failure = Failure(cause="model", message="No such city.", cure="")
    broken = [True]
    engine = studio.session.engine
    engine._fail_on = lambda job: failure if broken and job.row == 3 else None
    stage = studio.window.text_tab.stage
    submit_batch(studio, folder, [text_request(f"city {n}") for n in range(3)])
    wait_done(qtbot, stage, 3)
    grid = stage.grid
    assert stage.header.facts.whole == "2 of 3 done · 1 failed"
    assert grid.model.item(1).message == "No such city."
    assert not stage.notice.isVisible(), "the row itself shows why"
    broken.clear()
    assert grid.rerun_button.isEnabled()
    grid.rerun_button.click()
    qtbot.waitUntil(lambda: stage.header.facts.whole == "3 of 3 done", timeout=PATIENCE)
    assert not grid.rerun_button.isEnabled()


def test_a_result_opens_alone_and_leads_back_to_the_batch(qtbot, studio, folder):
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    submit_batch(studio, folder, [image_request(f"cat {n}") for n in range(3)])
    stage, grid = tab.stage, tab.stage.grid
    wait_done(qtbot, stage, 3)
    grid.list.setFocus()
    grid.list.setCurrentIndex(grid.model.index(1))
    QTest.keyClick(grid.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tab.view.isVisible() and bool(tab.view.image.path), timeout=PATIENCE)
    assert stage.header.prompt.whole == "cat 1"
    assert "row 3 of cities.csv" in stage.header.facts.whole
    back = stage.header.return_button
    assert back.text() == "Show the whole batch"
    QTest.mouseClick(back, Qt.MouseButton.LeftButton)
    assert grid.isVisible()


def test_the_selected_row_can_be_loaded_into_the_form(qtbot, studio, folder):
    tab = studio.window.text_tab
    submit_batch(studio, folder, [text_request("Köln"), text_request("北京")])
    stage, grid = tab.stage, tab.stage.grid
    wait_done(qtbot, stage, 2)
    load = stage.header.load_button
    assert not load.isVisible(), "no row is selected"
    select(grid, 1)
    assert load.isVisible()
    QTest.mouseClick(load, Qt.MouseButton.LeftButton)
    assert tab.prompt.toPlainText() == "北京"
    assert not load.isVisible()


def test_the_best_are_picked_and_the_others_come_back(qtbot, studio, folder, monkeypatch):
    (folder.parent / "share").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(folder.parent / "share"))
    tab = studio.window.text_tab
    submit_batch(studio, folder, [text_request(f"city {n}") for n in range(4)])
    stage, grid = tab.stage, tab.stage.grid
    wait_done(qtbot, stage, 4)
    qtbot.waitUntil(lambda: all(item.path for item in grid.model.items()), timeout=PATIENCE)
    grid.pick_button.click()
    assert not button_of(grid.notice, "trash").isEnabled()
    index = studio.shared.library.index
    paths = [item.path for item in grid.model.items()]
    qtbot.waitUntil(lambda: all(index.find(path) for path in paths), timeout=PATIENCE)
    studio.shared.library.annotate([index.find(paths[1]).id], lambda _old: Annotation(rating=4))
    select(grid, 0, 2)
    move = button_of(grid.notice, "trash")
    assert move.text() == "Move the other 2 to the trash"
    with qtbot.waitSignal(
        studio.shared.toast_posted,
        timeout=PATIENCE,
        check_params_cb=lambda toast: toast.text == "2 results moved to the trash",
    ) as posted:
        move.click()
    names = sorted(path.name for path in folder.glob("*.txt"))
    assert names == ["row-2.txt", "row-4.txt"]
    assert [index.find(path) is not None for path in paths] == [True, False, True, False]
    assert [bool(item.path) for item in grid.model.items()] == [True, False, True, False]
    assert not grid.notice.isVisible()
    kept = {Path(item.path).name for item in stage.strip.results.items()}
    assert kept == {"row-2.txt", "row-4.txt"}
    with qtbot.waitSignal(
        studio.shared.toast_posted,
        timeout=PATIENCE,
        check_params_cb=lambda toast: toast.text == "Undone: move to trash",
    ):
        posted.args[0].action()
    assert len(list(folder.glob("*.txt"))) == 4
    assert all(item.path for item in grid.model.items())
    assert [index.find(path).rating for path in paths] == [0, 4, 0, 0]
    qtbot.waitUntil(lambda: stage.strip.results.rowCount() == 4, timeout=PATIENCE)


def test_picking_the_best_is_undone_with_ctrl_z_and_in_the_edit_menu(
    qtbot, studio, folder, monkeypatch
):
    (folder.parent / "share").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(folder.parent / "share"))
    tab = studio.window.text_tab
    submit_batch(studio, folder, [text_request(f"city {n}") for n in range(3)])
    stage, grid = tab.stage, tab.stage.grid
    wait_done(qtbot, stage, 3)
    undo, toasts = studio.window.action("window_library.undo"), studio.window.toasts

    def pick_second():
        qtbot.waitUntil(lambda: all(item.path for item in grid.model.items()), timeout=PATIENCE)
        grid.pick_button.click()
        select(grid, 1)
        button_of(grid.notice, "trash").click()
        qtbot.waitUntil(lambda: undo.text() == "&Undo move to trash", timeout=PATIENCE)
        assert undo.isEnabled()
        assert [path.name for path in folder.glob("*.txt")] == ["row-3.txt"]

    pick_second()
    grid.list.setFocus()
    QTest.keySequence(grid.list, "Ctrl+Z")
    qtbot.waitUntil(lambda: len(list(folder.glob("*.txt"))) == 3, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not undo.isEnabled(), timeout=PATIENCE)
    assert all(frame.toast.button != "Undo" for frame in toasts.shown)
    pick_second()
    studio.window.show_tab("image")
    assert not undo.isEnabled(), "what is not seen is not changed"
    studio.window.show_tab("text")
    assert undo.isEnabled()
    undo.trigger()
    qtbot.waitUntil(lambda: len(list(folder.glob("*.txt"))) == 3, timeout=PATIENCE)


def test_a_result_that_left_the_trash_is_missed_with_a_reason(qtbot, studio, folder, monkeypatch):
    shown_messages = []
    monkeypatch.setattr(
        undo_steps, "show_message", lambda _w, _title, text: shown_messages.append(text)
    )
    share = folder.parent / "share"
    share.mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(share))
    submit_batch(studio, folder, [text_request(f"city {n}") for n in range(2)])
    stage, grid = studio.window.text_tab.stage, studio.window.text_tab.stage.grid
    wait_done(qtbot, stage, 2)
    qtbot.waitUntil(lambda: all(item.path for item in grid.model.items()), timeout=PATIENCE)
    grid.pick_button.click()
    select(grid, 0)
    with qtbot.waitSignal(
        studio.shared.toast_posted,
        timeout=PATIENCE,
        check_params_cb=lambda toast: toast.button == "Undo",
    ) as posted:
        button_of(grid.notice, "trash").click()
    shutil.rmtree(share / "Trash")
    posted.args[0].action()
    qtbot.waitUntil(lambda: bool(shown_messages), timeout=PATIENCE)
    assert "row-3.txt is no longer in the trash." in shown_messages[0]
    assert [bool(item.path) for item in grid.model.items()] == [True, False]


def test_cancel_the_rest(qtbot, open_studio, folder):
    studio = open_studio(step_seconds=0.05)
    stage = studio.window.text_tab.stage
    submit_batch(studio, folder, [text_request(f"city {n}") for n in range(5)])
    grid = stage.grid
    qtbot.waitUntil(lambda: JobState.RUNNING in states(grid), timeout=PATIENCE)
    grid.cancel_button.click()
    wait_done(qtbot, stage, 5)
    assert "cancelled" in stage.header.facts.whole
    assert not grid.cancel_button.isVisible()


def test_a_batch_that_was_interrupted_is_complete_in_the_grid(qtbot, open_studio, folder):
    studio = open_studio(step_seconds=0.02)
    stage = studio.window.text_tab.stage
    submit_batch(studio, folder, [text_request(f"city {n}") for n in range(4)])
    qtbot.waitUntil(lambda: JobState.COMPLETED in states(stage.grid), timeout=PATIENCE)
    close_studio(studio)
    again = open_studio()
    stage = again.window.text_tab.stage
    again.shared.queue.resume()
    wait_done(qtbot, stage, 4)
    # The files of jobs that were done before are looked up after their states.
    qtbot.waitUntil(
        lambda: all(Path(item.path).is_file() for item in stage.grid.model.items()),
        timeout=PATIENCE,
    )


def test_speech_is_shown_in_rows(qtbot, studio, folder):
    studio.window.show_tab("audio")
    stage = studio.window.audio_tab.speech.stage
    requests = [SpeechRequest(prompt=f"line {n}", model="fake-speech") for n in range(3)]
    submit_batch(studio, folder, requests)
    wait_done(qtbot, stage, 3)
    view = stage.grid.list
    rects = [view.visualRect(stage.grid.model.index(row)) for row in range(3)]
    assert len({rect.left() for rect in rects}) == 1
    assert rects[0].width() > 300


def test_the_end_of_a_batch_leads_to_its_grid(qtbot, studio, folder):
    window = studio.window
    tab = window.text_tab
    submit_batch(studio, folder, [text_request("a"), text_request("b")])
    with qtbot.waitSignal(studio.shared.queue.batch_finished, timeout=PATIENCE):
        pass
    type_prompt(tab, "own")
    press_generate(tab)
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "own", timeout=PATIENCE)
    qtbot.waitUntil(lambda: tab.stage.is_over, timeout=PATIENCE)
    assert not tab.stage.grid.isVisible()
    window.show_tab("image")
    show = next(made for made in window.findChildren(QAbstractButton) if made.text() == "Show")
    assert any("Batch cities.csv is done" in made.text() for made in window.findChildren(QLabel))
    show.click()
    assert window.current() is tab
    assert tab.stage.grid.isVisible()


def test_a_long_batch_shows_its_first_rows_and_counts_all(folder):
    content = BatchResults("b", "text")
    request = text_request("x")
    jobs = [
        new_job(request, str(folder), f"r{row}", batch="b", row=row) for row in range(MAX_SHOWN + 9)
    ]
    shown = content.add(reversed(jobs))
    assert [item.row for item in shown] == list(range(MAX_SHOWN))
    assert content.summary() == "0 of 2,009 done · 2,009 left · the first 2,000 are shown"
    assert content.add(jobs) == []
