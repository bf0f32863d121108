"""The library on a full disk: explained, and nothing is lost."""

import os
import subprocess
import sys

import pytest
from PySide6.QtCore import Qt

from studio.core.paths import DataFolder
from studio.jobs.library import live_library
from studio.library.annotations import read_annotations
from studio.ui.library import commands
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import make_item, press


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder on a disk of 30 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(place)]
    if (
        sys.platform != "linux"
        or os.geteuid() != 0
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("only root can mount a disk")
    monkeypatch.setattr(live_library, "RETRY_MS", 100)
    yield DataFolder(place / "data")
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def shown(monkeypatch):
    """What message boxes would show."""
    texts = []
    monkeypatch.setattr(commands, "show_message", lambda _parent, _title, text: texts.append(text))
    return texts


def fill_disk(data) -> None:
    with (data.root.parent / "filler").open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"\0" * 4096)
            except OSError:
                return


def rate(page, item_id, qtbot, key) -> None:
    page.view.select(item_id)
    with qtbot.waitSignal(page.item_actions.commands.ended, timeout=PATIENCE):
        press(page, key)


def test_full_disk(open_library, fill_library, folder, data, qtbot, shown):
    (item_id,) = fill_library(make_item(folder, 0))
    studio, page = open_library()
    posted = []
    studio.shared.toast_posted.connect(lambda toast: posted.append(toast.text))
    rate(page, item_id, qtbot, Qt.Key.Key_3)
    fill_disk(data)
    rate(page, item_id, qtbot, Qt.Key.Key_5)
    assert shown == ["The library's disk is full.\nFree some space, then try again."]
    assert studio.shared.library.index.annotation(item_id).rating == 3
    studio.shared.library.start()  # a scan, which cannot write either
    (data.root.parent / "filler").unlink()
    rate(page, item_id, qtbot, Qt.Key.Key_4)
    assert len(shown) == 1
    assert read_annotations(folder)["0000.png"].annotation.rating == 4
    assert studio.shared.library.index.annotation(item_id).rating == 4
    assert len([text for text in posted if "disk is full" in text]) <= 1
