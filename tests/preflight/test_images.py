"""Checks of source images and masks against what a model supports."""

import msgspec
import pytest

from studio.core.requests import ImageRequest
from studio.models.card import ModelCard
from studio.models.catalog import entry_named
from studio.preflight.images import check_image_settings

SD = entry_named("stable-diffusion-1.5").card
KONTEXT = entry_named("flux.1-kontext-dev").card
FILL = entry_named("flux.1-fill-dev").card
EDIT = entry_named("qwen-image-edit").card
SANA = entry_named("sana-1.6b").card


@pytest.mark.parametrize(
    ("card", "values", "why"),
    [
        (SANA, {"image": "a.png"}, "makes images from text only"),
        (FILL, {}, "add an image"),
        (EDIT, {}, "add an image"),
        (FILL, {"image": "a.png"}, "add a mask"),
        (entry_named("kolors").card, {"image": "a.png", "mask_image": "m.png"}, "takes no mask"),
        (SD, {"image": "a.png", "num_inference_steps": 1}, "0.75 of 1 step is less than one step"),
        (
            SD,
            {"image": "a.png", "num_inference_steps": 10, "strength": 0.05},
            "0.05 of 10 steps is less",
        ),
        (SD, {"image": "a.png", "num_inference_steps": 2}, ""),
        (SD, {"num_inference_steps": 1}, ""),
        (SD, {"image": "a.png", "control_image": "c.png"}, "cannot be used together"),
        (KONTEXT, {"image": "a.png", "num_inference_steps": 1}, ""),
        (
            KONTEXT,
            {"image": "a.png", "mask_image": "m.png", "num_inference_steps": 1},
            "less than one step",
        ),
    ],
)
def test_unsupported_inputs_are_reported(card, values, why):
    problem = check_image_settings(card, ImageRequest(prompt="x", **values))
    assert why in problem.message if why else problem is None


def test_a_model_that_the_user_added_is_checked_by_its_family():
    mine = ModelCard(
        name="m", title="Mine", kind="image", runner="diffusers", family="StableDiffusionXLPipeline"
    )
    other = msgspec.structs.replace(mine, family="PixArtSigmaPipeline")
    request = ImageRequest(prompt="x", image="a.png", mask_image="m.png")
    assert check_image_settings(mine, request) is None
    assert check_image_settings(other, request).field == "image"
