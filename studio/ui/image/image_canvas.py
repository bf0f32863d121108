"""Shows one image: fit to the space or zoomed, panned by dragging."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, QPointF, QRectF, QSizeF, Qt, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from studio.core.translation import mark, tr, tr_marked
from studio.ui.image.image_levels import ImageLevels
from studio.ui.widgets.factory import name_control

SMALL_SIDE = 128
"""Images up to this side, such as icons, are enlarged by a whole factor."""
MAX_SMALL_FIT = 8
MAX_FIT = 2.0
"""Larger ones are enlarged up to this."""
MAX_ZOOM = 32.0
MIN_ZOOM = 0.02
ZOOM_STEP = 1.25
CRISP_ZOOM = 6.0
"""From here on, pixels are drawn as squares."""
_TIP = mark(
    "Wheel, + and − zoom; a double click or Z switches between the whole image and 100 %; "
    "drag to move a zoomed image, or to copy the file into another program"
)


class ImageCanvas(QWidget):
    """Draws an image and lets the user zoom, pan, step and drag it out as a file.

    A zoom is in device pixels for each pixel of the image: 1.0 is 100 %.
    """

    zoom_changed = Signal()
    step_requested = Signal(int)
    """Left (−1) or right (1) arrow key."""
    full_screen_requested = Signal()
    menu_requested = Signal(QPoint)
    """At a global position."""

    def __init__(self, empty_text: str) -> None:
        super().__init__()
        self._levels = ImageLevels()
        self._empty_text = empty_text
        self.path = ""
        """Of the file; empty for a preview."""
        self._zoom: float | None = None
        """None: the image fits into the widget."""
        self._center = QPointF()
        """The point of the image in the middle of the widget, if zoomed."""
        self._pressed: QPointF | None = None
        self.setMinimumSize(160, 96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name_control(self, tr("Image"), tr_marked(_TIP))

    # What is shown
    # ----------------------------------------------------------------------

    @property
    def levels(self) -> ImageLevels:
        """The image that is shown."""
        return self._levels

    @property
    def is_empty(self) -> bool:
        """True if no image is shown."""
        return self._levels.is_empty

    def show_image(self, levels: ImageLevels, path: str = "") -> None:
        """Show an image; `path` is its file, empty for a preview. Another size fits again."""
        if levels.size != self._levels.size:
            self._zoom = None
        self._levels = levels
        self.path = path
        self._clamp()
        self.update_cursor()
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.show_image(ImageLevels())

    # Zoom
    # ----------------------------------------------------------------------

    @property
    def zoom(self) -> float:
        """The zoom, also of a fitted image."""
        return self._fit_zoom() if self._zoom is None else self._zoom

    @property
    def is_fit(self) -> bool:
        """True if the whole image is shown, as large as fits."""
        return self._zoom is None

    def fit(self) -> None:
        """Show the whole image."""
        self._set_zoom(None)

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom; the point of the image at `at`, by default the middle, stays in its place."""
        if self.is_empty:
            return
        anchor = self._middle() if at is None else at
        point = self.to_image(anchor)
        zoom = max(min(MIN_ZOOM, self._fit_zoom()), min(MAX_ZOOM, zoom))
        self._center = point - (anchor - self._middle()) / (zoom / self.devicePixelRatioF())
        self._set_zoom(zoom)

    def toggle_zoom(self, at: QPointF | None = None) -> None:
        """Switch between the whole image and 100 %."""
        if self.is_fit:
            self.set_zoom(1.0, at)
        else:
            self.fit()

    def _set_zoom(self, zoom: float | None) -> None:
        self._zoom = zoom
        self._clamp()
        self.update_cursor()
        self.update()
        self.zoom_changed.emit()

    def content_rect(self) -> QRectF:
        """Return what is fitted and kept in view, in pixels of the image. For subclasses."""
        return QRectF(QPointF(), QSizeF(self._levels.size))

    def _fit_zoom(self) -> float:
        size = self.content_rect().size()
        if size.isEmpty():
            return 1.0
        factor = min(self.width() / size.width(), self.height() / size.height())
        if factor > 1:
            factor = min(int(factor), MAX_SMALL_FIT) if _is_small(self) else min(factor, MAX_FIT)
        return factor * self.devicePixelRatioF()

    @property
    def factor(self) -> float:
        """Device-independent pixels of the widget for each pixel of the image."""
        return self.zoom / self.devicePixelRatioF()

    def _middle(self) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2)

    def _image_middle(self) -> QPointF:
        return self.content_rect().center()

    def to_image(self, position: QPointF) -> QPointF:
        """Return the point of the image at a point of the widget."""
        center = self._image_middle() if self.is_fit else self._center
        return center + (position - self._middle()) / self.factor

    def from_image(self, point: QPointF) -> QPointF:
        """Return the point of the widget at a point of the image."""
        return self.target_rect().topLeft() + point * self.factor

    def target_rect(self) -> QRectF:
        """Return where the whole image is drawn, which may be larger than the widget."""
        center = self._image_middle() if self.is_fit else self._center
        size = QSizeF(self._levels.size) * self.factor
        return QRectF(self._middle() - center * self.factor, size)

    def _clamp(self) -> None:
        """Keep the image in view: centered if it is smaller than the widget, else without gaps."""
        factor, rect = self.factor, self.content_rect()

        def within(value: float, half: float, begin: float, end: float) -> float:
            if end - begin <= 2 * half:
                return (begin + end) / 2
            return max(begin + half, min(end - half, value))

        self._center = QPointF(
            within(self._center.x(), self.width() / 2 / factor, rect.left(), rect.right()),
            within(self._center.y(), self.height() / 2 / factor, rect.top(), rect.bottom()),
        )

    @property
    def can_pan(self) -> bool:
        """True if a part of what is shown lies outside the widget."""
        size = self.content_rect().size() * self.factor
        return not self.is_fit and (
            size.width() > self.width() + 1 or size.height() > self.height() + 1
        )

    def pan_by(self, moved: QPointF) -> None:
        """Move a zoomed image by a distance in the widget."""
        self._center -= moved / self.factor
        self._clamp()
        self.update()

    def update_cursor(self) -> None:
        """Show what a drag does."""
        shape = Qt.CursorShape.OpenHandCursor if self.can_pan else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    # Qt's events
    # ----------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the visible part of the image."""
        painter = QPainter(self)
        if self.is_empty:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), flags, self._empty_text)
        else:
            self.draw_image(painter)
        if self.hasFocus():
            painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def draw_image(self, painter: QPainter) -> None:
        """Draw the visible part of the image."""
        rect = self.target_rect()
        visible = rect & QRectF(self.rect())
        if visible.isEmpty():
            return
        image = self._levels.best_for(self.zoom)
        scale = image.width() / rect.width()
        source = QRectF((visible.topLeft() - rect.topLeft()) * scale, visible.size() * scale)
        # Small generated images are soft; nearest-neighbor pixels would spoil them.
        smooth = self.zoom < CRISP_ZOOM or _is_small(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(visible, image, source)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the image in view."""
        self._clamp()
        super().resizeEvent(event)
        self.zoom_changed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the cursor."""
        notches = event.angleDelta().y() / 120
        if self.is_empty or not notches:
            event.ignore()
            return
        self.set_zoom(self.zoom * ZOOM_STEP**notches, event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom, step to the next result, or show the image on the full screen."""
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.set_zoom(self.zoom * ZOOM_STEP)
        elif key == Qt.Key.Key_Minus:
            self.set_zoom(self.zoom / ZOOM_STEP)
        elif key == Qt.Key.Key_Z:
            self.toggle_zoom()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.step_requested.emit(1 if key == Qt.Key.Key_Right else -1)
        elif key == Qt.Key.Key_F11:
            self.full_screen_requested.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the image."""
        if not self.is_empty:
            self.menu_requested.emit(event.globalPos())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a drag may start."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
            if self.can_pan:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """End a drag."""
        self._pressed = None
        self.update_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Switch between the whole image and 100 % at the cursor."""
        if event.button() == Qt.MouseButton.LeftButton and not self.is_empty:
            self.toggle_zoom(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move a zoomed image, or drag the file out."""
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        moved = event.position() - self._pressed
        if self.can_pan:
            self._pressed = event.position()
            self.pan_by(moved)
        elif self.path and moved.manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            self._drag_out()

    def _drag_out(self) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(self.path)])
        drag = QDrag(self)
        drag.setMimeData(data)
        small = self._levels.images[-1].scaled(96, 96, Qt.AspectRatioMode.KeepAspectRatio)
        drag.setPixmap(QPixmap.fromImage(small))
        drag.exec(Qt.DropAction.CopyAction)


def _is_small(canvas: ImageCanvas) -> bool:
    size = canvas.levels.size
    return max(size.width(), size.height()) <= SMALL_SIDE
