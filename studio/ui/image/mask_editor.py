"""The dialog in which a mask is painted over an image."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QCursor,
    QImage,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QShortcut,
)
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import tr
from studio.ui.image.qt_images import MASK_OPACITY, overlay_of, stripes
from studio.ui.widgets.factory import button, label, name_control, row

MAX_UNDO = 40
"""A mask takes at most a megabyte."""
BRUSH_SIZES = (4, 400)
"""In pixels of a mask of up to 1024 × 1024."""


class MaskCanvas(QWidget):
    """Shows an image with its mask over it, and paints the mask."""

    changed = Signal()

    def __init__(self, image: QImage, mask: QImage) -> None:
        super().__init__()
        self.painted_mask = mask
        """White changes. As large as the image."""
        self.erases = False
        self.brush = max(BRUSH_SIZES[0], max(image.width(), image.height()) // 12)
        self._image = image
        self._overlay = overlay_of(mask)
        self._undo: list[QImage] = []
        self._redo: list[QImage] = []
        self._stroke_end: QPointF | None = None
        self._cursor: QPointF | None = None
        self.setMouseTracking(True)
        self.setCursor(QCursor(Qt.CursorShape.CrossCursor))
        self.setMinimumSize(240, 240)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        name_control(self, tr("Mask"), tr("Painted areas change, the rest stays the same"))

    def sizeHint(self) -> QSize:
        """Qt's override: enlarge small images."""
        return self._image.size().scaled(720, 520, Qt.AspectRatioMode.KeepAspectRatio)

    # The mask
    # ----------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """True if nothing is painted."""
        return not any(bytes(self.painted_mask.constBits()))

    @property
    def can_undo(self) -> bool:
        """True if there is a change to undo."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """True if there is a change to redo."""
        return bool(self._redo)

    def clear(self) -> None:
        """Remove all paint."""
        self._push_undo()
        self.painted_mask.fill(0)
        self._redraw()

    def invert(self) -> None:
        """Swap painted and unpainted areas."""
        self._push_undo()
        self.painted_mask.invertPixels()
        self._redraw()

    def undo(self) -> None:
        """Undo the last change."""
        if self._undo:
            self._redo.append(self.painted_mask)
            self.painted_mask = self._undo.pop()
            self._redraw()

    def redo(self) -> None:
        """Redo the change that was undone last."""
        if self._redo:
            self._undo.append(self.painted_mask)
            self.painted_mask = self._redo.pop()
            self._redraw()

    def _push_undo(self) -> None:
        self._undo.append(self.painted_mask.copy())
        del self._undo[:-MAX_UNDO]
        self._redo.clear()

    def _redraw(self) -> None:
        self._overlay = overlay_of(self.painted_mask)
        self.update()
        self.changed.emit()

    def _stroke(self, begin: QPointF, end: QPointF) -> None:
        brushes = (
            (QBrush(QColor(0, 0, 0)), QBrush(QColor(0, 0, 0, 0)))
            if self.erases
            else (QBrush(QColor(255, 255, 255)), stripes())
        )
        for layer, brush in zip((self.painted_mask, self._overlay), brushes, strict=True):
            painter = QPainter(layer)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            painter.setPen(
                QPen(
                    brush,
                    self.brush,
                    Qt.PenStyle.SolidLine,
                    Qt.PenCapStyle.RoundCap,
                    Qt.PenJoinStyle.RoundJoin,
                )
            )
            if begin == end:
                painter.drawPoint(begin)
            else:
                painter.drawLine(begin, end)
            painter.end()
        self.update()

    # Mouse and paint
    # ----------------------------------------------------------------------

    def _image_rect(self) -> QRectF:
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(
            (self.width() - size.width()) / 2,
            (self.height() - size.height()) / 2,
            size.width(),
            size.height(),
        )

    def _zoom(self) -> float:
        return self._image_rect().width() / self._image.width()

    def _to_mask(self, position: QPointF) -> QPointF:
        return (position - self._image_rect().topLeft()) / self._zoom()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start a stroke."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._push_undo()
        self._stroke_end = self._to_mask(event.position())
        self._stroke(self._stroke_end, self._stroke_end)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Continue the stroke, and show the brush."""
        self._cursor = event.position()
        if self._stroke_end is not None:
            position = self._to_mask(event.position())
            self._stroke(self._stroke_end, position)
            self._stroke_end = position
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the stroke."""
        if event.button() is Qt.MouseButton.LeftButton and self._stroke_end is not None:
            self._stroke_end = None
            self.changed.emit()

    def leaveEvent(self, _event: object) -> None:
        """Hide the brush."""
        self._cursor = None
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the image, the mask and the brush."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        target = self._image_rect()
        painter.drawImage(target, self._image)
        painter.setOpacity(MASK_OPACITY)
        painter.drawImage(target, self._overlay)
        painter.setOpacity(1)
        if self._cursor is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            radius = self.brush * self._zoom() / 2
            # Two outlines, so that the brush is visible on light and on dark.
            for color, width in ((QColor(0, 0, 0), 3), (QColor(255, 255, 255), 1)):
                painter.setPen(QPen(color, width))
                painter.drawEllipse(self._cursor, radius, radius)


class MaskEditor(QDialog):
    """Paint, erase, undo; `painted_mask` is the result."""

    def __init__(self, image: QImage, mask: QImage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Paint a mask"))
        self.canvas = MaskCanvas(image, mask)
        self._create_controls()
        self._create_layout()
        self._modes.buttonToggled.connect(lambda _button, _on: self._apply_brush())
        self.size_slider.valueChanged.connect(self._apply_brush)
        self.canvas.changed.connect(self._update_buttons)
        self._add_keys()
        self._update_buttons()

    def _create_controls(self) -> None:
        self.paint_button = _toggle(tr("Paint"), tr("Paint what should change (B)"))
        self.erase_button = _toggle(tr("Erase"), tr("Erase paint (E)"))
        self.paint_button.setChecked(True)
        self._modes = QButtonGroup(self)
        for mode_button in (self.paint_button, self.erase_button):
            self._modes.addButton(mode_button)
        self.size_slider = QSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(*BRUSH_SIZES)
        self.size_slider.setValue(self.canvas.brush)
        self.size_slider.setPageStep(20)
        self.size_slider.setMinimumWidth(100)
        name_control(self.size_slider, tr("Brush size"), tr("Width of the brush ([ and ])"))
        self.undo_button = button(tr("Undo"), tr("Undo the last change (Ctrl+Z)"), self.canvas.undo)
        self.clear_button = button(tr("Clear"), tr("Remove all paint"), self.canvas.clear)
        self.invert_button = button(
            tr("Invert"), tr("Swap painted and unpainted areas"), self.canvas.invert
        )
        self.use_button = button(
            tr("Use mask"),
            tr("Close and use this mask (Ctrl+Enter)"),
            self.accept,
            primary=True,
        )
        self.cancel_button = button(tr("Cancel"), tr("Close and discard the changes"), self.reject)

    def _create_layout(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        hint = tr("Paint over what should change. The rest of the image stays exactly as it is.")
        layout.addWidget(label(hint, "muted", wrap=True))
        layout.addWidget(
            row(
                self.paint_button,
                self.erase_button,
                label(tr("Size"), "muted"),
                self.size_slider,
                None,
                self.undo_button,
                self.invert_button,
                self.clear_button,
            )
        )
        layout.addWidget(self.canvas, 1)
        layout.addWidget(row(None, self.cancel_button, self.use_button))

    def _add_keys(self) -> None:
        shortcuts = {
            "Ctrl+Z": self.canvas.undo,
            "Ctrl+Shift+Z": self.canvas.redo,
            "Ctrl+Y": self.canvas.redo,
            "B": self.paint_button.click,
            "E": self.erase_button.click,
            "[": lambda: self.size_slider.setValue(round(self.size_slider.value() / 1.25)),
            "]": lambda: self.size_slider.setValue(round(self.size_slider.value() * 1.25) + 1),
            "Ctrl+Return": self.use_button.click,
        }
        for key, action in shortcuts.items():
            QShortcut(QKeySequence(key), self, action)

    @property
    def painted_mask(self) -> QImage:
        """White changes."""
        return self.canvas.painted_mask

    def _apply_brush(self) -> None:
        self.canvas.erases = self.erase_button.isChecked()
        self.canvas.brush = self.size_slider.value()
        self.canvas.update()

    def _update_buttons(self) -> None:
        empty = self.canvas.is_empty
        self.use_button.setEnabled(not empty)
        self.clear_button.setEnabled(not empty)
        self.undo_button.setEnabled(self.canvas.can_undo)


def _toggle(text: str, tip: str) -> QPushButton:
    result = button(text, tip, lambda: None)
    result.setCheckable(True)
    return result
