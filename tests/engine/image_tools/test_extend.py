"""An image is extended by the model that drew it, and a photo by mirroring."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.jobs import new_job
from studio.core.requests import ImageToolRequest
from studio.engine.local import LocalEngine
from studio.library.artifacts import read_recipe
from studio.media.image_reader import read_image
from studio.media.masks.frame import seam_width
from studio.models.card import request_for
from studio.models.catalog import builtin_cards
from studio.preflight.checks import check
from tests.engine.image_tools.conftest import CARD
from tests.engine.runs import run_one


def array(path):
    return np.asarray(read_image(Path(path))[0])


def test_photo_stays_and_is_mirrored_more_softly_outwards(run, noise):
    outcome = run("outpaint", noise, left=60, top=3, right=20, bottom=50)
    (result,) = outcome.results
    assert result.pixels.shape == (60 + 3 + 50, 90 + 60 + 20, 3)
    source = array(noise)
    assert np.array_equal(result.pixels[3:63, 60:150], source)
    assert "mirroring" in outcome.notes[0]
    # The column next to the image is that of the image; noise becomes gray far from it.
    near, far = result.pixels[3:63, 59], result.pixels[3:63, 2]
    assert np.abs(near.astype(int) - source[:, 0]).mean() < 40
    assert far.std() < source.std() / 4


def test_one_side_alone_and_a_side_longer_than_the_image(changed, ball):
    made = changed("outpaint", ball, bottom=300)
    assert made.shape == (380, 120, 3)
    assert np.array_equal(made[:80], array(ball))


def test_transparency_is_continued(changed, tmp_path):
    image = Image.new("RGBA", (40, 30), (200, 40, 40, 255))
    image.paste((0, 0, 0, 0), (0, 0, 20, 30))
    image.save(tmp_path / "half.png")
    made = changed("outpaint", tmp_path / "half.png", left=10, right=10)
    assert made.shape == (30, 60, 4)
    assert not made[:, :30, 3].any()
    assert (made[:, 31:, 3] == 255).all()


def test_too_many_pixels_are_refused_before_the_job(ball, monkeypatch):
    monkeypatch.setattr("studio.preflight.images.MAX_RESULT_PIXELS", 20_000)

    def problems(**sides):
        request = ImageToolRequest(tool="outpaint", image=str(ball), **sides)
        return [one.field for one in check(CARD, request, lambda _kind, _name: CARD)]

    assert problems(left=100) == []
    assert problems(left=200) == ["left"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    from studio.core.paths import DataFolder

    folder = DataFolder(root=tmp_path_factory.mktemp("engine"))
    folder.create()
    made = LocalEngine(folder)
    yield made
    made.close()


def made_by(engine, request, folder):
    events = []
    run_one(engine, new_job(request, str(folder)), events.append)
    (artifact,) = events[-1].artifacts
    return Path(artifact.path), events[-1]


@pytest.fixture
def own(engine, tmp_path):
    """An image of the starter model."""
    card = next(card for card in builtin_cards() if card.name == "starter-image")
    request = request_for(card, {"prompt": "a red apple", "seed": 3})
    return made_by(engine, request, tmp_path)[0]


def test_model_that_drew_an_image_extends_it(engine, own, tmp_path):
    before = array(own)
    height, width = before.shape[:2]
    # Not a multiple of what the model draws, at both sides.
    request = ImageToolRequest(tool="outpaint", image=str(own), left=10, right=13, seed=5)
    path, event = made_by(engine, request, tmp_path)
    after = array(path)
    assert after.shape == (height, width + 23, 3)
    seam = seam_width(width)  # in which what is added fades out
    assert np.array_equal(after[:, 10 + seam : 10 + width - seam], before[:, seam : width - seam])
    assert "which drew the image" in event.statistics.notes[0]
    recipe = read_recipe(path)
    assert "starter-image" in recipe.weight_hashes
    again, _event = made_by(engine, request, tmp_path / "again")
    assert np.array_equal(array(again), after)


def test_size_that_the_model_cannot_draw_is_mirrored(engine, own, tmp_path):
    path, event = made_by(
        engine, ImageToolRequest(tool="outpaint", image=str(own), right=2000), tmp_path
    )
    assert array(path).shape[1] == array(own).shape[1] + 2000
    assert "mirroring" in event.statistics.notes[0]
