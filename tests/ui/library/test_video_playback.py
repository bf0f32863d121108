"""Videos that play in the library of the real window."""

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.ui.video.player import PlayerState
from studio.ui.video.video_window import VideoWindow
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.library.conftest import click, make_item, press
from tests.video_files import write_video


@pytest.fixture
def videos(fill_library, folder):
    """Two videos, the newer one with audio, and an image."""
    paths = [
        write_video(folder / "new.mp4", size=(320, 180), tone=2.0),
        write_video(folder / "old.webm", codec="libvpx-vp9", size=(90, 160)),
    ]
    items = [
        make_item(folder, number, media="video", path=str(path), width=320, height=180)
        for number, path in enumerate(paths)
    ]
    fill_library(*items, make_item(folder, 5))
    return paths


def player_of(page):
    return page.details.playback.video.player


def wait_frame(qtbot, page):
    qtbot.waitUntil(lambda: page.details.playback.video is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: player_of(page).frame is not None, timeout=PATIENCE)


def test_a_selected_video_plays_muted_and_its_process_ends(open_library, videos, qtbot):
    _studio, page = open_library()
    click(page, 0)
    wait_frame(qtbot, page)
    player, view = player_of(page), page.details.playback.video
    assert player.path == videos[0]
    assert player.is_playing
    assert player.audio.is_muted
    assert not page.details.preview.isVisible()
    first = psutil.Process(player.decoder_pid)
    press(page, Qt.Key.Key_Space)
    assert player.state is PlayerState.PAUSED
    QTest.mouseClick(view.controls.mute_button, Qt.MouseButton.LeftButton)
    assert not player.audio.is_muted
    click(page, 1)
    qtbot.waitUntil(lambda: player.path == videos[1] and player.frame is not None, timeout=PATIENCE)
    psutil.wait_procs([first], timeout=PATIENCE / 1000)
    assert not first.is_running()
    assert view.canvas.height() > view.canvas.width()  # it is upright
    second = psutil.Process(player.decoder_pid)
    click(page, 2)
    psutil.wait_procs([second], timeout=PATIENCE / 1000)
    assert not second.is_running()
    assert not view.isVisible()
    qtbot.waitUntil(page.details.preview.isVisible, timeout=PATIENCE)


def test_full_screen_and_another_tab(open_library, videos, qtbot):
    studio, page = open_library()
    click(page, 0)
    wait_frame(qtbot, page)
    press(page, Qt.Key.Key_F11)
    full = page.details.playback.video.full_screen
    assert full.isVisible()
    QTest.keyClick(full.video_screen.canvas, Qt.Key.Key_F11)
    assert page.details.playback.video.full_screen is None
    assert player_of(page).is_playing
    studio.window.show_tab("image")
    assert player_of(page).state is PlayerState.PAUSED


def test_a_crash_of_the_decoder_leaves_the_window_as_it_was(open_library, videos, qtbot):
    _studio, page = open_library()
    click(page, 0)
    wait_frame(qtbot, page)
    psutil.Process(player_of(page).decoder_pid).kill()
    notice = page.details.playback.video.notice
    qtbot.waitUntil(notice.isVisible, timeout=PATIENCE)
    assert "ended unexpectedly" in notice.message
    click(page, 1)
    qtbot.waitUntil(lambda: player_of(page).is_playing, timeout=PATIENCE)
    assert not notice.isVisible()


def test_closing_the_window_ends_the_process(open_library, videos, qtbot):
    studio, page = open_library()
    click(page, 0)
    wait_frame(qtbot, page)
    child = psutil.Process(player_of(page).decoder_pid)
    close_studio(studio)
    psutil.wait_procs([child], timeout=PATIENCE / 1000)
    assert not child.is_running()


def test_videos_that_are_passed_by_keys_start_no_process(open_library, videos, qtbot):
    _studio, page = open_library()
    click(page, 0)
    press(page, Qt.Key.Key_Right)
    press(page, Qt.Key.Key_Right)
    assert player_of(page).decoder_pid == 0
    assert player_of(page).path is None


def test_return_plays_a_video_in_a_window(open_library, videos, qtbot):
    studio, page = open_library()
    click(page, 0)
    press(page, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(studio.window.findChildren(VideoWindow)), timeout=PATIENCE)
    (window,) = studio.window.findChildren(VideoWindow)
    assert window.windowTitle() == "new.mp4"
    qtbot.waitUntil(lambda: window.view.player.is_playing, timeout=PATIENCE)
    child = psutil.Process(window.view.player.decoder_pid)
    close_studio(studio)
    psutil.wait_procs([child], timeout=PATIENCE / 1000)
    assert not child.is_running()
