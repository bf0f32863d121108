"""What settings change, in the real window."""

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.core.settings_catalog.catalog import GROUPS
from studio.ui.audio import device
from studio.ui.audio.preferred_device import preferred_device
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


@pytest.mark.parametrize("file_format", ["jpg", "webp"])
def test_images_get_the_format_and_restore_the_form(program, settings_window, qtbot, file_format):  # noqa: F811
    box = row_of(settings_window, "image_format").editor.control
    box.setCurrentIndex(box.findData(file_format))
    box.activated.emit(box.currentIndex())
    settings_window.close()
    path = make_image(program, qtbot)
    assert path.suffix == f".{file_format}"
    with Image.open(path) as image:
        assert image.format == {"jpg": "JPEG", "webp": "WEBP"}[file_format]
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
