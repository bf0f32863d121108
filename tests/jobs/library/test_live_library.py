"""The library as other threads use it."""

import threading

import pytest
from PySide6.QtCore import Qt

from studio.jobs.library import live_library
from studio.jobs.library.live_library import LiveLibrary
from studio.jobs.queue import JobQueue
from studio.jobs.store import JobStore
from tests.media.image_texts import image_files

SECONDS = 60.0


@pytest.fixture
def library(qapp, data):
    queue = JobQueue(JobStore.open(data.database))
    live = LiveLibrary(data, queue)
    yield live
    live.close()
    queue.close()


def test_a_scan_at_the_same_time_takes_no_files_of_an_added_folder(library, tmp_path, monkeypatch):
    monkeypatch.setattr(live_library, "PROGRESS_SECONDS", 0.0)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        image_files.png(tmp_path / name / f"{name}.png", {"parameters": f"{name}\nSteps: 4"})
    other: list[threading.Thread] = []

    def scan_at_the_same_time(_text: str) -> None:
        """Called within the scan, when it has read the first folder."""
        if not other:
            other.append(threading.Thread(target=library.rebuild))
            other[0].start()
            # Both scans run at once if this returns before the time.
            other[0].join(0.5)

    library.scanning.connect(scan_at_the_same_time, Qt.ConnectionType.DirectConnection)
    result = library.add_folder(tmp_path)
    other[0].join(SECONDS)
    assert not other[0].is_alive()
    assert result.added == 2
    assert library.index.count() == 2
