"""Requests for videos that are refused, before a model is loaded."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from studio.core.events import Failed, Finished, Progress
from studio.engine.video import generate as video
from studio.preflight import video as video_given
from studio.preflight.video import check_video
from tests.engine.video.runs import install, request, run_here


@pytest.mark.parametrize(
    ("name", "values", "field", "words"),
    [
        (
            "wan",
            {"num_frames": 10},
            "num_frames",
            "multiple of 4 frames and one more, not 10; choose 9 or 13",
        ),
        (
            "ltx",
            {"num_frames": 2},
            "num_frames",
            "multiple of 8 frames and one more, not 2; choose 1 or 9",
        ),
        (
            "wan",
            {"width": 40},
            "width",
            "40 is not a multiple of 16, which .* needs; choose 32 or 48",
        ),
        ("ltx", {"height": 16}, "height", "16 is not a multiple of 32, which .* needs; choose 32"),
        (
            "ltx",
            {"width": 2048, "height": 2048, "num_frames": 249},
            "num_frames",
            "take at least 41.8 GB .* this computer has",
        ),
        ("mochi", {"num_frames": 9}, "num_frames", "choose 7 or 13"),
        ("animatediff", {"num_frames": 33}, "num_frames", "at most 32 frames, not 33"),
        (
            "cogvideox-i2v",
            {"width": 64, "image": "x.png"},
            "width",
            "32 × 32 pixels only, not 64 × 32",
        ),
        ("wan", {"image": "x.png"}, "image", "from text only and takes no first frame"),
        ("wan-i2v", {}, "image", "needs a first frame"),
        ("ltx", {"image": "/nowhere/at all.png"}, "image", "all.png does not exist"),
    ],
)
def test_unsupported_requests_are_refused_before_loading(
    cards, monkeypatch, name, values, field, words
):
    monkeypatch.setattr(
        video_given.psutil, "virtual_memory", lambda: SimpleNamespace(total=32 << 30)
    )
    problem = check_video(cards(name), request(**values))
    assert problem is not None
    assert problem.field == field
    assert re.search(words, problem.message), problem.message


def test_the_engine_refuses_unsupported_requests_too(cards, data):
    install(data, cards("wan"))
    _job, events = run_here(data, request(num_frames=10))
    assert isinstance(events[-1], Failed)
    assert events[-1].failure.cause == "invalid"
    assert "choose 9 or 13" in events[-1].failure.message
    assert not list(data.outputs.iterdir())


def test_a_video_that_does_not_fit_into_memory_is_refused_with_both_numbers(
    cards, data, monkeypatch
):
    monkeypatch.setattr(video, "free_bytes", lambda _device: 300_000)
    install(data, cards("ltx"))
    _job, events = run_here(data, request())
    assert isinstance(events[-1], Failed)
    assert events[-1].failure.cause == "invalid"
    assert "0.0 GB are free" in events[-1].failure.message
    assert not [event for event in events if isinstance(event, Progress)]


def test_without_the_encoder_a_video_is_refused_before_it_runs(cards, data, monkeypatch):
    from studio.media import video as video_files

    monkeypatch.setattr(video_files.importlib.util, "find_spec", lambda _name: None)
    install(data, cards("ltx"))
    problem = check_video(cards("ltx"), request())
    assert problem is not None
    assert problem.field == "format"
    assert 'pip install "studio[video]"' in problem.message
    _job, events = run_here(data, request())
    assert isinstance(events[-1], Failed)
    assert not [event for event in events if isinstance(event, Progress)]
    _job, events = run_here(data, request(format="webp"))
    assert isinstance(events[-1], Finished)
