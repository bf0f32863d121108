"""The frame for a thumbnail, and files that have none."""

import threading

import psutil
import pytest

from studio.core.errors import StudioError
from studio.media.video_decoder import grab_frame
from studio.media.video_decoder.grab_frame import grab_middle_frame
from tests.video_files import level, number_of, rotate_clockwise, write_video


def test_the_middle_frame_is_upright_and_small(tmp_path):
    path = write_video(tmp_path / "a.mp4", size=(640, 360))
    assert number_of(int(grab_middle_frame(path, 320)[9, 9, 0])) == 25
    rotate_clockwise(path)
    image = grab_middle_frame(path, 320)
    assert image.shape == (320, 180, 3)
    assert abs(image.astype(int) - level(25)).max() <= 3


@pytest.mark.parametrize("content", [b"", b"nothing"])
def test_a_damaged_file_is_an_error(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(StudioError, match=r"a\.mp4 cannot be played"):
        grab_middle_frame(path, 320)


def test_a_crash_of_the_decoder_is_an_error(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4")
    begun = threading.Event()

    class Crashing(grab_frame.DecoderProcess):
        def send(self, message):
            if isinstance(message, grab_frame.Seek):
                begun.set()
                psutil.Process(self.pid).kill()
            else:
                super().send(message)

    monkeypatch.setattr(grab_frame, "DecoderProcess", Crashing)
    with pytest.raises(StudioError, match="ended unexpectedly"):
        grab_middle_frame(path, 320)
    assert begun.is_set()


def test_the_process_ends(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    before = set(psutil.Process().children(recursive=True))
    grab_middle_frame(path, 320)
    started = set(psutil.Process().children(recursive=True)) - before
    _ended, left = psutil.wait_procs(started, timeout=60)
    assert not left
