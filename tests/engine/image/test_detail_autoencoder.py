"""A model with a decoder for large images: the starter's parts, and a tiny decoder of noise."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from studio.core.errors import StudioError
from studio.engine.image import generate as image
from studio.engine.image.detail_autoencoder import DetailAutoencoder
from studio.engine.image.load import DETAIL_FOLDER
from studio.models.card import request_for
from studio.models.catalog import entry_named
from tests.engine.runs import run_job

STARTER = entry_named("starter-image").card
SIDE = 256
FACTOR = 16


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    from diffusers import AutoencoderTiny

    folder = tmp_path_factory.mktemp("model") / "model"
    shutil.copytree(
        STARTER.path, folder, ignore=lambda _folder, _names: [DETAIL_FOLDER], symlinks=True
    )
    torch.manual_seed(0)
    small = AutoencoderTiny.from_pretrained(folder / "vae")
    large = DetailAutoencoder(channels=(8, 8, 8), blocks=(1, 0, 0))
    large.encoder.load_state_dict(small.encoder.state_dict())
    large.decoder.small.load_state_dict(small.decoder.state_dict())
    large.half().save_pretrained(folder / DETAIL_FOLDER)
    return msgspec.structs.replace(
        STARTER,
        path=str(folder),
        min_side=48,
        max_side=384,
        drawn_side=192,
        size_multiple=FACTOR,
        defaults={**STARTER.defaults, "width": SIDE, "height": SIDE, "num_inference_steps": 3},
    )


@pytest.fixture(scope="module")
def pipeline(card):
    return image.load(card)


def draw(pipeline, card, **values):
    request = request_for(card, {"prompt": "a red apple", "seed": 1, **values})
    return run_job(image, card, pipeline, request).results[0].pixels


def noise(folder, width, height):
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    path = folder / "source.png"
    Image.fromarray(pixels).save(path)
    return path, pixels


def test_latents_are_those_of_the_reduced_image(pipeline, card):
    from diffusers import AutoencoderTiny

    small = AutoencoderTiny.from_pretrained(Path(card.path) / "vae").eval()
    page = torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    with torch.inference_mode():
        latents = pipeline.pipe.vae.encode(page).latents
        wanted = small.encode(torch.nn.functional.avg_pool2d(page, 4)).latents
    assert latents.shape == (1, 4, SIDE // FACTOR, SIDE // FACTOR)
    assert torch.allclose(latents, wanted, atol=1e-3)


@pytest.mark.parametrize(("width", "height"), [(SIDE, SIDE), (192, 384), (48, 96), (128, 160)])
def test_images_have_the_requested_size(pipeline, card, width, height):
    pixels = draw(pipeline, card, width=width, height=height)
    assert pixels.shape == (height, width, 3)
    assert pixels.std() > 1


def test_a_recipe_of_a_small_image_gives_the_large_one_reduced(pipeline, card):
    small = draw(pipeline, card, width=64, height=64)
    large = Image.fromarray(draw(pipeline, card)).resize((64, 64), Image.Resampling.LANCZOS)
    assert np.array_equal(small, np.asarray(large))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": 40}, "the width must be 48 to 96, not 40"),
        ({"width": 400}, "the width must be 192 to 384, not 400"),
        ({"width": 128, "height": 256}, "the height must be 96 to 192, not 256"),
        ({"width": 200}, "The width 200 is not a multiple of 16"),
    ],
)
def test_sizes_that_the_decoder_cannot_draw_are_refused(pipeline, card, values, message):
    with pytest.raises(StudioError, match=message):
        draw(pipeline, card, **values)


def test_image_to_image_starts_from_the_image(pipeline, card, tmp_path):
    path, _pixels = noise(tmp_path, SIDE, SIDE)
    result = draw(pipeline, card, image=str(path), strength=0.7)
    assert result.shape == (SIDE, SIDE, 3)
    assert not np.array_equal(result, draw(pipeline, card))


@pytest.mark.parametrize("side", [SIDE, 64])
def test_unmasked_pixels_stay_to_the_bit(pipeline, card, tmp_path, side):
    path, pixels = noise(tmp_path, side, side)
    mask = np.zeros((side, side), np.uint8)
    mask[: side // 2] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    result = draw(
        pipeline,
        card,
        width=side,
        height=side,
        image=str(path),
        mask_image=str(tmp_path / "mask.png"),
        strength=1.0,
    )
    assert np.array_equal(result[side // 2 :], pixels[side // 2 :])
    assert np.abs(result[: side // 2].astype(int) - pixels[: side // 2]).mean() > 10


def test_previews_show_the_latents(pipeline, card):
    request = request_for(card, {"prompt": "a red apple", "seed": 1})
    progress = [one for one in run_job(image, card, pipeline, request).progress if one.preview]
    assert progress
    assert (progress[0].preview.width, progress[0].preview.height) == (16, 16)


def test_diffusers_alone_draws_small_images(card):
    from diffusers import AutoPipelineForText2Image

    pipe = AutoPipelineForText2Image.from_pretrained(
        card.path, dtype=torch.float32, local_files_only=True
    )
    assert pipe("a red apple", num_inference_steps=1).images[0].size == (64, 64)
