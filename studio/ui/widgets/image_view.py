"""Pictures: one large, and a strip of all of the job's."""

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
"""Pictures up to this are enlarged more than others, by a whole factor: the starter's are meant to
be seen large.
"""
STRIP_HEIGHT = 104


class Picture(QWidget):
    """Shows one picture as large as there is room, without changing its shape. It can be dragged
    out as a file.
    """

    def __init__(self, empty_text: str) -> None:
        super().__init__()
        self._pixmap = QPixmap()
        self._empty_text = empty_text
        self.path = ""
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        name_control(self, "Picture", "The picture; drag it to another program to copy its file")
        self._pressed = QPoint()

    def show_image(self, image: QImage, path: str = "") -> None:
        """Show a picture; `path` is its file, where it has one."""
        self._pixmap = QPixmap.fromImage(image)
        self.path = path
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.show_image(QImage())

    def pixmap(self) -> QPixmap:
        """Return what is shown."""
        return self._pixmap

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the picture in the middle."""
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
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform
        )  # a model's small pictures are soft: squares spoil them
        painter.drawPixmap(self._place(small), self._pixmap)

    def _place(self, small: bool) -> QRect:
        size = self._pixmap.size()
        room = self.size()
        if small:
            factor = max(1, min(room.width() // size.width(), room.height() // size.height(), 8))
            scaled = size * factor
        else:
            scaled = size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
            scaled = scaled.boundedTo(size * 2)
        return QRect(
            QPoint((room.width() - scaled.width()) // 2, (room.height() - scaled.height()) // 2),
            scaled,
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A drag may begin here."""
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the file out."""
        far = (
            event.position().toPoint() - self._pressed
        ).manhattanLength() >= QApplication.startDragDistance()
        if self.path and far and event.buttons() & Qt.MouseButton.LeftButton:
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(self.path)])
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.setPixmap(self._pixmap.scaled(96, 96, Qt.AspectRatioMode.KeepAspectRatio))
            drag.exec(Qt.DropAction.CopyAction)


class ImageView(QWidget):
    """The large picture and the strip."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.picture = Picture("The picture appears here.")
        self.strip = QListWidget()
        self.strip.setViewMode(QListView.ViewMode.IconMode)
        self.strip.setFlow(QListView.Flow.LeftToRight)
        self.strip.setWrapping(False)
        self.strip.setMovement(QListView.Movement.Static)
        self.strip.setIconSize(QSize(76, 76))
        self.strip.setFixedHeight(STRIP_HEIGHT)
        name_control(self.strip, "Results", "All pictures of this job")
        self.strip.currentItemChanged.connect(self._on_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.strip)
        self.strip.hide()

    def clear(self) -> None:
        """Begin anew."""
        self.strip.clear()
        self.strip.hide()
        self.picture.clear()
        self.changed.emit()

    def show_preview(self, image: QImage) -> None:
        """Show an unfinished picture."""
        self.picture.show_image(image)
        self.changed.emit()

    def add(self, paths: list[str]) -> None:
        """Show finished pictures; they are read in another thread."""
        background.run(self, lambda: [(path, read_image(path)) for path in paths], self._on_read)

    def _on_read(self, images: list[tuple[str, QImage]]) -> None:
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
            self.strip.setCurrentRow(0)
            self._on_chosen(self.strip.currentItem())  # a preview may stand in its place

    def _on_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            path, image = item.data(Qt.ItemDataRole.UserRole)
            self.picture.show_image(image, path)
        self.changed.emit()


def read_image(path: str) -> QImage:
    """Read a picture's file; a null image where it is none."""
    return QImageReader(path).read()
