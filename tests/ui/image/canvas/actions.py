"""What the tests of the canvas share."""

import itertools

from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.ui.image.canvas.mask_tiles import image_array, mask_image

PATIENCE = 30_000
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def idle(qtbot, page):
    qtbot.waitUntil(lambda: page.painted.is_idle, timeout=PATIENCE)


def levels(page):
    return image_array(mask_image(page.painted.tiles, page.painted.size))


def share(page):
    return float((levels(page) > 127).mean())


def at(page, x, y):
    """Return the point of the view at a pixel of the image."""
    return page.view.from_image(QPointF(x, y)).toPoint()


def drag(view, *points, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.mousePress(view, Qt.MouseButton.LeftButton, modifier, points[0])
    for begin, end in itertools.pairwise(points):
        for step in range(1, 5):
            QTest.mouseMove(view, begin + (end - begin) * step / 4)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, modifier, points[-1])


def press(page, key, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(QApplication.focusWidget() or page.view, key, modifier)
