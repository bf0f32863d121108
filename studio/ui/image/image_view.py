"""A job's images: one large, or all of them in a grid."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QListView,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from studio.core.translation import tr
from studio.ui import background
from studio.ui.image.image_canvas import ImageCanvas
from studio.ui.image.image_levels import ImageLevels, levels_of, read_levels
from studio.ui.widgets.factory import name_control

THUMBNAIL_SIDE = 640
"""Of the images in the grid, in pixels."""
_SPACING = 6
_PIXMAP = Qt.ItemDataRole.UserRole + 1


class _ImageDelegate(QStyledItemDelegate):
    """Draws an image in the middle of its cell, with a frame if it is selected."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Qt's override."""
        pixmap = index.data(_PIXMAP)
        area = option.rect.adjusted(_SPACING, _SPACING, -_SPACING, -_SPACING)
        size = pixmap.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QStyle.alignedRect(
            Qt.LayoutDirection.LeftToRight, Qt.AlignmentFlag.AlignCenter, size, area
        )
        painter.save()
        painter.setRenderHints(
            QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing
        )
        painter.drawPixmap(target, pixmap)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(option.palette.highlight(), 3))
            painter.drawRoundedRect(target.adjusted(-3, -3, 3, 3), 4, 4)
        painter.restore()

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Qt's override: fill the cell."""
        view = self.parent()
        return view.gridSize() if isinstance(view, QListView) else super().sizeHint(option, index)


class ImageGrid(QListWidget):
    """All images of a job, each as large as fits."""

    def __init__(self) -> None:
        super().__init__()
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setItemDelegate(_ImageDelegate(self))
        self.setUniformItemSizes(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        name_control(self, tr("Results"), tr("All images of this job; Enter shows one alone"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the images."""
        super().resizeEvent(event)
        self.fit_images()

    def fit_images(self) -> None:
        """Make the images as large as they can be without scrolling."""
        area = self.viewport().size()
        count = max(1, self.count())
        side = 64
        for columns in range(1, count + 1):
            rows = -(-count // columns)
            side = max(side, min((area.width() - 1) // columns, area.height() // rows))
        self.setGridSize(QSize(side, side))


class ImageView(QStackedWidget):
    """The large image and the grid."""

    changed = Signal()
    """Another image is current, or none."""
    grid_shown = Signal(bool)
    menu_requested = Signal(QPoint)
    """At a global position, for the current image."""

    def __init__(self) -> None:
        super().__init__()
        self.image = ImageCanvas(tr("Your image appears here"))
        self.grid = ImageGrid()
        self._request = 0
        """Number of the last request to read images; results of others are ignored."""
        self.addWidget(self.image)
        self.addWidget(self.grid)
        self.image.menu_requested.connect(self.menu_requested)
        self.grid.customContextMenuRequested.connect(self._on_grid_menu)
        self.grid.currentItemChanged.connect(lambda item, _before: self._on_chosen(item))
        self.grid.itemActivated.connect(lambda _item: self.show_grid(False))

    def clear(self) -> None:
        """Remove all images."""
        self._request += 1
        self.grid.clear()
        self.show_grid(False)
        self.image.clear()
        self.changed.emit()

    def show_preview(self, image: QImage, size: QSize) -> None:
        """Show a preview, enlarged to the size of the result."""
        if not self.is_grid_shown:
            self.image.show_image(levels_of(image, size))
            self.changed.emit()

    def add(self, paths: list[str], chosen: int | None = None) -> None:
        """Show finished images, read in a background thread.

        `chosen` is shown alone; without it, several images are shown in the grid.
        """
        request = self._request
        background.run(
            self,
            lambda: [(path, _thumbnail(path)) for path in paths],
            lambda images: self._on_read(request, images, chosen),
        )

    def _on_read(
        self, request: int, images: list[tuple[str, ImageLevels]], chosen: int | None
    ) -> None:
        if request != self._request:  # other images are shown by now
            return
        before = self.grid.count()
        for path, levels in images:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, (path, levels))
            item.setData(
                _PIXMAP, QPixmap.fromImage(levels.images[0] if levels.images else QImage())
            )
            item.setData(Qt.ItemDataRole.AccessibleTextRole, Path(path).name)
            self.grid.addItem(item)
        self.grid.fit_images()
        self.show_grid(chosen is None and self.grid.count() > 1)
        if images:
            self.grid.setCurrentRow(chosen or 0 if not before else self.grid.currentRow())
            self._on_chosen(self.grid.currentItem())  # a preview may be shown instead of it

    @property
    def is_grid_shown(self) -> bool:
        """True if all images are shown instead of one."""
        return self.currentWidget() is self.grid

    def show_grid(self, is_shown: bool) -> None:
        """Show all images, or the current one alone."""
        page, other = (self.grid, self.image) if is_shown else (self.image, self.grid)
        takes_focus = other.hasFocus()
        self.setCurrentWidget(page)
        if takes_focus:
            page.setFocus()
        self.grid_shown.emit(is_shown)

    def select(self, path: str) -> None:
        """Make the image of a file current, if it is one of these."""
        for row in range(self.grid.count()):
            if self.grid.item(row).data(Qt.ItemDataRole.UserRole)[0] == path:
                self.grid.setCurrentRow(row)

    def _on_chosen(self, item: QListWidgetItem | None) -> None:
        """Show the thumbnail until the image itself is read."""
        if item is None:
            return
        path, levels = item.data(Qt.ItemDataRole.UserRole)
        self.image.show_image(levels, path)
        self.changed.emit()
        background.run(self, lambda: read_levels(path), lambda full: self._on_full(path, full))

    def _on_full(self, path: str, levels: ImageLevels) -> None:
        if self.image.path == path and not levels.is_empty:
            self.image.show_image(levels, path)
            self.changed.emit()

    def _on_grid_menu(self, position: QPoint) -> None:
        if self.grid.itemAt(position) is not None:
            self.menu_requested.emit(self.grid.viewport().mapToGlobal(position))


def _thumbnail(path: str) -> ImageLevels:
    """Read an image at a small size, with the size of the result."""
    full = read_levels(path)
    if full.is_empty:
        return full
    small = full.images[-1]
    if max(small.width(), small.height()) > THUMBNAIL_SIDE:
        small = small.scaled(
            THUMBNAIL_SIDE,
            THUMBNAIL_SIDE,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    return levels_of(small, full.size)
