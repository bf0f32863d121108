"""The video player on real files, driven with keys and the mouse."""

import os
import signal
import sys
import time

import psutil
import pytest
from PySide6.QtCore import QObject, QPoint, QSize, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from studio.ui.video.decoder_link import FRAMES_AHEAD
from studio.ui.video.player import DAMAGED, PlayerState
from studio.ui.video.video_view import VideoView
from tests.ui.chinese_texts import english_in, texts_of
from tests.ui.conftest import PATIENCE
from tests.video_files import RATE, number_of, write_video


@pytest.fixture
def open_view(qtbot):
    views = []

    def start(path, **options):
        view = VideoView(backends=["NULL"])
        views.append(view)
        qtbot.addWidget(view)
        view.resize(320, 300)
        view.show()
        with qtbot.waitExposed(view):
            view.load(path, **options)
        return view

    yield start
    for view in views:
        view.close_player()


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "a.mp4")


def painted(view) -> int:
    """Return the number of the frame that is painted."""
    image = view.canvas.grab().toImage()
    return number_of(image.pixelColor(image.width() // 2, image.height() // 2).red())


def wait_ready(qtbot, view):
    qtbot.waitUntil(lambda: view.player.frame is not None, timeout=PATIENCE)


def press(view, key):
    QTest.keyClick(view.canvas, key)


def button_of(view, text):
    return next(one for one in view.notice.findChildren(QPushButton) if one.text() == text)


def text_of(notice):
    return notice.accessibleName() if notice.isVisible() else ""


def test_the_first_frame_is_shown_and_nothing_moves(open_view, video, qtbot):
    view = open_view(video)
    assert view.player.state is PlayerState.LOADING
    wait_ready(qtbot, view)
    assert view.player.state is PlayerState.PAUSED
    assert painted(view) == 0
    assert view.controls.time.text() == "0:00.00 / 0:02"
    assert view.player.frame.image.width() <= 64
    assert not view.controls.mute_button.isEnabled()  # it has no audio


@pytest.mark.parametrize("number", [30, 1, 20, 49])
def test_seek_paints_the_frame_of_the_position(open_view, video, qtbot, number):
    view = open_view(video)
    wait_ready(qtbot, view)
    view.player.seek((number + 0.5) / RATE)
    qtbot.waitUntil(lambda: painted(view) == number, timeout=PATIENCE)


def test_a_click_on_the_slider_seeks(open_view, video, qtbot):
    view = open_view(video)
    wait_ready(qtbot, view)
    slider = view.controls.position
    middle = QPoint(slider.width() // 2, slider.height() // 2)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.waitUntil(lambda: abs(painted(view) - 25) <= 1, timeout=PATIENCE)
    assert view.player.position == pytest.approx(1.0, abs=0.05)


def test_keys_step_frame_by_frame_and_seek(open_view, video, qtbot):
    view = open_view(video)
    wait_ready(qtbot, view)
    press(view, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: painted(view) == 25, timeout=PATIENCE)
    for expected in (24, 23):
        press(view, Qt.Key.Key_Comma)
        qtbot.waitUntil(lambda expected=expected: painted(view) == expected, timeout=PATIENCE)
        assert view.player.position == pytest.approx(expected / RATE, abs=0.001)
    view.resize(330, 310)  # decodes the frame again, while it steps
    for _number in range(FRAMES_AHEAD + 4):  # more than are decoded ahead
        press(view, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: painted(view) == 23 + FRAMES_AHEAD + 4, timeout=PATIENCE)
    press(view, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: painted(view) == 49, timeout=PATIENCE)
    press(view, Qt.Key.Key_Period)
    press(view, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: painted(view) == 0, timeout=PATIENCE)
    press(view, Qt.Key.Key_Comma)
    assert view.player.position == 0.0


def test_space_plays_to_the_end_and_again(open_view, video, qtbot):
    view = open_view(video)
    wait_ready(qtbot, view)
    seconds = []
    view.player.frame_shown.connect(lambda frame: seconds.append(frame.seconds))
    press(view, Qt.Key.Key_Space)
    assert view.controls.play_button.accessibleName() == "Pause"
    qtbot.waitUntil(lambda: view.player.state is PlayerState.PAUSED, timeout=PATIENCE)
    assert view.player.is_over
    assert painted(view) == 49
    assert seconds == sorted(seconds)
    assert view.controls.play_button.accessibleName() == "Play"
    press(view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: painted(view) < 40, timeout=PATIENCE)


def test_loop_starts_again(open_view, tmp_path, qtbot):
    view = open_view(write_video(tmp_path / "a.mp4", count=5), plays=True)
    press(view, Qt.Key.Key_L)
    assert view.controls.loop_button.isChecked()
    seconds = []
    view.player.frame_shown.connect(lambda frame: seconds.append(frame.seconds))
    qtbot.waitUntil(lambda: seconds.count(0.0) >= 3, timeout=PATIENCE)
    assert view.player.is_playing


@pytest.mark.parametrize("with_audio", [False, True])
@pytest.mark.parametrize("index", [0, 2, 4])
def test_playback_takes_the_time_of_its_speed(open_view, tmp_path, qtbot, index, with_audio):
    tone = 1.0 if with_audio else 0.0
    view = open_view(write_video(tmp_path / "a.mp4", count=25, tone=tone))
    wait_ready(qtbot, view)
    speed = view.controls.speed
    speed.setCurrentIndex(index)
    speed.activated.emit(index)
    began = time.monotonic()
    view.player.play()
    qtbot.waitUntil(lambda: view.player.is_over, timeout=PATIENCE)
    assert time.monotonic() - began > 0.85 / speed.currentData()
    assert view.player.audio.reason == ""


def test_audio_is_the_clock(open_view, tmp_path, qtbot):
    view = open_view(write_video(tmp_path / "a.mp4", tone=2.0), plays=True)
    differences = []

    def compare(frame):
        if view.player.audio.is_running:
            differences.append(view.player.audio.position - frame.seconds)

    view.player.frame_shown.connect(compare)
    qtbot.waitUntil(lambda: view.player.is_over, timeout=PATIENCE)
    assert differences
    assert min(differences) >= -0.001, "no frame is shown before its audio"


def test_volume_and_mute(open_view, tmp_path, qtbot):
    view = open_view(write_video(tmp_path / "a.mp4", tone=2.0), plays=True)
    qtbot.waitUntil(lambda: view.player.audio.is_running, timeout=PATIENCE)
    press(view, Qt.Key.Key_M)
    assert view.controls.mute_button.accessibleName() == "Play with audio"
    assert view.controls.volume.value() == 0
    assert not view.player.audio.is_running
    assert view.player.is_playing
    view.controls.volume.setValue(40)
    assert not view.player.audio.is_muted
    qtbot.waitUntil(lambda: view.player.audio.is_running, timeout=PATIENCE)
    assert view.player.audio.volume == 0.4
    press(view, Qt.Key.Key_Down)
    assert view.controls.volume.value() == 30


def test_without_an_audio_device_it_plays_and_says_so(tmp_path, qtbot):
    view = VideoView(backends=["WINMM" if sys.platform != "win32" else "ALSA"])
    qtbot.addWidget(view)
    view.show()
    view.load(write_video(tmp_path / "a.mp4", tone=2.0), plays=True)
    try:
        qtbot.waitUntil(lambda: bool(view.player.audio.reason), timeout=PATIENCE)
        assert "No audio device" in view.controls.mute_button.toolTip()
        qtbot.waitUntil(lambda: view.player.is_over, timeout=PATIENCE)
    finally:
        view.close_player()


def test_a_killed_decoder_is_a_sentence_and_it_plays_again(open_view, video, qtbot):
    view = open_view(video, plays=True)
    qtbot.waitUntil(lambda: view.player.position > 0.2, timeout=PATIENCE)
    psutil.Process(view.player.decoder_pid).kill()
    qtbot.waitUntil(lambda: view.player.state is PlayerState.FAILED, timeout=PATIENCE)
    assert text_of(view.notice).startswith("The video decoder ended unexpectedly.")
    assert view.canvas.image.width() > 0  # the last frame stays
    assert not view.controls.play_button.isEnabled()
    press(view, Qt.Key.Key_Space)
    view.player.seek(1.0)
    again = button_of(view, "Try again")
    QTest.mouseClick(again, Qt.MouseButton.LeftButton)
    wait_ready(qtbot, view)
    assert text_of(view.notice) == ""
    assert painted(view) == 0


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
def test_a_stopped_decoder_does_not_block_the_window(open_view, video, qtbot):
    view = open_view(video)
    wait_ready(qtbot, view)
    os.kill(view.player.decoder_pid, signal.SIGSTOP)
    child = psutil.Process(view.player.decoder_pid)
    for number in range(200):
        view.player.seek(number / 100)
    view.player._decoder._on_hang()  # after 30 s without an answer
    assert "does not respond" in text_of(view.notice)
    psutil.wait_procs([child], timeout=PATIENCE / 1000)
    assert not child.is_running()


def test_another_video_and_the_end_stop_the_process(open_view, video, tmp_path, qtbot):
    view = open_view(video, plays=True)
    wait_ready(qtbot, view)
    first = psutil.Process(view.player.decoder_pid)
    view.load(write_video(tmp_path / "b.mp4", count=3))
    wait_ready(qtbot, view)
    second = psutil.Process(view.player.decoder_pid)
    assert first.pid != second.pid
    view.clear()
    assert view.canvas.image.isNull()
    psutil.wait_procs([first, second], timeout=PATIENCE / 1000)
    assert not first.is_running()
    assert not second.is_running()


def test_buffers_are_bounded(open_view, tmp_path, qtbot):
    view = open_view(write_video(tmp_path / "a.mp4", count=300, tone=12.0))
    wait_ready(qtbot, view)
    view.player.play()
    most_frames, most_audio = [], []

    def measure(_seconds):
        most_frames.append(len(view.player._frames))
        stream = view.player.audio._stream
        most_audio.append(stream.seconds_ahead if stream is not None else 0.0)

    view.player.position_changed.connect(measure)
    qtbot.waitUntil(lambda: view.player.position > 4.0, timeout=PATIENCE)
    assert max(most_frames) <= FRAMES_AHEAD
    assert 0 < max(most_audio) < 2.0


@pytest.mark.parametrize("content", [b"", b"nothing", b"\0\0\0\x18ftypmp42" + bytes(99)])
def test_a_damaged_file_keeps_its_poster(open_view, tmp_path, qtbot, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    view = open_view(path)
    poster = QImage(32, 24, QImage.Format.Format_RGB32)
    poster.fill(Qt.GlobalColor.red)
    view.set_poster(poster)
    qtbot.waitUntil(lambda: view.player.state is PlayerState.FAILED, timeout=PATIENCE)
    assert text_of(view.notice).startswith("a.mp4 cannot be played: ")
    image = view.canvas.grab().toImage()
    assert image.pixelColor(image.rect().center()) == Qt.GlobalColor.red


def test_a_cut_off_video_ends_early_with_a_sentence(open_view, tmp_path, qtbot):
    path = write_video(
        tmp_path / "a.mp4", count=200, options={"movflags": "+faststart"}, size=(320, 240)
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    view = open_view(path)
    wait_ready(qtbot, view)
    view.player.seek(7.0)
    qtbot.waitUntil(lambda: DAMAGED in text_of(view.notice), timeout=PATIENCE)
    assert view.player.length < 7.0


class Desktop(QObject):
    """Takes what would be opened by the desktop."""

    def __init__(self):
        super().__init__()
        self.opened = []

    @Slot(QUrl)
    def take(self, url):
        self.opened.append(url.toLocalFile())


def test_without_pyav_the_poster_and_what_to_install(
    open_view, video, tmp_path, qtbot, monkeypatch
):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['av'] = None\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    view = open_view(video)
    qtbot.waitUntil(lambda: view.player.state is PlayerState.FAILED, timeout=PATIENCE)
    assert "needs the package av" in text_of(view.notice)
    assert 'pip install "studio[video]"' in text_of(view.notice)
    assert not view.controls.isVisible()
    desktop = Desktop()
    QDesktopServices.setUrlHandler("file", desktop, "take")
    try:
        QTest.mouseClick(button_of(view, "Open in player"), Qt.MouseButton.LeftButton)
    finally:
        QDesktopServices.unsetUrlHandler("file")
    assert desktop.opened == [str(video)]


def test_full_screen_shares_the_player(open_view, tmp_path, qtbot):
    view = open_view(write_video(tmp_path / "a.mp4", size=(1280, 720), count=30))
    wait_ready(qtbot, view)
    press(view, Qt.Key.Key_F11)
    full = view.full_screen
    assert full.isFullScreen()
    qtbot.waitUntil(lambda: view.player.frame.image.width() > view.width(), timeout=PATIENCE)
    view.player.seek(10 / RATE)
    screen = full.video_screen
    qtbot.waitUntil(
        lambda: number_of(screen.canvas.image.pixelColor(9, 9).red()) == 10, timeout=PATIENCE
    )
    QTest.keyClick(screen.canvas, Qt.Key.Key_Space)
    assert view.player.is_playing
    QTest.keyClick(screen.canvas, Qt.Key.Key_Escape)
    assert view.full_screen is None
    qtbot.waitUntil(lambda: view.player.frame.image.width() <= view.width(), timeout=PATIENCE)


def test_a_larger_view_decodes_larger_frames(open_view, tmp_path, qtbot):
    view = open_view(write_video(tmp_path / "a.mp4", size=(1280, 720), count=5))
    wait_ready(qtbot, view)
    view.resize(960, 700)
    qtbot.waitUntil(
        lambda: view.player.frame.image.size() == QSize(view.canvas.width(), 540), timeout=PATIENCE
    )
    assert painted(view) == 0


def test_the_player_is_chinese(qtbot, chinese, open_view, video, tmp_path):
    view = open_view(video)
    wait_ready(qtbot, view)
    assert english_in(set(texts_of(view))) == []
    damaged = tmp_path / "坏.mp4"
    damaged.write_bytes(b"x" * 99)
    view.load(damaged)
    qtbot.waitUntil(lambda: view.player.state is PlayerState.FAILED, timeout=PATIENCE)
    reason = "Invalid data found when processing input"  # FFmpeg's own words
    texts = {text.replace(reason, "").replace(damaged.name, "") for text in texts_of(view)}
    assert english_in(texts) == []
