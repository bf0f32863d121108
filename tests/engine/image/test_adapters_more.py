"""Textual inversions, VAEs, ControlNets and IP-Adapters on loaded models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from studio.core.errors import StudioError
from studio.core.events import Failed
from studio.core.files import sha256_of
from studio.library.artifacts import read_recipe
from studio.models.install.add import add
from studio.models.registry import ModelRegistry
from tests.checkpoints.adapters import (
    make_controlnet,
    make_embedding,
    make_ip_adapter,
    make_lora,
    make_vae,
)
from tests.checkpoints.image import make_sd, make_sdxl
from tests.checkpoints.one_file import _vae as authors_vae
from tests.engine.image.test_adapters import Drawing, same


@pytest.fixture(params=[make_sd, make_sdxl], ids=["sd", "sdxl"])
def drawing(request, data, tmp_path):
    drawing = Drawing(data, tmp_path, request.param)
    yield drawing
    drawing.engine.close()


def unchanged(drawing, before):
    after = drawing.weights
    return before.keys() == after.keys() and all(
        torch.equal(before[name], after[name]) for name in before
    )


@pytest.fixture
def image_path(tmp_path):
    path = tmp_path / "edges.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (50, 70, 3), np.uint8)).save(path)
    return str(path)


def test_a_textual_inversion_changes_prompts_with_its_word(drawing, tmp_path):
    names = ("clip_l", "clip_g") if "XL" in drawing.model.family else ("emb_params",)
    card = add(
        drawing.data,
        make_embedding(tmp_path / "shiny-look.safetensors", names=names),
        made_for=drawing.model,
    )
    assert (card.adapter, card.trigger_words) == ("textual-inversion", ("shiny-look",))
    word = "a shiny-look cat"
    plain, plain_word = drawing.draw(), drawing.draw(prompt=word)
    before = drawing.weights
    changed = drawing.draw(prompt=word, adapters=card.name)
    assert not same(changed, plain_word)
    assert same(drawing.draw(prompt=word, adapters=card.name), changed)
    assert same(drawing.draw(prompt=word), plain_word)
    assert same(drawing.draw(), plain)
    assert unchanged(drawing, before)
    last = drawing.run(adapters=card.name)
    assert "needs its word in the prompt" in last.failure.message
    assert "shiny-look" in last.failure.cure


@pytest.mark.parametrize(
    ("name", "width", "sentence"),
    [("wide", 48, "embeddings of 48 numbers"), ("a", 32, "already has its word")],
)
def test_an_unsuitable_textual_inversion_is_refused(data, tmp_path, name, width, sentence):
    drawing = Drawing(data, tmp_path)
    try:
        card = add(
            data,
            make_embedding(tmp_path / f"{name}.safetensors", width=width),
            made_for=drawing.model,
        )
        plain = drawing.draw()
        last = drawing.run(prompt="a wide cat", adapters=card.name)
        assert isinstance(last, Failed)
        assert sentence in last.failure.message
        assert same(drawing.draw(), plain)
    finally:
        drawing.engine.close()


def test_a_vae_is_applied_and_removed(drawing, tmp_path):
    card = add(drawing.data, make_vae(drawing.model, tmp_path / "bright"))
    assert (card.adapter, card.family, card.name) == ("vae", "Stable Diffusion or SDXL", "bright")
    plain = drawing.draw()
    before = drawing.weights
    changed = drawing.draw(adapters="bright")
    assert not same(changed, plain)
    assert same(drawing.draw(adapters="bright"), changed)
    assert same(drawing.draw(), plain)
    assert unchanged(drawing, before)


def test_a_vae_of_another_shape_is_refused(data, tmp_path):
    from diffusers import AutoencoderKL

    drawing = Drawing(data, tmp_path)
    try:
        AutoencoderKL(
            block_out_channels=(8, 8), norm_num_groups=4, latent_channels=4
        ).save_pretrained(tmp_path / "other")
        add(data, tmp_path / "other/diffusion_pytorch_model.safetensors")
        plain = drawing.draw()
        assert "does not fit model" in drawing.run(adapters="other").failure.message
        assert same(drawing.draw(), plain)
    finally:
        drawing.engine.close()


@pytest.mark.parametrize("as_file", [False, True], ids=["folder", "file"])
def test_a_controlnet_follows_an_image(drawing, tmp_path, image_path, as_file):
    folder = make_controlnet(drawing.model, tmp_path / "scribble")
    if as_file:
        folder = folder / "diffusion_pytorch_model.safetensors"
    card = add(drawing.data, folder, made_for=drawing.model)
    assert (card.adapter, card.name, ModelRegistry(drawing.data).of_kind("adapter")) == (
        "controlnet",
        "scribble",
        [card],
    )
    add(drawing.data, make_lora(drawing.model, tmp_path / "look.safetensors"))
    plain, look = drawing.draw(), drawing.draw(adapters="look")
    before = drawing.draw() is not None and drawing.weights
    strong = drawing.draw(adapters="scribble:0.9", control_image=image_path)
    assert read_recipe(drawing.path).inputs == {"control_image": sha256_of(Path(image_path))}
    assert not same(strong, plain)
    assert not same(drawing.draw(adapters="scribble:0.2", control_image=image_path), strong)
    both = drawing.draw(adapters="scribble:0.9, look", control_image=image_path)
    assert not same(both, strong)
    assert not same(both, look)
    assert same(drawing.draw(adapters="scribble:0.9", control_image=image_path), strong)
    assert same(drawing.draw(), plain)
    assert unchanged(drawing, before)


def test_a_controlnet_needs_a_control_image(data, tmp_path, image_path):
    drawing = Drawing(data, tmp_path)
    try:
        add(data, make_controlnet(drawing.model, tmp_path / "scribble"))
        assert "needs an image" in drawing.run(adapters="scribble").failure.message
        assert "needs a ControlNet" in drawing.run(control_image=image_path).failure.message
        assert (
            "is missing"
            in drawing.run(adapters="scribble", control_image=f"{image_path}.gone").failure.message
        )
        (tmp_path / "no.png").write_text("not an image")
        last = drawing.run(adapters="scribble", control_image=str(tmp_path / "no.png"))
        assert "is not a PNG, JPEG" in last.failure.message
        drawing.draw()
    finally:
        drawing.engine.close()


def test_an_ip_adapter_follows_an_image(drawing, tmp_path, image_path):
    (tmp_path / "ip").mkdir()
    card = add(
        drawing.data, make_ip_adapter(drawing.model, tmp_path / "ip"), made_for=drawing.model
    )
    assert (card.adapter, card.name) == ("ip-adapter", "ip-adapter")
    add(drawing.data, make_lora(drawing.model, tmp_path / "look.safetensors"))
    plain, look = drawing.draw(), drawing.draw(adapters="look")
    before = drawing.draw() is not None and drawing.weights
    strong = drawing.draw(adapters="ip-adapter:0.9", ip_adapter_image=image_path)
    assert not same(strong, plain)
    assert not same(drawing.draw(adapters="ip-adapter:0.1", ip_adapter_image=image_path), strong)
    both = drawing.draw(adapters="ip-adapter:0.9, look", ip_adapter_image=image_path)
    assert not same(both, strong)
    assert not same(both, look)
    assert same(drawing.draw(adapters="ip-adapter:0.9", ip_adapter_image=image_path), strong)
    assert same(drawing.draw(), plain)
    assert same(drawing.draw(adapters="look"), look)
    assert same(drawing.draw(), plain)
    assert unchanged(drawing, before)
    assert "needs an image" in drawing.run(adapters="ip-adapter").failure.message


def test_an_ip_adapter_without_its_image_encoder_is_refused(data, tmp_path, image_path):
    drawing = Drawing(data, tmp_path)
    try:
        (tmp_path / "ip").mkdir()
        path = make_ip_adapter(drawing.model, tmp_path / "ip")
        add(data, path, made_for=drawing.model)
        plain = drawing.draw()
        (tmp_path / "ip/image_encoder").rename(tmp_path / "gone")
        assert (
            "is missing"
            in drawing.run(adapters="ip-adapter", ip_adapter_image=image_path).failure.message
        )
        assert same(drawing.draw(), plain)
        (tmp_path / "other").mkdir()
        with pytest.raises(StudioError, match="image encoder"):
            add(data, path.rename(tmp_path / "other/x.safetensors"))
    finally:
        drawing.engine.close()


def test_a_vae_may_have_the_names_of_the_authors_code(data, tmp_path):
    from diffusers import AutoencoderKL
    from safetensors.torch import save_file

    drawing = Drawing(data, tmp_path)
    try:
        path = make_vae(drawing.model, tmp_path / "bright")
        state = authors_vae(AutoencoderKL.from_pretrained(path.parent))
        save_file(
            {name: tensor.contiguous() for name, tensor in state.items()},
            tmp_path / "theirs.safetensors",
        )
        add(data, path)
        assert add(data, tmp_path / "theirs.safetensors").adapter == "vae"
        plain = drawing.draw()
        assert same(drawing.draw(adapters="theirs"), drawing.draw(adapters="bright"))
        assert same(drawing.draw(), plain)
    finally:
        drawing.engine.close()
