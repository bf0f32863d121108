"""Test that icons take the text color, also after the desktop turns dark."""

import pytest
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QPushButton

from studio.ui.widgets import theme
from studio.ui.widgets.icons import set_icon


@pytest.fixture
def _palette(qapp):
    before = QApplication.palette(), qapp.styleSheet()
    yield
    QApplication.setPalette(before[0])
    qapp.setStyleSheet(before[1])


def _lightest_opaque(control: QPushButton) -> int:
    image = control.icon().pixmap(20, 20).toImage()
    colors = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(color.lightness() for color in colors if color.alpha() > 200)


@pytest.mark.usefixtures("_palette")
@pytest.mark.parametrize("sheet", ["", "QPushButton { color: red; }"])
def test_an_icon_follows_the_theme(qapp, qtbot, sheet):
    qapp.setStyleSheet(sheet)
    control = QPushButton("Save")
    qtbot.addWidget(control)
    control.show()
    for name, text, light in (
        ("save", "#101010", False),
        ("save", "#f0f0f0", True),
        ("play", "#101010", False),
    ):
        palette = QApplication.palette()
        palette.setColor(QPalette.ColorRole.Text, QColor(text))
        set_icon(control, name)
        QApplication.setPalette(palette)
        QApplication.processEvents()
        assert (_lightest_opaque(control) > 128) is light


@pytest.mark.usefixtures("_palette")
def test_icon_with_an_explicit_color_ignores_the_theme(qtbot):
    control = QPushButton("Go")
    qtbot.addWidget(control)
    set_icon(control, "play", "#ffffff")
    palette = QApplication.palette()
    palette.setColor(QPalette.ColorRole.Text, QColor("#000000"))
    QApplication.setPalette(palette)
    QApplication.processEvents()
    assert _lightest_opaque(control) > 240


@pytest.mark.usefixtures("_palette")
def test_a_disabled_icon_is_muted_even_with_its_own_color(qapp, qtbot):
    theme.apply(qapp, "light")
    control = QPushButton("Go")
    qtbot.addWidget(control)
    set_icon(control, "play", "#ffffff")
    image = control.icon().pixmap(20, 20, QIcon.Mode.Disabled).toImage()
    colors = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    assert {color.name() for color in colors if color.alpha() == 255} == {theme.LIGHT.muted}
