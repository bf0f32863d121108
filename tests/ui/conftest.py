"""The real program, with the fake engine, in this process."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QThread, QThreadPool

from studio.app import Studio

PATIENCE = 60_000


@pytest.fixture
def open_studio(qapp, data):
    """Return a function that starts the program on this test's data folder; it is closed at the end."""
    opened = []

    def start(*, step_seconds: float = 0.005):
        studio = Studio(data, fake=True)
        studio.session.engine._step_seconds = step_seconds
        studio.start()
        opened.append(studio)
        return studio

    yield start
    for studio in opened:
        close_studio(studio)
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)


def close_studio(studio) -> None:
    """Close it once, without the question."""
    if studio.session.worker.isRunning() or not studio.session.queue._journal._shutdown:
        studio.window._may_close = lambda _waiting: True
        studio.window.close()
        studio.close()
        assert not studio.session.worker.isRunning()
        assert isinstance(studio.session.worker, QThread)
    studio.window.deleteLater()
