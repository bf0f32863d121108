"""A window that was closed leaves nothing open in the process, and loses nothing."""

import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QThreadPool
from PySide6.QtTest import QTest

from studio.library.index import LibraryIndex
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.library.conftest import make_item

FOLDER = Path("/proc/self/fd")


def open_files() -> list[str]:
    """Return what the process has open, without numbers."""
    found = []
    for number in list(FOLDER.iterdir()):
        try:
            found.append(str(number.readlink()))
        except FileNotFoundError:  # the list itself
            continue
    return sorted(found)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_log_file_and_folder_watches_are_closed_with_the_window(open_studio, data):
    kept = []
    for _ in range(2):  # the first one loads what stays in memory
        studio = open_studio()
        assert any(name.endswith("studio.log") for name in open_files())
        close_studio(studio)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        kept.append([name for name in open_files() if "inotify" in name or str(data.root) in name])
    assert kept[0] == kept[1]
    assert not any(str(data.root) in name for name in kept[1])


def test_rating_that_was_chosen_just_before_is_kept(open_studio, data, tmp_path, qtbot):
    index = LibraryIndex(data.library)
    (item_id,) = index.add([make_item(tmp_path, 0)])
    studio = open_studio()
    studio.window.show_tab("library")
    page = studio.window.window_library.page
    qtbot.waitUntil(lambda: page.results.is_complete, timeout=PATIENCE)
    QTest.mouseClick(
        page.view.viewport(), Qt.MouseButton.LeftButton, pos=page.view.rect_in_view(0).center()
    )
    pool, released = QThreadPool.globalInstance(), threading.Event()
    for _ in range(pool.maxThreadCount()):  # the rating waits for these
        pool.start(released.wait)
    QTest.keyClick(page.view, Qt.Key.Key_4)
    studio.window.close()
    released.set()
    close_studio(studio)
    assert index.annotation(item_id).rating == 4
    index.close()
