"""Qt without a desktop, for commands that draw PDF files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def offscreen_qt() -> Iterator[None]:
    """Keep an application without windows while a PDF file is drawn."""
    from PySide6.QtGui import QGuiApplication

    os.environ["QT_QPA_PLATFORM"] = "offscreen"  # a command needs no desktop
    application = QGuiApplication.instance() or QGuiApplication(["studio"])
    try:
        yield
    finally:
        del application
