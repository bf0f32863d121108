"""How a document looks in its editor: font, size and width of its lines."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF
from PySide6.QtWidgets import QApplication, QMenu

from studio.core.settings import DocumentFont
from studio.core.translation import mark, tr, tr_marked
from studio.ui.app_state import AppState
from studio.ui.background import DelayedCall
from studio.ui.text.editor import DocumentEditor
from studio.ui.widgets.theme import TEXT_PIXELS

FONTS: dict[DocumentFont, str] = {
    "sans": mark("Sans serif"),
    "serif": mark("Serif"),
    "mono": mark("Monospaced"),
}
SIZES = (12, 13, 15, 17, 20, 24)
WIDTHS = {
    60: mark("60 characters"),
    80: mark("80 characters"),
    100: mark("100 characters"),
    0: mark("Whole window"),
}
MIN_MARGIN = 4
# not translated: names of fonts
_SERIF = [
    "Noto Serif",
    "DejaVu Serif",
    "Georgia",
    "Times New Roman",
    "Noto Serif CJK SC",
    "Songti SC",
]


class ViewOptions:
    """Applies the settings to an editor and offers them in a menu."""

    def __init__(self, shared: AppState, editor: DocumentEditor) -> None:
        self._shared = shared
        self._editor = editor
        shared.settings_changed.connect(self._on_settings_changed)
        self._soon = DelayedCall(editor, self.apply, 0)
        editor.resized.connect(self._soon.request)
        self.apply()

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        if names & {"document_font", "document_size", "document_width", "text_size"}:
            self.apply()

    def apply(self) -> None:
        """Set font and margins of the editor."""
        settings, editor = self._shared.settings, self._editor
        font = _font(settings.document_font)
        font.setPixelSize(round(settings.document_size * settings.text_size / 100))
        if font != editor.font():
            editor.setFont(font)
            editor.setTabStopDistance(4 * QFontMetricsF(font).horizontalAdvance(" "))
        margin = MIN_MARGIN
        if settings.document_width:
            width = settings.document_width * QFontMetricsF(font).horizontalAdvance("n")
            margin = max(margin, int((editor.width() - width) / 2))
        editor.set_side_margin(margin)

    def add_to(self, menu: QMenu) -> None:
        """Add a menu for each choice."""
        settings = self._shared.settings
        fonts = menu.addMenu(tr("Font"))
        for name, title in FONTS.items():
            self._add(fonts, tr_marked(title), name == settings.document_font, document_font=name)
        sizes = menu.addMenu(tr("Font size"))
        for size in SIZES:
            percent = f"{round(100 * size / TEXT_PIXELS)} %"
            self._add(sizes, percent, size == settings.document_size, document_size=size)
        widths = menu.addMenu(tr("Line width"))
        for width, title in WIDTHS.items():
            is_chosen = width == settings.document_width
            self._add(widths, tr_marked(title), is_chosen, document_width=width)

    def _add(self, menu: QMenu, title: str, is_chosen: bool, **change: object) -> None:
        action = menu.addAction(title)
        action.setCheckable(True)
        action.setChecked(is_chosen)
        action.triggered.connect(lambda _checked: self._shared.change_settings(**change))


def _font(name: DocumentFont) -> QFont:
    if name == "mono":
        return QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font = QFont(QApplication.font())
    if name == "serif":
        font.setFamilies([*_SERIF, *font.families()])
        font.setStyleHint(QFont.StyleHint.Serif)
    return font
