"""Music with tiny MusicGen checkpoints of the real classes, mono, stereo and melody."""

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.requests import MusicRequest
from studio.engine.music import generate as music
from tests.checkpoints.audio import CODEC_RATE, HOP, make_musicgen
from tests.engine.runs import run_job

REQUEST = MusicRequest(prompt="slow piano", seconds=0.5, seed=1)


@pytest.fixture(scope="module", params=["mono", "stereo", "melody"])
def loaded(request, tmp_path_factory):
    card = make_musicgen(
        tmp_path_factory.mktemp(request.param) / "music 音乐",
        stereo=request.param == "stereo",
        melody=request.param == "melody",
    )
    return card, music.load(card)


def test_the_audio_has_the_requested_length(loaded):
    card, pipeline = loaded
    channels = 2 if pipeline.delays.count(0) == 2 else 1
    for seconds in (0.5, 0.734):
        outcome = run_job(
            music, card, pipeline, MusicRequest(prompt="a drum", seconds=seconds, seed=1)
        )
        (result,) = outcome.results
        assert result.samples.shape == (round(seconds * CODEC_RATE / HOP) * HOP, channels)
        assert result.sampling_rate == CODEC_RATE
        assert result.samples.any()
        assert not result.partial
        assert outcome.progress[-1].step == outcome.progress[-1].total
        assert outcome.statistics is not None
        assert outcome.statistics.units == outcome.progress[-1].total


def test_seed_determines_the_audio(loaded):
    card, pipeline = loaded
    first, again = (run_job(music, card, pipeline, REQUEST).results[0].samples for _ in range(2))
    other = (
        run_job(music, card, pipeline, MusicRequest(prompt="slow piano", seconds=0.5, seed=2))
        .results[0]
        .samples
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_guidance_and_temperature_reach_the_model(loaded):
    card, pipeline = loaded
    plain = run_job(music, card, pipeline, REQUEST).results[0].samples
    for values in ({"guidance_scale": 9.0}, {"temperature": 3.0}, {"guidance_scale": 1.0}):
        changed = MusicRequest(prompt="slow piano", seconds=0.5, seed=1, **values)
        samples = run_job(music, card, pipeline, changed).results[0].samples
        assert samples.shape == plain.shape
        assert not np.array_equal(samples, plain)


def test_guidance_below_one_means_no_guidance(loaded):
    card, pipeline = loaded
    none, one = (
        run_job(
            music,
            card,
            pipeline,
            MusicRequest(prompt="a", seconds=0.5, seed=1, guidance_scale=scale),
        )
        .results[0]
        .samples
        for scale in (0.0, 1.0)
    )
    np.testing.assert_array_equal(none, one)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 50, 249])
def test_a_cancel_at_any_token_keeps_the_beginning_of_the_full_result(loaded, steps):
    card, pipeline = loaded
    asked = 0

    def cancelled(_outcome):
        nonlocal asked
        asked += 1
        return asked >= steps

    outcome = run_job(music, card, pipeline, REQUEST, cancelled)
    assert outcome.cancelled
    moments = max(0, steps - max(pipeline.delays))
    assert len(outcome.results) == (moments > 0)
    if moments:
        (result,) = outcome.results
        whole = run_job(music, card, pipeline, REQUEST).results[0].samples
        assert result.partial
        assert len(result.samples) == moments * HOP
        sure = max(0, len(result.samples) - 4 * HOP)  # the codec looks a little ahead
        np.testing.assert_allclose(result.samples[:sure], whole[:sure], atol=1e-5)


def test_nan_of_a_damaged_model_is_an_error(tmp_path):
    import torch

    card = make_musicgen(tmp_path / "damaged")
    pipeline = music.load(card)
    with torch.no_grad():
        pipeline.model.audio_encoder.decoder.layers[0].conv.bias.fill_(float("nan"))
    with pytest.raises(StudioError, match="invalid numbers"):
        run_job(music, card, pipeline, REQUEST)
