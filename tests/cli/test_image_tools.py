"""`studio image-tool`, and the same tools in a batch: the real program with the real engine."""

import json

import numpy as np
import pytest
from PIL import Image

from studio.library.artifacts import read_recipe
from studio.media.image_reader import read_image
from tests.cli.programs import studio


@pytest.fixture
def photo(tmp_path):
    values = np.linspace(0, 255, 40, dtype=np.uint8)
    Image.fromarray(np.tile(values, (30, 1))).convert("RGB").save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_sides_are_added_by_the_command(photo, data, tmp_path):
    target = tmp_path / "wide.png"
    done = studio(
        *("image-tool", "outpaint", photo, "--left", 8, "--bottom", 6, "-o", target, "--json"),
        data=data,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["artifacts"][0]["path"] == str(target)
    made = np.asarray(read_image(target)[0])
    assert made.shape == (36, 48, 3)
    assert np.array_equal(made[:30, 8:], np.asarray(read_image(photo)[0]))
    assert "mirroring" in done.stdout
    assert read_recipe(target).request.left == 8


def test_rows_of_a_batch_extend_and_label(photo, data, tmp_path):
    rows = [
        "tool,image,right,label,position,opacity",
        "outpaint,photo.png,10,,,",
        "watermark,photo.png,,© Ann,top-left,1",
    ]
    (tmp_path / "rows.csv").write_text("\n".join(rows), encoding="utf-8")
    done = studio(
        *("batch", tmp_path / "rows.csv", "--kind", "image-tool", "-o", tmp_path / "made"),
        data=data,
    )
    assert done.returncode == 0, done.stderr
    made = {
        read_recipe(path).request.tool: np.asarray(read_image(path)[0])
        for path in (tmp_path / "made").rglob("*.png")
    }
    assert made["outpaint"].shape == (30, 50, 3)
    assert made["watermark"].shape == (30, 40, 3)
    assert not np.array_equal(made["watermark"], np.asarray(read_image(photo)[0]))


def test_what_is_missing_is_reported_before_anything_runs(photo, data):
    done = studio("--fake", "image-tool", "outpaint", photo, data=data)
    assert done.returncode == 2
    assert "at least one side" in done.stderr
    done = studio("--fake", "image-tool", "watermark", photo, data=data)
    assert done.returncode == 2
    assert "needs a text or a logo" in done.stderr
