"""Odd and damaged sources: the clip is right, or a sentence says what is wrong."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.requests.video.project import (
    AudioPart,
    Captions,
    ImageClip,
    TitleClip,
    Transition,
    VideoClip,
)
from studio.engine.protocol import JobCancelledError
from tests.engine.clips.material import (
    RATE,
    audio_of,
    frames_of,
    gray,
    level_at,
    levels_of,
    project,
    render,
    tone,
    write_video,
)
from tests.engine.clips.test_render import near


def test_variable_frame_rate(tmp_path):
    times = [0, 100, 150, 700, 900]
    source = write_video(tmp_path / "vfr.mkv", [40, 80, 120, 160, 200], times=times)
    made = project(VideoClip(source=source, end=1.0))
    expected = [40, 80, *[120] * 5, 160, 160, 200]
    found = levels_of(render(made, tmp_path))
    near(found, expected[: len(found)])
    assert len(found) >= 9


def test_odd_size_ten_bits_and_no_audio(tmp_path):
    frames = [gray(level, (63, 47)) for level in (50, 100, 150, 200)]
    source = write_video(tmp_path / "odd.mkv", frames, codec="ffv1", pixels="yuv444p10le")
    made = project(VideoClip(source=source, fit="fill"))
    path = render(made, tmp_path)
    near(levels_of(path), [50, 100, 150, 200])
    with av.open(path) as file:
        assert not file.streams.audio


def test_video_of_a_phone_is_upright(tmp_path):
    frame = gray(0)
    frame[:, :32] = 255
    source = write_video(tmp_path / "plain.mp4", [frame] * 5)
    turned = tmp_path / "turned.mp4"
    with av.open(source) as before, av.open(str(turned), "w") as after:
        stream = after.add_stream_from_template(before.streams.video[0])
        for packet in before.demux(before.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                after.mux(packet)
    data = bytearray(turned.read_bytes())
    unit = (1 << 16).to_bytes(4, "big")
    matrix = unit + bytes(12) + unit + bytes(12) + (1 << 30).to_bytes(4, "big")
    quarter = bytes(4) + unit + bytes(4) + (-(1 << 16)).to_bytes(4, "big", signed=True)
    quarter += bytes(16) + (1 << 30).to_bytes(4, "big")
    at = data.index(matrix, data.index(b"tkhd"))
    data[at : at + 36] = quarter  # shown rotated by 90° clockwise
    turned.write_bytes(data)
    made = project(VideoClip(source=str(turned)), size=(48, 64))
    _time, pixels = frames_of(render(made, tmp_path))[0]
    assert pixels[:28].mean() > 240
    assert pixels[36:].mean() < 15


def test_eight_channels(tmp_path):
    source = write_video(tmp_path / "many.mkv", [0] * 10, audio=tone(1.0, channels=8), layout="7.1")
    found = audio_of(render(project(VideoClip(source=source)), tmp_path))
    assert found.shape[1] == 2
    assert level_at(found, 0.5, 440) > 0.1


def test_wav_and_voice_after_the_clips_end(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "voice.wav", tone(1.0, channels=1), RATE)
    made = project(
        TitleClip(text=" ", seconds=1.0),
        voice=(
            AudioPart(source=str(tmp_path / "voice.wav"), at=0.5),
            AudioPart(source=str(tmp_path / "voice.wav"), at=9.0),
        ),
    )
    found = audio_of(render(made, tmp_path))
    assert level_at(found, 0.2, 440) < 0.01
    assert abs(level_at(found, 0.8, 440) - 0.3 / 2**0.5) < 0.03  # one channel on two
    assert abs(len(found) / RATE - 1.0) < 0.05


def test_truncated_video_keeps_its_last_frame(tmp_path):
    noise = np.random.default_rng(1)
    frames = [noise.integers(0, 256, (48, 64, 3), np.uint8) for _frame in range(40)]
    source = write_video(tmp_path / "whole.mkv", frames)
    data = Path(source).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(data[: len(data) // 2])
    found = frames_of(render(project(VideoClip(source=str(cut))), tmp_path))
    assert len(found) >= 10
    assert found[-1][1].std() > 20  # a frame of the video, not the background


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 100])
def test_file_that_is_no_video_is_named(tmp_path, content):
    (tmp_path / "bad.mp4").write_bytes(content)
    with pytest.raises(StudioError, match=r"bad\.mp4"):
        render(project(VideoClip(source=str(tmp_path / "bad.mp4"))), tmp_path)
    assert not list(tmp_path.glob("made*"))
    assert not list(tmp_path.glob(".*"))


def test_missing_file_is_named_with_what_to_do(tmp_path):
    made = project(
        TitleClip(text="A"),
        ImageClip(source=str(tmp_path / "gone.png")),
        music=(AudioPart(source=str(tmp_path / "gone.mp3")),),
    )
    with pytest.raises(StudioError, match=r"gone\.png, .*gone\.mp3") as caught:
        render(made, tmp_path)
    assert "relink" in caught.value.cure


def test_start_after_the_end_is_a_sentence(tmp_path):
    source = write_video(tmp_path / "a.mp4", [0] * 10)
    with pytest.raises(StudioError, match="Clip 1 starts at 5"):
        render(project(VideoClip(source=source, start=5.0)), tmp_path)


def test_transitions_that_do_not_fit_are_a_sentence(tmp_path):
    fade = Transition(kind="crossfade", seconds=2.0)
    made = project(TitleClip(text="A", seconds=1.0), TitleClip(text="B", transition=fade))
    with pytest.raises(StudioError, match="Clip 1 is 1"):
        render(made, tmp_path)


@pytest.mark.parametrize("content", [b"", b"no times\n", b"1\n00:00:09,0 --> 00:00:01,0\nX\n"])
def test_captions_without_captions_show_none(tmp_path, content):
    (tmp_path / "a.srt").write_bytes(content)
    made = project(
        TitleClip(text=" ", seconds=0.3), captions=Captions(source=str(tmp_path / "a.srt"))
    )
    assert max(levels_of(render(made, tmp_path))) < 5


def test_enormous_captions_are_refused(tmp_path):
    with (tmp_path / "a.srt").open("wb") as file:
        file.truncate(100 << 20)
    made = project(TitleClip(text=" "), captions=Captions(source=str(tmp_path / "a.srt")))
    with pytest.raises(StudioError, match=r"a\.srt"):
        render(made, tmp_path)


def test_cancelled_clip_leaves_no_file(tmp_path):
    from studio.core.jobs import new_job
    from studio.core.requests import ClipRequest
    from studio.core.requests.video.project_file import encode_project
    from studio.engine.clips import generate
    from studio.engine.protocol import JobContext
    from studio.library import artifacts
    from studio.models.card import RENDERER

    made = project(TitleClip(text=" ", seconds=20.0))
    job = new_job(ClipRequest(project=encode_project(made)), str(tmp_path), "made")
    events = []
    context = JobContext(job, RENDERER, events.append, lambda: bool(events))
    result = next(generate.generate(context, RENDERER))
    with pytest.raises(JobCancelledError):
        artifacts.save(result, job=job, card=RENDERER, versions={})
    assert events[0].unit == "frame"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_os_error_and_leaves_no_file(tmp_path):
    """In a process of its own, whose files may have 20 kB at most."""
    script = f"""
import resource, signal
from pathlib import Path
import numpy as np
from fractions import Fraction
from studio.media.video_writer.open_writer import open_writer
from studio.media.video_writer.writer import VideoSpec
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
writer = open_writer(Path({str(tmp_path / "a.mp4")!r}), "mp4",
                     VideoSpec((320, 240), Fraction(10), has_audio=False, comment=""))
noise = np.random.default_rng(1)
try:
    for _ in range(30):
        writer.write_frame(noise.integers(0, 256, (240, 320, 4), np.uint8))
    writer.finish()
except OSError as error:
    print("refused", error.errno)
finally:
    writer.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("refused"), done.stderr
