"""The window about Studio: version, license, where data is, and what to do next."""

from __future__ import annotations

import platform

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio import __version__
from studio.core.translation import tr
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder
from studio.ui.widgets.factory import button, label, row
from studio.ui.widgets.icons import icon

WIDTH = 460
ICON = 20


class AboutWindow(QDialog):
    """Version, license and data folder."""

    def __init__(self, shared: AppState, parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self.setWindowTitle(tr("About Studio"))
        self.setFixedWidth(WIDTH)
        mark = QLabel()
        mark.setPixmap(icon("studio").pixmap(ICON, ICON))
        # not translated: names and numbers for a report
        self.versions = f"Studio {__version__}, Python {platform.python_version()}, Qt {qVersion()}"
        texts = QVBoxLayout()
        texts.setSpacing(6)
        texts.addWidget(label(f"Studio {__version__}", "title"))
        for text, role in (
            (tr("Text, images, speech and music, made on this computer."), ""),
            (tr("Nothing you type or make leaves it."), ""),
            (f"Python {platform.python_version()}, Qt {qVersion()}", "muted"),
            (tr("Data folder: {folder}", folder=shared.data.root), "muted"),
            (
                tr("Apache License 2.0. Other libraries and models have their own licenses."),
                "muted",
            ),
        ):
            line = label(text, role, wrap=True)
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            texts.addWidget(line)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(texts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 14)
        layout.setSpacing(14)
        layout.addLayout(top)
        self.close_button = button(tr("Close"), tr("Close this window"), self.close, primary=True)
        layout.addWidget(
            row(
                button(tr("Copy version"), tr("Copy the versions"), self._copy),
                button(tr("Open data folder"), tr("Open the folder of all data"), self._open),
                None,
                self.close_button,
            )
        )
        self.close_button.setFocus()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.versions)

    def _open(self) -> None:
        open_folder(self._shared.data.root)
