"""The tools, keys and undo of the canvas."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QInputDevice, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QSlider, QSpinBox

from studio.media.masks.frame import Frame
from studio.ui.image.canvas.files import CanvasImage, write_canvas
from studio.ui.image.canvas.page import CanvasOptions, CanvasPage
from studio.ui.image.canvas.tools import ToolKind
from studio.ui.image.image_levels import with_levels
from studio.ui.image.qt_images import to_image
from tests.ui.image.canvas.actions import CONTROL, at, drag, idle, levels, press, share


@pytest.fixture
def page(qapp, qtbot):
    values = np.random.default_rng(3).integers(0, 256, (320, 480, 3), np.uint8)
    page = CanvasPage()
    qtbot.addWidget(page)
    page.resize(860, 640)
    page.show()
    image = to_image(Image.fromarray(values))
    page.open(CanvasImage(with_levels(image, QSize(480, 320)), {}), CanvasOptions())
    page.activateWindow()
    assert QTest.qWaitForWindowActive(page)
    page.view.setFocus()
    return page


def test_tools_by_key(page, qtbot):
    view = page.view
    for key, kind in zip("BERLPGC", ToolKind, strict=True):
        QTest.keyClick(view, getattr(Qt.Key, f"Key_{key}"))
        assert view.kind is kind
        assert page.toolbar.tool_buttons[kind].isChecked()
    press(page, Qt.Key.Key_R)
    drag(view, at(page, 100, 80), at(page, 200, 160))
    idle(qtbot, page)
    assert abs(share(page) - 100 * 80 / (480 * 320)) < 0.01
    press(page, Qt.Key.Key_L)
    drag(view, at(page, 300, 100), at(page, 400, 100), at(page, 400, 200), at(page, 300, 200))
    idle(qtbot, page)
    lasso = levels(page)
    assert lasso[150, 350] == 255
    assert lasso[220, 350] == 0
    press(page, Qt.Key.Key_P)
    for x, y in ((20, 220), (220, 220), (20, 300)):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at(page, x, y))
    assert page.painted.is_idle, "the polygon is open"
    press(page, Qt.Key.Key_Return)
    idle(qtbot, page)
    polygon = levels(page)
    assert polygon[240, 60] == 255
    assert polygon[290, 200] == 0
    assert page.isVisible(), "Enter closed the polygon, not the canvas"
    press(page, Qt.Key.Key_P)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at(page, 20, 20))
    press(page, Qt.Key.Key_Escape)
    assert not view.tools[ToolKind.POLYGON].is_active
    press(page, Qt.Key.Key_E)
    drag(view, at(page, 100, 120), at(page, 200, 120))
    idle(qtbot, page)
    assert levels(page)[120, 150] == 0
    press(page, Qt.Key.Key_G)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at(page, 450, 20))
    idle(qtbot, page)
    assert share(page) > 0.8
    size = view.brush
    press(page, Qt.Key.Key_BracketRight)
    assert view.brush > size
    press(page, Qt.Key.Key_BracketLeft)
    press(page, Qt.Key.Key_BracketLeft)
    assert view.brush < size
    assert page.toolbar.size_slider.value() == view.brush


def test_removing_with_any_tool(page, qtbot):
    press(page, Qt.Key.Key_A, CONTROL)
    idle(qtbot, page)
    assert share(page) == 1
    press(page, Qt.Key.Key_R)
    press(page, Qt.Key.Key_X)
    drag(page.view, at(page, 0, 0), at(page, 240, 320))
    idle(qtbot, page)
    assert abs(share(page) - 0.5) < 0.01
    press(page, Qt.Key.Key_X)
    drag(
        page.view,
        at(page, 300, 0),
        at(page, 480, 320),
        modifier=Qt.KeyboardModifier.AltModifier,
    )
    idle(qtbot, page)
    assert abs(share(page) - 60 / 480) < 0.01


def test_whole_mask_is_changed_and_undone_step_by_step(page, qtbot):
    toolbar, seen = page.toolbar, []
    press(page, Qt.Key.Key_R)
    drag(page.view, at(page, 200, 100), at(page, 300, 200))
    idle(qtbot, page)
    seen.append(levels(page))
    toolbar.radius.setValue(20)
    for control in (
        toolbar.grow_button,
        toolbar.feather_button,
        toolbar.shrink_button,
        toolbar.invert_button,
        toolbar.clear_button,
    ):
        QTest.mouseClick(control, Qt.MouseButton.LeftButton)
        idle(qtbot, page)
        assert not np.array_equal(levels(page), seen[-1])
        seen.append(levels(page))
    assert ((seen[2] > 0) & (seen[2] < 255)).any(), "feather makes gray levels"
    assert not seen[-1].any()
    for before in seen[-2::-1]:
        press(page, Qt.Key.Key_Z, CONTROL)
        idle(qtbot, page)
        assert np.array_equal(levels(page), before)
    for later in seen[1:]:
        press(page, Qt.Key.Key_Y, CONTROL)
        idle(qtbot, page)
        assert np.array_equal(levels(page), later)


def test_feathered_mask_keeps_its_gray_levels_in_the_file(page, qtbot, tmp_path):
    press(page, Qt.Key.Key_R)
    drag(page.view, at(page, 200, 100), at(page, 300, 200))
    page.toolbar.feather_button.click()
    idle(qtbot, page)
    photo = tmp_path / "photo.png"
    Image.new("RGB", (480, 320)).save(photo)
    files = write_canvas(photo, page.painted.tiles, page.painted.size, page.view.frame, tmp_path)
    assert np.array_equal(np.asarray(Image.open(files.mask)), levels(page))
    assert len(np.unique(levels(page))) > 10


def test_brush_has_the_same_size_on_the_screen_at_every_zoom(page, qtbot):
    page.view.set_zoom(8.0, QPointF(at(page, 240, 160)))
    center = page.view.rect().center()
    drag(page.view, center, center + QPoint(1, 0))
    idle(qtbot, page)
    width = (levels(page) > 127).any(0).sum()
    assert abs(width - page.view.brush / page.view.factor) <= 2
    assert width < 12


def test_pen_pressure_makes_the_line_wider(page, qtbot):
    device = QPointingDevice(
        "pen",
        1,
        QInputDevice.DeviceType.Stylus,
        QPointingDevice.PointerType.Pen,
        QInputDevice.Capability.Pressure | QInputDevice.Capability.Position,
        1,
        3,
    )

    def send(kind, point, pressure, buttons=Qt.MouseButton.LeftButton):
        place = QPointF(at(page, *point))
        QApplication.sendEvent(
            page.view,
            QTabletEvent(
                kind,
                device,
                place,
                page.view.mapToGlobal(place),
                pressure,
                0,
                0,
                0,
                0,
                0,
                Qt.KeyboardModifier.NoModifier,
                Qt.MouseButton.LeftButton,
                buttons,
            ),
        )

    send(QEvent.Type.TabletPress, (100, 160), 0.2)
    send(QEvent.Type.TabletMove, (200, 160), 0.2)
    send(QEvent.Type.TabletMove, (240, 160), 0.6)
    send(QEvent.Type.TabletMove, (360, 160), 1.0)
    send(QEvent.Type.TabletRelease, (360, 160), 0.0, Qt.MouseButton.NoButton)
    idle(qtbot, page)
    painted = levels(page) > 127
    thin, thick = painted[:, 150].sum(), painted[:, 320].sum()
    full = page.view.brush / page.view.factor
    assert abs(thick - full) <= 2
    assert abs(thin - 0.2 * full) <= 2


def test_ratio_menu_extends_and_crops_and_can_be_undone(page, qtbot):
    page.toolbar.choose(ToolKind.FRAME)
    actions = {one.text(): one for one in page.toolbar.ratio_menu.actions() if one.text()}
    for text in ("1:1", "4:5", "3:4", "16:9", "9:16"):
        assert {f"Extend to {text}", f"Crop to {text}"} <= set(actions)
    actions["Extend to 1:1"].trigger()
    assert page.view.frame == Frame(0, -80, 480, 400)
    actions["Crop to 1:1"].trigger()
    assert page.view.frame == Frame(80, 0, 400, 320)
    press(page, Qt.Key.Key_Z, CONTROL)
    assert page.view.frame == Frame(0, -80, 480, 400)
    actions["As it is"].trigger()
    assert page.view.frame == Frame(0, 0, 480, 320)
    assert "480 × 320" in page.message.text()


def test_every_control_has_a_name_and_a_tip(page):
    controls = [
        one for kind in (QAbstractButton, QSlider, QSpinBox) for one in page.findChildren(kind)
    ]
    assert len(controls) > 20
    assert all(one.accessibleName() or one.text() for one in controls)
    assert all(one.toolTip() for one in controls)
    assert page.view.accessibleName()
