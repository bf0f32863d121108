"""The window in which a mask is painted over a picture."""

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

from studio.ui.image.qt_images import MASK_OPACITY, overlay_of, stripes
from studio.ui.widgets.factory import button, label, name_control, row

MAX_UNDO = 40
"""A mask takes a megabyte at most."""
SIZES = (4, 400)
"""Of the brush: pixels of a mask of 1 024."""


class MaskCanvas(QWidget):
    """Shows the picture with the mask over it, and paints."""

    changed = Signal()

    def __init__(self, picture: QImage, mask: QImage) -> None:
        super().__init__()
        self.painted = mask
        """White is repainted. Of the picture's size."""
        self.erases = False
        self.brush = max(SIZES[0], max(picture.width(), picture.height()) // 12)
        self._picture = picture
        self._overlay = overlay_of(mask)
        self._undo: list[QImage] = []
        self._redo: list[QImage] = []
        self._last: QPointF | None = None
        self._at: QPointF | None = None
        self.setMouseTracking(True)
        self.setCursor(QCursor(Qt.CursorShape.CrossCursor))
        self.setMinimumSize(240, 240)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        name_control(self, "Mask", "What is painted is made anew, the rest stays as it is")

    def sizeHint(self) -> QSize:
        """See Qt: small pictures are shown enlarged."""
        return self._picture.size().scaled(720, 520, Qt.AspectRatioMode.KeepAspectRatio)

    # The mask
    # ----------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """True where nothing is painted."""
        return not any(bytes(self.painted.constBits()))

    @property
    def can_undo(self) -> bool:
        """True where something can be taken back."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """True where something was taken back."""
        return bool(self._redo)

    def clear(self) -> None:
        """Paint nothing."""
        self._keep()
        self.painted.fill(0)
        self._renew()

    def invert(self) -> None:
        """Repaint what was to stay, and keep what was painted."""
        self._keep()
        self.painted.invertPixels()
        self._renew()

    def undo(self) -> None:
        """Take the last stroke back."""
        if self._undo:
            self._redo.append(self.painted)
            self.painted = self._undo.pop()
            self._renew()

    def redo(self) -> None:
        """Do again what was taken back."""
        if self._redo:
            self._undo.append(self.painted)
            self.painted = self._redo.pop()
            self._renew()

    def _keep(self) -> None:
        self._undo.append(self.painted.copy())
        del self._undo[:-MAX_UNDO]
        self._redo.clear()

    def _renew(self) -> None:
        self._overlay = overlay_of(self.painted)
        self.update()
        self.changed.emit()

    def _stroke(self, begin: QPointF, end: QPointF) -> None:
        inks = (
            (QBrush(QColor(0, 0, 0)), QBrush(QColor(0, 0, 0, 0)))
            if self.erases
            else (QBrush(QColor(255, 255, 255)), stripes())
        )
        for image, ink in zip((self.painted, self._overlay), inks, strict=True):
            painter = QPainter(image)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            painter.setPen(
                QPen(
                    ink,
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

    def _place(self) -> QRectF:
        size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(
            (self.width() - size.width()) / 2,
            (self.height() - size.height()) / 2,
            size.width(),
            size.height(),
        )

    def _scale(self) -> float:
        return self._place().width() / self._picture.width()

    def _on_mask(self, position: QPointF) -> QPointF:
        return (position - self._place().topLeft()) / self._scale()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._keep()
        self._last = self._on_mask(event.position())
        self._stroke(self._last, self._last)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it, or show how large the brush is."""
        self._at = event.position()
        if self._last is not None:
            here = self._on_mask(event.position())
            self._stroke(self._last, here)
            self._last = here
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it."""
        if event.button() is Qt.MouseButton.LeftButton and self._last is not None:
            self._last = None
            self.changed.emit()

    def leaveEvent(self, _event: object) -> None:
        """No brush is shown."""
        self._at = None
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the picture, the mask and the brush."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        place = self._place()
        painter.drawImage(place, self._picture)
        painter.setOpacity(MASK_OPACITY)
        painter.drawImage(place, self._overlay)
        painter.setOpacity(1)
        if self._at is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            radius = self.brush * self._scale() / 2
            for colour, wide in (
                (QColor(0, 0, 0), 3),
                (QColor(255, 255, 255), 1),
            ):  # seen on light and on dark
                painter.setPen(QPen(colour, wide))
                painter.drawEllipse(self._at, radius, radius)


class MaskEditor(QDialog):
    """Paint, erase, take back; `painted` is the mask."""

    def __init__(self, picture: QImage, mask: QImage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("What is to change")
        self.canvas = MaskCanvas(picture, mask)
        self.paint_button, self.erase_button = (
            _toggle("Paint", "Paint what is to change (B)"),
            _toggle("Erase", "Take paint off (E)"),
        )
        self.paint_button.setChecked(True)
        self._which = QButtonGroup(self)
        for which in (self.paint_button, self.erase_button):
            self._which.addButton(which)
        self.size_slider = QSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(*SIZES)
        self.size_slider.setValue(self.canvas.brush)
        self.size_slider.setPageStep(20)
        self.size_slider.setMinimumWidth(100)
        name_control(self.size_slider, "Brush size", "How wide the brush is ([ and ])")
        self.undo_button = button("Undo", "Take the last stroke back (Ctrl+Z)", self.canvas.undo)
        self.clear_button = button("Clear", "Paint nothing", self.canvas.clear)
        self.invert_button = button(
            "Invert", "Change what was to stay, and keep what was painted", self.canvas.invert
        )
        self.use_button = button(
            "Use this mask",
            "Close, and make anew what is painted (Ctrl+Enter)",
            self.accept,
            primary=True,
        )
        self.cancel_button = button("Cancel", "Close without a change", self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(
            label(
                "Paint over what is to be made anew; the rest of the picture stays exactly as it "
                "is.",
                "muted",
                wrap=True,
            )
        )
        layout.addWidget(
            row(
                self.paint_button,
                self.erase_button,
                label("Size", "muted"),
                self.size_slider,
                None,
                self.undo_button,
                self.invert_button,
                self.clear_button,
            )
        )
        layout.addWidget(self.canvas, 1)
        layout.addWidget(row(None, self.cancel_button, self.use_button))
        self._which.buttonToggled.connect(lambda _button, _on: self._choose_brush())
        self.size_slider.valueChanged.connect(self._choose_brush)
        self.canvas.changed.connect(self._show)
        self._add_keys()
        self._show()

    def _add_keys(self) -> None:
        keys = {
            "Ctrl+Z": self.canvas.undo,
            "Ctrl+Shift+Z": self.canvas.redo,
            "Ctrl+Y": self.canvas.redo,
            "B": self.paint_button.click,
            "E": self.erase_button.click,
            "[": lambda: self.size_slider.setValue(round(self.size_slider.value() / 1.25)),
            "]": lambda: self.size_slider.setValue(round(self.size_slider.value() * 1.25) + 1),
            "Ctrl+Return": self.use_button.click,
        }
        for keys_pressed, act in keys.items():
            QShortcut(QKeySequence(keys_pressed), self, act)

    @property
    def painted(self) -> QImage:
        """White is repainted."""
        return self.canvas.painted

    def _choose_brush(self) -> None:
        self.canvas.erases = self.erase_button.isChecked()
        self.canvas.brush = self.size_slider.value()
        self.canvas.update()

    def _show(self) -> None:
        empty = self.canvas.is_empty
        self.use_button.setEnabled(not empty)
        self.clear_button.setEnabled(not empty)
        self.undo_button.setEnabled(self.canvas.can_undo)


def _toggle(text: str, tip: str) -> QPushButton:
    made = button(text, tip, lambda: None)
    made.setCheckable(True)
    return made
