"""The light and the dark theme: a palette and a style sheet for Qt's Fusion style."""

from __future__ import annotations

from string import Template
from typing import Literal, NamedTuple

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from studio.core.resources import resources

Mode = Literal["system", "light", "dark"]
_MODE = "studio_theme"
_TEXT_SIZE = "studio_text_size"
TEXT_PIXELS, TITLE_PIXELS = 13, 15
"""Font sizes at a text size of 100 percent."""
_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


class Colors(NamedTuple):
    """The theme's colors. Text on `window`, `surface` and `accent` has a contrast ≥ 4.5 : 1."""

    window: str
    surface: str
    text: str
    muted: str
    border: str
    hover: str
    accent: str
    on_accent: str
    error: str
    notice: str


LIGHT = Colors(
    "#f5f5f7",
    "#ffffff",
    "#1c1c21",
    "#5f5f6b",
    "#d4d4dc",
    "#ebebef",
    "#4a46d6",
    "#ffffff",
    "#b3261e",
    "#fdeceb",
)
DARK = Colors(
    "#1a1a1f",
    "#24242b",
    "#ececf1",
    "#a5a5b2",
    "#3c3c47",
    "#2e2e37",
    "#655fe8",
    "#ffffff",
    "#ff8a80",
    "#3a2426",
)

_SHEET = Template("""
* { outline: 0; }
QToolTip { background: $surface; color: $text; border: 1px solid $border; padding: 4px 6px; }
QLineEdit, QPlainTextEdit, QTextBrowser, QSpinBox, QDoubleSpinBox, QComboBox, QListWidget,
QListView[role="models"], QTableView {
  background: $surface; color: $text; border: 1px solid $border; border-radius: 6px;
  selection-background-color: $accent; selection-color: $on_accent;
}
QListView[role="strip"] { background: $window; border: 0; }
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox { padding: 4px 8px; min-height: 20px; }
QPlainTextEdit { padding: 6px; }
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus,
QListWidget:focus, QListView[role="models"]:focus, QTableView:focus {
  border: 1px solid $accent;
}
QLineEdit[wrong="true"], QPlainTextEdit[wrong="true"], QSpinBox[wrong="true"],
QDoubleSpinBox[wrong="true"], QComboBox[wrong="true"] {
  border: 1px solid $error;
}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button,
QDoubleSpinBox::down-button {
  subcontrol-origin: border; width: 0; height: 0; border: 0;
}
QComboBox::drop-down { border: 0; width: 22px; }
QComboBox::down-arrow { image: url($icons/chevron.svg); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $border; padding: 2px; }
QFrame[role="chip"] {
  background: $surface; border: 1px solid $border; border-radius: 10px;
}
QFrame[role="popup"] { background: $window; border: 1px solid $muted; }
QRadioButton::indicator {
  width: 12px; height: 12px; border: 1px solid $muted; border-radius: 7px; background: $surface;
}
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 4px solid $accent; }
QRadioButton:focus { color: $accent; }
QPushButton, QToolButton {
  background: $surface; color: $text; border: 1px solid $border; border-radius: 6px;
  padding: 5px 12px; min-height: 20px;
}
QToolButton { padding: 4px 8px; }
QToolButton[small="true"] { border: 0; background: transparent; padding: 0 2px; min-height: 14px; }
QToolButton[flat="true"], QPushButton[flat="true"] {
  border: 1px solid transparent; background: transparent; color: $muted; padding: 2px 6px;
}
QToolButton[flat="true"]:hover, QPushButton[flat="true"]:hover { color: $text; }
QToolButton[flat="true"]:checked {
  border: 1px solid transparent; background: transparent; color: $text;
}
QToolButton[mark="true"]:checked {
  border: 1px solid transparent; background: transparent; color: $accent;
}
QToolButton[flat="true"]:focus, QPushButton[flat="true"]:focus { border: 1px solid $accent; }
QToolButton::menu-indicator { image: none; }
QLineEdit > QToolButton { border: 0; background: transparent; padding: 0; min-height: 0; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:focus, QToolButton:focus { border: 1px solid $accent; }
QPushButton:disabled, QToolButton:disabled { color: $muted; background: $window; }
QPushButton[primary="true"] {
  background: $accent; color: $on_accent; border: 1px solid $accent; font-weight: 600;
}
QPushButton[primary="true"]:focus { border: 2px solid $text; }
QPushButton[primary="true"]:disabled {
  background: $hover; color: $muted; border: 1px solid $border;
}
QPushButton:checked, QToolButton:checked { background: $hover; border: 1px solid $accent; }
QToolBar { background: $window; border: 0; padding: 2px 8px; spacing: 4px; }
QToolBar QToolButton { border: 1px solid transparent; background: transparent; }
QToolBar QToolButton:hover { background: $hover; }
QSlider::groove:horizontal { height: 4px; background: $border; border-radius: 2px; }
QSlider::sub-page:horizontal { height: 4px; background: $accent; border-radius: 2px; }
QSlider::handle:horizontal {
  width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; background: $accent;
}
QSlider::handle:horizontal:focus { border: 2px solid $text; width: 10px; height: 10px; }
QTabWidget::pane { border: 0; border-top: 1px solid $border; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab {
  padding: 8px 18px; color: $muted; background: transparent;
  border: 0; border-bottom: 2px solid transparent;
}
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; font-weight: 600; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { color: $accent; }
QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: 0; }
QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; }
QDockWidget { titlebar-close-icon: none; }
QDockWidget::title { background: $window; padding: 6px 10px; border-top: 1px solid $border; }
QHeaderView::section {
  background: $window; color: $muted; padding: 4px 8px;
  border: 0; border-bottom: 1px solid $border;
}
QTableView::item { padding-left: 6px; }
QTableView { gridline-color: transparent; alternate-background-color: $window; }
QProgressBar {
  background: $hover; border: 0; border-radius: 3px; max-height: 6px; min-height: 6px;
}
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QStatusBar { color: $muted; border-top: 1px solid $border; }
QStatusBar::item { border: 0; }
QMenu { background: $surface; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }
QMenu::indicator {
  width: 12px; height: 12px; margin-left: 8px; border: 1px solid $muted; border-radius: 3px;
}
QMenu::indicator:non-exclusive:checked {
  background: $accent; border: 1px solid $accent; image: url($icons/check.svg);
}
QMenu::indicator:exclusive { border-radius: 7px; }
QMenu::indicator:exclusive:checked {
  width: 6px; height: 6px; border: 4px solid $accent; border-radius: 7px; background: $on_accent;
}
QMenu::icon:checked { background: $hover; border: 1px solid $accent; border-radius: 4px; }
QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QMenuBar { background: $window; }
QMenuBar::item { padding: 4px 10px; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QCheckBox { spacing: 8px; }
QCheckBox::indicator, QTableView::indicator {
  width: 16px; height: 16px; border: 1px solid $border; border-radius: 4px; background: $surface;
}
QTableView::indicator { border: 1px solid $muted; }
QCheckBox::indicator:checked, QTableView::indicator:checked {
  background: $accent; border: 1px solid $accent; image: url($icons/check.svg);
}
QCheckBox:focus { color: $accent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 2px; }
QScrollBar::handle { background: $border; border-radius: 4px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
  background: transparent; border: 0; width: 0; height: 0;
}
QLabel[role="muted"] { color: $muted; }
QLabel[role="error"] { color: $error; }
QLabel[role="title"] { font-size: ${title_size}px; font-weight: 600; }
QFrame[role="notice"] { background: $notice; border: 1px solid $error; border-radius: 8px; }
QFrame[role="banner"] { background: $surface; border: 1px solid $accent; border-radius: 8px; }
QFrame[role="queue-bar"] { border: 0; border-top: 1px solid $border; }
QFrame[role="toast"] { background: $text; border-radius: 8px; }
QFrame[role="toast"] QLabel { color: $window; }
QFrame[role="toast"] QPushButton, QFrame[role="toast"] QToolButton {
  background: transparent; color: $window; border: 1px solid $muted; padding: 3px 10px;
}
QFrame[role="toast"] QToolButton { border: 1px solid transparent; padding: 3px 6px; }
QFrame[role="toast"] QPushButton:hover, QFrame[role="toast"] QToolButton:hover {
  background: $muted;
}
QFrame[role="toast"] QPushButton:focus, QFrame[role="toast"] QToolButton:focus {
  border: 1px solid $window;
}
QFrame[role="panel"] { background: $surface; border: 1px solid $border; border-radius: 8px; }
""")


# A widget whose colors come from the style sheet gets ApplicationPaletteChange only.
CHANGES = (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange)
"""Events after which colors of the theme are to be drawn again."""


def is_dark(application: QApplication) -> bool:
    """True if the user chose dark, or chose the desktop's theme and that is dark."""
    mode = application.property(_MODE)
    return mode == "dark" or (
        mode != "light" and application.styleHints().colorScheme() is Qt.ColorScheme.Dark
    )


def apply(application: QApplication, mode: Mode = "system", text_size: int = 100) -> None:
    """Apply a theme and a text size in percent.

    `follow_desktop` applies them again when the desktop changes.
    """
    choose(application, mode, text_size)
    add_style_sheet(application)


def choose(application: QApplication, mode: Mode, text_size: int) -> None:
    """Set the palette and the font of a theme, which widgets need when they are built."""
    application.setProperty(_MODE, mode)
    application.setProperty(_TEXT_SIZE, text_size)
    # For what Qt draws itself; some platforms ignore it.
    application.styleHints().setColorScheme(_SCHEMES[mode])
    _set_palette(application)


def add_style_sheet(application: QApplication) -> None:
    """Set the style sheet of the theme that was chosen.

    With a style sheet, Qt computes the style of each widget again whenever it or a widget around
    it gets another parent. For a window with hundreds of widgets, it is faster to set it last.
    """
    percent = int(application.property(_TEXT_SIZE) or 100)
    application.setStyleSheet(
        _SHEET.substitute(
            colors(application)._asdict(),
            icons=(resources() / "icons").as_posix(),
            title_size=round(TITLE_PIXELS * percent / 100),
        )
    )


def follow_desktop(application: QApplication) -> None:
    """Apply the theme again whenever the desktop changes to light or dark."""
    application.styleHints().colorSchemeChanged.connect(lambda: _apply_colors(application))


def colors(application: QApplication) -> Colors:
    """Return the current theme's colors."""
    return DARK if is_dark(application) else LIGHT


def _apply_colors(application: QApplication) -> None:
    _set_palette(application)
    add_style_sheet(application)


def _set_palette(application: QApplication) -> None:
    application.setPalette(_palette(colors(application)))
    font = QFont(application.font())
    percent = int(application.property(_TEXT_SIZE) or 100)
    font.setPixelSize(round(TEXT_PIXELS * percent / 100))
    # not translated: names of fonts
    families = [*font.families(), "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC"]
    font.setFamilies(list(dict.fromkeys(families)))
    application.setFont(font)


def _palette(theme_colors: Colors) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme_colors.window,
        QPalette.ColorRole.WindowText: theme_colors.text,
        QPalette.ColorRole.Base: theme_colors.surface,
        QPalette.ColorRole.AlternateBase: theme_colors.window,
        QPalette.ColorRole.Text: theme_colors.text,
        QPalette.ColorRole.Button: theme_colors.surface,
        QPalette.ColorRole.ButtonText: theme_colors.text,
        QPalette.ColorRole.PlaceholderText: theme_colors.muted,
        QPalette.ColorRole.ToolTipBase: theme_colors.surface,
        QPalette.ColorRole.ToolTipText: theme_colors.text,
        QPalette.ColorRole.Highlight: theme_colors.accent,
        QPalette.ColorRole.HighlightedText: theme_colors.on_accent,
        QPalette.ColorRole.Accent: theme_colors.accent,
        QPalette.ColorRole.Link: theme_colors.accent,
        QPalette.ColorRole.Mid: theme_colors.border,
    }
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    for role in (
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
        QPalette.ColorRole.WindowText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme_colors.muted))
    return palette
