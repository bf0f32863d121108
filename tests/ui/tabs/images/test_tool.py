"""The image tools in the window: by the form, from a result, with the real engine, and badly."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.app import Studio
from studio.core.jobs import Batch
from studio.core.requests import ImageToolRequest
from studio.core.requests.image_tool import TOOLS
from studio.library.artifacts import read_recipe
from studio.media.image_reader import read_image
from studio.ui.main_window import PAGES
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.image.test_source_image import drop
from tests.ui.stage.batch.test_grid import submit_batch


@pytest.fixture
def ball(tmp_path):
    image = Image.new("RGB", (48, 32), (60, 150, 70))
    ImageDraw.Draw(image).ellipse((14, 6, 34, 26), fill=(200, 40, 40))
    image.save(tmp_path / "ball.png")
    return tmp_path / "ball.png"


@pytest.fixture
def tools(open_studio):
    """The form of the tools in the window of the fake engine, reached with the switch."""
    window = open_studio().window
    window.show_tab("image")
    tab = window.tab("image")
    tab.switch.setFocus()
    QTest.keyClick(tab.switch, Qt.Key.Key_Right)
    assert tab.current() is tab.tools
    return tab.tools


def choose(tools, tool):
    tools.tool.setCurrentIndex(tools.tool.findData(tool))


def shown_fields(tools):
    return {name for name, field in tools.form.fields.items() if field.isVisibleTo(tools.form)}


def test_only_what_the_tool_uses_is_shown(tools):
    assert not tools.prompt_box.isVisible()
    choose(tools, "upscale")
    assert shown_fields(tools) == {"scale"}
    assert not tools.mask_file.isVisible()
    assert not tools.style_choice.isVisible()
    choose(tools, "erase")
    assert shown_fields(tools) == set()
    assert tools.mask_file.isVisible()
    choose(tools, "style-transfer")
    assert shown_fields(tools) == {"strength", "keep_colors"}
    assert tools.style_choice.isVisible()
    assert not tools.style_file.isVisible()
    tools.style_choice.setCurrentIndex(0)
    assert tools.style_file.isVisible()
    choose(tools, "adjust")
    assert {"rotate", "crop", "brightness"} <= shown_fields(tools)
    choose(tools, "outpaint")
    assert shown_fields(tools) == {"left", "right", "top", "bottom", "seed"}
    choose(tools, "watermark")
    assert shown_fields(tools) == {"label", "position", "label_size", "opacity"}
    assert tools.logo_file.isVisible()


def test_background_and_switches_have_controls_of_their_own(tools, ball):
    tools.image_file.set_path(str(ball))
    choose(tools, "remove-background")
    background = tools.form.fields["background"]
    assert background.editor.currentText() == "Transparent"
    background.editor.setFocus()
    QTest.keyClick(background.editor, Qt.Key.Key_Down)
    assert tools.values()["background"] == "white"
    background.editor.setEditText("#336699")
    assert tools.values()["background"] == "#336699"
    background.editor.setEditText("no color")
    assert "#rrggbb" in tools._hint.text()
    tools.form.reset_all()
    assert tools.values()["background"] == ""
    choose(tools, "style-transfer")
    QTest.keyClick(tools.form.fields["keep_colors"].editor, Qt.Key.Key_Space)
    assert tools.values()["keep_colors"] is True
    tools.form.fields["keep_colors"].reset_requested.emit()
    assert tools.values()["keep_colors"] is False


def test_model_is_offered_only_where_there_is_a_choice(tools):
    for tool in TOOLS:
        choose(tools, tool)
        assert not tools.model.isVisible()
        assert not tools.model_title.isVisible()


def test_results_of_queue_and_batch_open_in_the_tools(open_studio, ball, tmp_path, qtbot):
    studio = open_studio()
    window, queue = studio.window, studio.shared.queue
    requests = [
        ImageToolRequest(tool=tool, image=str(ball), model="fake-image-tool")
        for tool in ("sharpen", "edges")
    ]
    batch = submit_batch(studio, tmp_path, requests)
    qtbot.waitUntil(
        lambda: len(queue.jobs()) == 2 and all(job.state.over for job in queue.jobs()),
        timeout=PATIENCE,
    )
    window.show_tab("text")
    second = next(job for job in queue.jobs() if job.row == 3)
    window.show_result(second.id)
    tools = window.current()
    assert tools.kind == "image-tool"
    qtbot.waitUntil(lambda: bool(tools.stage.current_path()), timeout=PATIENCE)
    assert tools.tool.currentData() == "edges"
    assert tools.image_file.path == str(ball)
    window.tab("image").for_kind("image")
    window.show_batch(Batch(id=batch, source="", folder=""))
    assert window.current() is tools
    qtbot.waitUntil(lambda: len(tools.stage.grid.model.items()) == 2, timeout=PATIENCE)


def test_waiting_job_is_changed_in_the_form(open_studio, ball, qtbot):
    window = open_studio().window
    window.shared.queue.pause()
    window.show_tab("image")
    tab = window.tab("image")
    tab.use_tool_on(ball, "sharpen")
    tab.tools.generate()
    qtbot.waitUntil(lambda: bool(window.shared.queue.jobs()), timeout=PATIENCE)
    tab.for_kind("image")
    (job,) = window.shared.queue.jobs()
    window.edit_job(job)
    assert tab.current() is tab.tools
    assert tab.tools.tool.hasFocus()
    choose(tab.tools, "edges")
    QTest.mouseClick(tab.tools.generate_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: window.shared.queue.job(job.id).request.tool == "edges", timeout=PATIENCE
    )
    qtbot.waitUntil(lambda: tab.tools.generate_button.text() == "Apply", timeout=PATIENCE)


def test_what_is_missing_is_said_and_nothing_starts(tools, ball, tmp_path, qtbot):
    assert tools._hint.text() == "Choose an image to begin."
    assert not tools.generate_button.isEnabled()
    tools.image_file.set_path(str(ball))
    assert tools.generate_button.isEnabled()
    choose(tools, "erase")
    assert tools._hint.text() == "Paint on the image what is to be filled, or choose a mask."
    assert not tools.generate_button.isEnabled()
    (tmp_path / "broken.png").write_bytes(b"no image")
    choose(tools, "outpaint")
    assert tools._hint.text() == "Enter how many pixels to add at a side."
    assert not tools.form.fields["left"].editor.property("wrong"), "it is only not filled in yet"
    choose(tools, "watermark")
    assert tools._hint.text() == "Enter a text, or choose a logo."
    tools.logo_file.set_path(str(tmp_path / "broken.png"))
    qtbot.waitUntil(lambda: "not a PNG" in tools._hint.text(), timeout=PATIENCE)
    choose(tools, "sharpen")
    assert not tools._hint.text(), "it needs no logo"
    tools.image_file.set_path(str(tmp_path / "broken.png"))
    qtbot.waitUntil(lambda: "not a PNG" in tools._hint.text(), timeout=PATIENCE)
    assert not tools.generate_button.isEnabled()


def test_result_is_shown_and_can_be_changed_again(tools, ball, qtbot):
    tools.image_file.set_path(str(ball))
    QTest.mouseClick(tools.generate_button, Qt.MouseButton.LeftButton)
    stage = tools.stage
    qtbot.waitUntil(lambda: bool(stage.current_path()), timeout=PATIENCE)
    first = stage.current_path()
    assert stage.header.prompt.text() == "Enlarge ball"
    assert read_recipe(Path(first)).request.image == str(ball)
    (sharpen,) = [one for one in stage.tools_button.menu().actions() if one.text() == "Sharpen"]
    sharpen.trigger()
    assert tools.image_file.path == first
    assert tools.tool.currentData() == "sharpen"
    QTest.keyClick(tools.tool, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: stage.current_path() not in ("", first), timeout=PATIENCE)
    assert stage.header.prompt.text().startswith("Sharpen Enlarge-ball")


def test_dropped_image_goes_to_the_form_that_is_shown(tools, ball, tmp_path, qtbot):
    window = tools.window()
    drop(window, ball)
    qtbot.waitUntil(lambda: tools.image_file.path == str(ball), timeout=PATIENCE)
    tab = window.tab("image")
    assert tab.current() is tools
    tab.switch.setCurrentIndex(0)
    drop(window, ball)
    qtbot.waitUntil(lambda: tab.generation.source.path == str(ball), timeout=PATIENCE)
    assert tab.current() is tab.generation


def test_generated_image_goes_to_a_tool_and_back(open_studio, qtbot):
    window = open_studio().window
    window.show_tab("image")
    tab = window.tab("image")
    form = tab.generation
    form.prompt.setPlainText("a red apple")
    form.generate()
    qtbot.waitUntil(lambda: bool(form.stage.current_path()), timeout=PATIENCE)
    path = form.stage.current_path()
    form.stage.tools_button.menu().actions()[0].trigger()
    assert tab.current() is tab.tools
    assert tab.tools.image_file.path == path
    tab.tools.generate()
    qtbot.waitUntil(lambda: bool(tab.tools.stage.current_path()), timeout=PATIENCE)
    tab.tools.stage.start_button.click()
    assert tab.current() is form
    assert form.source.path == tab.tools.stage.current_path()


def test_form_returns_after_a_restart_and_from_a_result(open_studio, ball, qtbot):
    studio = open_studio()
    studio.window.show_tab("image")
    tools = studio.window.tab("image").tools
    studio.window.tab("image").use_tool_on(ball, "adjust")
    tools.form.set_values({"rotate": 12.5})
    tools.generate()
    qtbot.waitUntil(lambda: bool(tools.stage.current_path()), timeout=PATIENCE)
    made = Path(tools.stage.current_path())
    close_studio(studio)
    window = open_studio().window
    window.show_tab("image")
    tools = window.tab("image").tools
    assert tools.tool.currentData() == "adjust"
    assert tools.image_file.path == str(ball)
    assert tools.form.values()["rotate"] == 12.5
    choose(tools, "upscale")
    window.show_tab("text")
    window.show_artifact(made)
    qtbot.waitUntil(lambda: window.tabs.currentIndex() == PAGES.index("image"), timeout=PATIENCE)
    assert window.tab("image").current() is tools
    assert tools.tool.currentData() == "adjust"


def test_mask_is_painted_on_the_canvas(tools, ball, qtbot):
    choose(tools, "erase")
    tools.image_file.set_path(str(ball))
    tools.paint_button.click()
    canvas = tools.stage.canvas
    qtbot.waitUntil(lambda: canvas.page.view.isVisible() and canvas.page.painted.size.width() == 48)
    QTest.keyClick(canvas.page.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    with qtbot.waitSignal(canvas.saved, timeout=PATIENCE):
        canvas.page.use()
    assert tools.mask_file.path
    assert tools.generate_button.isEnabled()


def test_every_tool_runs_with_the_real_engine(qapp, data, ball, tmp_path, qtbot):
    Image.new("L", (48, 32), 0).save(tmp_path / "mask.png")
    mask = Image.open(tmp_path / "mask.png")
    ImageDraw.Draw(mask).rectangle((2, 2, 8, 8), fill=255)
    mask.save(tmp_path / "mask.png")
    studio = Studio(data, in_process=True)
    studio.window.show()
    studio.start_background()
    try:
        studio.window.show_tab("image")
        tools = studio.window.tab("image").tools
        studio.window.tab("image").use_tool_on(ball)
        tools.mask_file.set_path(str(tmp_path / "mask.png"))
        seen = {""}
        for name in TOOLS:
            choose(tools, name)
            tools.form.set_values({"left": 8, "label": "Ann"})
            tools.generate()
            qtbot.waitUntil(lambda: tools.stage.current_path() not in seen, timeout=PATIENCE)
            path = Path(tools.stage.current_path())
            seen.add(str(path))
            assert read_recipe(path).request.tool == name
            made = np.asarray(read_image(path)[0])
            assert made.shape[1] == {"upscale": 96, "outpaint": 56}.get(name, 48)
    finally:
        close_studio(studio)
