"""The decoder's process: what it sends, and what it sends only when allowed."""

import queue
import threading

import numpy as np
import pytest

from studio.media.video_decoder.messages import (
    BYTES_PER_AUDIO_FRAME,
    MAX_MESSAGE_BYTES,
    SAMPLING_RATE,
    Allow,
    AudioBlock,
    AudioEnded,
    Ended,
    Frame,
    GarbledError,
    Opened,
    Refused,
    Resize,
    Seek,
    pack,
    read_message,
)
from studio.media.video_decoder.process import DecoderProcess
from tests.video_files import RATE, number_of, write_video

PATIENCE = 60


class Decoder:
    def __init__(self, path):
        self.messages = queue.SimpleQueue()
        self.process = DecoderProcess(
            path,
            lambda message, data: self.messages.put((message, data)),
            lambda reason: self.messages.put((reason, b"")),
        )
        self.process.send(Resize(32, 32))

    def next(self):
        return self.messages.get(timeout=PATIENCE)

    def until(self, kind):
        """Return all messages up to the first of a kind."""
        found = []
        while not found or not isinstance(found[-1][0], kind):
            found.append(self.next())
        return found


@pytest.fixture
def open_decoder():
    opened = []

    def start(path):
        opened.append(Decoder(path))
        return opened[-1]

    yield start
    for one in opened:
        one.process.close()


def of(messages, kind):
    return [(message, data) for message, data in messages if isinstance(message, kind)]


def seconds_of(messages):
    size = sum(len(data) for _message, data in of(messages, AudioBlock))
    return size / BYTES_PER_AUDIO_FRAME / SAMPLING_RATE


def test_frames_are_sent_as_far_as_allowed(tmp_path, open_decoder):
    decoder = open_decoder(write_video(tmp_path / "a.mp4"))
    assert isinstance(decoder.next()[0], Opened)
    decoder.process.send(Seek(1, 1.0, 2))
    decoder.process.send(Resize(16, 16))
    decoder.process.send(Allow(1))
    frames = [decoder.next() for _number in range(3)]
    assert [round(frame.seconds * RATE) for frame, _data in frames] == [25, 26, 27]
    assert frames[0][0].generation == 1
    assert number_of(frames[0][1][2]) == 25
    assert (frames[2][0].width, frames[2][0].height) == (16, 12)
    decoder.process.send(Seek(2, 1.9, 9))
    messages = decoder.until(Ended)  # no other frame of the first seek
    assert [message.generation for message, _data in messages] == [2] * 4
    assert messages[-1][0].seconds == pytest.approx(2.0)


def test_late_frames_are_left_out_but_not_all(tmp_path, open_decoder):
    decoder = open_decoder(write_video(tmp_path / "a.mp4"))
    decoder.process.send(Seek(1, 0.0, 1))
    decoder.until(Frame)
    decoder.process.send(Allow(99, 0.0, 1.0))
    numbers = [round(frame.seconds * RATE) for frame, _data in of(decoder.until(Ended), Frame)]
    assert numbers == [5, 10, 15, 20, *range(25, 50)]


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.0, 2.0, 5.0])
def test_audio_takes_the_time_of_its_speed(tmp_path, open_decoder, speed):
    decoder = open_decoder(write_video(tmp_path / "a.mp4", tone=2.0))
    assert decoder.next()[0].has_audio
    decoder.process.send(Seek(1, 0.5, 1, 99.0, True, speed))
    messages = decoder.until(AudioEnded)
    assert seconds_of(messages) == pytest.approx(1.5 / speed, rel=0.06)
    samples = np.frombuffer(b"".join(data for _m, data in of(messages, AudioBlock)), np.int16)
    assert 6_000 < np.abs(samples).max() < 12_000
    left = samples[::2][4_800:-4_800].astype(float)
    crossings = np.count_nonzero(np.diff(np.sign(left))) / 2
    assert crossings / (len(left) / SAMPLING_RATE) == pytest.approx(440, rel=0.05)


def test_audio_is_sent_as_far_as_allowed(tmp_path, open_decoder):
    decoder = open_decoder(write_video(tmp_path / "a.webm", codec="libvpx-vp9", tone=2.0))
    decoder.process.send(Seek(1, 0.0, 0, 0.3, True))
    decoder.process.send(Seek(2, 0.0, 99))  # answered after all that the first one allows
    messages = decoder.until(Ended)
    assert seconds_of(messages) < 0.5


def test_audio_that_begins_later_follows_silence(tmp_path, open_decoder):
    decoder = open_decoder(write_video(tmp_path / "a.mp4", tone=1.0, tone_start=1.0))
    decoder.process.send(Seek(1, 0.4, 1, 99.0, True))
    data = b"".join(data for _m, data in of(decoder.until(AudioEnded), AudioBlock))
    loud = np.flatnonzero(np.abs(np.frombuffer(data, np.int16)) > 1_000)
    assert loud[0] / 2 / SAMPLING_RATE == pytest.approx(0.6, abs=0.05)


def test_a_refused_file_is_reported(tmp_path, open_decoder):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"nothing")
    message, _data = open_decoder(path).next()
    assert isinstance(message, Refused)
    assert "a.mp4 cannot be played" in message.message
    assert not message.is_decoder_missing


def test_without_pyav_the_reason_is_sent(tmp_path, open_decoder, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['av'] = None\n")
    path = write_video(tmp_path / "a.mp4")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    message, _data = open_decoder(path).next()
    assert isinstance(message, Refused)
    assert message.is_decoder_missing
    assert "studio[video]" in message.cure


def test_a_killed_decoder_is_reported_once_and_a_closed_one_is_not(tmp_path, open_decoder):
    import psutil

    decoder = open_decoder(write_video(tmp_path / "a.mp4"))
    decoder.next()
    psutil.Process(decoder.process.pid).kill()
    assert decoder.next()[0] == "The video decoder ended unexpectedly."
    closed = open_decoder(tmp_path / "a.mp4")
    closed.next()
    child = psutil.Process(closed.process.pid)
    closed.process.close()
    psutil.wait_procs([child], timeout=PATIENCE)
    assert not child.is_running()
    assert closed.messages.empty()
    assert decoder.messages.empty()


def test_process_ends_if_what_receives_is_gone(tmp_path, monkeypatch):
    import psutil

    children, raised = [], []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    called = threading.Event()

    def receive(_message, _data):
        children.extend((psutil.Process(process.pid), threading.current_thread()))
        called.set()
        raise RuntimeError("Internal C++ object already deleted.")

    process = DecoderProcess(write_video(tmp_path / "a.mp4"), receive, lambda _reason: None)
    assert called.wait(PATIENCE)
    child, thread = children
    thread.join(PATIENCE)
    assert not child.is_running()
    assert [one.exc_type for one in raised] == [RuntimeError]


@pytest.mark.parametrize("content", [b"abc", pack(Allow())[:-1], pack(Allow(), 10), b"\xff" * 8])
def test_bytes_that_are_no_message(tmp_path, content):
    path = tmp_path / "pipe"
    path.write_bytes(content)
    with path.open("rb", buffering=0) as file, pytest.raises(GarbledError):
        read_message(file)
    assert MAX_MESSAGE_BYTES < 1 << 20


@pytest.mark.parametrize(
    ("width", "height", "stride", "size", "fits"),
    [
        (2, 2, 8, 16, True),
        (2, 2, 12, 24, True),
        (2, 2, 8, 15, False),
        (2, 2, 7, 16, False),
        (0, 2, 8, 16, False),
        (-2, 2, -8, 16, False),
        (2, -2, 8, 16, False),
    ],
)
def test_frame_fits_its_data_or_is_not_used(width, height, stride, size, fits):
    assert Frame(1, 0.0, width, height, stride).fits(bytearray(size)) is fits
