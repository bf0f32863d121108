"""Comparing videos in a window: in step, with one set of controls."""

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.ui.library.compare.window import CompareWindow
from studio.ui.video.player import PlayerState
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import make_item, press
from tests.video_files import RATE, number_of, write_video


@pytest.fixture
def compare(open_library, fill_library, qtbot):
    """Return a function that opens the comparison of videos as the key C does."""

    def start(*paths):
        fill_library(
            *(
                make_item(path.parent, number, media="video", path=str(path))
                for number, path in enumerate(paths)
            )
        )
        _studio, page = open_library()
        press(page, Qt.Key.Key_Right)
        press(page, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        press(page, Qt.Key.Key_C)
        qtbot.waitUntil(lambda: page.findChild(CompareWindow) is not None, timeout=PATIENCE)
        return page.findChild(CompareWindow)

    return start


def numbers(window):
    return [number_of(canvas.image.pixelColor(9, 9).red()) for canvas in window.content.canvases]


def ready(qtbot, window):
    players = window.content.players
    qtbot.waitUntil(lambda: all(one.frame is not None for one in players), timeout=PATIENCE)
    return players


def test_all_seek_step_and_play_together(compare, folder, qtbot):
    window = compare(
        write_video(folder / "a.mp4", tone=2.0),
        write_video(folder / "b.mp4", size=(48, 64)),
        write_video(folder / "c.webm", codec="libvpx-vp9", count=20),
    )
    players = ready(qtbot, window)
    content = window.content
    content.leader.set_muted(True)  # a machine without a device has the same clock
    content.leader.seek(10.5 / RATE)
    qtbot.waitUntil(lambda: numbers(window) == [10, 10, 10], timeout=PATIENCE)
    QTest.keyClick(content.canvases[1], Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: numbers(window) == [11, 11, 11], timeout=PATIENCE)
    QTest.keyClick(content.canvases[1], Qt.Key.Key_Comma)
    qtbot.waitUntil(lambda: numbers(window) == [10, 10, 10], timeout=PATIENCE)
    apart = []

    def note(seconds):
        if all(one.is_playing for one in players):
            apart.append(abs(players[1].position - seconds))

    content.leader.position_changed.connect(note)
    QTest.mouseClick(content.canvases[2], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: content.leader.position > 1.5, timeout=PATIENCE)
    assert players[2].state is PlayerState.PAUSED  # it is shorter
    assert apart
    assert sorted(apart)[len(apart) // 2] < 0.2
    QTest.keyClick(content.canvases[0], Qt.Key.Key_Space)
    position = content.leader.position
    qtbot.waitUntil(
        lambda: numbers(window) == [int(position * RATE + 1e-6)] * 2 + [19], timeout=PATIENCE
    )


def test_closing_ends_all_decoders_and_a_broken_file_is_named(compare, folder, qtbot):
    broken = folder / "broken.mp4"
    broken.write_bytes(b"nothing")
    window = compare(write_video(folder / "a.mp4"), broken)
    qtbot.waitUntil(
        lambda: window.content.players[0].frame is not None and window.content._reason.isVisible(),
        timeout=PATIENCE,
    )
    assert "broken.mp4 cannot be played" in window.content._reason.text()
    child = psutil.Process(window.content.leader.decoder_pid)
    window.close()
    psutil.wait_procs([child], timeout=PATIENCE / 1000)
    assert not child.is_running()
