"""The canvas in the real window: the requests that it makes, and what goes wrong."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from studio.core.jobs import JobState
from studio.library.artifacts import read_recipe
from studio.media.masks.frame import Frame
from studio.models.card import fake_card
from studio.ui.app_state import AppState
from studio.ui.image.canvas import editor as canvas_editor
from studio.ui.image.canvas.tools import ToolKind
from tests.ui.image.canvas.actions import (
    CONTROL,
    PATIENCE,
    SHIFT,
    at,
    drag,
    idle,
    levels,
    press,
    share,
)


@pytest.fixture
def tab(open_studio):
    studio = open_studio()
    studio.window.resize(1280, 800)
    studio.window.show_tab("image")
    return studio.window.image_tab


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    values = np.random.default_rng(3).integers(0, 256, (320, 480, 3), np.uint8)
    Image.fromarray(values).save(path)
    return path


@pytest.fixture
def page(tab, photo, qtbot):
    tab.prompt.setPlainText("a cat")
    tab.source.set_path(str(photo))
    qtbot.waitUntil(lambda: tab.source.paint_button.isEnabled(), timeout=PATIENCE)
    return open_canvas(tab, qtbot)


def open_canvas(tab, qtbot):
    QTest.mouseClick(tab.source.paint_button, Qt.MouseButton.LeftButton)
    page = tab.stage.canvas.page
    qtbot.waitUntil(lambda: page.isVisible() and page.view.isEnabled(), timeout=PATIENCE)
    return page


def wait_for_request(qtbot, tab):
    qtbot.waitUntil(lambda: tab.stage.open_canvas is None, timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: not tab.source.problem and tab.source._preview is not None, timeout=PATIENCE
    )
    return tab.request()


def generate(qtbot, tab):
    tab.generate()
    qtbot.waitUntil(
        lambda: tab.stage.job is not None and tab.stage.job.state is JobState.COMPLETED,
        timeout=PATIENCE,
    )
    qtbot.waitUntil(lambda: bool(tab.view.image.path), timeout=PATIENCE)
    return Path(tab.view.image.path)


def test_mask_is_painted_on_the_image_and_goes_into_the_request(tab, page, qtbot, photo):
    tab.prompt.setPlainText("a cat")
    tab.form.set_values({"width": 480, "height": 320, "num_inference_steps": 2})
    assert not page.use_button.isEnabled(), "nothing is masked"
    drag(page.view, at(page, 100, 100), at(page, 300, 100))
    idle(qtbot, page)
    first = levels(page)
    brush = page.view.brush / page.view.factor
    assert first[100, 100:300].min() == 255
    assert abs((first[:, 200] > 127).sum() - brush) <= 2, "as wide as on the screen"
    drag(page.view, at(page, 200, 50), at(page, 200, 250))
    press(page, Qt.Key.Key_Z, CONTROL)
    idle(qtbot, page)
    assert np.array_equal(levels(page), first), "undone even if it was not drawn yet"
    press(page, Qt.Key.Key_Z, CONTROL | SHIFT)
    idle(qtbot, page)
    assert share(page) > (first > 127).mean()
    press(page, Qt.Key.Key_Return)
    request = wait_for_request(qtbot, tab)
    saved = Path(request.mask_image)
    assert saved.parent == tab.shared.data.masks
    with Image.open(saved) as mask:
        assert (mask.mode, mask.size) == ("L", (480, 320))
    assert request.image == str(photo)
    assert tab.source.paint_button.text() == "Edit mask…"
    result = generate(qtbot, tab)
    assert read_recipe(result).request.mask_image == str(saved)
    before = np.asarray(Image.open(saved))
    again = open_canvas(tab, qtbot)
    assert np.array_equal(levels(again), before), "the saved mask can be edited"
    press(again, Qt.Key.Key_I, CONTROL)
    idle(qtbot, again)
    again.cancel_button.click()
    assert wait_for_request(qtbot, tab).mask_image == str(saved), "what is cancelled is not used"


def test_edge_dragged_out_makes_an_outpaint_request(tab, page, qtbot, photo):
    tab.prompt.setPlainText("a cat")
    press(page, Qt.Key.Key_C)
    rect = page.view.frame_rect()
    begin = QPointF(rect.right(), rect.center().y()).toPoint()
    drag(page.view, begin, begin + QPoint(round(61 * page.view.factor), 0))
    assert page.view.frame == Frame(0, 0, 544, 320), "rounded to a side that can be generated"
    assert page.toolbar.sides["right"].value() == 64
    page.use_button.click()
    request = wait_for_request(qtbot, tab)
    assert (request.width, request.height, request.strength) == (544, 320, 1.0)
    enlarged, mask = (np.asarray(Image.open(one)) for one in (request.image, request.mask_image))
    assert enlarged.shape == (320, 544, 3)
    assert np.array_equal(enlarged[:, :480], np.asarray(Image.open(photo)))
    assert (mask[:, 480:] == 255).all()
    assert not mask[:, :400].any()
    assert 0 < mask[160, 475] < 255, "it fades out over the border"
    result = np.asarray(Image.open(generate(qtbot, tab)))
    assert result.shape == enlarged.shape


def test_cropping_needs_no_mask_and_keeps_a_painted_one(tab, page, qtbot, photo):
    page.toolbar.choose(ToolKind.FRAME)
    page.toolbar.sides["left"].setValue(-80)
    page.toolbar.sides["bottom"].setValue(-120)
    assert page.view.frame == Frame(80, 0, 480, 200)
    page.use_button.click()
    request = wait_for_request(qtbot, tab)
    cropped = np.asarray(Image.open(request.image))
    assert np.array_equal(cropped, np.asarray(Image.open(photo))[:200, 80:])
    assert request.mask_image == ""
    assert (request.width, request.height) == (400, 200)
    again = open_canvas(tab, qtbot)
    press(again, Qt.Key.Key_R)
    drag(again.view, at(again, 100, 50), at(again, 200, 150))
    again.toolbar.choose(ToolKind.FRAME)
    again.toolbar.sides["left"].setValue(-40)
    idle(qtbot, again)
    painted = levels(again)
    again.use_button.click()
    mask = np.asarray(Image.open(wait_for_request(qtbot, tab).mask_image))
    assert np.array_equal(mask, painted[:, 40:])


def test_model_without_masks_can_only_crop(tab, photo, qtbot, monkeypatch):
    card = msgspec.structs.replace(
        fake_card("image"), name="whole", abilities=("text-to-image", "image-to-image")
    )
    monkeypatch.setattr(AppState, "cards", lambda _shared, _kind: [card])
    tab.refresh_models()
    tab.paint_mask_on(photo)
    page = tab.stage.canvas.page
    qtbot.waitUntil(lambda: page.isVisible() and page.view.isEnabled(), timeout=PATIENCE)
    assert page.view.kind is ToolKind.FRAME
    assert not page.toolbar.tool_buttons[ToolKind.BRUSH].isEnabled()
    assert "cannot extend" in page.message.text()
    page.toolbar.sides["right"].setValue(50)
    assert page.view.frame == Frame(0, 0, 480, 320)
    page.toolbar.sides["right"].setValue(-80)
    assert page.view.frame == Frame(0, 0, 400, 320)


def test_full_disk_keeps_the_canvas_open(tab, page, qtbot, monkeypatch):
    press(page, Qt.Key.Key_A, CONTROL)
    idle(qtbot, page)

    def fail(*_arguments):
        raise OSError(28, "No space left on device")

    write = canvas_editor.write_canvas
    monkeypatch.setattr(canvas_editor, "write_canvas", fail)
    page.use_button.click()
    qtbot.waitUntil(lambda: "No space left" in page.message.text(), timeout=PATIENCE)
    assert tab.stage.open_canvas is not None
    assert share(page) == 1, "nothing is lost"
    press(page, Qt.Key.Key_Z, CONTROL)
    idle(qtbot, page)
    assert share(page) == 0, "undo still works"
    press(page, Qt.Key.Key_A, CONTROL)
    idle(qtbot, page)
    monkeypatch.setattr(canvas_editor, "write_canvas", write)
    page.use_button.click()
    qtbot.waitUntil(lambda: bool(tab.source.mask_path), timeout=PATIENCE)


def test_generate_uses_what_is_on_the_canvas(tab, page, qtbot):
    tab.form.set_values({"width": 480, "height": 320, "num_inference_steps": 2})
    press(page, Qt.Key.Key_P)
    for x, y in ((100, 100), (300, 100), (200, 250)):
        QTest.mouseClick(page.view, Qt.MouseButton.LeftButton, pos=at(page, x, y))
    QTest.keyClick(page.view, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(
        lambda: tab.stage.job is not None and tab.stage.job.state is JobState.COMPLETED,
        timeout=PATIENCE,
    )
    mask = np.asarray(Image.open(tab.stage.job.request.mask_image))
    assert mask[120, 200] == 255, "an open polygon, too"
    assert mask[10, 10] == 0
    assert tab.stage.open_canvas is None
    qtbot.waitUntil(tab.stage.strip.isVisible, timeout=PATIENCE)
    again = open_canvas(tab, qtbot)
    assert not tab.stage.strip.isVisible(), "a result of it could not be shown"
    QTest.keyClick(again.view, Qt.Key.Key_Return, CONTROL)
    assert tab.stage.open_canvas is None, "nothing was changed on it"
    assert tab.stage.strip.isVisible()


def test_model_that_is_removed_loses_nothing(tab, page, qtbot, monkeypatch):
    press(page, Qt.Key.Key_A, CONTROL)
    press(page, Qt.Key.Key_I, CONTROL)
    idle(qtbot, page)
    monkeypatch.setattr(AppState, "cards", lambda _shared, _kind: [])
    tab.refresh_models()
    assert tab.card is None
    assert page.isVisible()
    press(page, Qt.Key.Key_Z, CONTROL)
    idle(qtbot, page)
    assert share(page) == 1
    page.use_button.click()
    qtbot.waitUntil(lambda: tab.stage.open_canvas is None, timeout=PATIENCE)
    assert np.asarray(Image.open(tab.source.mask_path)).min() == 255


def test_control_image_is_a_layer(tab, page, qtbot, tmp_path):
    page.cancel_button.click()
    control = tmp_path / "edges.png"
    Image.new("RGB", (48, 32), (0, 255, 0)).save(control)
    tab.set_values({"control_image": str(control)})
    again = open_canvas(tab, qtbot)
    qtbot.waitUntil(again.control_button.isVisible, timeout=PATIENCE)
    center = again.view.rect().center()
    before = again.view.grab().toImage().pixelColor(center)
    again.control_button.click()
    after = again.view.grab().toImage().pixelColor(center)
    assert after.green() > before.green()
    again.cancel_button.click()
    tab.set_values({"control_image": ""})
    assert not open_canvas(tab, qtbot).control_button.isVisible()


def test_another_image_closes_the_canvas(tab, page, qtbot, tmp_path):
    press(page, Qt.Key.Key_A, CONTROL)
    other = tmp_path / "other.png"
    Image.new("RGB", (64, 64)).save(other)
    tab.source.set_path(str(other))
    assert tab.stage.open_canvas is None
    assert tab.source.mask_path == ""
    idle(qtbot, page)


def test_broken_file_is_reported(tab, page, qtbot, photo):
    page.cancel_button.click()
    photo.write_bytes(b"no image")
    tab.source.paint_button.click()
    qtbot.waitUntil(lambda: "photo.png" in tab.source.problem, timeout=PATIENCE)
    assert tab.stage.open_canvas is None
