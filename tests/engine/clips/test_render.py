"""Clips are rendered as their projects say, on files that PyAV writes and reads."""

import numpy as np
import pytest
from PIL import Image

from studio.core.requests.video.project import (
    AudioPart,
    Captions,
    Cue,
    Ducking,
    ImageClip,
    TitleClip,
    Transition,
    VideoClip,
)
from tests.engine.clips.material import (
    RATE,
    SIZE,
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

STEPS = [20 + 10 * number for number in range(20)]
"""Levels of two seconds of video at 10 frames a second."""


@pytest.fixture
def steps(tmp_path):
    return write_video(tmp_path / "steps.mp4", STEPS)


def near(found, expected, within=3):
    assert len(found) == len(expected)
    assert np.abs(np.array(found) - np.array(expected)).max() <= within, (found, expected)


def test_parts_follow_each_other(steps, tmp_path):
    made = project(VideoClip(source=steps, start=0.5, end=1.0), VideoClip(source=steps, end=0.3))
    near(levels_of(render(made, tmp_path)), [*STEPS[5:10], *STEPS[:3]])


def test_speed_and_reverse(steps, tmp_path):
    made = project(
        VideoClip(source=steps, speed=2.0),
        VideoClip(source=steps, start=0.5, end=1.5, reverse=True),
        VideoClip(source=steps, end=0.4, speed=0.5),
    )
    slow = [level for level in STEPS[:4] for _twice in range(2)]
    near(levels_of(render(made, tmp_path)), [*STEPS[::2], *STEPS[5:15][::-1], *slow])


def test_a_long_video_goes_backward_in_pieces(tmp_path, monkeypatch):
    from studio.engine.clips import pixels

    monkeypatch.setattr(pixels, "_BUFFER_BYTES", 6 * 4 * SIZE[0] * SIZE[1])
    source = write_video(tmp_path / "long.mp4", STEPS * 2)
    made = project(VideoClip(source=source, reverse=True))
    near(levels_of(render(made, tmp_path)), (STEPS * 2)[::-1])


def test_another_frame_rate_repeats_or_leaves_out_frames(steps, tmp_path):
    twice = [level for level in STEPS for _twice in range(2)]
    near(levels_of(render(project(VideoClip(source=steps), rate=20), tmp_path)), twice)
    (tmp_path / "b").mkdir()
    half = render(project(VideoClip(source=steps), rate=5), tmp_path / "b")
    near(levels_of(half), STEPS[::2])


def test_crossfade_mixes_and_fades_begin_with_the_background(tmp_path):
    made = project(
        TitleClip(text=" ", background="#ffffff", seconds=1.0, fade_in=0.5),
        TitleClip(
            text=" ",
            background="#000000",
            seconds=1.0,
            transition=Transition(kind="crossfade", seconds=0.5),
        ),
    )
    expected = [0, 51, 102, 153, 204, 255, 204, 153, 102, 51, 0, 0, 0, 0, 0]
    near(levels_of(render(made, tmp_path)), expected)


@pytest.mark.parametrize(
    ("direction", "part"),
    [
        ("left", np.s_[:, 40:]),
        ("right", np.s_[:, :24]),
        ("up", np.s_[32:, :]),
        ("down", np.s_[:16, :]),
    ],
)
def test_slide_moves_the_next_clip_in(direction, part, tmp_path):
    made = project(
        TitleClip(text=" ", background="#000000", seconds=1.0),
        TitleClip(
            text=" ",
            background="#ffffff",
            seconds=1.0,
            transition=Transition(kind="slide", seconds=1.0, direction=direction),
        ),
    )
    _time, pixels = frames_of(render(made, tmp_path))[4]
    assert pixels[part].mean() > 240
    assert 80 < pixels.mean() < 120  # four tenths


@pytest.fixture
def corners(tmp_path):
    """An image with white, red, green and blue corners, clockwise from the top left."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:24, :32], pixels[:24, 32:] = (255, 255, 255), (255, 0, 0)
    pixels[24:, 32:], pixels[24:, :32] = (0, 255, 0), (0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "corners.png")
    return str(tmp_path / "corners.png")


def colors(pixels):
    """Return the names of the colors at the corners, clockwise, and of the right edge."""
    names = {(1, 1, 1): "w", (1, 0, 0): "r", (0, 1, 0): "g", (0, 0, 1): "b", (0, 0, 0): "-"}
    height, width = pixels.shape[:2]
    places = [(4, 4), (4, width - 5), (height - 5, width - 5), (height - 5, 4)]
    return "".join(names[tuple((pixels[place] > 128).astype(int).tolist())] for place in places)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, "wrgb"),
        ({"rotate": 90, "fit": "fill"}, "bwrg"),
        ({"rotate": 180}, "gbwr"),
        ({"rotate": 90, "fit": "pad"}, "----"),
        ({"crop": (0.5, 0.0, 0.5, 0.5)}, "rrrr"),
        ({"crop": (0.5, 0.0, 0.5, 1.0), "fit": "fill"}, "rrgg"),
    ],
)
def test_crop_rotate_and_pad(corners, values, found, tmp_path):
    clip = ImageClip(source=corners, seconds=0.2, **values)
    _time, pixels = frames_of(render(project(clip), tmp_path))[0]
    assert colors(pixels) == found


def test_images_move(corners, tmp_path):
    clip = ImageClip(source=corners, seconds=2.0, motion="pan-right")
    frames = [pixels for _time, pixels in frames_of(render(project(clip), tmp_path))]
    edges = [int((pixels[8, :, 1] > 128).sum()) for pixels in frames]
    # The white corner leaves to the left, evenly.
    assert edges[0] > edges[10] > edges[-1]
    assert abs((edges[0] - edges[10]) - (edges[10] - edges[-1])) <= 2


def test_captions_are_seen_when_they_are_due(tmp_path):
    source = tmp_path / "captions.srt"
    source.write_text(
        "1\n00:00:00,500 --> 00:00:01,000\nHello\n\n2\n00:00:01,2 --> 00:00:01,6\n好\n"
    )
    made = project(
        TitleClip(text=" ", seconds=2.0),
        rate=25,
        size=(160, 120),
        captions=Captions(source=str(source), size=0.1),
    )
    frames = frames_of(render(made, tmp_path))
    seen = [time for time, pixels in frames if pixels[60:].max() > 150]
    assert not any(pixels[:60].max() > 30 for _time, pixels in frames)
    first = [time for time in seen if time < 1.1]
    second = [time for time in seen if time >= 1.1]
    for found, due in ((first, (0.5, 1.0)), (second, (1.2, 1.6))):
        assert abs(min(found) - due[0]) <= 0.04
        assert abs(max(found) + 0.04 - due[1]) <= 0.04


def test_long_captions_stay_inside_the_frame(tmp_path):
    text = "A sentence that is far too long for one line of such a small frame " * 2
    made = project(
        TitleClip(text=" ", seconds=0.2),
        size=(160, 120),
        captions=Captions(cues=(Cue(start=0, end=1, text=text),)),
    )
    _time, pixels = frames_of(render(made, tmp_path))[0]
    assert pixels[:, 8:-8].max() > 150
    assert max(pixels[:, :6].max(), pixels[:, -6:].max(), pixels[-3:].max()) < 60


def test_audio_stays_with_the_video(tmp_path):
    """A flash and a click at the same time of the source, in three parts of a clip."""
    frames = [gray(0)] * 30
    frames[20] = gray(255)
    samples = np.zeros((3 * RATE, 2))
    samples[2 * RATE : 2 * RATE + 240] = 0.9
    source = write_video(tmp_path / "flash.mp4", frames, audio=samples)
    part = VideoClip(source=source, start=0.35, end=2.85)
    made = project(*[part] * 12, rate=29.97)
    path = render(made, tmp_path)
    shown = frames_of(path)
    flashes = [
        time
        for (time, pixels), (_before, earlier) in zip(shown[1:], shown, strict=False)
        if pixels.mean() > 128 > earlier.mean()
    ]
    loud = np.flatnonzero(np.abs(audio_of(path)[:, 0]) > 0.4) / RATE
    clicks = [time for time, gap in zip(loud, np.diff(loud, prepend=-1), strict=True) if gap > 1]
    assert len(flashes) == len(clicks) == 12
    drifts = [abs(flash - click) for flash, click in zip(flashes, clicks, strict=True)]
    assert max(drifts) <= 1001 / 30_000 + 0.005, drifts


def test_music_is_quieter_under_the_voice(tmp_path):
    music = write_video(tmp_path / "music.mp4", [0, 0], audio=tone(1.0, 440))
    spoken = np.concatenate([tone(1.0, 1000), np.zeros((RATE, 2), np.float32)])
    voice = write_video(tmp_path / "voice.mp4", [0, 0], audio=spoken)
    made = project(
        TitleClip(text=" ", seconds=5.0),
        voice=(AudioPart(source=voice, at=2.0),),
        music=(AudioPart(source=music, loop=True),),
        ducking=Ducking(volume=0.25, seconds=0.3),
    )
    found = audio_of(render(made, tmp_path))
    assert abs(len(found) / RATE - 5.0) < 0.05
    assert abs(level_at(found, 2.5, 1000) - 0.3) < 0.03
    assert abs(level_at(found, 1.4, 440) - 0.3) < 0.03
    assert abs(level_at(found, 2.5, 440) - 0.075) < 0.02
    assert abs(level_at(found, 4.4, 440) - 0.3) < 0.03  # the voice's silence does not count


def test_audio_of_a_video_follows_speed_volume_and_transition(tmp_path):
    source = write_video(tmp_path / "a.mp4", [0] * 20, audio=tone(2.0))
    other = write_video(tmp_path / "b.mp4", [0] * 20, audio=tone(2.0, 1500))
    made = project(
        VideoClip(source=source, speed=2.0, volume=0.5),
        VideoClip(source=other, transition=Transition(kind="crossfade", seconds=0.4)),
    )
    found = audio_of(render(made, tmp_path))
    assert abs(level_at(found, 0.3, 440) - 0.15) < 0.03
    assert level_at(found, 0.3, 1500) < 0.02
    assert 0.05 < level_at(found, 0.8, 1500) < 0.25
    assert abs(level_at(found, 1.6, 1500) - 0.3) < 0.03
