"""Icons: SVG strokes from `resources/icons`, drawn in the palette's text colour."""

from __future__ import annotations

import functools

from PySide6.QtCore import QByteArray, QEvent, QObject
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractButton, QApplication

from studio.core.paths import resources

_DRAWN_WITH = b"#808080"
_SIZE = 20
# A button whose colours come from the style sheet hears only of the program's change, not of one of
# its own.
_PALETTE_CHANGES = (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange)


def icon(name: str, colour: str = "") -> QIcon:
    """Return the icon of this name in the colour of text, or in `colour`."""
    result = QIcon()
    for mode, group in (
        (QIcon.Mode.Normal, QPalette.ColorGroup.Active),
        (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled),
    ):
        text = colour or QApplication.palette().color(group, QPalette.ColorRole.Text).name()
        result.addPixmap(_drawn(name, text, _scale()), mode)
    return result


def _scale() -> float:
    application = QApplication.instance()
    return (
        application.devicePixelRatio() if isinstance(application, QApplication) else 1.0
    )  # of the finest screen


@functools.cache
def _drawn(name: str, colour: str, scale: float) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    source = (resources() / "icons" / f"{name}.svg").read_bytes()
    side = round(_SIZE * scale)
    pixmap = QPixmap(side, side)
    pixmap.fill(
        QColor(0, 0, 0, 0)
    )  # not Qt's name for it: the first use of the Qt namespace takes 15 ms
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.replace(_DRAWN_WITH, colour.encode()))).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


class _Tint(QObject):
    """Draws a button's icon again when the desktop turns dark or light."""

    def __init__(self, control: QAbstractButton) -> None:
        super().__init__(control)
        self.name = ""
        self.colour = ""
        control.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # Qt's name
        if event.type() in _PALETTE_CHANGES and isinstance(watched, QAbstractButton):
            watched.setIcon(icon(self.name, self.colour))
        return False


def set_icon(control: QAbstractButton, name: str, colour: str = "") -> None:
    """Give a button an icon that stays readable in light and dark."""
    tint = control.findChild(_Tint) or _Tint(control)
    tint.name, tint.colour = name, colour
    control.setIcon(icon(name, colour))
