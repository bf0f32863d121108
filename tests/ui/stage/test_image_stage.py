"""The image stage in the real window: grid, menu, full screen."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from studio.ui.image.full_screen import FullScreenImage
from tests.ui.conftest import PATIENCE
from tests.ui.test_window import press_generate, type_prompt


@pytest.fixture
def studio(open_studio):
    return open_studio()


@pytest.fixture
def tab(studio):
    studio.window.show_tab("image")
    return studio.window.image_tab


def generate(qtbot, tab, count, prompt="cats", **values):
    settings = {"width": 64, "height": 64, "num_inference_steps": 1, "seed": 10}
    tab.form.set_values({**settings, "num_images_per_prompt": count, **values})
    tab.prompt.clear()
    type_prompt(tab, prompt)
    press_generate(tab)
    qtbot.waitUntil(
        lambda: (
            tab.stage.is_over
            and bool(tab.view.image.path)
            and tab.view.grid.count() == count
            and tab.stage.header.prompt.whole == prompt
        ),
        timeout=PATIENCE,
    )


def click(widget):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_several_images_are_a_grid_and_enter_shows_one(qtbot, tab):
    generate(qtbot, tab, 4)
    assert tab.view.is_grid_shown
    assert tab.stage.grid_button.isChecked()
    tab.view.grid.setFocus()
    QTest.keyClick(tab.view.grid, Qt.Key.Key_End)
    QTest.keyClick(tab.view.grid, Qt.Key.Key_Return)
    assert not tab.view.is_grid_shown
    assert tab.view.image.path.endswith("-4.png")
    assert "seed 13" in tab.stage.header.facts.whole
    QTest.keyClick(tab.view.image, Qt.Key.Key_Left)
    assert tab.view.image.path.endswith("-3.png")
    click(tab.stage.grid_button)
    assert tab.view.is_grid_shown


def test_one_image_needs_no_grid(qtbot, tab):
    generate(qtbot, tab, 1)
    assert not tab.view.is_grid_shown
    assert not tab.stage.grid_button.isEnabled()


def test_the_preview_has_the_size_of_the_result(qtbot, open_studio):
    studio = open_studio(step_seconds=0.05)
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    tab.form.set_values({"width": 512, "height": 256, "num_inference_steps": 20})
    type_prompt(tab, "wide")
    press_generate(tab)
    qtbot.waitUntil(lambda: not tab.view.image.is_empty, timeout=PATIENCE)
    assert tab.view.image.path == ""
    assert tab.view.image.levels.size == QSize(512, 256)
    assert tab.view.image.levels.images[0].width() < 512


def test_full_screen_steps_and_closes(qtbot, studio, tab):
    generate(qtbot, tab, 3)
    QTest.keyClick(studio.window, Qt.Key.Key_F11)
    screen = tab.stage.findChild(FullScreenImage)
    assert screen is not None
    qtbot.waitUntil(screen.isActiveWindow, timeout=PATIENCE)
    assert "seed 10" in screen.caption.whole
    QTest.keyClick(screen.canvas, Qt.Key.Key_Right)
    assert "seed 11" in screen.caption.whole
    assert screen.canvas.levels.size == QSize(64, 64)
    QTest.keyClick(screen.canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: tab.stage.findChild(FullScreenImage) is None, timeout=PATIENCE)
    click(tab.stage.screen_button)
    screen = tab.stage.findChild(FullScreenImage)
    qtbot.waitUntil(screen.isActiveWindow, timeout=PATIENCE)
    QTest.keyClick(screen.canvas, Qt.Key.Key_F11)
    qtbot.waitUntil(lambda: tab.stage.findChild(FullScreenImage) is None, timeout=PATIENCE)


def test_the_menu_acts_on_the_image(qtbot, tab):
    generate(qtbot, tab, 2)
    tab.view.grid.setCurrentRow(1)
    tab.prompt.setPlainText("something else")
    menu = {action.text(): action for action in tab.stage.create_menu().actions()}
    assert menu["Copy image"].isEnabled()
    menu["Load settings into the form"].trigger()
    assert tab.prompt.toPlainText() == "cats"
    assert tab.form.values()["seed"] == "11"
    menu["Use as start image"].trigger()
    assert Path(tab.source.path).name.endswith("-2.png")
    with qtbot.waitSignal(tab.shared.toast_posted, timeout=PATIENCE):
        menu["Copy image"].trigger()
    assert QGuiApplication.clipboard().image().size() == QSize(64, 64)


def test_zoom_button_switches_between_fit_and_every_pixel(qtbot, tab):
    generate(qtbot, tab, 1)
    assert tab.stage.zoom_button.text() == "100 %"
    click(tab.stage.zoom_button)
    assert tab.view.image.zoom == 1.0
    assert tab.stage.zoom_button.text() == "Fit"
    click(tab.stage.zoom_button)
    assert tab.view.image.is_fit
