"""The starter image model: every kind of input, all schedulers of its card, and bad input."""

import numpy as np
import pytest

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


@pytest.fixture(scope="module")
def stock():
    """The folder, loaded by diffusers alone as any program would."""
    import torch
    from diffusers import AutoPipelineForText2Image

    pipe = AutoPipelineForText2Image.from_pretrained(
        CARD.path, dtype=torch.float32, local_files_only=True
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def pixels_of(output):
    return np.asarray(output.images[0])


def test_text_to_image_by_diffusers_alone(stock):
    import torch

    output = stock(
        "a red apple",
        num_inference_steps=12,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(1),
    )
    assert is_red_thing_on_white(pixels_of(output))


def test_image_to_image_follows_the_prompt(stock):
    import torch
    from diffusers import AutoPipelineForImage2Image
    from PIL import Image, ImageDraw

    page = Image.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(page).ellipse(
        (SIDE // 8, SIDE // 6, SIDE * 7 // 8, SIDE * 15 // 16), fill=(60, 90, 230)
    )
    pipe = AutoPipelineForImage2Image.from_pipe(stock)
    pipe.set_progress_bar_config(disable=True)
    result = pixels_of(
        pipe(
            "a red apple",
            image=page,
            strength=0.9,
            num_inference_steps=20,
            guidance_scale=3.0,
            generator=torch.Generator().manual_seed(3),
        )
    )
    assert result.shape == (SIDE, SIDE, 3)
    assert is_red_thing_on_white(result), "the blue ball has become a red apple"


def test_inpainting_changes_masked_pixels_only(stock):
    import torch
    from diffusers import AutoPipelineForInpainting
    from PIL import Image, ImageDraw

    page = Image.fromarray(
        pixels_of(
            stock(
                "a red apple",
                num_inference_steps=12,
                guidance_scale=3.0,
                generator=torch.Generator().manual_seed(1),
            )
        )
    )
    mask = Image.new("L", (SIDE, SIDE), 0)
    ImageDraw.Draw(mask).rectangle((0, 0, SIDE, SIDE // 2 - 1), fill=255)
    pipe = AutoPipelineForInpainting.from_pipe(stock)
    pipe.set_progress_bar_config(disable=True)
    arguments = {"image": page, "mask_image": mask, "strength": 1.0, "width": SIDE, "height": SIDE}
    result = pixels_of(
        pipe(
            "a castle",
            num_inference_steps=12,
            guidance_scale=3.0,
            generator=torch.Generator().manual_seed(2),
            **arguments,
        )
    )
    change = np.abs(result.astype(int) - np.asarray(page)).mean((1, 2))
    assert change[: SIDE // 2 - 4].mean() > 4 * change[SIDE // 2 + 8 :].mean()


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
    [(CARD.min_side, CARD.min_side), (SIDE, CARD.max_side), (SIDE + 8, SIDE)],
)
def test_other_sizes_give_an_image(pipeline, width, height):
    assert draw(
        pipeline, "a red apple", width=width, height=height, num_inference_steps=4
    ).shape == (height, width, 3)


@pytest.mark.parametrize("width", [16, 512, 4096])
def test_sizes_that_the_model_was_not_trained_for_are_refused(pipeline, width):
    with pytest.raises(
        StudioError, match=f"must be {CARD.min_side} to {CARD.max_side}, not {width}"
    ):
        draw(pipeline, "a red apple", width=width)


def test_a_size_that_is_no_multiple_is_refused():
    with pytest.raises(InvalidRequestError):
        request_for(CARD, {"prompt": "a red apple", "width": 65})
