"""Clip projects: what a file may contain, and the sentences for what it may not."""

import json

import pytest

from studio.core.errors import InvalidRequestError, StudioError
from studio.core.requests import ClipRequest, build_request, resolve_files
from studio.core.requests.video.new_project import clips_of, relinked, with_frame
from studio.core.requests.video.project import (
    AudioPart,
    Captions,
    ClipProject,
    ImageClip,
    TitleClip,
    Transition,
    VideoClip,
    shown_seconds,
)
from studio.core.requests.video.project_file import (
    decode_project,
    encode_project,
    read_project,
    write_project,
)

CLIPS = [{"type": "title", "text": "A"}]


def test_a_project_comes_back_as_it_was_and_its_paths_are_relative(tmp_path):
    inside, outside = str(tmp_path / "a" / "b.mp4"), "/elsewhere/c.png"
    made = ClipProject(
        title="Kites",
        frame_rate=29.97,
        clips=(
            VideoClip(source=inside, start=1.5, reverse=True, crop=(0.1, 0.2, 0.5, 0.5)),
            ImageClip(source=outside, motion="zoom-in", transition=Transition(kind="slide")),
            TitleClip(text="终", fade_out=0.5),
        ),
        captions=Captions(source=str(tmp_path / "c.srt")),
        voice=(AudioPart(source=inside, at=2.0),),
    )
    write_project(tmp_path / "x.clip.json", made)
    stored = json.loads((tmp_path / "x.clip.json").read_text())
    assert stored["version"] == 1
    assert [clip.get("source") for clip in stored["clips"]] == ["a/b.mp4", outside, None]
    assert read_project(tmp_path / "x.clip.json") == made
    assert str(made.rate) == "30000/1001"
    assert made.sources["voice.0"] == inside


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("[1]", "is not a clip project"),
        ('{"version": 9, "new": 1}', "newer version of Studio"),
        ('{"clips": [{"type": "reel"}]}', "is not a clip project"),
        ('{"clips": [{"type": "title", "text": "A", "colour": "#ffffff"}]}', "colour"),
        ('{"clips": [{"type": "title", "text": "A", "color": "red"}]}', "color"),
        ('{"width": 641}', "width"),
    ],
)
def test_what_is_no_project(text, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        decode_project(text)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(StudioError, match=r"a\.json"):
        read_project(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "has no clips"),
        ({"clips": CLIPS, "width": 2560, "height": 2560}, "too large"),
        ({"clips": [*CLIPS, {"type": "video", "source": ""}]}, "clip 2 names no file"),
        (
            {"clips": [{"type": "video", "source": "a", "start": 3, "end": 2}]},
            "clip 1 ends before it starts",
        ),
        ({"clips": [{"type": "image", "source": "a", "crop": [0.5, 0, 0.6, 1]}]}, "crops outside"),
        ({"clips": CLIPS, "music": [{"source": "/m.wav", "start": 2, "end": 1}]}, "m.wav ends"),
        (
            {
                "clips": CLIPS,
                "captions": {"source": "a.srt", "cues": [{"start": 0, "end": 1, "text": "x"}]},
            },
            "choose one",
        ),
    ],
)
def test_contradictions_are_problems_of_the_request(values, words):
    with pytest.raises(InvalidRequestError, match=words):
        build_request(ClipRequest, {"project": json.dumps(values)})


def test_a_request_holds_the_project_with_absolute_paths(tmp_path):
    (tmp_path / "p.json").write_text(
        '{"title": "Kites", "clips": [{"type": "image", "source": "a.png"}]}'
    )
    values = resolve_files(ClipRequest, {"project": "p.json"}, tmp_path)
    request = build_request(ClipRequest, values)
    (clip,) = decode_project(request.project).clips
    assert clip.source == str(tmp_path / "a.png")
    assert request.prompt == "Kites"
    (tmp_path / "p.json").unlink()
    assert build_request(ClipRequest, {"project": request.project}) == request
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        resolve_files(ClipRequest, {"project": "p.json"}, tmp_path)


def test_lengths_of_clips():
    video = VideoClip(source="a", start=1.0, speed=2.0)
    assert shown_seconds(video, 5.0) == 2.0
    assert shown_seconds(VideoClip(source="a", end=9.0), 5.0) == 5.0
    assert shown_seconds(TitleClip(text="a", seconds=2.5), 0.0) == 2.5


def test_a_new_project_takes_files_in_their_order(tmp_path):
    fade = Transition(kind="crossfade")
    files = [tmp_path / "a.png", tmp_path / "b.MP4"]
    first, second = clips_of(files, seconds=2.0, transition=fade, moves=True)
    assert (first.motion, first.seconds, first.transition.kind) == ("zoom-in", 2.0, "cut")
    assert (second.source, second.transition) == (str(files[1]), fade)
    with pytest.raises(StudioError, match=r"c\.txt is neither"):
        clips_of([tmp_path / "c.txt"], seconds=2.0, transition=fade, moves=True)
    assert with_frame(ClipProject(), "640×360", 50.0).width == 640
    for size, rate in (("wide", None), ("641x360", None), ("640x360", 0.0)):
        with pytest.raises(StudioError):
            with_frame(ClipProject(), size, rate)


def test_missing_files_are_found_by_name(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.png").write_bytes(b"x")
    lost = ClipProject(clips=(ImageClip(source="/old/a.png"), VideoClip(source="/old/b.mp4")))
    found, missing = relinked(lost, tmp_path)
    assert found.clips[0].source == str(tmp_path / "new" / "a.png")
    assert missing == ["/old/b.mp4"]
    assert decode_project(encode_project(found)) == found
