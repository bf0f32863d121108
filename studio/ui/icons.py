"""Icons: SVG strokes from `resources/icons`, drawn in the palette's text colour."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from studio.core.paths import resources

_DRAWN_WITH = b"#808080"
_SIZE = 20


def icon(name: str, colour: str = "") -> QIcon:
    """Return the icon of this name in the colour of text, or in `colour`."""
    from PySide6.QtSvg import QSvgRenderer

    source = (resources() / "icons" / f"{name}.svg").read_bytes()
    result = QIcon()
    for mode, group in ((QIcon.Mode.Normal, QPalette.ColorGroup.Active), (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled)):
        text = colour or QApplication.palette().color(group, QPalette.ColorRole.Text).name()
        renderer = QSvgRenderer(QByteArray(source.replace(_DRAWN_WITH, text.encode())))
        for scale in (1, 2):
            pixmap = QPixmap(QSize(_SIZE, _SIZE) * scale)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter)
            painter.end()
            pixmap.setDevicePixelRatio(scale)
            result.addPixmap(pixmap, mode)
    return result
