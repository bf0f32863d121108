"""The main window's layout: menus, toolbar, banners and tab bar, at the saved place."""

from __future__ import annotations

import base64
import contextlib

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QAction, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QTabWidget, QToolBar, QVBoxLayout, QWidget

from studio.core.kinds import TABS
from studio.core.translation import tr, tr_marked
from studio.ui.actions import PAGE_TITLES, WindowActions
from studio.ui.desktop.screens import DECORATION, FittedScrollArea, move_onto_screen, resize_to_fit
from studio.ui.widgets.factory import name_control
from studio.ui.widgets.icons import icon

DEFAULT_SIZE = (1280, 800)
MIN_SIZE = (720, 480)
LIBRARY = "library"
PAGES = (*TABS, LIBRARY)
"""The tabs in their order: one per medium, then the library."""
MIN_BANNERS_HEIGHT = 56
"""Of the banners, which scroll in a low window."""


class WindowShell(QMainWindow):
    """The layout with an empty page per tab. `MainWindow` adds the content and the behavior."""

    painted = Signal()
    """It was painted for the first time."""

    def __init__(self) -> None:
        super().__init__()
        self._was_painted = False
        self.setWindowTitle("Studio")
        area = self.screen().availableGeometry().size() - DECORATION
        self.setMinimumSize(area.boundedTo(QSize(*MIN_SIZE)))
        self._actions = WindowActions(self, self._add_toolbar())
        self._add_tabs()
        self._banners = QVBoxLayout()
        self._column = QVBoxLayout()
        self._add_column()
        resize_to_fit(self, *DEFAULT_SIZE)

    def _add_toolbar(self) -> QToolBar:
        toolbar = QToolBar(tr("Main"))
        toolbar.setObjectName("main")
        toolbar.setMovable(False)
        toolbar.setIconSize(QSize(16, 16))
        toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.addToolBar(toolbar)
        return toolbar

    def _add_tabs(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        name_control(
            self.tabs.tabBar(), tr("Tabs"), tr("Text, image, audio, video and the library")
        )
        self._pages: dict[str, QVBoxLayout] = {}
        for name in PAGES:
            page = QWidget()
            self._pages[name] = QVBoxLayout(page)
            self._pages[name].setContentsMargins(0, 0, 0, 0)
            self.tabs.addTab(page, icon(name), tr_marked(PAGE_TITLES[name]))

    def _add_column(self) -> None:
        self._banners.setContentsMargins(12, 4, 12, 4)
        self._banners.setSpacing(6)
        banners = QWidget()
        banners.setLayout(self._banners)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(FittedScrollArea(banners, MIN_BANNERS_HEIGHT))
        self._column.addWidget(self.tabs, 1)
        self._central = QWidget()
        self._central.setLayout(self._column)
        self.setCentralWidget(self._central)

    def action(self, key: str) -> QAction:
        """Return an action of the menus by its key in `ui.actions`."""
        return self._actions[key]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Report the first time."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self.painted.emit()

    def update_icons(self) -> None:
        """Draw the icons in the theme's color."""
        self._actions.update_icons()
        for number, name in enumerate(PAGES):
            self.tabs.setTabIcon(number, icon(name))

    def restore_layout(self, geometry: str, state: str) -> None:
        """Restore place, size and docks from what `saved_layout` returned; ignore anything else."""
        with contextlib.suppress(ValueError):
            self.restoreGeometry(QByteArray(base64.b64decode(geometry)))
            move_onto_screen(self)
            self.restoreState(QByteArray(base64.b64decode(state)))

    def saved_layout(self) -> tuple[str, str]:
        """Return (geometry, state of the docks), each as base64 of Qt's format."""
        geometry, state = self.saveGeometry().data(), self.saveState().data()
        return base64.b64encode(geometry).decode(), base64.b64encode(state).decode()
