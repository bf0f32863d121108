"""Audio by diffusion, with tiny pipelines of the real classes, inspected and loaded."""

import json

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.requests import MusicRequest
from studio.engine.music import generate as music
from studio.engine.music.diffusion import pipeline_arguments
from studio.engine.runtime.placement import without_group_offloading
from studio.models.inspect.model import inspect
from studio.models.memory.load_plan import LoadPlan
from studio.preflight.music import check_music
from tests.checkpoints.audio import make_musicgen
from tests.checkpoints.audio_diffusion import (
    LIBRARY_WARNINGS,
    RATE,
    make_ace_step,
    make_audioldm2,
    make_stable_audio,
    make_stable_audio_3,
)
from tests.engine.runs import run_job

MAKERS = {
    "AceStepPipeline": (make_ace_step, 2),
    "AudioLDM2Pipeline": (make_audioldm2, 1),
    "StableAudio3Pipeline": (make_stable_audio_3, 2),
    "StableAudioPipeline": (make_stable_audio, 2),
}
pytestmark = LIBRARY_WARNINGS


@pytest.fixture(scope="module", params=MAKERS)
def loaded(request, tmp_path_factory):
    make, channels = MAKERS[request.param]
    card = make(tmp_path_factory.mktemp("music") / f"{request.param} 音乐")
    return request.param, channels, card, music.load(card)


def music_request(**values):
    return MusicRequest(
        **{"prompt": "a drum", "seconds": 0.5, "seed": 1, "num_inference_steps": 3, **values}
    )


def test_a_pipeline_is_inspected_and_makes_audio_of_the_requested_length(loaded):
    family, channels, card, pipeline = loaded
    assert (card.kind, card.runner, card.family, card.sampling_rate) == (
        "music",
        "diffusers",
        family,
        RATE,
    )
    assert card.parameters > 10_000
    outcome = run_job(music, card, pipeline, music_request(seconds=0.7))
    (result,) = outcome.results
    assert result.samples.shape == (round(0.7 * RATE), channels)
    assert result.sampling_rate == RATE
    assert result.samples.std() > 0.0001
    assert not result.partial
    assert [(event.step, event.total, event.unit) for event in outcome.progress] == [
        (step, 3, "step") for step in (1, 2, 3)
    ]
    assert outcome.statistics is not None
    assert (outcome.statistics.units, outcome.statistics.unit) == (3, "step")


def test_seed_and_steps_determine_the_audio(loaded):
    _family, _channels, card, pipeline = loaded
    first, again, other, more = (
        run_job(music, card, pipeline, request).results[0].samples
        for request in (
            music_request(),
            music_request(),
            music_request(seed=2),
            music_request(num_inference_steps=4),
        )
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, more)


def test_bf16_gives_audio(loaded):
    _family, channels, card, _pipeline = loaded
    (result,) = run_job(
        music, card, music.load(card, LoadPlan(precision="bf16")), music_request()
    ).results
    assert result.samples.shape[1] == channels
    assert result.samples.std() > 0.0001


def test_a_cancel_is_obeyed_at_the_next_step_and_keeps_nothing(loaded):
    _family, _channels, card, pipeline = loaded
    outcome = run_job(
        music,
        card,
        pipeline,
        music_request(num_inference_steps=8),
        lambda outcome: len(outcome.progress) >= 2,
    )
    assert outcome.cancelled
    assert not outcome.results
    assert len(outcome.progress) == 2
    assert run_job(music, card, pipeline, music_request()).results, "the pipeline is as it was"


def test_the_pipelines_default_steps_are_reported(loaded):
    family, _channels, card, pipeline = loaded
    outcome = run_job(
        music,
        card,
        pipeline,
        music_request(num_inference_steps=0),
        lambda outcome: len(outcome.progress) >= 1,
    )
    own = {
        "AceStepPipeline": 8,
        "AudioLDM2Pipeline": 200,
        "StableAudio3Pipeline": 8,
        "StableAudioPipeline": 100,
    }
    assert outcome.progress[0].total == own[family]


def test_guidance_and_negative_prompt_are_passed_where_supported(loaded):
    family, _channels, card, pipeline = loaded
    plain, strong, negative = (
        run_job(music, card, pipeline, request).results[0].samples
        for request in (
            music_request(guidance_scale=1.0),
            music_request(guidance_scale=6.0),
            music_request(guidance_scale=6.0, negative_prompt="noise, hum"),
        )
    )
    if family == "AceStepPipeline":  # a turbo has its guidance in its weights
        np.testing.assert_array_equal(plain, negative)
        assert "negative_prompt" in card.unused_fields
    else:
        assert not np.array_equal(plain, strong)
        assert not np.array_equal(strong, negative)


def test_lyrics_and_their_language_are_passed(tmp_path):
    card = make_ace_step(tmp_path / "ace")
    pipeline = music.load(card)
    assert pipeline_arguments(music_request(), pipeline, card)["lyrics"] == "[instrumental]"
    sung = pipeline_arguments(music_request(lyrics="[verse]\n我们去公园"), pipeline, card)
    assert (sung["lyrics"], sung["vocal_language"], sung["audio_duration"]) == (
        "[verse]\n我们去公园",
        "zh",
        0.5,
    )
    silent, singing = (
        run_job(music, card, pipeline, request).results[0].samples
        for request in (music_request(), music_request(lyrics="[verse]\nHello"))
    )
    assert not np.array_equal(silent, singing)


def test_ace_step_without_turbo_takes_guidance_and_more_steps(tmp_path):
    card = make_ace_step(tmp_path / "ace")
    assert (card.guidance, card.defaults) == ("ignored", {"seconds": 60.0})
    path = tmp_path / "ace/transformer/config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "is_turbo": False}))
    slow = inspect(tmp_path / "ace")
    assert slow.guidance == "above_1"
    assert slow.defaults["num_inference_steps"] == 60


def test_lyrics_are_refused_by_a_model_that_does_not_sing(tmp_path):
    card = make_musicgen(tmp_path / "m")
    problem = check_music(card, music_request(lyrics="la la"))
    assert problem is not None
    assert "does not sing" in problem.message
    with pytest.raises(StudioError, match="does not sing"):
        run_job(music, card, music.load(card), music_request(lyrics="la la"))
    assert {
        "lyrics",
        "num_inference_steps",
        "negative_prompt",
        "continue_from",
    } == card.unused_fields


def test_the_scheduler_for_stable_audio_equals_its_own_without_noise(tmp_path):
    import torch

    pipeline = music.load(make_stable_audio(tmp_path / "s"))
    scheduler = pipeline.pipe.scheduler
    assert scheduler.config.sigma_schedule == "exponential"
    assert scheduler.config.prediction_type == "v_prediction"
    scheduler.set_timesteps(5)
    torch.testing.assert_close(
        scheduler.sigmas[:-1].atan() * 2 / torch.pi, scheduler.timesteps.cpu(), check_dtype=False
    )
    assert float(scheduler.sigmas[0]) == pytest.approx(500, rel=1e-4)


def test_a_length_over_the_pipelines_limit_is_refused(tmp_path):
    card = make_stable_audio(tmp_path / "s")
    with pytest.raises(StudioError, match=r"at most 8 s of audio, not 9\.5"):
        run_job(music, card, music.load(card), music_request(seconds=9.5))


def test_nan_of_a_damaged_pipeline_is_an_error(tmp_path):
    import torch

    card = make_stable_audio_3(tmp_path / "s")
    pipeline = music.load(card)
    with torch.no_grad():
        for weights in pipeline.pipe.vae.parameters():
            weights.fill_(float("nan"))
    with pytest.raises(StudioError, match="invalid numbers"):
        run_job(music, card, pipeline, music_request())


def test_an_autoencoder_without_group_offloading_stays_on_the_gpu(tmp_path):
    """diffusers raises an error for group offloading of this autoencoder on every small GPU."""
    pipe = music.load(make_stable_audio(tmp_path / "s")).pipe
    assert without_group_offloading(pipe) == ["vae"]
    with pytest.raises(ValueError, match="does not support group offloading"):
        pipe.vae.enable_group_offload(onload_device="cpu")
