"""The window's frame: what a person sees first, in its place, size and theme, with its menus,
toolbar and tabs.

All that is imported here is imported before the first paint, so it is little.
`main_window.MainWindow` fills the frame afterwards; until then the frame keeps what the person
types or presses.
"""

from __future__ import annotations

import base64
import contextlib
from typing import Any, NamedTuple, cast

from PySide6.QtCore import QByteArray, QJsonDocument, QSize, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QFrame, QMainWindow, QTabWidget, QToolBar, QVBoxLayout, QWidget

from studio.core.paths import DataFolder
from studio.core.regular_file import read_regular
from studio.ui import actions
from studio.ui.desktop.screens import DECORATION, FittedScrollArea, move_onto_screen, resize_to_fit
from studio.ui.widgets.icons import icon
from studio.ui.widgets.theme import Mode

TABS = {
    "text": "studio.ui.tabs.text:TextTab",
    "image": "studio.ui.tabs.image:ImageTab",
    "audio": "studio.ui.tabs.audio:AudioTab",
}
"""Name → module and class of a tab, in their order. A tab shows the kinds whose records name it
(`core.kinds`, which comes after the first paint: msgspec does)."""
TAB_NAMES = tuple(TABS)
DEFAULT_SIZE = (1280, 800)
LEAST_SIZE = (720, 480)
LEAST_BARS_HEIGHT = 56
"""Room for the banners; in a low window they scroll."""
MAX_BYTES = 32 << 20
"""Of the settings; `core.settings_store` has the same limit."""
WELCOME_HEIGHT = 60
"""Of the banner that offers the starter, without its line of text: its border, its margins, the
gap, and a button.
"""


class StartupSettings(NamedTuple):
    """What the first paint needs of the settings; `core.settings` has them all, and says what
    becomes of a damaged file.
    """

    theme: Mode = "system"
    geometry: str = ""
    window_state: str = ""
    last_tab: int = 0
    welcome: bool = True
    """There is no text model yet, and the starter was not declined."""


def look(data: DataFolder) -> StartupSettings:
    """Read it, with what Qt has for that."""
    try:
        found = QJsonDocument.fromJson(
            QByteArray(read_regular(data.settings, MAX_BYTES))
        ).toVariant()
    except OSError:
        found = None
    kept: dict[str, Any] = found if isinstance(found, dict) else {}
    tab, mode = kept.get("last_tab"), kept.get("theme")
    return StartupSettings(
        cast("Mode", mode) if mode in ("light", "dark") else "system",
        str(kept.get("geometry") or ""),
        str(kept.get("window_state") or ""),
        min(max(0, int(tab)), len(TABS) - 1) if isinstance(tab, (int, float)) else 0,
        kept.get("starter_declined") is not True and not _has_text_model(data),
    )


def _has_text_model(data: DataFolder) -> bool:
    with contextlib.suppress(OSError):
        return any(
            b'kind = "text"' in card.read_bytes() for card in data.models.glob("[!.]*/card.toml")
        )
    return False


class WindowShell(QMainWindow):
    """The main window without what is in it."""

    painted = Signal()
    """The first paint is on the screen."""

    def __init__(self, first: StartupSettings) -> None:
        super().__init__()
        self.setWindowTitle("Studio")
        area = self.screen().availableGeometry().size() - DECORATION
        self.setMinimumSize(area.boundedTo(QSize(*LEAST_SIZE)))
        self.is_whole = False
        """True when everything is there and can be used."""
        self._was_painted = False
        self._held: list[QKeyEvent | str] = []
        self.toolbar = QToolBar("Main")
        self.toolbar.setObjectName("main")
        self.toolbar.setMovable(False)
        self.toolbar.setIconSize(QSize(16, 16))
        self.toolbar.setProperty(
            "toolButtonStyle", 2
        )  # text beside the icon; without the Qt namespace, see `theme`
        self._menus, self._shown = actions.show(self, self.toolbar, self.act)
        self.addToolBar(self.toolbar)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self._pages: dict[str, QVBoxLayout] = {}
        for name in TABS:
            page = QWidget()
            self._pages[name] = QVBoxLayout(page)
            self._pages[name].setContentsMargins(0, 0, 0, 0)
            self.tabs.addTab(page, icon(name), name.title())
        self.tabs.setCurrentIndex(first.last_tab)
        holder = QWidget()
        self._column = QVBoxLayout(holder)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._bars = QVBoxLayout()
        self._bars.setContentsMargins(12, 4, 12, 4)
        self._bars.setSpacing(6)
        bars = QWidget()
        bars.setLayout(self._bars)
        self._column.addWidget(FittedScrollArea(bars, LEAST_BARS_HEIGHT))
        self._column.addWidget(self.tabs, 1)
        self.setCentralWidget(holder)
        self._welcome_room: QFrame | None = _welcome_room() if first.welcome else None
        if self._welcome_room is not None:
            self._bars.addWidget(self._welcome_room)
        self.statusBar()
        resize_to_fit(self, *DEFAULT_SIZE)
        self._had_state = False
        with contextlib.suppress(ValueError):
            self.restoreGeometry(QByteArray(base64.b64decode(first.geometry)))
            move_onto_screen(self)
            self._had_state = self.restoreState(QByteArray(base64.b64decode(first.window_state)))
        self.setFocus()  # keys come here until there is something that takes them

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say when the first paint is over: with the next turn of the event loop."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def act(self, method: str) -> None:
        """Do what an action does; before the window is whole, when it is."""
        if self.is_whole:
            getattr(self, method)()
        else:
            self._held.append(method)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A key that nothing took: before the window is whole it is kept for what will have the
        focus then.
        """
        if self.is_whole:
            super().keyPressEvent(event)
        else:
            self._held.append(event.clone())


def _welcome_room() -> QFrame:
    room = QFrame()
    room.setProperty("role", "banner")
    room.setFixedHeight(WELCOME_HEIGHT + room.fontMetrics().height())
    return room
