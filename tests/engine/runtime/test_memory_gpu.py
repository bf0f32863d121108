"""Test every load strategy on a GPU: the same image, and weights where the plan places them."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from studio.core.requests import ImageRequest, MusicRequest, TextRequest
from studio.engine.image import generate as image
from studio.engine.model_cache import PipelineCache
from studio.engine.music import generate as music
from studio.engine.runtime.device import best_device, detect_machine
from studio.engine.runtime.memory import measure_weights
from studio.engine.text import generate as text
from studio.models.memory.choose_plan import choose
from studio.models.memory.load_plan import OFFLOADS
from tests.checkpoints.audio import make_musicgen
from tests.checkpoints.image import make_sd, make_sdxl
from tests.checkpoints.text import make_llama
from tests.engine.runs import run_job

REQUEST = ImageRequest(prompt="a cat", width=64, height=64, num_inference_steps=3, seed=1)


@pytest.fixture(autouse=True)
def _gpu():
    if best_device() not in ("cuda", "xpu"):
        pytest.skip("there is no GPU")


def plan(card, strategy):
    if strategy in ("8-bit", "4-bit") and importlib.util.find_spec("bitsandbytes") is None:
        pytest.skip("bitsandbytes is not installed")
    return choose(card, detect_machine(), preference=strategy)


@pytest.mark.parametrize("make", [make_sd, make_sdxl])
@pytest.mark.parametrize(
    "strategy",
    ["resident", "model-offload", "group-offload", "sequential-offload", "8-bit", "4-bit"],
)
def test_every_strategy_gives_the_same_image(tmp_path, make, strategy):
    card = make(tmp_path / "model")
    whole = (
        run_job(image, card, image.load(card, plan(card, "resident")), REQUEST).results[0].pixels
    )
    pipeline = image.load(card, plan(card, strategy))
    assert pipeline.plan.strategy == strategy
    assert pipeline.latent_map is not None
    for _again in range(2):
        outcome = run_job(image, card, pipeline, REQUEST)
        assert len(outcome.progress) == 3
        pixels = outcome.results[0].pixels
        if strategy not in ("8-bit", "4-bit"):
            assert np.abs(pixels.astype(int) - whole).mean() < 3
    holds = measure_weights(pipeline)
    assert holds.memory > holds.gpu if strategy in OFFLOADS else holds.gpu > holds.memory


@pytest.mark.parametrize("strategy", ["resident", "8-bit", "4-bit", "sequential-offload"])
def test_text_runs_with_every_strategy(tmp_path, strategy):
    card = make_llama(tmp_path / "llama", wide=128)
    pipeline = text.load(card, plan(card, strategy))
    for _again in range(2):
        assert run_job(
            text, card, pipeline, TextRequest(prompt="This", max_new_tokens=4, seed=1)
        ).results


@pytest.mark.parametrize("strategy", ["resident", "16-bit", "cpu"])
def test_music_runs_with_every_strategy(tmp_path, strategy):
    card = make_musicgen(tmp_path / "musicgen")
    pipeline = music.load(card, plan(card, strategy))
    assert (
        len(
            run_job(
                music, card, pipeline, MusicRequest(prompt="a song", seconds=0.5, seed=1)
            ).results
        )
        == 1
    )
    assert (measure_weights(pipeline).gpu == 0) == (strategy == "cpu")


def test_evicted_model_frees_gpu_memory(tmp_path):
    import torch

    card = make_sd(tmp_path / "sd")
    cache = PipelineCache()
    before = torch.cuda.memory_allocated()
    cache.load(card, lambda _event: None)
    assert torch.cuda.memory_allocated() - before >= cache.resident.gpu > 0
    assert cache.evict_unused(0) is None
    assert torch.cuda.memory_allocated() == before
