"""Sizes and places that fit the screen. Imported before the first paint."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent, QScreen
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

DECORATION = QSize(16, 48)
"""Room for the border and title bar, whose size is not known before the window manager adds
them.
"""


def resize_to_fit(widget: QWidget, width: int, height: int) -> None:
    """Give a window or dialog this size, or less where the screen is smaller."""
    parent = widget.parentWidget()
    area = (parent.window() if parent is not None else widget).screen().availableGeometry()
    widget.resize(QSize(width, height).boundedTo(area.size() - DECORATION))


def bring_back(window: QWidget) -> None:
    """Move a window, which is not shown yet, and make it smaller, so that all of it is on one
    screen.

    Its place may be of another arrangement of screens. A maximised window stays so.
    """
    if window.windowState() & (Qt.WindowState.WindowMaximized | Qt.WindowState.WindowFullScreen):
        return
    place, screens = window.geometry(), QGuiApplication.screens()
    if not screens:
        return
    best = max(screens, key=lambda screen: _overlap(screen, place))
    area = (best if _overlap(best, place) else QGuiApplication.primaryScreen()).availableGeometry()
    border, title = DECORATION.width() // 2, DECORATION.height() - DECORATION.width() // 2
    room = area.adjusted(border, title, -border, -border)
    size = place.size().boundedTo(room.size())
    left = max(room.left(), min(place.left(), room.right() - size.width() + 1))
    top = max(room.top(), min(place.top(), room.bottom() - size.height() + 1))
    fitted = QRect(left, top, size.width(), size.height())
    if not area.contains(place):
        window.setGeometry(fitted)


def _overlap(screen: QScreen, place: QRect) -> int:
    common = screen.availableGeometry() & place
    return common.width() * common.height() if common.isValid() else 0


class Scroll(QScrollArea):
    """Asks for the height of its widget, and scrolls where there is less, instead of making the
    window larger.

    `least` is the height that it needs in any case. `grows` takes more room than the widget asks
    for.
    """

    def __init__(self, widget: QWidget, least: int, *, grows: bool = False) -> None:
        super().__init__()
        self._content = widget
        self._least = least
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        policy = QSizePolicy.Policy.Expanding if grows else QSizePolicy.Policy.Maximum
        self.setSizePolicy(QSizePolicy.Policy.Preferred, policy)
        self.setWidget(widget)

    def sizeHint(self) -> QSize:
        """See Qt."""
        return QSize(self._hint().width(), self._height())

    def minimumSizeHint(self) -> QSize:
        """See Qt."""
        widget, width = self._content, 0
        if self.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
            width = widget.minimumSizeHint().expandedTo(widget.minimumSize()).width()
        return QSize(width, min(self._least, self._height()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for another height when the widget does."""
        done = super().eventFilter(watched, event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return done

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Text that wraps needs another height in another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def _hint(self) -> QSize:
        widget = self._content
        return widget.sizeHint().expandedTo(widget.minimumSizeHint())

    def _height(self) -> int:
        widget, width = self._content, self.viewport().width()
        if widget.hasHeightForWidth() and width > 0:
            return max(widget.heightForWidth(width), widget.minimumSizeHint().height())
        return self._hint().height()
