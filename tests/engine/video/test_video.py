"""Videos of diffusers' pipelines with tiny random weights: results, cancels, memory, files."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from studio.core.errors import StudioError
from studio.core.events import Cancelled, Failed, Finished, Loading, Progress
from studio.core.files import sha256_of
from studio.engine.video import generate as video
from studio.library.artifacts import find_complete, read_recipe
from studio.models.catalog import why_not_run
from studio.models.install.add import add
from studio.models.memory.load_plan import LoadPlan
from studio.models.registry import ModelRegistry
from tests.checkpoints.image import make_sd
from tests.checkpoints.video import (
    MAKERS,
    make_ltx,
    make_motion_adapter,
    make_wan,
)
from tests.engine.runs import run_job
from tests.engine.video.runs import decoded, install, request, run_here

IMAGE_TO_VIDEO = "image-to-video"
HALF = LoadPlan(strategy="16-bit", device="cpu", precision="bf16")


@pytest.mark.filterwarnings(
    "ignore:In CPU autocast"
)  # Mochi's own way to decode, which means a GPU
@pytest.mark.parametrize("name", MAKERS)
def test_every_family_saves_a_readable_file(cards, data, image_path, name):
    card = cards(name)
    assert card.kind == "video"
    assert card.family == MAKERS[name][0]
    assert why_not_run(card) == ""
    install(data, card)
    count = 7 if card.frame_step == 6 else 9
    for task in card.tasks:
        asked = request(
            model=card.name, num_frames=count, image=image_path if task == IMAGE_TO_VIDEO else ""
        )
        job, events = run_here(data, asked)
        assert isinstance(events[-1], Finished), events[-1]
        steps = [event for event in events if isinstance(event, Progress)]
        assert [(event.step, event.total) for event in steps] == [(1, 2), (2, 2)]
        assert steps[0].preview is not None
        assert Loading(phase="Decoding the video") in events
        (artifact,) = events[-1].artifacts
        assert (artifact.media_type, artifact.width, artifact.height) == ("video/mp4", 32, 32)
        assert artifact.duration == count / 8
        frames, rate = decoded(artifact.path)
        assert (frames.shape, rate) == ((count, 32, 32, 3), 8)
        recipe = read_recipe(Path(artifact.path))
        assert recipe.request == job.request
        assert (recipe.seed, recipe.model) == (3, card.name)
        assert recipe.inputs == (
            {"image": sha256_of(Path(image_path))} if task == IMAGE_TO_VIDEO else {}
        )
        assert {"torch", "diffusers"} <= recipe.versions.keys()
        assert [found.sha256 for found in find_complete(job)] == [artifact.sha256]


@pytest.mark.parametrize("name", ["wan", "ltx-condition", "animatediff"])
def test_seed_determines_the_video(cards, name):
    card = cards(name)
    pipeline = video.load(card)
    first, again, other = (
        run_job(video, card, pipeline, request(seed=seed)).results[0].frames for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", ["wan-ti2v", "ltx", "ltx-condition"])
def test_one_model_takes_text_or_an_image(cards, image_path, name):
    card = cards(name)
    pipeline = video.load(card)
    plain = run_job(video, card, pipeline, request()).results[0].frames
    begun = run_job(video, card, pipeline, request(image=image_path)).results[0].frames
    assert not np.array_equal(plain, begun)
    assert np.array_equal(run_job(video, card, pipeline, request()).results[0].frames, plain)


def test_video_is_saved_in_the_requested_format(cards, data):
    install(data, cards("ltx"))
    job, events = run_here(data, request(format="webp", frame_rate=30))
    (artifact,) = events[-1].artifacts
    assert artifact.media_type == "image/webp"
    with Image.open(artifact.path) as file:
        assert (file.n_frames, file.size) == (9, (32, 32))
    assert read_recipe(Path(artifact.path)).request == job.request
    assert [found.sha256 for found in find_complete(job)] == [artifact.sha256]


def test_wans_autoencoder_stays_in_float32(tmp_path):
    card = make_wan(tmp_path / "wan")
    pipeline = video.load(card, HALF)
    assert pipeline.pipe.vae.dtype == torch.float32
    assert pipeline.pipe.transformer.dtype == pipeline.pipe.text_encoder.dtype == torch.bfloat16
    (result,) = run_job(video, card, pipeline, request()).results
    assert result.frames.shape == (9, 32, 32, 3)
    assert video.load(make_ltx(tmp_path / "ltx"), HALF).pipe.vae.dtype == torch.bfloat16


@pytest.mark.parametrize(
    "name",
    ["wan-ti2v", "wan-i2v", "ltx-condition", "cogvideox-i2v", "animatediff"],
)
def test_a_family_runs_in_bf16_as_on_a_gpu(cards, image_path, name):
    card = cards(name)
    pipeline = video.load(card, HALF)
    outcome = run_job(
        video, card, pipeline, request(image=image_path if IMAGE_TO_VIDEO in card.tasks else "")
    )
    assert outcome.results[0].frames.shape == (9, 32, 32, 3)
    assert outcome.progress[0].preview is not None


def test_offloading_gives_the_same_video_from_text_and_from_an_image(cards, image_path):
    """Both classes share the weights, so each run must leave them where the other can use them."""
    card = cards("ltx")
    whole, in_turns = (
        video.load(card),
        video.load(card, LoadPlan(strategy="model-offload", device="cpu", precision="fp32")),
    )
    for image in ("", image_path, "", image_path):
        expected, result = (
            run_job(video, card, pipeline, request(image=image)).results[0].frames
            for pipeline in (whole, in_turns)
        )
        assert np.abs(expected.astype(int) - result).max() <= 1


def test_large_frames_are_decoded_in_tiles(cards):
    card = cards("wan")
    pipeline = video.load(card)
    assert pipeline.pipe.vae.use_tiling
    calls = []
    pipeline.pipe.vae.decoder.register_forward_pre_hook(lambda *_given: calls.append(1))
    (result,) = run_job(
        video, card, pipeline, request(width=320, height=288, num_frames=5, num_inference_steps=1)
    ).results
    assert result.frames.shape == (5, 288, 320, 3)
    assert len(calls) >= 4 * 2  # tiles × pieces of time


def test_a_motion_adapter_uses_the_installed_stable_diffusion(data, tmp_path):
    make_motion_adapter(tmp_path / "motion")
    adapter = add(data, tmp_path / "motion")
    assert (adapter.kind, adapter.base, adapter.max_frames) == (
        "video",
        "stable-diffusion-1.5",
        32,
    )
    with pytest.raises(
        StudioError, match=r"needs Stable Diffusion 1\.5 or another model of its kind"
    ) as raised:
        ModelRegistry(data).find("video", adapter.name)
    assert "studio models get" in raised.value.cure
    assert (
        ModelRegistry(data).find("image").family == "StableDiffusionPipeline"
    )  # the starter's, which is of another width
    make_sd(tmp_path / "other-images")
    base = add(data, tmp_path / "other-images")
    assert ModelRegistry(data).find("video").base_path == base.path
    job, events = run_here(data, request(model=adapter.name, width=16, height=24, num_frames=4))
    assert isinstance(events[-1], Finished), events[-1]
    frames, _rate = decoded(events[-1].artifacts[0].path)
    assert frames.shape == (4, 24, 16, 3)
    assert read_recipe(Path(events[-1].artifacts[0].path)).weight_hashes == {base.name: base.sha256}
    assert next(event for event in events if isinstance(event, Progress)).preview is not None
    _job, events = run_here(data, msgspec.structs.replace(job.request, scheduler="lcm"))
    assert isinstance(events[-1], Finished), events[-1]


def test_base_model_named_by_the_card_is_preferred(data, tmp_path):
    make_motion_adapter(tmp_path / "motion")
    for name in ("a-first", "z-meant"):
        make_sd(tmp_path / name)
    add(data, tmp_path / "motion")
    first = add(data, tmp_path / "a-first")
    meant = msgspec.structs.replace(
        first,
        name="z-meant",
        title="Z",
        path=str(tmp_path / "z-meant"),
        repo="stable-diffusion-v1-5/stable-diffusion-v1-5",
    )
    assert ModelRegistry(data).find("video").base_path == first.path
    install(data, meant)
    assert ModelRegistry(data).find("video").base_path == meant.path


def test_a_cancel_is_obeyed_at_each_step_and_the_next_video_is_unaffected(cards):
    card = cards("wan")
    pipeline = video.load(card)
    whole = run_job(video, card, pipeline, request(num_inference_steps=3)).results[0].frames
    for steps in (0, 1, 2, 3):
        outcome = run_job(
            video,
            card,
            pipeline,
            request(num_inference_steps=3),
            cancelled=lambda so_far, steps=steps: len(so_far.progress) >= steps,
        )
        assert outcome.cancelled
        assert not outcome.results
        assert len(outcome.progress) == steps
    assert np.array_equal(
        run_job(video, card, pipeline, request(num_inference_steps=3)).results[0].frames, whole
    )


@pytest.mark.parametrize("name", ["wan", "ltx", "cogvideox", "animatediff", "hunyuan"])
def test_cancel_is_obeyed_while_decoding(cards, name):
    card = cards(name)
    pipeline = video.load(card)
    whole = run_job(video, card, pipeline, request()).results[0].frames

    def decodes(outcome):
        return any(isinstance(event, Loading) for event in outcome.events)

    outcome = run_job(video, card, pipeline, request(num_frames=17), cancelled=decodes)
    assert outcome.cancelled
    assert not outcome.results
    assert np.array_equal(run_job(video, card, pipeline, request()).results[0].frames, whole)


def test_a_cancelled_video_leaves_no_file(cards, data):
    install(data, cards("ltx"))
    asked = iter([False] * 4 + [True] * 100)
    _job, events = run_here(data, request(num_inference_steps=8), cancelled=lambda: next(asked))
    assert isinstance(events[-1], Cancelled)
    assert not list(data.outputs.iterdir())


def test_out_of_memory_loads_the_model_in_a_way_that_needs_less(cards, data, monkeypatch):
    install(data, cards("ltx"))
    finish, calls = video._to_frames, []

    def once(drawn, card):
        calls.append(card)
        if len(calls) == 1:
            raise MemoryError
        return finish(drawn, card)

    monkeypatch.setattr(video, "_to_frames", once)
    _job, events = run_here(data, request())
    assert isinstance(events[-1], Finished), events[-1]
    assert len(calls) == 2
    assert "Memory ran out" in " ".join(events[-1].statistics.notes)
    assert "16-bit" in read_recipe(Path(events[-1].artifacts[0].path)).memory


def test_guidance_for_a_second_denoiser_needs_a_model_that_has_two(cards, data):
    for name in ("wan", "wan-two-denoisers"):
        install(data, cards(name))
    _job, events = run_here(data, request(model=cards("wan").name, guidance_scale_2=3.0))
    assert isinstance(events[-1], Failed)
    assert "takes no guidance for a second one" in events[-1].failure.message
    plain, other = (
        decoded(
            run_here(
                data,
                request(
                    model=cards("wan-two-denoisers").name,
                    guidance_scale=1.5,
                    guidance_scale_2=second,
                ),
            )[1][-1]
            .artifacts[0]
            .path
        )[0]
        for second in (None, 9.0)
    )
    assert not np.array_equal(plain, other)


def test_nan_is_an_error(cards):
    card = cards("ltx")
    pipeline = video.load(card)
    with torch.no_grad():
        next(iter(pipeline.pipe.vae.decoder.parameters())).fill_(float("nan"))
    with pytest.raises(StudioError, match="invalid numbers"):
        run_job(video, card, pipeline, request())
