"""The formats of clips: how long they are, what they look like, and the recipe inside."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from studio.core.files import sha256_of
from studio.core.jobs import new_job
from studio.core.requests import ClipRequest
from studio.core.requests.video.project import TitleClip, VideoClip
from studio.core.requests.video.project_file import encode_project
from studio.library import artifacts
from studio.library.read_item import read_item
from studio.media.measures import measure
from tests.engine.clips.material import (
    audio_of,
    level_at,
    levels_of,
    project,
    render,
    run,
    tone,
    write_video,
)
from tests.engine.clips.test_render import STEPS, near


@pytest.fixture
def made(tmp_path):
    source = write_video(tmp_path / "steps.mp4", STEPS[:10], audio=tone(1.0))
    return project(VideoClip(source=source), TitleClip(text=" ", seconds=1.0))


def animation(path):
    """Return seconds and mean brightness of each frame that Pillow finds."""
    with Image.open(path) as image:
        found = []
        for number in range(image.n_frames):
            image.seek(number)
            level = float(np.asarray(image.convert("RGB")).mean())
            found.append((image.info["duration"] / 1000, round(level)))
        return found


@pytest.mark.parametrize("file_format", ["mp4", "webm"])
def test_videos_have_frames_and_audio(made, file_format, tmp_path):
    path = render(made, tmp_path, file_format)
    near(levels_of(path), [*STEPS[:10], *[0] * 10], within=4)
    assert abs(level_at(audio_of(path), 0.5, 440) - 0.3) < 0.04
    found = measure(Path(path))
    assert found is not None
    if file_format == "mp4":
        assert found == (64, 48, pytest.approx(2.0, abs=0.05))


@pytest.mark.parametrize("file_format", ["webp", "gif"])
def test_animations_have_frames_and_times(made, file_format, tmp_path):
    path = render(made, tmp_path, file_format)
    frames = animation(path)
    near([level for _seconds, level in frames], [*STEPS[:10], 0], within=4)
    durations = [seconds for seconds, _level in frames]
    assert durations == pytest.approx([*[0.1] * 10, 1.0])  # equal frames are one


def test_frames_of_a_gif_are_not_faster_than_browsers_show_them(tmp_path):
    clips = [
        TitleClip(text=" ", background=f"#{level:02x}{level:02x}{level:02x}", seconds=1 / 60)
        for level in range(0, 240, 4)
    ]
    frames = animation(render(project(*clips, rate=60), tmp_path, "gif"))
    assert min(seconds for seconds, _level in frames) >= 0.02
    assert sum(seconds for seconds, _level in frames) == pytest.approx(1.0, abs=0.011)
    levels = [level for _seconds, level in frames]
    assert all(before < after for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("file_format", ["mp4", "webm", "webp", "gif"])
def test_recipe_is_inside_and_a_second_run_finds_the_file(made, file_format, tmp_path):
    path = Path(render(made, tmp_path, file_format))
    recipe = artifacts.read_recipe(path)
    assert recipe.request == ClipRequest(project=encode_project(made), format=file_format)
    assert recipe.inputs == {"clips.0": sha256_of(tmp_path / "steps.mp4")}
    job = replace(new_job(recipe.request, str(tmp_path), "made"), id=recipe.job_id)
    (found,) = artifacts.find_complete(job)
    assert (found.path, found.sha256) == (str(path), sha256_of(path))
    item = read_item(path)
    assert (item.kind, item.media, item.prompt) == ("clip", "video", "T")
    assert item.parents == recipe.inputs
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert artifacts.find_complete(job) == []


def test_another_jobs_file_is_not_replaced(made, tmp_path):
    render(made, tmp_path)
    before = (tmp_path / "made.mp4").read_bytes()
    from studio.core.errors import StudioError

    with pytest.raises(StudioError, match="already exists"):
        render(made, tmp_path)
    assert (tmp_path / "made.mp4").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made.mp4", "steps.mp4"]


def test_statistics_and_thumbnail(made, tmp_path):
    from studio.library.thumbnails.make import thumbnail_of

    outcome = run(made, tmp_path)
    (result,) = outcome.results
    assert (outcome.statistics.units, outcome.statistics.unit) == (20, "frame")
    assert (result.video.duration, result.video.width) == (2.0, 64)
    result.video.write(tmp_path / "x.mp4", "", "high")
    assert thumbnail_of(result).startswith(b"\xff\xd8")
    assert outcome.progress[-1].step == outcome.progress[-1].total == 20
    assert outcome.progress[-1].preview is not None
