"""What settings change, in the real window."""

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from studio.core.jobs import Batch, JobState, new_job
from studio.core.requests import ImageRequest, TextRequest
from studio.core.settings_catalog.catalog import GROUPS
from studio.ui.audio import device
from studio.ui.audio.preferred_device import preferred_device
from studio.ui.desktop import notifications, taskbar
from studio.ui.tabs.prompt_history import PromptList
from tests.ui.conftest import PATIENCE
from tests.ui.settings.test_window import row_of, settings_window  # noqa: F401  a fixture


@pytest.fixture
def program(open_studio, monkeypatch):
    # the child that lists the GPUs imports torch
    monkeypatch.setattr("studio.ui.models.hardware_probe.HardwareProbe.start", lambda _probe: None)
    return open_studio()


def make_image(program, qtbot, prompt="a red door") -> Path:
    """Generate an image as the user does; return its file."""
    window, queue = program.window, program.shared.queue
    window.show_tab("image")
    window.image_tab.prompt.setPlainText(prompt)
    before = {job.id for job in queue.jobs()}
    window.generate()
    found = []

    def is_done():
        return any(job.id not in before and job.state == "completed" for job in queue.jobs())

    qtbot.waitUntil(is_done, timeout=PATIENCE)
    (job,) = [job for job in queue.jobs() if job.id not in before]
    queue.find_artifacts(job.id, found.extend)
    qtbot.waitUntil(lambda: bool(found), timeout=PATIENCE)
    return Path(found[0].path)


@pytest.mark.parametrize("file_format", ["jpg", "webp", "avif"])
def test_images_get_the_format_and_restore_the_form(program, settings_window, qtbot, file_format):  # noqa: F811
    box = row_of(settings_window, "image_format").editor.control
    box.setCurrentIndex(box.findData(file_format))
    box.activated.emit(box.currentIndex())
    settings_window.close()
    path = make_image(program, qtbot)
    assert path.suffix == f".{file_format}"
    with Image.open(path) as image:
        assert image.format == {"jpg": "JPEG", "webp": "WEBP", "avif": "AVIF"}[file_format]
    tab = program.window.image_tab
    tab.prompt.setPlainText("something else")
    program.window.file_opener.open(path)  # as a drop does
    qtbot.waitUntil(lambda: tab.prompt.toPlainText() == "a red door", timeout=PATIENCE)


def test_the_prompt_history_is_cleared_and_comes_back(program, settings_window, qtbot):  # noqa: F811
    make_image(program, qtbot, "a secret harbor")
    window, tab = program.window, program.window.image_tab
    index = program.shared.library.index
    qtbot.waitUntil(lambda: index.count() == 1, timeout=PATIENCE)
    settings_window.groups.setCurrentRow(list(GROUPS).index("privacy"))
    panel = settings_window.sections["privacy"].stored
    QTest.mouseClick(panel.clear_history_button, Qt.MouseButton.LeftButton)
    settings_window.close()
    shown = PromptList(program.shared, "image", tab.prompt)
    qtbot.waitUntil(lambda: not shown._empty.isHidden(), timeout=PATIENCE)
    assert shown.list.count() == 0
    assert index.count() == 1
    QTest.mouseClick(window.toasts.shown[-1].first_button, Qt.MouseButton.LeftButton)
    shown.update_list()
    qtbot.waitUntil(lambda: shown.list.count() == 1, timeout=PATIENCE)
    shown.close()


def test_an_output_device_is_chosen(program, settings_window, qtbot, monkeypatch):  # noqa: F811
    monkeypatch.setattr(device, "device_names", lambda: ["耳机", "Speakers"])
    settings_window.groups.setCurrentRow(list(GROUPS).index("audio"))
    box = settings_window.sections["audio"].rows["audio_device"].editor.control
    qtbot.waitUntil(lambda: box.count() == 3, timeout=PATIENCE)
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert preferred_device() == "耳机"
    program.shared.change_settings(audio_device="unplugged")
    assert box.currentText() == "unplugged: missing"
    program.shared.change_settings(audio_device="")
    assert (preferred_device(), box.currentIndex()) == ("", 0)


def test_results_get_the_folder_the_name_and_the_format_of_texts(program, qtbot, tmp_path):
    folder = tmp_path / "结果"
    folder.mkdir()
    program.shared.change_settings(
        output_folder=str(folder), file_name="{kind}-{seed}", text_format="md"
    )
    tab, queue = program.window.text_tab, program.shared.queue
    tab.prompt.insertPlainText("a story")
    tab.generate()
    qtbot.waitUntil(lambda: queue.counts.over == 1, timeout=PATIENCE)
    (job,) = queue.jobs()
    (path,) = folder.glob("*.md")
    assert path.name.startswith(f"text-{job.request.seed}-")


def submit_waiting(program, *requests):
    """Add jobs to the paused queue."""
    queue = program.shared.queue
    queue.pause()
    queue.submit([new_job(request, program.shared.output_folder()) for request in requests])


def text(prompt, **changes):
    return TextRequest(prompt=prompt, model="fake-text", **changes)


@pytest.mark.parametrize(
    ("is_on", "order"), [(True, ["a", "c", "b"]), (False, ["a", "b", "c"])], ids=["on", "off"]
)
def test_jobs_are_grouped_by_model(program, qtbot, is_on, order):
    program.shared.change_settings(order_by_model=is_on, batch_jobs=False)
    queue, begun = program.shared.queue, []
    image = ImageRequest(prompt="b", model="fake-image", num_inference_steps=2)
    submit_waiting(program, text("a"), image, text("c"))
    queue.jobs_changed.connect(
        lambda jobs: begun.extend(
            job.request.prompt for job in jobs if job.state is JobState.RUNNING
        )
    )
    qtbot.waitUntil(lambda: len(queue.jobs()) == 3, timeout=PATIENCE)
    queue.resume()
    qtbot.waitUntil(lambda: queue.counts.over == 3, timeout=PATIENCE)
    assert begun == order


@pytest.mark.parametrize(("is_on", "sizes"), [(True, [3]), (False, [1, 1, 1])], ids=["on", "off"])
def test_jobs_with_equal_settings_run_as_one_batch(program, qtbot, monkeypatch, is_on, sizes):
    program.shared.change_settings(batch_jobs=is_on)
    engine, queue, seen = program.session.engine, program.shared.queue, []
    run = engine.run

    def watch(jobs, emit, is_cancelled):
        seen.append(len(jobs))
        return run(jobs, emit, is_cancelled)

    monkeypatch.setattr(engine, "run", watch)
    submit_waiting(program, text("a"), text("b"), text("c"))
    qtbot.waitUntil(lambda: len(queue.jobs()) == 3, timeout=PATIENCE)
    queue.resume()
    qtbot.waitUntil(lambda: queue.counts.over == 3, timeout=PATIENCE)
    assert seen == sizes


@pytest.mark.parametrize("pauses", [True, False])
def test_a_batch_that_cannot_be_saved_pauses_the_queue(program, qtbot, tmp_path, pauses):
    program.shared.change_settings(pause_on_disk=pauses)
    folder = tmp_path / "out"
    folder.write_text("a file where the folder should be")
    queue = program.shared.queue
    batch = Batch(id="b", source=str(tmp_path / "rows.csv"), folder=str(folder))
    queue.submit([new_job(text("a"), str(folder), "row", batch="b", row=2)], batch)
    if pauses:
        qtbot.waitUntil(lambda: bool(queue.paused), timeout=PATIENCE)
        assert queue.counts.over == 0
    else:
        qtbot.waitUntil(lambda: queue.counts.states[JobState.FAILED] == 1, timeout=PATIENCE)
        assert not queue.paused


@pytest.mark.parametrize("is_on", [True, False])
def test_the_end_of_a_long_run_is_notified(program, qtbot, monkeypatch, is_on):
    sent = []
    monkeypatch.setattr(taskbar, "notify", lambda title, text: sent.append((title, text)))
    monkeypatch.setattr(notifications, "LONG_RUN_SECONDS", 0)
    program.shared.change_settings(notify=is_on)
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    assert QTest.qWaitForWindowActive(other, PATIENCE)
    submit_waiting(program, text("a"))
    qtbot.waitUntil(lambda: len(program.shared.queue.jobs()) == 1, timeout=PATIENCE)
    with qtbot.waitSignal(program.shared.queue.idle_reached, timeout=PATIENCE):
        program.shared.queue.resume()
    assert sent == ([("Studio", "All jobs are done.")] if is_on else [])
