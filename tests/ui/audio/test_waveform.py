"""The waveform's rendering and input, and the audio view with files and chunks."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPalette

from studio.core.events import AudioChunk
from studio.ui.audio.audio_view import AudioView
from studio.ui.audio.peaks import Peaks
from studio.ui.audio.playback_buffer import PlaybackBuffer
from studio.ui.audio.player import PlayerState
from studio.ui.audio.seconds import format_seconds
from studio.ui.audio.waveform import Waveform
from tests.ui.audio.test_player import ABSENT

RATE = 8_000


def _buffer(samples: np.ndarray, *, channels: int = 1, rate: int = RATE) -> PlaybackBuffer:
    buffer = PlaybackBuffer(rate, channels)
    buffer.append(samples.reshape(-1, channels))
    buffer.complete = True
    return buffer


def _burst() -> np.ndarray:
    """Return four seconds: silence, loud, silence, silence."""
    samples = np.zeros(4 * RATE, np.float32)
    samples[RATE : 2 * RATE] = 0.9 * np.sin(np.arange(RATE))
    return samples


@pytest.fixture
def waveform(qtbot):
    widget = Waveform()
    qtbot.addWidget(widget)
    _set_palette(widget, dark=False)
    widget.resize(400, 100)
    widget.show()
    return widget


def _set_palette(widget: Waveform, *, dark: bool) -> None:
    palette = widget.palette()
    palette.setColor(QPalette.ColorRole.Window, QColor("#1a1a1f" if dark else "#f5f5f7"))
    palette.setColor(QPalette.ColorRole.Accent, QColor("#655fe8"))
    palette.setColor(QPalette.ColorRole.PlaceholderText, QColor("#a5a5b2" if dark else "#5f5f6b"))
    widget.setPalette(palette)


def _heights(widget: Waveform, colors: set[int]) -> list[int]:
    """Return for each column the number of pixels with one of the colors."""
    image = widget.grab().toImage()
    return [
        sum(image.pixel(x, y) in colors for y in range(image.height()))
        for x in range(image.width())
    ]


def _color(widget: Waveform, role: QPalette.ColorRole) -> int:
    return widget.palette().color(role).rgb()


def test_waveform_is_high_where_audio_is_loud(waveform):
    waveform.set_buffer(_buffer(_burst()))
    heights = _heights(waveform, {_color(waveform, QPalette.ColorRole.PlaceholderText)})
    assert min(heights[105:195]) > 60
    assert max(heights[210:]) <= 3
    assert max(heights[5:95]) <= 3


@pytest.mark.parametrize("dark", [False, True])
def test_played_part_has_the_accent_color(waveform, dark):
    _set_palette(waveform, dark=dark)
    waveform.clearFocus()  # its frame has the accent's color too
    waveform.set_buffer(_buffer(np.full(4 * RATE, 0.8, np.float32)))
    waveform.set_position(2.0)
    played = _heights(waveform, {QColor("#655fe8").rgb()})
    rest = _heights(waveform, {_color(waveform, QPalette.ColorRole.PlaceholderText)})
    assert min(played[5:195]) > 20
    assert max(rest[5:195]) == 0
    assert min(rest[205:395]) > 20
    assert max(played[205:395]) == 0


def test_moving_the_cursor_does_not_render_again(waveform, qtbot):
    waveform.set_buffer(_buffer(_burst()))
    waveform.grab()
    drawn = waveform._rendered["rest"].cacheKey()
    for position in np.linspace(0, 4, 40):
        waveform.set_position(float(position))
        waveform.grab()
    assert waveform._rendered["rest"].cacheKey() == drawn


def test_waveform_grows_with_the_audio(waveform):
    buffer = PlaybackBuffer(RATE, 1)
    waveform.set_buffer(buffer)
    before = waveform.grab().toImage()
    buffer.append(np.full((RATE, 1), 0.8, np.float32))
    waveform.extend()
    one = waveform.grab().toImage()
    buffer.append(np.zeros((3 * RATE, 1), np.float32))
    waveform.extend()
    assert one != before
    heights = _heights(waveform, {_color(waveform, QPalette.ColorRole.PlaceholderText)})
    assert min(heights[5:95]) > 20
    assert max(heights[105:]) <= 3


def test_click_and_drag_request_a_seek(waveform, qtbot):
    asked = []
    waveform.seek_requested.connect(asked.append)
    qtbot.mouseClick(waveform, Qt.MouseButton.LeftButton, pos=QPoint(100, 50))
    assert asked == [], "there is nothing to seek in"
    waveform.set_buffer(_buffer(_burst()))
    qtbot.mouseClick(waveform, Qt.MouseButton.LeftButton, pos=QPoint(100, 50))
    qtbot.mouseClick(waveform, Qt.MouseButton.RightButton, pos=QPoint(300, 50))
    assert asked == [pytest.approx(1.0)]
    qtbot.mousePress(waveform, Qt.MouseButton.LeftButton, pos=QPoint(200, 50))
    qtbot.mouseMove(waveform, QPoint(300, 50))
    qtbot.mouseMove(waveform, QPoint(399, 50))
    qtbot.mouseRelease(waveform, Qt.MouseButton.LeftButton, pos=QPoint(399, 50))
    assert asked[1] == pytest.approx(2.0)
    assert max(asked) <= 4.0


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Qt.Key.Key_Left, 5.0),
        (Qt.Key.Key_Right, 15.0),
        (Qt.Key.Key_Home, 0.0),
        (Qt.Key.Key_End, 60.0),
    ],
)
def test_keys_request_a_seek(waveform, qtbot, key, expected):
    asked = []
    waveform.seek_requested.connect(asked.append)
    qtbot.keyClick(waveform, key)
    waveform.set_buffer(_buffer(np.zeros(60 * RATE, np.int16)))
    waveform.set_position(10.0)
    qtbot.keyClick(waveform, key)
    assert asked == [expected]


def test_keys_stay_within_the_audio(waveform, qtbot):
    asked = []
    waveform.seek_requested.connect(asked.append)
    waveform.set_buffer(_buffer(np.zeros(3 * RATE, np.int16)))
    waveform.set_position(1.0)
    qtbot.keyClick(waveform, Qt.Key.Key_Left)
    qtbot.keyClick(waveform, Qt.Key.Key_Right)
    assert asked == [0.0, 3.0]


def test_space_toggles_playback(waveform, qtbot):
    waveform.set_buffer(_buffer(_burst()))
    with qtbot.waitSignal(waveform.toggle_requested, timeout=1000):
        qtbot.keyClick(waveform, Qt.Key.Key_Space)


def test_waveform_is_accessible_by_keyboard(waveform):
    assert waveform.focusPolicy() == Qt.FocusPolicy.StrongFocus
    assert waveform.accessibleName() == "Waveform"
    waveform.set_buffer(_buffer(np.zeros(65 * RATE, np.int16)))
    assert waveform.accessibleDescription() == "0:00 of 1:05"


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 200), (4000, 3)])
def test_any_size_is_drawn(waveform, width, height):
    waveform.setMinimumSize(0, 0)
    waveform.set_buffer(_buffer(_burst()))
    waveform.resize(width, height)
    waveform.grab()


def test_an_hour_is_drawn_fast(waveform):
    buffer = PlaybackBuffer(24_000, 1)
    rng = np.random.default_rng(0)
    second = (rng.standard_normal(24_000 * 60) * 3000).astype(np.int16)[:, None]
    for _minute in range(60):
        buffer.append(second)
    waveform.resize(1600, 120)
    waveform.set_buffer(buffer)
    waveform.grab()
    begun = time.process_time()
    for number in range(10):
        waveform.resize(1600 + number, 120)  # each size is rendered again
        waveform.grab()
    assert (
        time.process_time() - begun
    ) / 10 < 0.2  # about 0.02 s on the machine where it was written
    begun = time.process_time()
    for number in range(100):
        waveform.set_position(36.0 * number)
        waveform.grab()
    assert (time.process_time() - begun) / 100 < 0.05


def test_format_seconds():
    assert [format_seconds(value) for value in (0, 5.9, 65, 3600, 36_061, -3)] == [
        "0:00",
        "0:05",
        "1:05",
        "1:00:00",
        "10:01:01",
        "0:00",
    ]


# Peaks
# ----------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 900), min_size=1, max_size=6),
    st.integers(1, 40),
    st.integers(1, 2),
    st.integers(0, 2**31),
)
def test_peaks_contain_minimum_and_maximum(sizes, width, channels, seed):
    rng = np.random.default_rng(seed)
    peaks = Peaks()
    parts = [rng.integers(-32768, 32768, (size, channels)).astype(np.int16) for size in sizes]
    for part in parts:
        peaks.append(part)
    whole = np.concatenate(parts)
    columns = peaks.columns(width)
    assert columns.shape == (2, width)
    assert peaks.frames == len(whole)
    if len(whole) >= 256 * width or (len(whole) and width == 1):
        assert columns[0].min() == np.float32(whole.min() / 32768)
        assert columns[1].max() == np.float32(whole.max() / 32768)
    assert (columns[0] <= columns[1]).all()


# The whole view
# ----------------------------------------------------------------------


@pytest.fixture
def view(qtbot):
    widget = AudioView(backends=["NULL"])
    qtbot.addWidget(widget)
    widget.resize(500, 160)
    widget.show()
    yield widget
    widget.close_device()


def _chunk(seconds: float, *, channels: int = 1) -> AudioChunk:
    wave = 0.4 * np.sin(np.arange(round(seconds * RATE) * channels)).astype("<f4")
    return AudioChunk(pcm=wave.tobytes(), sampling_rate=RATE, channels=channels)


def test_first_chunk_plays_while_the_rest_is_generated(view, qtbot):
    view.clear()
    assert not view.play_button.isEnabled()
    view.append_chunk(_chunk(0.3))
    assert view.player.state is PlayerState.PLAYING
    assert view.play_button.accessibleName() == "Pause"
    qtbot.waitUntil(lambda: view.player.position > 0.1, timeout=5000)
    view.append_chunk(_chunk(0.3))
    assert view.player.length == pytest.approx(0.6)
    assert view.waveform.length == pytest.approx(0.6)
    view.finish()
    qtbot.waitUntil(lambda: view.player.state is PlayerState.STOPPED, timeout=5000)
    assert view.player.position == pytest.approx(0.6)
    assert view.play_button.accessibleName() == "Play"


def test_next_chunk_keeps_the_player_paused(view, qtbot):
    view.append_chunk(_chunk(2))
    qtbot.waitUntil(lambda: view.player.position > 0, timeout=5000)
    qtbot.mouseClick(view.play_button, Qt.MouseButton.LeftButton)
    assert view.player.state is PlayerState.STOPPED
    view.append_chunk(_chunk(2))
    assert view.player.state is PlayerState.STOPPED


def test_click_in_the_waveform_seeks(view, qtbot):
    view.append_chunk(_chunk(20))
    view.player.pause()
    qtbot.mouseClick(
        view.waveform, Qt.MouseButton.LeftButton, pos=QPoint(view.waveform.width() // 2, 20)
    )
    assert view.player.position == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize(("suffix", "channels"), [("wav", 1), ("flac", 2), ("ogg", 1), ("mp3", 2)])
def test_all_audio_formats_are_loaded(view, qtbot, tmp_path, suffix, channels):
    import soundfile

    path = tmp_path / f"a 声音.{suffix}"
    soundfile.write(path, np.zeros((RATE, channels), np.float32), RATE)
    with qtbot.waitSignal(
        view.player.length_changed, timeout=5000, check_params_cb=lambda seconds: seconds > 0
    ):
        view.load(path)
    assert view.player.length == pytest.approx(1, abs=0.2)
    assert view.player.buffer.channels == channels
    assert view.player.state is PlayerState.STOPPED


@pytest.mark.parametrize("content", [b"", b"RIFF\x00\x00\x00\x00WAVE", b"not audio" * 100, None])
def test_unreadable_file_is_reported(view, qtbot, tmp_path, content):
    path = tmp_path / "broken.wav"
    if content is not None:
        path.write_bytes(content)
    with qtbot.waitSignal(view.failed, timeout=5000) as caught:
        view.load(path)
    assert "broken.wav cannot be played" in caught.args[0]
    assert not view.play_button.isEnabled()


def test_last_requested_file_is_shown(view, qtbot, tmp_path):
    import soundfile

    for seconds in (1, 2):
        soundfile.write(tmp_path / f"{seconds}.wav", np.zeros(seconds * RATE, np.float32), RATE)
    for seconds in (1, 2, 1, 2):
        view.load(tmp_path / f"{seconds}.wav")
    qtbot.waitUntil(lambda: view.player.length == 2, timeout=5000)


def test_missing_device_shows_that_the_file_was_saved(qtbot):
    view = AudioView(backends=ABSENT)
    qtbot.addWidget(view)
    view.append_chunk(_chunk(1))
    qtbot.waitUntil(lambda: view.player.state is PlayerState.UNAVAILABLE, timeout=5000)
    assert not view.play_button.isEnabled()
    assert view._reason.text() == "No audio device found. The file was saved."
    view.append_chunk(_chunk(1))
    assert view.waveform.length == pytest.approx(2), "it is drawn all the same"
    view.close_device()
