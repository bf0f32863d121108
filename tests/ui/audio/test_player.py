"""Player and buffer, with miniaudio's NULL device and with a backend that does not exist here."""

import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QThread

from studio.ui.audio.device import AudioOutput, device_names
from studio.ui.audio.playback_buffer import PlaybackBuffer, as_int16
from studio.ui.audio.player import Player, PlayerState
from studio.ui.audio.preferred_device import use_device

RATE = 8_000
SILENT = ["NULL"]
ABSENT = ["ALSA" if sys.platform == "win32" else "WASAPI"]


def _tone(seconds: float, channels: int = 1) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * RATE)) / RATE)
    return np.repeat(wave.astype(np.float32)[:, None], channels, axis=1)


def _buffer(seconds: float, *, complete: bool = True) -> PlaybackBuffer:
    buffer = PlaybackBuffer(RATE, 1)
    buffer.append(_tone(seconds))
    buffer.complete = complete
    return buffer


@pytest.fixture
def player(qtbot):
    result = Player(backends=SILENT)
    yield result
    result.close()


def test_playback_stops_at_the_end(player, qtbot):
    places = []
    player.position_changed.connect(places.append)
    player.load(_buffer(0.4))
    assert player.state is PlayerState.STOPPED
    with qtbot.waitSignals(
        [player.state_changed, player.state_changed], timeout=5000
    ):  # PLAYING, STOPPED
        player.play()
        assert player.state is PlayerState.PLAYING
    assert player.state is PlayerState.STOPPED
    assert player.position == pytest.approx(0.4)
    assert places == sorted(places)
    assert len(places) > 3, "the cursor moves"


def test_playback_takes_the_audios_duration(player, qtbot):
    player.load(_buffer(0.8))
    begun = time.monotonic()
    with qtbot.waitSignals([player.state_changed, player.state_changed], timeout=5000):
        player.play()
    assert 0.5 < time.monotonic() - begun < 3


def test_play_at_the_end_restarts(player, qtbot):
    player.load(_buffer(0.5))
    player.seek(9)
    assert player.position == 0.5
    player.play()
    assert player.position < 0.5
    assert player.state is PlayerState.PLAYING


def test_play_continues_after_a_pause(player, qtbot):
    player.load(_buffer(5))
    player.play()
    qtbot.waitUntil(lambda: player.position > 0.1, timeout=5000)
    player.pause()
    assert player.state is PlayerState.STOPPED
    # The device may be taking its last period now; once it has stopped nothing moves any more.
    qtbot.waitUntil(lambda: not player._output._device.running, timeout=5000)
    position = player.position
    assert 0.1 < position < 2
    with qtbot.waitSignal(player.position_changed, timeout=5000):
        player.toggle()
    assert position <= player.position < position + 2


def test_seek_during_playback(player, qtbot):
    player.load(_buffer(60))
    player.play()
    qtbot.waitUntil(lambda: player.position > 0, timeout=5000)
    player.seek(30)
    assert player.position >= 30
    qtbot.waitUntil(lambda: player.position > 30.05, timeout=5000)
    player.seek(-5)
    assert player.position < 1


def test_playback_waits_for_audio_still_being_generated(player, qtbot):
    player.load(_buffer(0.2, complete=False))
    player.play()
    qtbot.waitUntil(lambda: player.position == pytest.approx(0.2), timeout=5000)
    assert player.state is PlayerState.PLAYING, "the end is not known yet"
    player.append(_tone(0.2))
    qtbot.waitUntil(lambda: player.position == pytest.approx(0.4), timeout=5000)
    with qtbot.waitSignal(player.state_changed, timeout=5000):
        player.finish()
    assert player.state is PlayerState.STOPPED


def test_load_replaces_audio_of_another_format(player, qtbot):
    player.load(_buffer(60))
    player.play()
    qtbot.waitUntil(lambda: player.position > 0, timeout=5000)
    other = PlaybackBuffer(16_000, 2)
    other.append(np.zeros((16_000, 2), np.int16))
    player.load(other)
    assert (player.state, player.position, player.length) == (PlayerState.STOPPED, 0, 1)
    player.play()
    qtbot.waitUntil(lambda: player.position > 0.1, timeout=5000)
    player.load(None)
    assert (player.state, player.position, player.length) == (PlayerState.EMPTY, 0, 0)


def test_missing_device_is_reported_and_load_retries(qtbot):
    player = Player(backends=ABSENT)
    player.load(_buffer(1))
    with qtbot.waitSignals([player.state_changed, player.state_changed], timeout=5000):
        player.play()
    assert player.state is PlayerState.UNAVAILABLE
    assert player.reason == "No audio device found."
    assert player.position == 0, "no cursor that pretends"
    player.play()
    player.toggle()
    assert player.state is PlayerState.UNAVAILABLE
    player.load(_buffer(1))
    assert player.state is PlayerState.STOPPED
    player.close()


def test_device_that_stops_reading_is_reported(player, qtbot, monkeypatch):
    monkeypatch.setattr("studio.ui.audio.player.SILENT_DEVICE_SECONDS", 0.2)
    player.load(_buffer(60))
    player.play()
    qtbot.waitUntil(lambda: player.position > 0, timeout=5000)
    with qtbot.waitSignal(player.state_changed, timeout=5000):
        player._output.stop()  # as if it had been unplugged
    assert player.state is PlayerState.UNAVAILABLE
    assert "does not respond" in player.reason


def test_empty_player_ignores_commands(player):
    player.play()
    player.toggle()
    player.pause()
    player.seek(3)
    player.append(_tone(1))
    player.finish()
    assert player.state is PlayerState.EMPTY


def test_signals_arrive_in_the_gui_thread(player, qtbot):
    threads = set()
    player.position_changed.connect(lambda _seconds: threads.add(QThread.currentThread()))
    player.state_changed.connect(lambda _state: threads.add(QThread.currentThread()))
    player.load(_buffer(0.2))
    with qtbot.waitSignals([player.state_changed, player.state_changed], timeout=5000):
        player.play()
    assert threads == {QCoreApplication.instance().thread()}


def test_hanging_audio_server_does_not_block_close():
    released = threading.Event()
    output = AudioOutput(lambda _reason: None, SILENT)

    def hang(*_shape):  # as PulseAudio can
        released.wait(30)
        raise RuntimeError("no answer")

    output._open = hang
    output.play(_buffer(1))
    begun = time.monotonic()
    output.close(timeout=0.2)
    assert time.monotonic() - begun < 5
    released.set()


def test_close_twice_and_play_after_close(qtbot):
    player = Player(backends=SILENT)
    player.load(_buffer(1))
    player.play()
    player.close()
    player.close()


# PlaybackBuffer
# ----------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 50), max_size=8),
    st.lists(st.integers(0, 60), max_size=12),
    st.integers(1, 2),
)
def test_buffer_reads_what_was_appended(sizes, takes, channels):
    buffer = PlaybackBuffer(RATE, channels)
    whole = np.arange(sum(sizes) * channels, dtype=np.int16).reshape(-1, channels)
    start = 0
    for size in sizes:
        buffer.append(whole[start : start + size])
        start += size
    taken = b"".join(buffer.read(count) for count in takes)
    assert taken == whole[: min(len(whole), sum(takes))].tobytes()
    assert buffer.position == min(len(whole), sum(takes))


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(-10, 300), st.integers(1, 300)
)
def test_buffer_reads_from_the_seek_position(sizes, position, count):
    buffer = PlaybackBuffer(RATE, 1)
    whole = np.arange(sum(sizes), dtype=np.int16)
    for part in np.split(whole, np.cumsum(sizes)[:-1]):
        buffer.append(part[:, None])
    buffer.seek(position)
    position = max(0, min(position, len(whole)))
    assert buffer.read(count) == whole[position : position + count].tobytes()


def test_samples_out_of_range_or_nan_are_clipped():
    samples = as_int16(np.array([0.5, 2.0, -7.0, np.nan, np.inf, -np.inf], np.float32))
    assert samples.tolist() == [16383, 32767, -32767, 0, 32767, -32767]


def test_append_and_read_in_two_threads_lose_nothing():
    buffer = PlaybackBuffer(RATE, 1)
    whole = np.arange(30_000, dtype=np.int16)
    taken = []

    def take_all():
        while sum(map(len, taken)) < 2 * len(whole):
            taken.append(buffer.read(37))

    taker = threading.Thread(target=take_all)
    taker.start()
    for part in np.array_split(whole, 500):
        buffer.append(part[:, None])
    taker.join(30)
    assert b"".join(taken) == whole.tobytes()


def test_audio_plays_on_the_chosen_device_or_the_default_one(qtbot, monkeypatch):
    import miniaudio

    (name,) = device_names(SILENT)
    opened = []
    device = miniaudio.PlaybackDevice

    def record(**options):
        opened.append(options["device_id"])
        return device(**options)

    monkeypatch.setattr(miniaudio, "PlaybackDevice", record)
    player = Player(backends=SILENT)
    try:
        for chosen in (name, "unplugged", ""):
            use_device(chosen)
            player.load(_buffer(0.2))
            player.play()
            qtbot.waitUntil(lambda: player.state is PlayerState.STOPPED, timeout=10_000)
        assert [one is not None for one in opened] == [True, False, False]
    finally:
        use_device("")
        player.close()
