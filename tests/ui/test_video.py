"""Test videos in the window: in the queue, in batches and in the models dialog."""

import psutil
import pytest
from PySide6.QtTest import QTest

from studio.core.jobs import JobState, new_job
from studio.core.requests import TextRequest, VideoRequest
from studio.media.mp4 import is_complete
from studio.models.catalog import catalog_entries
from studio.ui.batch.dialog import BatchDialog
from studio.ui.main_window import PAGES
from studio.ui.models.dialog import ModelsDialog
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.test_window import drop

SMALL = {"width": 64, "height": 64, "num_frames": 5, "num_inference_steps": 2, "seed": 1}


@pytest.fixture
def studio(qtbot, open_studio):
    opened = open_studio()
    opened.window.queue_dock.show()
    return opened


def submit(qtbot, studio, data, **values):
    job = new_job(VideoRequest(prompt="a cat walks", **{**SMALL, **values}), str(data.outputs))
    with qtbot.waitSignal(studio.shared.queue.jobs_added, timeout=PATIENCE):
        studio.shared.queue.submit([job])
    return job


def made(qtbot, studio, data):
    job = submit(qtbot, studio, data)
    qtbot.waitUntil(
        lambda: studio.shared.queue.job(job.id).state is JobState.COMPLETED, timeout=PATIENCE
    )
    (path,) = data.outputs.glob("*.mp4")
    assert is_complete(path)
    return job, path


def shown_tab(studio):
    return PAGES[studio.window.tabs.currentIndex()]


def test_queue_shows_a_video_in_its_tab(qtbot, studio, data):
    job, path = made(qtbot, studio, data)
    with qtbot.waitSignal(studio.shared.queue.jobs_added, timeout=PATIENCE):
        studio.shared.queue.submit(
            [new_job(TextRequest(prompt="a text", seed=1), str(data.outputs))]
        )
    panel = studio.window.queue_dock.panel
    panel.kind.setCurrentIndex(panel.kind.findData("video"))
    assert panel.shown.rowCount() == 1
    assert "Video" in [
        panel.shown.index(0, column).data() for column in range(panel.shown.columnCount())
    ]
    panel.job_actions.select([job.id])
    panel.job_actions.show_selected()
    qtbot.waitUntil(lambda: shown_tab(studio) == "video", timeout=PATIENCE)
    tab = studio.window.tab("video")
    qtbot.waitUntil(lambda: tab.view.player.frame is not None, timeout=PATIENCE)
    assert tab.stage.current_path() == str(path)
    assert tab.prompt.toPlainText() == "a cat walks"
    assert tab.form.values()["num_frames"] == 5
    child = psutil.Process(tab.view.player.decoder_pid)
    close_studio(studio)
    psutil.wait_procs([child], timeout=PATIENCE / 1000)
    assert not child.is_running()


def test_queued_video_is_changed_in_the_form(qtbot, studio, data):
    studio.shared.queue.pause("The queue is paused.")
    job = submit(qtbot, studio, data)
    panel = studio.window.queue_dock.panel
    panel.job_actions.select([job.id])
    panel.job_actions.edit_selected()
    assert shown_tab(studio) == "video"
    tab = studio.window.tab("video")
    tab.form.set_values({"num_frames": 9})
    tab.generate()
    qtbot.waitUntil(
        lambda: studio.shared.queue.job(job.id).request.num_frames == 9, timeout=PATIENCE
    )
    panel.job_actions.duplicate_selected()
    qtbot.waitUntil(lambda: len(studio.shared.queue.waiting()) == 2, timeout=PATIENCE)
    panel.job_actions.cancel_selected()
    qtbot.waitUntil(
        lambda: studio.shared.queue.job(job.id).state is JobState.CANCELLED, timeout=PATIENCE
    )


def test_dropped_video_is_opened_with_its_settings(qtbot, studio, data):
    _job, path = made(qtbot, studio, data)
    drop(studio.window, path)
    qtbot.waitUntil(lambda: shown_tab(studio) == "video", timeout=PATIENCE)
    tab = studio.window.tab("video")
    qtbot.waitUntil(lambda: tab.stage.current_path() == str(path), timeout=PATIENCE)
    assert tab.prompt.toPlainText() == "a cat walks"
    assert int(tab.values()["seed"]) == 1


def test_batch_dialog_accepts_videos(qtbot, studio, data, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(
        "prompt,frames,width,height,steps\na cat,5,64,64,2\na dog,9,64,64,2\n", encoding="utf-8"
    )
    dialog = BatchDialog(studio.shared, path, parent=studio.window)
    dialog.prompts.kind.setCurrentIndex(dialog.prompts.kind.findData("video"))
    dialog.output.folder.setText(str(tmp_path / "made"))
    dialog.show()
    qtbot.waitUntil(lambda: not dialog._timer.isActive() and not dialog._reading, timeout=PATIENCE)
    assert dialog.run_button.text() == "Run 2 rows"
    with qtbot.waitSignal(studio.shared.queue.batch_finished, timeout=PATIENCE):
        dialog.run_button.click()
    assert len(list((tmp_path / "made").glob("*.mp4"))) == 2


def test_models_dialog_lists_video_models(qtbot, studio):
    dialog = ModelsDialog(studio.shared, studio.window)
    dialog.show()
    QTest.qWaitForWindowExposed(dialog)
    tasks = dialog.list.task
    tasks.setCurrentIndex(tasks.findData("image-to-video"))
    wanted = {
        card.name
        for card in (entry.card for entry in catalog_entries())
        if "image-to-video" in card.tasks
    }

    def names():
        return {
            dialog.list.shown.item_at(row).card.name for row in range(dialog.list.shown.rowCount())
        }

    qtbot.waitUntil(lambda: names() == wanted, timeout=PATIENCE)
    assert len(wanted) >= 5
    dialog.close()
