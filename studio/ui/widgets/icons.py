"""Icons from `resources/icons`: SVG strokes in the palette's text color."""

from __future__ import annotations

import functools
from typing import NamedTuple

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt
from PySide6.QtGui import QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication

from studio.core.resources import resources
from studio.ui.widgets import theme

_STROKE_COLOR = b"#808080"
_SIZE = 20


def icon(name: str, color: str = "") -> QIcon:
    """Load an icon in the text color or in `color`; a disabled control shows it muted."""
    return _icon(_look(name, color))


class _Look(NamedTuple):
    """What determines the pixels of an icon."""

    name: str
    normal: str
    """Color of an enabled control."""
    disabled: str
    scale: float


def _look(name: str, color: str) -> _Look:
    palette, role = QApplication.palette(), QPalette.ColorRole.Text
    normal = color or palette.color(QPalette.ColorGroup.Active, role).name()
    disabled = palette.color(QPalette.ColorGroup.Disabled, role).name()
    return _Look(name, normal, disabled, _scale())


@functools.cache
def _icon(look: _Look) -> QIcon:
    result = QIcon()
    result.addPixmap(_render(look.name, look.normal, look.scale), QIcon.Mode.Normal)
    result.addPixmap(_render(look.name, look.disabled, look.scale), QIcon.Mode.Disabled)
    return result


def _scale() -> float:
    application = QApplication.instance()
    # The application's ratio is that of the screen with the highest resolution.
    return application.devicePixelRatio() if isinstance(application, QApplication) else 1.0


@functools.cache
def _render(name: str, color: str, scale: float) -> QPixmap:
    source = (resources() / "icons" / f"{name}.svg").read_bytes()
    side = round(_SIZE * scale)
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.replace(_STROKE_COLOR, color.encode()))).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


class _Tint(QObject):
    """Renders a button's icon again when the palette changes between light and dark."""

    def __init__(self, control: QAbstractButton) -> None:
        super().__init__(control)
        self.name = ""
        self.color = ""
        self._shown: _Look | None = None
        control.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # Qt's override
        if event.type() in theme.CHANGES and isinstance(watched, QAbstractButton):
            self.apply(watched)
        return False

    def apply(self, control: QAbstractButton) -> None:
        """Set the icon, unless it looks so already: Qt announces most changes several times."""
        look = _look(self.name, self.color)
        if look != self._shown:
            self._shown = look
            control.setIcon(_icon(look))


def set_icon(control: QAbstractButton, name: str, color: str = "") -> None:
    """Set a button's icon; it follows changes between light and dark."""
    tint = control.findChild(_Tint) or _Tint(control)
    tint.name, tint.color = name, color
    tint.apply(control)
