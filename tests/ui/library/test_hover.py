"""A video of the library plays while the mouse rests on it."""

import psutil
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QProxyStyle, QStyle

from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.library.conftest import click, make_item
from tests.video_files import write_video


@pytest.fixture
def videos(fill_library, folder):
    """Two videos, the newer one with audio, and an image."""
    paths = [
        write_video(folder / "new.mp4", size=(320, 180), tone=2.0, count=40),
        write_video(folder / "old.mp4", size=(90, 160), count=40),
    ]
    items = [
        make_item(folder, number, media="video", path=str(path), sha256=f"{number:064}")
        for number, path in enumerate(paths)
    ]
    fill_library(*items, make_item(folder, 5))
    return paths


def rest_on(page, index):
    """Move the mouse to an item, in two steps as a hand does."""
    center = page.view.rect_in_view(index).center()
    for place in (center - QPoint(3, 3), center):
        QTest.mouseMove(page.view.viewport(), place)
        QApplication.processEvents()


def wait_playing(qtbot, page, path):
    hover = page.view.hover
    qtbot.waitUntil(
        lambda: hover.player is not None and hover.player.path == path and hover.player.is_playing,
        timeout=PATIENCE,
    )
    return hover.player


def tile(page, index):
    return page.view.viewport().grab(page.view.rect_in_view(index)).toImage()


def test_a_video_under_the_mouse_plays_muted_in_its_tile(open_library, videos, qtbot):
    _studio, page = open_library()
    before = tile(page, 0)
    rest_on(page, 0)
    player = wait_playing(qtbot, page, videos[0])
    assert player.audio.is_muted
    assert player.is_looping
    qtbot.waitUntil(lambda: player.frame is not None and player.position > 0.1, timeout=PATIENCE)
    qtbot.waitUntil(lambda: tile(page, 0) != before, timeout=PATIENCE)
    child = psutil.Process(player.decoder_pid)
    rest_on(page, 1)
    assert player.decoder_pid == 0, "the first one ends before the next one begins"
    wait_playing(qtbot, page, videos[1])
    psutil.wait_procs([child], timeout=PATIENCE / 1000)
    assert not child.is_running()
    last = psutil.Process(player.decoder_pid)
    rest_on(page, 2)
    assert player.path is None, "an image does not play"
    psutil.wait_procs([last], timeout=PATIENCE / 1000)
    assert page.view.hover.pixmap(page.results.ids[1]) is None, "the thumbnail is back"


def test_leaving_the_view_a_click_and_the_end_stop_it(open_library, videos, qtbot):
    studio, page = open_library()
    rest_on(page, 0)
    player = wait_playing(qtbot, page, videos[0])
    QTest.mouseMove(studio.window.tabs.tabBar(), QPoint(5, 5))
    qtbot.waitUntil(lambda: player.decoder_pid == 0, timeout=PATIENCE)
    rest_on(page, 1)
    wait_playing(qtbot, page, videos[1])
    click(page, 1)
    assert player.decoder_pid == 0, "it plays at the side"
    rest_on(page, 1)
    assert player.path is None
    rest_on(page, 0)
    wait_playing(qtbot, page, videos[0])
    child = psutil.Process(player.decoder_pid)
    close_studio(studio)
    psutil.wait_procs([child], timeout=PATIENCE / 1000)
    assert not child.is_running()


def test_videos_that_the_mouse_passes_start_no_process(open_library, videos):
    _studio, page = open_library()
    hover = page.view.hover
    for index in (0, 1, 0, 1):
        rest_on(page, index)
        assert hover._start_soon.isActive(), "it waits before it plays"
    rest_on(page, 2)
    assert not hover._start_soon.isActive()
    assert hover.player is None


class CalmStyle(QProxyStyle):
    """A desktop without animations."""

    def styleHint(self, hint, option=None, widget=None, returned=None):
        if hint == QStyle.StyleHint.SH_Widget_Animation_Duration:
            return 0
        return super().styleHint(hint, option, widget, returned)


def test_reduced_motion_is_respected(open_library, videos, qtbot):
    _studio, page = open_library()
    viewport = page.view.viewport()
    style = CalmStyle("Fusion")
    viewport.setStyle(style)
    rest_on(page, 0)
    assert not page.view.hover._start_soon.isActive()
    viewport.setStyle(None)
    rest_on(page, 1)
    assert page.view.hover._start_soon.isActive()
