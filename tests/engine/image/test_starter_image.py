"""The starter image model: every kind of input, all schedulers of its card, and bad input."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from studio.core.errors import InvalidRequestError, StudioError
from studio.engine.image import generate as image
from studio.models.card import request_for
from studio.models.catalog import entry_named
from tests.engine.runs import run_job

CARD = entry_named("starter-image").card
SIDE = CARD.defaults["width"]


@pytest.fixture(scope="module")
def pipeline():
    return image.load(CARD)


def draw(pipeline, prompt, **values):
    request = request_for(CARD, {"prompt": prompt, "seed": 1, **values})
    return run_job(image, CARD, pipeline, request).results[0].pixels


def is_red_thing_on_white(pixels):
    """True for something red in the middle and nothing in the corners."""
    side = pixels.shape[0]
    middle = (
        pixels[side // 3 : -side // 4, side // 4 : -side // 4].reshape(-1, 3).astype(float).mean(0)
    )
    corners = np.concatenate(
        [pixels[:3, :3], pixels[:3, -3:], pixels[-3:, :3], pixels[-3:, -3:]]
    ).astype(float)
    return middle[0] > 150 and middle[0] > 1.8 * max(middle[1], middle[2]) and corners.mean() > 215


@pytest.mark.parametrize("scheduler", ["", *CARD.schedulers])
def test_every_scheduler_of_the_card_draws(pipeline, scheduler):
    assert is_red_thing_on_white(draw(pipeline, "a red apple", scheduler=scheduler))


@pytest.mark.parametrize("scheduler", ["heun"])
def test_a_scheduler_that_gives_noise_is_not_offered(pipeline, scheduler):
    with pytest.raises(StudioError, match="does not work with the scheduler"):
        draw(pipeline, "a red apple", scheduler=scheduler)


def test_images_have_crisp_edges(pipeline):
    """An edge is about two pixels wide: the steepest one changes half of the range in a pixel."""
    pixels = draw(pipeline, "a black cat").astype(float).mean(2)
    assert np.abs(np.diff(pixels, axis=1)).max() > 90


def save(folder, name, page):
    page.save(folder / name)
    return str(folder / name)


def test_image_to_image_follows_the_prompt(pipeline, tmp_path):
    page = Image.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(page).ellipse(
        (SIDE // 8, SIDE // 6, SIDE * 7 // 8, SIDE * 15 // 16), fill=(60, 90, 230)
    )
    path = save(tmp_path, "ball.png", page)
    values = {"image": path, "strength": 0.9, "num_inference_steps": 20, "seed": 3}
    result = draw(pipeline, "a red apple", **values)
    assert is_red_thing_on_white(result), "the blue ball has become a red apple"


def test_inpainting_changes_masked_pixels_only(pipeline, tmp_path):
    apple = draw(pipeline, "a red apple")
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[: SIDE // 2] = 255
    result = draw(
        pipeline,
        "a castle",
        image=save(tmp_path, "apple.png", Image.fromarray(apple)),
        mask_image=save(tmp_path, "mask.png", Image.fromarray(mask)),
        strength=1.0,
        seed=2,
    )
    assert np.array_equal(result[SIDE // 2 :], apple[SIDE // 2 :])
    assert np.abs(result[: SIDE // 2].astype(int) - apple[: SIDE // 2]).mean() > 10


def test_diffusers_alone_draws_small_images():
    import torch
    from diffusers import AutoPipelineForText2Image

    pipe = AutoPipelineForText2Image.from_pretrained(
        CARD.path, dtype=torch.float32, local_files_only=True
    )
    pipe.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(1)
    output = pipe("a red apple", num_inference_steps=12, guidance_scale=3.0, generator=generator)
    pixels = np.asarray(output.images[0])
    assert pixels.shape == (64, 64, 3)
    assert is_red_thing_on_white(pixels)


@pytest.mark.parametrize(
    "prompt",
    [
        "qwrtz xyzzy",
        "a very long wish " * 625,
        "🍎",
        "一只红苹果",
        "a 🍎 and 苹果",
        "<b>&amp;</b> %s {0}",
        "\u202eapple\u200b",
        "ÀÉÎ õ ß",
    ],
)
def test_any_prompt_gives_an_image(pipeline, prompt):
    pixels = draw(pipeline, prompt, num_inference_steps=3)
    assert pixels.shape == (SIDE, SIDE, 3)
    assert pixels.std() > 1


def test_a_prompt_without_a_readable_word_is_refused(pipeline):
    with pytest.raises(StudioError, match="knows none of the words"):
        draw(pipeline, "яблоко")
    with pytest.raises(InvalidRequestError, match="prompt"):
        request_for(CARD, {"prompt": ""})


@pytest.mark.parametrize(
    ("width", "height"),
    [
        (CARD.min_side, CARD.min_side),
        (CARD.max_side // 4, CARD.min_side),
        (CARD.drawn_side, CARD.max_side),
        (SIDE + 16, SIDE),
    ],
)
def test_other_sizes_give_an_image(pipeline, width, height):
    assert draw(
        pipeline, "a red apple", width=width, height=height, num_inference_steps=4
    ).shape == (height, width, 3)


@pytest.mark.parametrize(
    ("width", "limits"), [(16, "48 to 96"), (512, "192 to 384"), (4096, "192 to 384")]
)
def test_sizes_that_the_model_was_not_trained_for_are_refused(pipeline, width, limits):
    with pytest.raises(StudioError, match=f"must be {limits}, not {width}"):
        draw(pipeline, "a red apple", width=width)


def test_a_size_that_is_no_multiple_is_refused():
    with pytest.raises(InvalidRequestError):
        request_for(CARD, {"prompt": "a red apple", "width": 65})
