"""Test video files: playable formats, exact colors and times, safe on full disks and kills."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.core.errors import StudioError
from studio.core.jobs import JobState, new_job
from studio.core.requests import VideoRequest
from studio.jobs.store import JobStore
from studio.library import artifacts
from studio.library.results import VideoResult
from studio.media import mp4, video
from studio.models.card import ModelCard

CARD = ModelCard(name="m", title="M", kind="video", runner="diffusers", sha256="abc")
NOISE = np.random.default_rng(0).integers(0, 256, (25, 64, 96, 3), dtype=np.uint8)
COLORS = [
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 255),
    (0, 0, 0),
    (128, 128, 128),
    (240, 180, 140),
]


def flat(colors=COLORS, each=4):
    """Frames of one color each."""
    frames = np.empty((len(colors) * each, 64, 96, 3), np.uint8)
    for number in range(len(frames)):
        frames[number] = colors[number // each]
    return frames


def job_for(folder, **values):
    return new_job(VideoRequest(**{"prompt": "一只猫", "seed": 1, **values}), str(folder))


def save(folder, frames=NOISE, **values):
    job = job_for(folder, **values)
    return job, artifacts.save(
        VideoResult(frames=frames, frame_rate=24, seed=1), job=job, card=CARD, versions={}
    )


def boxes(data):
    found, place = [], 0
    while place < len(data):
        found.append(data[place + 4 : place + 8])
        place += int.from_bytes(data[place : place + 4], "big")
    assert place == len(data)
    return found


def test_mp4_uses_the_format_that_every_player_supports():
    data = video.encode_video(NOISE, 24, "mp4", "{}")
    order = boxes(data)
    assert order.index(b"moov") < order.index(b"mdat"), "it can be shown before all of it is there"
    with av.open(io.BytesIO(data)) as file:
        (stream,) = file.streams.video
        context = stream.codec_context
        assert (context.name, context.pix_fmt, context.width, context.height) == (
            "h264",
            "yuv420p",
            96,
            64,
        )
        assert (stream.average_rate, stream.frames) == (24, 25)
        assert stream.duration * stream.time_base == Fraction(25, 24)
        assert file.metadata["comment"] == "{}"


def test_colors_are_those_that_were_made():
    data = video.encode_video(flat(), 24, "mp4", "")
    with av.open(io.BytesIO(data)) as file:
        (stream,) = file.streams.video
        context = stream.codec_context
        assert (
            context.color_primaries,
            context.color_trc,
            int(context.colorspace),
            int(context.color_range),
        ) == (1, 1, 1, 1)
        frames = list(file.decode(stream))
    for number, color in enumerate(COLORS):
        seen = (
            frames[4 * number + 2].to_ndarray(format="rgb24", src_colorspace="ITU709").astype(int)
        )
        assert np.abs(seen.mean((0, 1)) - color).max() < 4, color


@pytest.mark.parametrize("rate", [7, 24, 60])
def test_animated_webp_keeps_frames_and_times(rate):
    with Image.open(io.BytesIO(video.encode_video(flat(), rate, "webp", "{}"))) as file:
        assert file.n_frames == len(COLORS) * 4 or file.n_frames == len(
            COLORS
        )  # equal frames may be shown as one
        shown, first = 0, []
        for number in range(file.n_frames):
            file.seek(number)
            first.append(np.asarray(file.convert("RGB"))[32, 48])
            shown += file.info["duration"]
    assert shown == round(1000 * len(flat()) / rate)
    assert np.abs(first[0].astype(int) - COLORS[0]).max() < 30


def test_video_of_one_frame_is_saved(tmp_path):
    for file_format in ("mp4", "webp"):
        job, artifact = save(tmp_path, NOISE[:1], format=file_format)
        assert artifacts.read_recipe(Path(artifact.path)).request == job.request
        assert [found.sha256 for found in artifacts.find_complete(job)] == [artifact.sha256]


def test_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr(video.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(StudioError, match="need the package av") as told:
        video.encode_video(NOISE, 24, "mp4", "")
    assert 'pip install "studio[video]"' in told.value.cure
    assert video.encode_video(NOISE, 24, "webp", "")[:4] == b"RIFF"


def test_encoder_errors_are_reported_as_such():
    with pytest.raises(StudioError, match="could not be encoded"):
        video.encode_video(np.zeros((2, 63, 95, 3), np.uint8), 24, "mp4", "")


# Files that are not whole
# ----------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 20_000), value=st.integers(0, 255), cut=st.integers(0, 20_000))
def test_a_damaged_mp4_never_raises(tmp_path_factory, place, value, cut):
    folder = tmp_path_factory.mktemp("in")
    data = bytearray(MP4)
    data[place % len(data)] = value
    (folder / "v.mp4").write_bytes(data[: len(data) - cut % len(data)])
    artifacts.read_recipe(folder / "v.mp4")
    mp4.is_complete(folder / "v.mp4")


MP4 = video.encode_video(NOISE[:3, :16, :16], 24, "mp4", '{"a": 1}')


def test_endless_boxes_are_skipped(tmp_path):
    path = tmp_path / "v.mp4"
    for box in (
        b"\0\0\0\0free",
        b"\0\0\0\x08free",
        b"\0\0\0\x01free" + b"\0" * 8,
        b"\xff\xff\xff\xffmoov",
        b"\0\0\0\x04moov",
    ):
        path.write_bytes(box * 50_000)
        assert mp4.read_comment(path) is None
        assert not mp4.is_complete(path)


@pytest.mark.parametrize("file_format", ["mp4", "webp"])
def test_truncated_file_is_incomplete(tmp_path, file_format):
    job, artifact = save(tmp_path, format=file_format)
    path = Path(artifact.path)
    path.write_bytes(path.read_bytes()[:-1])
    assert artifacts.find_complete(job) == []


def test_comment_of_another_program_is_not_a_recipe(tmp_path):
    (tmp_path / "v.mp4").write_bytes(
        video.encode_video(NOISE[:2], 24, "mp4", "Made by somebody else")
    )
    assert mp4.read_comment(tmp_path / "v.mp4") == "Made by somebody else"
    assert artifacts.read_recipe(tmp_path / "v.mp4") is None


# A full disk, a kill
# ----------------------------------------------------------------------

SAVING = """
import resource, signal, sys
import numpy as np
from tests.media.test_video import save
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    save(sys.argv[1], format=sys.argv[2])
except OSError as error:
    sys.exit(7 if error.errno == 27 else 8)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
@pytest.mark.parametrize("file_format", ["mp4", "webp"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, file_format):
    done = subprocess.run(
        [sys.executable, "-c", SAVING, str(tmp_path), file_format], check=False, capture_output=True
    )
    assert done.returncode == 7, done.stderr
    assert list(tmp_path.iterdir()) == []


WRITING = """
import sys, time
from studio.core import files
from studio.core.jobs import Job
from studio.library import artifacts
from studio.library.results import VideoResult
from tests.media.test_video import CARD, NOISE
import msgspec
job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
def hang(*_given, **_more):
    print("written", flush=True)
    time.sleep(600)
if sys.argv[1] == "before":
    files.publish = hang
else:
    files.sync_folder = hang
artifacts.save(VideoResult(frames=NOISE, frame_rate=24, seed=1), job=job, card=CARD, versions={})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills are others there")
@pytest.mark.parametrize(
    ("moment", "state"), [("before", JobState.QUEUED), ("after", JobState.COMPLETED)]
)
def test_kill_while_saving_is_recovered_from_the_files(tmp_path, moment, state):
    """Before the file has its name the job waits again; from then on it is done."""
    out = tmp_path / "out"
    store = JobStore.open(tmp_path / "studio.db")
    (job,) = store.add([job_for(out)])
    store.take_next()
    with subprocess.Popen(
        [sys.executable, "-c", WRITING, moment], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdin.write(msgspec.json.encode(job))
        child.stdin.close()
        assert child.stdout.readline() == b"written\n"
        os.kill(child.pid, signal.SIGKILL)
    (settled,) = store.recover(artifacts.find_complete)
    assert settled.state is state
    assert settled.request.seed == 1
    artifacts.sweep_parts(out)
    left = [path.name for path in out.iterdir()]
    assert left == ([artifacts.file_name(job, 0)] if state is JobState.COMPLETED else [])
    store.close()


@pytest.mark.parametrize("file_format", ["webp", "mp4"])
def test_smaller_files_are_smaller(file_format):
    if not video.can_write(file_format):
        pytest.skip("av is not installed")
    high, small = (
        len(video.encode_video(NOISE, 24, file_format, "", quality))
        for quality in ("high", "small")
    )
    assert small < high
