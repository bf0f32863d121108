"""Test `studio video` and batches of videos from the command line."""

import csv
from pathlib import Path

import pytest

from studio.library.artifacts import read_recipe
from studio.media.mp4 import is_complete
from tests.checkpoints.video import first_frame, make_ltx
from tests.cli.programs import studio

SMALL = ("--width", 64, "--height", 64, "--frames", 5, "--fps", 8, "--steps", 2)


@pytest.fixture
def fake(data):
    return lambda *arguments, **more: studio("--fake", *arguments, data=data, **more)


def test_video_is_saved_and_its_path_printed(fake, data):
    done = fake("video", "一只猫 walks", *SMALL, "--seed", 4)
    assert done.returncode == 0, done.stderr
    (path,) = data.outputs.glob("*.mp4")
    assert done.stdout == f"{path}\n"
    assert is_complete(path)
    request = read_recipe(path).request
    assert (request.prompt, request.num_frames, request.frame_rate, request.seed) == (
        "一只猫 walks",
        5,
        8,
        4,
    )


def test_output_suffix_selects_the_format_and_image_paths_are_relative(fake, tmp_path):
    first_frame(tmp_path)
    done = fake(
        "video",
        "go on",
        *SMALL,
        "--image",
        "first 首帧.png",
        "-o",
        tmp_path / "mine.webp",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    request = read_recipe(tmp_path / "mine.webp").request
    assert (request.format, request.image) == ("webp", str(tmp_path / "first 首帧.png"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--frames", "0"], "num_frames: must be at least 1"),
        (["--fps", "fast"], "frame_rate: 'fast' is not a whole number"),
        (["--image", "there-is-none.png"], "image: there-is-none.png does not exist"),
        (["--image", "music.mid"], "image: must be an image"),
        (["-o", "x.gif"], "cannot write .gif files"),
        (
            ["--width", "2048", "--height", "2048", "--frames", "900"],
            "more than 1,073,741,824 pixels",
        ),
    ],
)
def test_invalid_request_runs_nothing(fake, data, arguments, words):
    done = fake("video", "a cat", *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(data.outputs.rglob("*.*"))


def test_batch_of_videos_is_reported_and_resumed_without_duplicates(fake, tmp_path):
    first_frame(tmp_path)
    rows = [
        ["prompt", "kind", "width", "height", "frames", "fps", "steps", "image", "seed"],
        ["a cat walks", "video", 64, 64, 5, 8, 2, "", 1],
        ["a picture", "image", 64, 64, "", "", 2, "", 2],
        ["it begins here", "video", 64, 64, 9, 8, 2, "first 首帧.png", 3],
        ["it cannot", "video", 64, 64, 5, 8, 2, "gone.png", 4],
    ]
    with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    done = fake("batch", tmp_path / "rows.csv", "-o", tmp_path / "made", "--check")
    assert "gone.png does not exist" in done.stderr + done.stdout
    done = fake("batch", tmp_path / "rows.csv", "-o", tmp_path / "made")
    videos = sorted((tmp_path / "made").glob("*.mp4"))
    assert len(videos) == 2, done.stderr
    assert {read_recipe(path).request.prompt for path in videos} == {
        "a cat walks",
        "it begins here",
    }
    assert (tmp_path / "made" / "report.csv").is_file()
    before = {path: path.stat().st_mtime_ns for path in videos}
    done = fake("batch", tmp_path / "rows.csv", "-o", tmp_path / "made", "--resume")
    assert sorted((tmp_path / "made").glob("*.mp4")) == videos, done.stderr
    assert {path: path.stat().st_mtime_ns for path in videos} == before


def test_real_pipeline_runs_in_the_child_process(data, tmp_path):
    make_ltx(tmp_path / "ltx")
    assert studio("models", "add", tmp_path / "ltx", data=data).returncode == 0
    done = studio(
        "video",
        "a cat",
        "--width",
        32,
        "--height",
        32,
        "--frames",
        9,
        "--steps",
        2,
        "--seed",
        1,
        data=data,
    )
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    assert is_complete(path)
    assert read_recipe(path).model == "ltx"
    done = studio("video", "a cat", "--frames", 10, "--width", 32, "--height", 32, data=data)
    assert done.returncode == 2
    assert "choose 9 or 17" in done.stderr
