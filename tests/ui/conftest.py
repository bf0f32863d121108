"""The real program, with the fake engine, in this process."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThreadPool
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest

from studio.app import Studio
from studio.core.translation import use_language
from studio.ui.desktop.language import translate_qt

PATIENCE = 60_000
"""Milliseconds; the machine may be slow and busy."""


@pytest.fixture(scope="session", autouse=True)
def _clear_clipboard(qapp):
    """The offscreen platform's clipboard outlives Python: data made in Python would crash it."""
    yield
    QGuiApplication.clipboard().clear()


@pytest.fixture
def open_studio(qapp, data):
    """Return a function that starts the program on this test's data folder; it is closed at the
    end.
    """
    opened = []

    def start(*, step_seconds: float = 0.005):
        studio = Studio(data, fake=True)
        studio.session.engine._step_seconds = step_seconds
        studio.window.show()
        opened.append(studio)
        studio.window.activateWindow()  # shortcuts belong to the active window
        assert QTest.qWaitForWindowActive(studio.window, PATIENCE)
        studio.start_background()
        return studio

    yield start
    for studio in opened:
        close_studio(studio)
    # Timers of the windows would start work in a library that is closed, and show its failure.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)


@pytest.fixture
def chinese(qapp):
    """The language of the window; ask for it before `open_studio`."""
    use_language("zh_CN")
    yield
    use_language("en")
    translate_qt(qapp, "en")


def close_studio(studio) -> None:
    """Close it, without the question; once."""
    if getattr(studio, "is_closed", False):
        return
    studio.is_closed = True
    studio.window._may_close = lambda _waiting: True
    studio.window.close()
    studio.close()
    assert not studio.session.worker.isRunning()
    studio.window.deleteLater()


def choose_theme(window, mode: str) -> None:
    """Choose a theme in the menu View."""
    title = f"Theme: {mode}"
    (action,) = [
        one for one in window.findChildren(QAction) if one.text().replace("&", "") == title
    ]
    action.trigger()
