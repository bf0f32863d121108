"""A window that was closed leaves nothing open in the process."""

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent

from tests.ui.conftest import close_studio

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
