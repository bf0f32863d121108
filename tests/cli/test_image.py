"""Test `studio image` with the starter model: text-to-image, img2img and inpainting."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from studio.batch.plan import read_batch
from studio.library.artifacts import read_recipe
from studio.models.registry import ModelRegistry
from tests.cli.programs import studio


@pytest.fixture
def ball(tmp_path):
    page = Image.new("RGB", (512, 256), "white")
    ImageDraw.Draw(page).ellipse((144, 16, 368, 240), fill=(60, 90, 230))
    page.save(tmp_path / "ball.png")
    mask = Image.new("L", (512, 256), 0)
    ImageDraw.Draw(mask).rectangle((0, 0, 511, 127), fill=255)
    mask.save(tmp_path / "mask.png")
    return tmp_path / "ball.png"


def test_image_to_image_and_inpainting(data, tmp_path, ball):
    words = ("image", "a red apple", "--seed", 3, "--steps", 10)
    done = studio(
        *words, "--image", "ball.png", "--strength", 0.9, "-o", "apple.png", data=data, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "ball.png: Cropped at the sides to 256 × 256." in done.stderr
    recipe = read_recipe(tmp_path / "apple.png")
    assert recipe.request.image == str(ball)
    assert set(recipe.inputs) == {"image"}
    red, green, blue = (
        np.asarray(Image.open(tmp_path / "apple.png"))[96:192, 80:176]
        .reshape(-1, 3)
        .astype(float)
        .mean(0)
    )
    assert red > 1.5 * max(green, blue), "the blue ball has become a red apple"
    done = studio(
        *words,
        "--image",
        ball,
        "--mask",
        tmp_path / "mask.png",
        "--strength",
        1,
        "-o",
        tmp_path / "half.png",
        data=data,
    )
    assert done.returncode == 0, done.stderr
    made, given = (
        np.asarray(Image.open(tmp_path / "half.png")),
        np.asarray(Image.open(ball))[:, 128:384],
    )
    assert np.array_equal(made[128:], given[128:])
    assert not np.array_equal(made[:128], given[:128])


def test_unsupported_source_options_are_refused(data, tmp_path, ball):
    for options, words in (
        (("--image", tmp_path / "gone.png"), "gone.png does not exist"),
        (("--mask", tmp_path / "mask.png"), "needs an image"),
        (("--image", ball, "--steps", 2, "--strength", 0.3), "less than one step"),
        (("--image", ball, "--strength", 0), "strength: must be above 0"),
    ):
        done = studio("image", "a red apple", *options, data=data)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert not list(data.outputs.rglob("*.*"))


def test_batch_rows_resolve_image_paths_from_the_batch_file(data, tmp_path, ball):
    rows = [
        {"prompt": "a red apple", "image": "ball.png", "mask": "mask.png", "strength": 0.5},
        {"prompt": "a red apple", "image": "gone.png"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    good, bad = read_batch(path, ModelRegistry(data).find, kind="image").rows
    assert (good.request.image, good.request.mask_image) == (str(ball), str(tmp_path / "mask.png"))
    assert good.request.strength == 0.5
    assert bad.message == "image: gone.png does not exist."


def test_a_recipe_outside_the_file_is_found_by_the_library_and_not_in_the_file(data, tmp_path):
    for words in (("recipe_in_files", "off"), ("image_format", "jpg")):
        assert studio("settings", "set", *words, data=data).returncode == 0
    done = studio("image", "a green ball", "--steps", 2, "-o", tmp_path / "ball.jpg", data=data)
    assert done.returncode == 0, done.stderr
    content = (tmp_path / "ball.jpg").read_bytes()
    assert b"green" not in content
    assert "green".encode("utf-16-be") not in content
    assert read_recipe(tmp_path / "ball.jpg").request.prompt == "a green ball"
    found = studio("library", "search", "green", "--json", data=data)
    assert [item["prompt"] for item in json.loads(found.stdout)["items"]] == ["a green ball"]


def test_compressed_files_are_smaller_with_the_setting(data, tmp_path):
    sizes = []
    for quality in ("high", "small"):
        assert studio("settings", "set", "compressed_quality", quality, data=data).returncode == 0
        path = tmp_path / f"{quality}.jpg"
        words = ("a green ball", "--steps", 2, "--seed", 5, "-o", path)
        done = studio("image", *words, data=data)
        assert done.returncode == 0, done.stderr
        sizes.append(path.stat().st_size)
    assert sizes[1] < sizes[0]
