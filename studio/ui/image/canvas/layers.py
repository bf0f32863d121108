"""The layers of the canvas: the image, a control image, the mask and the frame."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF
from PySide6.QtGui import QPainter, QPaintEvent

from studio.core.translation import tr
from studio.media.masks.frame import Frame, whole
from studio.ui.image.canvas.editable_mask import EditableMask
from studio.ui.image.canvas.frame_handles import draw_frame
from studio.ui.image.canvas.mask_overlay import MaskOverlay, Viewport
from studio.ui.image.canvas.operations import Stroke
from studio.ui.image.image_canvas import ImageCanvas
from studio.ui.image.image_levels import ImageLevels
from studio.ui.widgets.factory import name_control

FRAME_MARGIN = 0.35
"""Free space around the image in which the frame is dragged, as a part of its longer side."""
CONTROL_OPACITY = 0.5


class LayeredCanvas(ImageCanvas):
    """Draws the layers, and nothing of them that lies outside the widget."""

    def __init__(self, mask: EditableMask) -> None:
        super().__init__("")
        self.painted = mask
        self.frame = Frame(0, 0, 0, 0)
        """What is cropped off or added; the whole image at first."""
        self.is_mask_shown = True
        self.has_frame_space = False
        """True if there is space around the image, in which the frame is dragged."""
        self.fixed_content: QRectF | None = None
        """What is kept in view while the frame is dragged."""
        self.overlay = MaskOverlay()
        self._control = ImageLevels()
        self.setMinimumSize(240, 160)
        name_control(self, tr("Canvas"), tr("Masked areas change, the rest stays the same"))
        mask.changed.connect(self._on_mask_changed)

    def open_image(self, levels: ImageLevels) -> None:
        """Show another image, fitted."""
        self._control = ImageLevels()
        self.fixed_content = None
        self.frame = whole((levels.size.width(), levels.size.height()))
        self.show_image(levels)
        self.fit()

    def show_control(self, levels: ImageLevels) -> None:
        """Show a control image over the image; empty for none."""
        self._control = levels
        self.update()

    def show_mask(self, is_shown: bool) -> None:
        """Show or hide the mask; it stays as it is."""
        self.is_mask_shown = is_shown
        self.update()

    @property
    def image_size(self) -> tuple[int, int]:
        """Width and height of the image."""
        return self.levels.size.width(), self.levels.size.height()

    @property
    def is_framed(self) -> bool:
        """True if something is cropped off or added."""
        return self.frame != whole(self.image_size)

    def content_rect(self) -> QRectF:
        """See `ImageCanvas`."""
        if self.fixed_content is not None:
            return self.fixed_content
        image = super().content_rect()
        result = image | QRectF(*self.frame[:2], *self.frame.size)
        if self.has_frame_space:
            margin = FRAME_MARGIN * max(image.width(), image.height()) / 2
            result = result.adjusted(-margin, -margin, margin, margin)
        return result

    def frame_rect(self) -> QRectF:
        """Return the frame in the widget."""
        size = QSizeF(*self.frame.size) * self.factor
        return QRectF(self.from_image(QPointF(self.frame.left, self.frame.top)), size)

    def pending_strokes(self) -> Sequence[Stroke]:
        """Return what is drawn, but not in the mask's tiles yet. For subclasses."""
        return ()

    def _on_mask_changed(self) -> None:
        self.overlay.invalidate()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the layers, as far as they are visible."""
        super().paintEvent(event)
        if self.is_empty:
            return
        painter = QPainter(self)
        if not self._control.is_empty:
            painter.setOpacity(CONTROL_OPACITY)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.target_rect(), self._control.best_for(self.zoom))
            painter.setOpacity(1)
        if self.is_mask_shown:
            self._draw_mask(painter, event.rect())
        if self.has_frame_space or self.is_framed:
            draw_frame(painter, self.frame_rect(), self.target_rect(), self.palette())

    def _draw_mask(self, painter: QPainter, area: QRect) -> None:
        viewport = Viewport(self.size(), self.devicePixelRatioF(), self.target_rect(), self.factor)
        self.overlay.update(
            viewport, self.painted.tiles, self.painted.revision, self.pending_strokes()
        )
        self.overlay.draw(painter, area)
