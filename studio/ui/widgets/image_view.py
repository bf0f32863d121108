"""A job's images: a large one, and a strip of all of them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QRect, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QDrag,
    QImage,
    QImageReader,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
)
from PySide6.QtWidgets import (
    QApplication,
    QListView,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.ui import background
from studio.ui.widgets.factory import name_control

SMALL_SIDE = 256
"""Images up to this side, such as the starter model's, are enlarged up to 8 times."""
STRIP_HEIGHT = 104


class ImageCanvas(QWidget):
    """Shows an image as large as fits, in its own aspect ratio; drags it out as a file."""

    def __init__(self, empty_text: str) -> None:
        super().__init__()
        self._pixmap = QPixmap()
        self._empty_text = empty_text
        self.path = ""
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        name_control(self, "Image", "Drag the image into another program to copy its file")
        self._pressed = QPoint()

    def show_image(self, image: QImage, path: str = "") -> None:
        """Show an image; `path` is its file, empty for a preview."""
        self._pixmap = QPixmap.fromImage(image)
        self.path = path
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.show_image(QImage())

    def pixmap(self) -> QPixmap:
        """Return the image that is shown."""
        return self._pixmap

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the image in the center."""
        painter = QPainter(self)
        if self._pixmap.isNull():
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(
                self.rect(),
                Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                self._empty_text,
            )
            return
        small = max(self._pixmap.width(), self._pixmap.height()) <= SMALL_SIDE
        # Small generated images are soft; nearest-neighbor pixels would spoil them.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(self._target_rect(small), self._pixmap)

    def _target_rect(self, small: bool) -> QRect:
        size = self._pixmap.size()
        available = self.size()
        if small:
            factor = max(
                1, min(available.width() // size.width(), available.height() // size.height(), 8)
            )
            scaled = size * factor
        else:
            scaled = size.scaled(available, Qt.AspectRatioMode.KeepAspectRatio)
            scaled = scaled.boundedTo(size * 2)
        return QRect(
            QPoint(
                (available.width() - scaled.width()) // 2,
                (available.height() - scaled.height()) // 2,
            ),
            scaled,
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a drag may start."""
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the file out."""
        is_drag = (
            event.position().toPoint() - self._pressed
        ).manhattanLength() >= QApplication.startDragDistance()
        if self.path and is_drag and event.buttons() & Qt.MouseButton.LeftButton:
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(self.path)])
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.setPixmap(self._pixmap.scaled(96, 96, Qt.AspectRatioMode.KeepAspectRatio))
            drag.exec(Qt.DropAction.CopyAction)


class ImageView(QWidget):
    """The large image and the strip."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.image = ImageCanvas("Your image appears here")
        self._is_awaited = False
        """Whether images that are being read belong to the result that is shown."""
        self.strip = QListWidget()
        self.strip.setViewMode(QListView.ViewMode.IconMode)
        self.strip.setFlow(QListView.Flow.LeftToRight)
        self.strip.setWrapping(False)
        self.strip.setMovement(QListView.Movement.Static)
        self.strip.setIconSize(QSize(76, 76))
        self.strip.setFixedHeight(STRIP_HEIGHT)
        name_control(self.strip, "Results", "All images of this job")
        self.strip.currentItemChanged.connect(self._on_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.image, 1)
        layout.addWidget(self.strip)
        self.strip.hide()

    def clear(self) -> None:
        """Remove all images."""
        self._is_awaited = False
        self.strip.clear()
        self.strip.hide()
        self.image.clear()
        self.changed.emit()

    def show_preview(self, image: QImage) -> None:
        """Show a preview."""
        self.image.show_image(image)
        self.changed.emit()

    def add(self, paths: list[str], chosen: int = 0) -> None:
        """Show finished images and select one; they are read in a background thread."""
        self._is_awaited = True
        background.run(
            self,
            lambda: [(path, read_image(path)) for path in paths],
            lambda images: self._on_read(images, chosen),
        )

    def _on_read(self, images: list[tuple[str, QImage]], chosen: int) -> None:
        if not self._is_awaited:  # cleared meanwhile
            return
        for path, image in images:
            scaled = image.scaled(
                152,
                152,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            item = QListWidgetItem(QPixmap.fromImage(scaled), "")
            item.setData(Qt.ItemDataRole.UserRole, (path, image))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, Path(path).name)
            self.strip.addItem(item)
        self.strip.setVisible(self.strip.count() > 1)
        if self.strip.count():
            self.strip.setCurrentRow(chosen)
            self._on_chosen(self.strip.currentItem())  # a preview may be shown instead of it

    def _on_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            path, image = item.data(Qt.ItemDataRole.UserRole)
            self.image.show_image(image, path)
        self.changed.emit()


def read_image(path: str) -> QImage:
    """Read an image file; return a null image if it cannot be read."""
    return QImageReader(path).read()
