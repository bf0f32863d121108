"""Window sizes and positions that fit the screen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent, QScreen
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

DECORATION = QSize(16, 48)
"""Space for border and title bar, whose size is unknown until the window manager adds them."""


def resize_to_fit(widget: QWidget, width: int, height: int) -> None:
    """Resize a window or dialog, at most to the size of its screen."""
    parent = widget.parentWidget()
    area = (parent.window() if parent is not None else widget).screen().availableGeometry()
    widget.resize(QSize(width, height).boundedTo(area.size() - DECORATION))


def move_onto_screen(window: QWidget) -> None:
    """Move and shrink a window that is not shown yet so that all of it is on one screen.

    Its geometry may come from another arrangement of screens. A maximized window stays maximized.
    """
    if window.windowState() & (Qt.WindowState.WindowMaximized | Qt.WindowState.WindowFullScreen):
        return
    geometry, screens = window.geometry(), QGuiApplication.screens()
    if not screens:
        return
    screen = max(screens, key=lambda screen: _overlap(screen, geometry))
    area = (
        screen if _overlap(screen, geometry) else QGuiApplication.primaryScreen()
    ).availableGeometry()
    border, title = DECORATION.width() // 2, DECORATION.height() - DECORATION.width() // 2
    available = area.adjusted(border, title, -border, -border)
    size = geometry.size().boundedTo(available.size())
    left = max(available.left(), min(geometry.left(), available.right() - size.width() + 1))
    top = max(available.top(), min(geometry.top(), available.bottom() - size.height() + 1))
    fitted = QRect(left, top, size.width(), size.height())
    if not area.contains(geometry):
        window.setGeometry(fitted)


def _overlap(screen: QScreen, geometry: QRect) -> int:
    overlap = screen.availableGeometry() & geometry
    return overlap.width() * overlap.height() if overlap.isValid() else 0


class FittedScrollArea(QScrollArea):
    """As high as its content, but scrolls instead of enlarging the window.

    `min_height` is the height it needs in any case; with `grows` it takes all free space.
    """

    def __init__(self, widget: QWidget, min_height: int, *, grows: bool = False) -> None:
        super().__init__()
        self._content = widget
        self._min_height = min_height
        self._width = 0
        """Of the viewport, which Qt makes: the first Python object of such a widget takes 10 ms."""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        policy = QSizePolicy.Policy.Expanding if grows else QSizePolicy.Policy.Maximum
        self.setSizePolicy(QSizePolicy.Policy.Preferred, policy)
        self.setWidget(widget)

    def sizeHint(self) -> QSize:
        """Qt's override."""
        return QSize(self._content_size().width(), self._content_height())

    def minimumSizeHint(self) -> QSize:
        """Qt's override."""
        widget, width = self._content, 0
        if self.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
            width = widget.minimumSizeHint().expandedTo(widget.minimumSize()).width()
        return QSize(width, min(self._min_height, self._content_height()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Update the height when the content's changes."""
        result = super().eventFilter(watched, event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return result

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Update the height of wrapped text when the width changes."""
        super().resizeEvent(event)
        self._width = event.size().width()
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def _content_size(self) -> QSize:
        widget = self._content
        return widget.sizeHint().expandedTo(widget.minimumSizeHint())

    def _content_height(self) -> int:
        widget, width = self._content, self._width
        if widget.hasHeightForWidth() and width > 0:
            return max(widget.heightForWidth(width), widget.minimumSizeHint().height())
        return self._content_size().height()
