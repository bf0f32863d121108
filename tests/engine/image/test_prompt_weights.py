"""Weights, long prompts, BREAK and tags on tiny random checkpoints of the real classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from studio.core.errors import StudioError
from studio.core.jobs import new_job
from studio.core.requests import ImageRequest
from studio.core.requests.prompt_syntax.weights import read_prompt
from studio.engine.image import generate as image
from studio.engine.image.prompt_embedding import (
    COMMA_TOKENS,
    _embed_flux,
    _embed_sd,
    _embed_sd3,
    _embed_sdxl,
    _split,
    read_prompts,
)
from studio.engine.protocol import JobContext
from studio.library.artifacts import read_recipe
from studio.models.install.add import add
from tests.checkpoints.adapters import make_lora
from tests.checkpoints.image import make_sd, make_sdxl
from tests.checkpoints.image_dit import make_pixart
from tests.checkpoints.image_flux import make_flux_dev, make_sd3
from tests.engine.image.test_adapters import Drawing
from tests.engine.runs import run_job

LONG = "a house by a lake, " * 12
"""More than two chunks; the tiny tokenizer has a token for each letter."""
FAMILIES = {"sd": make_sd, "sdxl": make_sdxl, "sd3": make_sd3, "flux": make_flux_dev}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder, loaded = tmp_path_factory.mktemp("weights"), {}

    def model(name):
        if name not in loaded:
            card = FAMILIES[name](folder / name)
            loaded[name] = card, image.load(card)
        return loaded[name]

    return model


def draw(model, **values):
    card, pipeline = model
    small = {"seed": 3, "width": 32, "height": 32, "num_inference_steps": 2}
    request = ImageRequest(**{**small, "prompt": "a cat", **values})
    return run_job(image, card, pipeline, request).results[0].pixels


EMBEDS = {"sd": _embed_sd, "sdxl": _embed_sdxl, "sd3": _embed_sd3, "flux": _embed_flux}


@pytest.mark.parametrize("name", EMBEDS)
@pytest.mark.parametrize("prompt", ["a red cat", "", "a (red:1.0) cat"])
def test_weight_one_equals_the_pipelines_own_embedding_to_the_bit(models, name, prompt):
    pipe = models(name)[1].pipe
    with torch.inference_mode():
        ours, pooled = EMBEDS[name](pipe, read_prompt(prompt), 1)
        plain = prompt.replace("(", "").replace(":1.0)", "")
        prompts = [plain] * {"sd": 1, "sdxl": 2, "sd3": 3, "flux": 2}[name]
        if name == "sd":
            prompts += ["cpu", 1, False]
        options = {"do_classifier_free_guidance": False} if name in ("sdxl", "sd3") else {}
        theirs = pipe.encode_prompt(*prompts, **options)
    assert torch.equal(ours, theirs[0])
    if name != "sd":
        assert torch.equal(pooled, theirs[1 if name == "flux" else 2])


@pytest.mark.parametrize("name", FAMILIES)
def test_weights_change_the_image_and_weight_one_does_not(models, name):
    model = models(name)
    plain = draw(model, prompt="a red cat")
    assert np.array_equal(plain, draw(model, prompt="a (red:1.0) cat"))
    strong, weak = draw(model, prompt="a (red:4) cat"), draw(model, prompt="a (red:-4) cat")
    assert not np.array_equal(plain, strong)
    assert not np.array_equal(strong, weak)


def test_brackets_stand_for_their_numbers(models):
    model = models("sd")
    assert np.array_equal(draw(model, prompt="a (red) cat"), draw(model, prompt="a (red:1.1) cat"))
    assert not np.array_equal(draw(model, prompt="a [cat]"), draw(model, prompt="a (cat:-3)"))


def test_a_negative_prompt_has_weights(models):
    for name in ("sd", "sdxl", "sd3"):
        plain = draw(models(name), negative_prompt="red dog")
        assert not np.array_equal(plain, draw(models(name), negative_prompt="red (dog:1.7)"))


@pytest.mark.parametrize("name", ["sd", "sdxl", "sd3"])
def test_words_after_the_75th_token_count(models, name):
    model = models(name)
    assert not np.array_equal(draw(model, prompt=LONG + "cat"), draw(model, prompt=LONG + "dog"))


def test_break_begins_a_chunk(models):
    pipe = models("sd")[1].pipe
    with torch.inference_mode():
        both, _pooled = _embed_sd(pipe, read_prompt("a cat BREAK a dog"), 2)
        cat, _pooled = _embed_sd(pipe, read_prompt("a cat"), 1)
        dog, _pooled = _embed_sd(pipe, read_prompt("a dog"), 1)
    assert torch.equal(both, torch.cat([cat, dog], dim=1))


def test_a_full_chunk_ends_after_a_comma_near_its_end():
    tokens = [(9, 1.0)] * 60 + [(5, 1.0)] + [(9, 1.0)] * 30
    assert [len(part) for part in _split(tokens, 75, 5)] == [61, 30]
    far = [(9, 1.0)] * (75 - COMMA_TOKENS - 1) + [(5, 1.0)] + [(9, 1.0)] * 40
    assert [len(part) for part in _split(far, 75, 5)] == [75, 20]


def test_jobs_of_a_batch_equal_those_alone(models):
    card, pipeline = model = models("sd")
    prompts = ["a cat", "a (cat:1.5)", LONG, "a cat BREAK a dog"]
    alone = [draw(model, prompt=prompt) for prompt in prompts]
    small = {"seed": 3, "width": 32, "height": 32, "num_inference_steps": 2}
    jobs = [new_job(ImageRequest(**small, prompt=prompt), "/nowhere") for prompt in prompts]
    contexts = [JobContext(job, card, lambda _event: None, lambda: False) for job in jobs]
    found = {number: result for number, result, _statistics in image.run_batch(contexts, pipeline)}
    for number, pixels in enumerate(alone):
        assert np.abs(pixels.astype(int) - found[number].pixels).max() <= 1


def test_a_model_without_weights_refuses_them_and_reads_brackets_as_words(tmp_path):
    card = make_pixart(tmp_path / "pixart")
    with pytest.raises(StudioError, match=r"knows no weights such as \(word:1.2\)"):
        read_prompts(ImageRequest(prompt="a (red:1.3) cat"), card)
    with pytest.raises(StudioError, match="remove BREAK"):
        read_prompts(ImageRequest(prompt="a cat BREAK a dog"), card)
    read = read_prompts(ImageRequest(prompt=r"a cat (red) \[old\]"), card)
    assert read.prompt.text == "a cat (red) [old]"


def test_a_tag_loads_a_lora_and_the_recipe_keeps_the_prompt(data, tmp_path):
    drawing = Drawing(data, tmp_path)
    lora = add(data, make_lora(drawing.model, tmp_path / "Big Look.safetensors"))
    plain, by_field = drawing.draw(), drawing.draw(adapters=f"{lora.name}:0.8")
    prompt = "a cat <lora:Big Look:0.8>"
    assert np.array_equal(drawing.draw(prompt=prompt), by_field)
    recipe = read_recipe(drawing.path)
    assert (recipe.request.prompt, recipe.request.adapters) == (prompt, "")
    assert recipe.weight_hashes == {lora.name: lora.sha256}
    assert np.array_equal(drawing.draw(), plain)
    failed = drawing.run(prompt="a cat <lora:nowhere:0.8>")
    assert "<lora:nowhere:0.8> in the prompt" in failed.failure.message
    drawing.engine.close()


def test_a_style_draws_what_its_whole_prompt_draws(models):
    style = "ink drawing of {prompt}, wet paper --no color"
    values = {"guidance_scale": 5.0, "num_inference_steps": 3}
    styled = draw(models("sd"), prompt="a cat", style_preset=style, **values)
    words = "ink drawing of a cat, wet paper"
    written = draw(models("sd"), prompt=words, negative_prompt="color", **values)
    assert np.array_equal(styled, written)
    assert not np.array_equal(styled, draw(models("sd"), prompt=words, **values))
