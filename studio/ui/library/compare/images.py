"""Compares images: side by side with one zoom, under a slider, or as their difference."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QObject, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QStackedWidget, QWidget

from studio.core.translation import tr
from studio.ui.widgets.factory import name_control

Mode = Literal["side_by_side", "slider", "difference"]
MAX_ZOOM = 32.0
_WHEEL_STEP = 120
_KEY_STEP = 0.05


class SharedView(QObject):
    """Zoom and middle that all images of a comparison have in common."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.zoom = 1.0
        """1 fits the image into its place."""
        self.middle = QPointF(0.5, 0.5)
        """The point of the image in the middle, as parts of its width and height."""

    def set_zoom(self, zoom: float, at: QPointF) -> None:
        """Zoom; the point `at` of the image stays in its place."""
        zoom = min(MAX_ZOOM, max(1.0, zoom))
        self.middle = at + (self.middle - at) * (self.zoom / zoom)
        self.zoom = zoom
        self._clamp()

    def move(self, by: QPointF) -> None:
        """Move the image, by parts of its width and height."""
        self.middle -= by
        self._clamp()

    def reset(self) -> None:
        """Show whole images."""
        self.set_zoom(1.0, QPointF(0.5, 0.5))

    def _clamp(self) -> None:
        half = 0.5 / self.zoom
        x = min(1 - half, max(half, self.middle.x()))
        y = min(1 - half, max(half, self.middle.y()))
        self.middle = QPointF(x, y)
        self.changed.emit()


class ComparedImage(QWidget):
    """Shows one image, or two in one place, with the shared zoom."""

    clicked = Signal()

    def __init__(self, view: SharedView, first: QImage, second: QImage | None = None) -> None:
        super().__init__()
        self._view = view
        self._first = first
        self._second = second
        self.mode: Mode = "side_by_side"
        self.split = 0.5
        """Where the slider is, as a part of the width."""
        self._dragged_from: QPointF | None = None
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name_control(self, tr("Image"), tr("Wheel zooms, dragging moves all images, 0 fits them"))
        view.changed.connect(self.update)

    def target(self) -> QRectF:
        """Return where the whole first image would be, in this widget."""
        return self._target_of(self._first)

    def _target_of(self, image: QImage) -> QRectF:
        size = QSizeF(image.size()).scaled(QSizeF(self.size()), Qt.AspectRatioMode.KeepAspectRatio)
        size *= self._view.zoom
        left = self.width() / 2 - self._view.middle.x() * size.width()
        top = self.height() / 2 - self._view.middle.y() * size.height()
        return QRectF(QPointF(left, top), size)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the image or the two."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        target = self.target()
        second = self._target_of(self._second) if self._second is not None else target
        if self.mode == "difference":
            painter.setClipRect(target.intersected(second))
            painter.fillRect(self.rect(), Qt.GlobalColor.black)  # below transparent images
        painter.drawImage(target, self._first)
        if self._second is None:
            return
        if self.mode == "difference":
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Difference)
            painter.drawImage(second, self._second)
        elif self.mode == "slider":
            x = round(self.split * self.width())
            painter.save()
            painter.setClipRect(x, 0, self.width() - x, self.height())
            painter.fillRect(self.rect(), self.palette().window())
            painter.drawImage(second, self._second)
            painter.restore()
            painter.setPen(QPen(self.palette().highlight(), 2))
            painter.drawLine(x, 0, x, self.height())

    def _image_point(self, place: QPointF) -> QPointF:
        target = self.target()
        return QPointF(
            (place.x() - target.left()) / target.width(),
            (place.y() - target.top()) / target.height(),
        )

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the mouse."""
        factor = math.pow(1.25, event.angleDelta().y() / _WHEEL_STEP)
        self._view.set_zoom(self._view.zoom * factor, self._image_point(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to move the slider or the images."""
        self._dragged_from = event.position()
        self.clicked.emit()
        self._drag_slider(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the slider, or all images."""
        if self._dragged_from is None or self._drag_slider(event):
            return
        target, moved = self.target(), event.position() - self._dragged_from
        self._dragged_from = event.position()
        self._view.move(QPointF(moved.x() / target.width(), moved.y() / target.height()))

    def set_second(self, image: QImage) -> None:
        """Compare with another image."""
        self._second = image
        self.update()

    def _drag_slider(self, event: QMouseEvent) -> bool:
        is_slider = self.mode == "slider" and event.buttons() & Qt.MouseButton.LeftButton
        if is_slider:
            self.set_split(event.position().x() / max(1, self.width()))
        return bool(is_slider)

    def set_split(self, split: float) -> None:
        """Move the slider."""
        self.split = min(1.0, max(0.0, split))
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the slider, zoom, or fit."""
        center = QPointF(0.5, 0.5)
        if event.key() == Qt.Key.Key_0:
            self._view.reset()
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._view.set_zoom(self._view.zoom * 1.25, self._view.middle)
        elif event.key() == Qt.Key.Key_Minus:
            self._view.set_zoom(self._view.zoom / 1.25, center)
        elif event.key() == Qt.Key.Key_Left and self.mode == "slider":
            self.set_split(self.split - _KEY_STEP)
        elif event.key() == Qt.Key.Key_Right and self.mode == "slider":
            self.set_split(self.split + _KEY_STEP)
        else:
            super().keyPressEvent(event)


class ImageComparison(QStackedWidget):
    """All images side by side, or two of them in one place. The keys 2 to 9 choose the second."""

    pair_changed = Signal()
    """Another mode, or another second image."""

    def __init__(self, images: Sequence[QImage]) -> None:
        super().__init__()
        self.view = SharedView(self)
        self._images = images
        self.second = len(images) - 1
        """Index of the image that is compared with the first."""
        self.panes = [ComparedImage(self.view, image) for image in images]
        self.both = ComparedImage(self.view, images[0], images[-1])
        grid = QWidget()
        layout = QGridLayout(grid)
        layout.setContentsMargins(0, 0, 0, 0)
        columns = len(images) if len(images) <= 3 else math.ceil(math.sqrt(len(images)))
        for number, pane in enumerate(self.panes):
            pane.clicked.connect(functools.partial(self.compare_with, number))
            layout.addWidget(pane, number // columns, number % columns)
        together = QWidget()
        row = QHBoxLayout(together)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.both)
        self.addWidget(grid)
        self.addWidget(together)

    def compare_with(self, number: int) -> None:
        """Compare this one with the first."""
        if 0 < number < len(self._images):
            self.second = number
            self.both.set_second(self._images[number])
            self.pair_changed.emit()

    @property
    def sizes(self) -> tuple[QSize, QSize]:
        """The sizes of the two images that are in one place."""
        return self._images[0].size(), self._images[self.second].size()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the second image with the keys 2 to 9."""
        number = event.key() - Qt.Key.Key_1
        if 0 < number < len(self._images):
            self.compare_with(number)
        else:
            super().keyPressEvent(event)

    def set_mode(self, mode: Mode) -> None:
        """Show all side by side, or the first and the chosen one in one place."""
        self.both.mode = mode
        self.both.update()
        self.setCurrentIndex(0 if mode == "side_by_side" else 1)
        (self.both if self.currentIndex() else self.panes[0]).setFocus()
        self.pair_changed.emit()
