"""Test single-file checkpoints: identified by shapes, loaded offline, equal to their folder."""

import shutil

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.engine.image import generate as image
from studio.models.card import ModelCard
from studio.models.card_store import card_folder
from studio.models.inspect.model import inspect
from studio.models.install.add import add
from tests.checkpoints.one_file import tiny_pipeline, write_one_file
from tests.engine.runs import run_job


@pytest.fixture(scope="module", params=[False, True], ids=["sd", "sdxl"])
def made(request, tmp_path_factory):
    """A diffusers folder, and the same weights in one file, in a ComfyUI that carries the words."""
    root = tmp_path_factory.mktemp("模型")
    pipe = tiny_pipeline(root, large=request.param)
    pipe.save_pretrained(root / "folder")
    place = root / "ComfyUI/models/checkpoints"
    place.mkdir(parents=True)
    file = write_one_file(pipe, place / "an image 画.safetensors")
    shutil.copytree(root / "words", root / "ComfyUI/comfy/sd1_tokenizer")
    return root / "folder", file


def generate(card: ModelCard):
    request = ImageRequest(prompt="a cat", seed=3, width=32, height=16, num_inference_steps=3)
    return run_job(image, card, image.load(card), request).results[0].pixels


def test_single_file_gives_the_same_image_as_its_folder(data, made):
    folder, file = made
    before = file.read_bytes()
    card = add(data, file)
    assert (card.kind, card.runner, len(card.sha256)) == ("image", "diffusers", 64)
    assert card.folder == card_folder(data, card.name)  # only its configuration lies there
    assert not list(card.folder.rglob("*.safetensors"))
    assert sum(path.stat().st_size for path in card.folder.rglob("*") if path.is_file()) < 100_000
    assert np.array_equal(generate(card), generate(inspect(folder)))
    assert file.read_bytes() == before


def test_missing_or_changed_file_is_reported(data, made, tmp_path):
    _folder, file = made
    copied = (
        shutil.copytree(file.parents[2], tmp_path / "ComfyUI") / "models/checkpoints" / file.name
    )
    card = add(data, copied)
    copied.write_bytes(copied.read_bytes() + b"\0")
    with pytest.raises(StudioError, match="missing or has changed"):
        image.load(card)
    copied.unlink()
    with pytest.raises(StudioError, match="missing or has changed") as caught:
        image.load(card)
    assert caught.value.cure


def test_missing_vocabulary_is_reported_with_a_remedy(data, made, tmp_path):
    folder, file = made
    alone = shutil.copy(file, tmp_path / "alone.safetensors")
    with pytest.raises(
        StudioError,
        match=r"its vocabulary \(CLIP's vocab.json and merges.txt\) is neither in the file",
    ) as caught:
        add(data, alone)
    assert "Add a Stable Diffusion in a diffusers folder first" in caught.value.message
    add(data, folder)
    assert np.array_equal(generate(add(data, alone)), generate(inspect(folder)))
