"""Test `studio clip` with the real program."""

import json

import pytest
from PIL import Image

from studio.core.requests.video.project_file import read_project
from studio.library.artifacts import read_recipe
from studio.media import mp4
from tests.cli.programs import studio


@pytest.fixture
def images(tmp_path):
    for name, color in (("a", "red"), ("b", "blue")):
        Image.new("RGB", (80, 60), color).save(tmp_path / f"{name}.png")
    return tmp_path / "a.png", tmp_path / "b.png"


def new(images, tmp_path, data, *more):
    project = tmp_path / "kites.clip.json"
    done = studio(
        *("clip", "new", *images, "-o", project, "--size", "80x60", "--seconds", "0.5"),
        *("--fps", "10", "--transition", "crossfade", "--transition-seconds", "0.2", *more),
        data=data,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(project)
    return project


def test_project_is_made_and_rendered_by_the_engine(data, tmp_path, images):
    project = new(images, tmp_path, data, "--opening", "Kites")
    assert len(read_project(project).clips) == 3
    target = tmp_path / "kites.mp4"
    done = studio("clip", "render", project, "-o", target, "--json", data=data)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["prompt"] == "kites"
    assert made["statistics"]["unit"] == "frame"
    assert mp4.is_complete(target)
    assert read_recipe(target).model == "clips"
    again = studio("clip", "render", project, "-o", target, data=data)
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_missing_files_are_named_and_found_again(data, tmp_path, images):
    project = new(images, tmp_path, data)
    (tmp_path / "moved").mkdir()
    images[1].rename(tmp_path / "moved" / "b.png")
    done = studio("--fake", "clip", "render", project, "-o", tmp_path / "x.gif", data=data)
    assert done.returncode == 2
    assert "b.png" in done.stderr
    assert "relink" in done.stderr
    assert studio("clip", "relink", project, tmp_path / "moved", data=data).returncode == 0
    done = studio("--fake", "clip", "render", project, "-o", tmp_path / "x.gif", data=data)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.gif").read_bytes().startswith(b"GIF89a")


def test_batch_renders_projects(data, tmp_path, images):
    new(images, tmp_path, data)
    rows = tmp_path / "rows.csv"
    rows.write_text("kind,project,format\nclip,kites.clip.json,webp\nclip,gone.json,webp\n")
    done = studio("--fake", "batch", rows, "-o", tmp_path / "out", data=data)
    assert done.returncode == 1
    assert "line 3: project: gone.json cannot be read" in done.stderr
    (made,) = (tmp_path / "out").glob("*.webp")
    assert read_recipe(made).request.kind == "clip"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--size", "big"), "Write it as 1280x720"),
        (("--transition", "wipe"), "no transition"),
        (("--seconds", "0"), "not possible"),
    ],
)
def test_wrong_options_are_sentences(data, tmp_path, images, arguments, words):
    done = studio("clip", "new", *images, "-o", tmp_path / "x.json", *arguments, data=data)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (tmp_path / "x.json").exists()
