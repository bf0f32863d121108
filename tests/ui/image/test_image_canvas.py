"""The image canvas fits, zooms at the cursor and pans."""

import pytest
from PIL import Image as PillowImage
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.ui.image.image_canvas import ImageCanvas
from studio.ui.image.image_levels import levels_of, read_levels


@pytest.fixture
def canvas(qtbot):
    canvas = ImageCanvas("empty")
    qtbot.addWidget(canvas)
    canvas.resize(400, 300)
    canvas.show()
    return canvas


def image(width, height):
    """An image whose colors say where a pixel is."""
    result = QImage(width, height, QImage.Format.Format_RGB32)
    for x in range(width):
        for y in range(height):
            result.setPixelColor(x, y, QColor(255 * x // width, 255 * y // height, 99))
    return result


def wheel(canvas, at, notches):
    event = QWheelEvent(
        QPointF(at),
        QPointF(canvas.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def point_at(canvas, position):
    """The point of the image at a position of the widget."""
    rect = canvas.target_rect()
    return (QPointF(position) - rect.topLeft()) / canvas.zoom


def test_an_image_is_shown_whole_and_centered(canvas):
    canvas.show_image(levels_of(image(800, 300)))
    rect = canvas.target_rect()
    assert rect.size().toTuple() == (400, 150)
    assert rect.center() == QPointF(200, 150)


@pytest.mark.parametrize(("side", "zoom"), [(64, 4), (300, 1), (30, 8)])
def test_a_small_image_is_enlarged_by_a_whole_factor(canvas, side, zoom):
    canvas.show_image(levels_of(image(side, side)))
    assert canvas.zoom == zoom


@pytest.mark.parametrize("side", [100, 128, 256, 257])
def test_an_image_that_is_higher_than_the_space_is_shown_whole(canvas, side):
    canvas.resize(400, 96)
    canvas.show_image(levels_of(image(side, side)))
    assert canvas.target_rect().height() == pytest.approx(96)


def test_an_image_of_the_starter_fills_the_space(canvas):
    canvas.show_image(levels_of(image(256, 256)))
    assert canvas.target_rect().height() == pytest.approx(300)


def test_the_wheel_zooms_at_the_cursor(canvas):
    canvas.show_image(levels_of(image(1000, 900)))
    at = QPoint(310, 220)
    before = point_at(canvas, at)
    wheel(canvas, at, 3)
    assert canvas.zoom > 0.6
    assert (point_at(canvas, at) - before).manhattanLength() < 0.01
    wheel(canvas, at, 2)
    assert (point_at(canvas, at) - before).manhattanLength() < 0.01


def test_keys_and_double_click_zoom(canvas):
    canvas.show_image(levels_of(image(1000, 900)))
    whole = canvas.zoom
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.zoom > whole
    QTest.keyClick(canvas, Qt.Key.Key_Minus)
    assert canvas.zoom == pytest.approx(whole)
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert canvas.is_fit
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    assert canvas.zoom == 1.0
    QTest.keyClick(canvas, Qt.Key.Key_Z)
    assert canvas.is_fit


def test_dragging_moves_a_zoomed_image_but_not_out_of_view(canvas):
    canvas.show_image(levels_of(image(1000, 900)))
    canvas.set_zoom(1.0)
    before = canvas.target_rect().topLeft()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    QTest.mouseMove(canvas, QPoint(150, 130))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(150, 130))
    assert canvas.target_rect().topLeft() - before == QPointF(-50, -20)
    for _ in range(9):
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
        QTest.mouseMove(canvas, QPoint(390, 290))
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(390, 290))
    assert canvas.target_rect().topLeft() == QPointF(0, 0)


def test_the_right_pixels_are_drawn_at_every_zoom(canvas):
    source = image(1000, 900)
    canvas.show_image(levels_of(source))
    for zoom in (1.0, 2.0, 4.0):
        canvas.set_zoom(zoom)
        point = point_at(canvas, QPoint(200, 150))
        shown = canvas.grab().toImage().pixelColor(200, 150)
        expected = source.pixelColor(point.toPoint())
        assert abs(shown.red() - expected.red()) <= 2
        assert abs(shown.green() - expected.green()) <= 2


def test_a_preview_is_as_large_as_the_result(canvas):
    canvas.show_image(levels_of(image(64, 64), QSize(1024, 1024)))
    assert canvas.target_rect().size().toTuple() == (300, 300)
    canvas.set_zoom(1.0)
    canvas.show_image(levels_of(image(512, 512), QSize(1024, 1024)), "/x.png")
    assert canvas.zoom == 1.0, "the result takes the preview's place"


def test_a_large_image_has_smaller_levels(tmp_path):
    path = str(tmp_path / "大.png")
    large = QImage(4096, 2048, QImage.Format.Format_RGB32)
    large.fill(QColor("teal"))
    assert large.save(path)
    levels = read_levels(path)
    assert [level.width() for level in levels.images] == [4096, 2048, 1024]
    assert levels.best_for(1.0).width() == 4096
    assert levels.best_for(0.2).width() == 1024
    assert levels.best_for(0.3).width() == 2048


@pytest.mark.parametrize("suffix", ["avif", "tif"])
def test_formats_that_qt_cannot_read_are_shown_with_their_transparency(tmp_path, suffix):
    half = PillowImage.new("RGBA", (40, 20), (200, 40, 40, 255))
    half.paste((0, 0, 0, 0), (0, 0, 20, 20))
    half.save(tmp_path / f"half.{suffix}")
    levels = read_levels(str(tmp_path / f"half.{suffix}"))
    assert levels.size == QSize(40, 20)
    (shown,) = levels.images
    assert shown.pixelColor(5, 10).alpha() < 8
    color = shown.pixelColor(35, 10)
    assert color.alpha() == 255
    assert abs(color.red() - 200) < 12


def test_a_damaged_file_is_empty(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    assert read_levels(str(path)).is_empty
