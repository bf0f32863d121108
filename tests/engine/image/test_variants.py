"""Folders with weights in one precision only, as many are published, give the same images."""

import shutil

import numpy as np

from studio.core.requests import ImageRequest
from studio.engine.image import generate as image
from studio.models.files.folder_check import only_variant
from studio.models.inspect.model import inspect
from tests.checkpoints.image import make_sd
from tests.engine.runs import run_job


def pixels_of(folder):
    card = inspect(folder)
    request = ImageRequest(prompt="a cat", seed=3, width=32, height=16, num_inference_steps=2)
    return run_job(image, card, image.load(card), request).results[0].pixels


def test_fp16_only_weights_give_the_same_image(tmp_path):
    plain = tmp_path / "plain"
    make_sd(plain)
    mixed = shutil.copytree(plain, tmp_path / "mixed")
    for part in ("unet", "vae"):
        weights = mixed / part / "diffusion_pytorch_model.safetensors"
        weights.rename(weights.with_name("diffusion_pytorch_model.fp16.safetensors"))
    every = shutil.copytree(mixed, tmp_path / "every")
    (every / "text_encoder/model.safetensors").rename(every / "text_encoder/model.fp16.safetensors")
    both = shutil.copytree(plain, tmp_path / "both")
    unet = both / "unet/diffusion_pytorch_model.safetensors"
    shutil.copy(unet, unet.with_name("diffusion_pytorch_model.fp16.safetensors"))
    assert [only_variant(folder) for folder in (plain, mixed, every, both)] == [
        None,
        "fp16",
        "fp16",
        None,
    ]
    expected = pixels_of(plain)
    for folder in (mixed, every, both):
        assert np.array_equal(pixels_of(folder), expected)
