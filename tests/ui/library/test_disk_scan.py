"""A disk that is full during a scan and while thumbnails are made: reported once, continued."""

import os
import sqlite3

import pytest

from tests.media.image_texts import image_files
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import found
from tests.ui.library.test_disk import data, fill_disk  # noqa: F401  a fixture
from tests.ui.library.test_folders import drop

COUNT = 60
ROOM = 200 << 10
"""Bytes: the folder is noted, its files do not fit."""
LONG = "a red fox in the snow, " * 100


@pytest.fixture
def photos(tmp_path):
    """Images on another disk, with prompts that take more room than is left."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(COUNT):
        text = f"{number} {LONG}\nSteps: 2, Seed: {number}"
        image_files.png(folder / f"{number}.png", {"parameters": text}, size=(400, 300))
    return folder


def test_disk_that_is_full_during_a_scan(open_library, data, photos, qtbot):  # noqa: F811
    studio, page = open_library()
    library = studio.shared.library
    posted = []
    studio.shared.toast_posted.connect(lambda toast: posted.append(toast.text))
    fill_disk(data)
    filler = data.root.parent / "filler"
    os.truncate(filler, filler.stat().st_size - ROOM)
    drop(page, photos)
    for _retry in range(3):
        with qtbot.waitSignal(library._write_failed, timeout=PATIENCE):
            pass
    assert library.library.watched_folders() == [str(photos)]
    assert library.index.count() < COUNT
    assert len([text for text in posted if "disk is full" in text]) == 1
    filler.unlink()
    qtbot.waitUntil(lambda: len(found(page)) == COUNT, timeout=PATIENCE)
    with library.index.reading() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert len(list(photos.iterdir())) == COUNT
    assert len([text for text in posted if "disk is full" in text]) == 1


def test_disk_that_is_full_while_thumbnails_are_made(open_library, data, photos, qtbot):  # noqa: F811
    studio, page = open_library()
    posted = []
    studio.shared.toast_posted.connect(lambda toast: posted.append(toast.text))
    library = studio.shared.library
    library.add_folder(photos)
    fill_disk(data)
    qtbot.waitUntil(lambda: len(found(page)) == COUNT, timeout=PATIENCE)
    item = library.index.items([found(page)[0]])[0]
    page.view.select(item.id)
    qtbot.waitUntil(lambda: page.details.preview.isVisible(), timeout=PATIENCE)
    assert not [text for text in posted if "disk is full" in text]
    (data.root.parent / "filler").unlink()
    last = library.index.items([found(page)[-1]])[0]
    page.view.select(last.id)
    qtbot.waitUntil(lambda: library.thumbnails.get(last.sha256) is not None, timeout=PATIENCE)
    with sqlite3.connect(data.thumbnails) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert library.index.count() == COUNT
