"""Images of Stable Diffusion 1.x and XL with random weights, and of the starter model."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from studio.core.errors import StudioError
from studio.core.events import Progress
from studio.core.jobs import new_job
from studio.core.requests import ImageRequest
from studio.engine.image import generate as image
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.runtime.schedulers import CLASSES
from studio.library import artifacts, encoders
from studio.library.results import ImageResult
from studio.models.card import request_for
from studio.models.catalog import entry_named
from studio.models.memory.load_plan import LoadPlan
from tests.checkpoints.image import make_sd, make_sdxl
from tests.engine.runs import run_job


@pytest.fixture(scope="module")
def sd(tmp_path_factory):
    card = make_sd(tmp_path_factory.mktemp("models") / "sd")
    return card, image.load(card)


def run(model, cancel_after=lambda _outcome: False, **values):
    card, pipeline = model
    request = ImageRequest(
        **{
            "prompt": "a cat",
            "seed": 3,
            "width": 32,
            "height": 16,
            "num_inference_steps": 3,
            **values,
        }
    )
    return run_job(image, card, pipeline, request, cancel_after)


def test_the_same_seed_gives_the_same_image(sd):
    first, second, other = run(sd), run(sd), run(sd, seed=4)
    assert first.results[0].pixels.shape == (16, 32, 3)
    assert np.array_equal(first.results[0].pixels, second.results[0].pixels)
    assert not np.array_equal(first.results[0].pixels, other.results[0].pixels)


def test_each_of_several_images_can_be_generated_alone(sd):
    several = run(sd, num_images_per_prompt=3)
    assert [result.seed for result in several.results] == [3, 4, 5]
    assert np.array_equal(several.results[2].pixels, run(sd, seed=5).results[0].pixels)


def test_every_step_is_reported_with_a_preview(sd):
    recorder = run(sd, num_images_per_prompt=2)
    steps = recorder.of(Progress)
    assert [event.step for event in steps] == [1, 2, 3, 4, 5, 6]
    assert {event.total for event in steps} == {6}
    previews = [event.preview for event in steps if event.preview is not None]
    assert previews
    assert all(len(preview.rgb) == preview.width * preview.height * 3 for preview in previews)
    assert recorder.statistics.units == 6


def test_a_cancel_is_obeyed_at_the_next_step_and_complete_images_are_kept(sd):
    recorder = run(
        sd, num_images_per_prompt=3, cancel_after=lambda outcome: len(outcome.of(Progress)) >= 4
    )
    assert recorder.cancelled
    assert len(recorder.results) == 1
    assert len(recorder.of(Progress)) == 4
    assert run(sd).results, "the pipeline still works"


@pytest.mark.parametrize("scheduler", sorted(CLASSES))
def test_every_scheduler_generates_an_image(sd, scheduler):
    assert run(sd, scheduler=scheduler, num_inference_steps=4).results[0].pixels.std() > 0


def test_a_scheduler_that_the_model_cannot_use_is_refused(sd):
    card = msgspec.structs.replace(sd[0], schedulers=("euler",))
    with pytest.raises(StudioError, match="does not work with the scheduler ddim"):
        run((card, sd[1]), scheduler="ddim")


def test_guidance_and_negative_prompt_change_the_image(sd):
    plain = run(sd).results[0].pixels
    assert not np.array_equal(plain, run(sd, negative_prompt="dog").results[0].pixels)
    assert not np.array_equal(plain, run(sd, guidance_scale=1.0).results[0].pixels)


def test_nan_fails_the_job(tmp_path):
    import torch

    card = make_sd(tmp_path / "broken")
    pipeline = image.load(card)
    with torch.no_grad():
        pipeline.pipe.unet.conv_out.bias.fill_(float("nan"))
    with pytest.raises(StudioError, match="NaN"):
        run((card, pipeline))


def test_an_unsupported_size_is_refused(sd):
    card = msgspec.structs.replace(sd[0], size_multiple=32)
    with pytest.raises(StudioError, match="height 16 is not a multiple of 32"):
        run((card, sd[1]))


def test_a_pipeline_without_a_callback_reports_its_steps(sd):
    card, pipeline = sd
    from dataclasses import replace

    without_callback = replace(pipeline, parameters=pipeline.parameters - {"callback_on_step_end"})
    recorder = run((card, without_callback))
    assert [event.step for event in recorder.of(Progress)] == [1, 2, 3]
    assert np.array_equal(recorder.results[0].pixels, run(sd).results[0].pixels)
    assert run(
        (card, without_callback), cancel_after=lambda outcome: len(outcome.of(Progress)) >= 1
    ).cancelled


def test_sdxl_generates_the_requested_size(tmp_path):
    card = make_sdxl(tmp_path / "sdxl")
    assert card.defaults["width"] == 1024
    assert run((card, image.load(card))).results[0].pixels.shape == (16, 32, 3)


def test_the_starter_model_draws_a_red_apple():
    card = entry_named("starter-image").card
    request = request_for(card, {"prompt": "a red apple", "seed": 1})
    (result,) = run_job(image, card, image.load(card), request).results
    assert result.pixels.shape == (256, 256, 3)
    middle = result.pixels[80:200, 64:192].reshape(-1, 3).astype(float).mean(0)
    assert middle[0] > 150
    assert middle[0] > 2 * middle[1]
    assert middle[0] > 2 * middle[2]


def test_the_starter_model_reports_how_it_read_a_chinese_prompt(tmp_path):
    card = entry_named("starter-image").card
    pipeline = image.load(card)
    chinese, english = (
        run_job(image, card, pipeline, request_for(card, {"prompt": prompt, "seed": 1})).results[0]
        for prompt in ("一只红苹果", "a red apple")
    )
    assert np.array_equal(chinese.pixels, english.pixels)
    assert (chinese.prompt_read, english.prompt_read) == ("a red apple", "")
    job = new_job(request_for(card, {"prompt": "一只红苹果", "seed": 1}), str(tmp_path))
    recipe = artifacts.read_recipe(
        Path(artifacts.save(chinese, job=job, card=card, versions={}).path)
    )
    assert (recipe.request.prompt, recipe.prompt_read) == ("一只红苹果", "a red apple")
    assert "Prompt read as: a red apple" in encoders.parameters_line(recipe)


def together(model, requests, cancelled=lambda _number, _seen: False):
    card, pipeline = model
    events = [[] for _ in requests]
    contexts = [
        JobContext(
            new_job(request, "/nowhere"),
            card,
            events[n].append,
            lambda n=n: cancelled(n, events[n]),
        )
        for n, request in enumerate(requests)
    ]
    found = {number: result for number, result, _statistics in image.run_batch(contexts, pipeline)}
    assert sorted(found) == list(range(len(requests)))
    return [found[number] for number in range(len(requests))], events


def batch_requests(**values):
    words = ("a cat", "a dog under a tree", "猫", "a red house by the sea at night")
    sizes = {"width": 32, "height": 16, "num_inference_steps": 3, **values}
    return [ImageRequest(prompt=prompt, seed=10 * n, **sizes) for n, prompt in enumerate(words)]


@pytest.mark.parametrize(
    "values", [{}, {"negative_prompt": "blue", "guidance_scale": 3.0}, {"scheduler": "euler-a"}]
)
def test_images_of_a_batch_equal_those_drawn_alone(sd, values):
    wanted = batch_requests(**values)
    both, events = together(sd, wanted)
    for request, result, sent in zip(wanted, both, events, strict=True):
        alone = run_job(image, *sd, request)
        difference = np.abs(result.pixels.astype(int) - alone.results[0].pixels.astype(int))
        assert difference.max() <= 2  # rounding: a sum of other parts
        assert result.seed == request.seed
        assert [event.step for event in sent] == [event.step for event in alone.of(Progress)]
        assert sent[0].preview is not None


def test_a_cancelled_image_of_a_batch_has_no_result_and_the_others_are_drawn(sd):
    both, _events = together(sd, batch_requests(), lambda n, events: n == 1 and len(events) >= 2)
    assert isinstance(both[1], JobCancelledError)
    assert all(isinstance(both[n], ImageResult) for n in (0, 2, 3))


def test_a_batch_stops_when_all_its_jobs_are_cancelled(sd):
    both, events = together(
        sd, batch_requests(num_inference_steps=50), lambda _n, events: len(events) >= 2
    )
    assert all(isinstance(result, JobCancelledError) for result in both)
    assert len(events[0]) < 10


def test_an_invalid_request_does_not_stop_its_batch(sd, monkeypatch):
    wanted = batch_requests()
    monkeypatch.setattr(image, "max_images_at_once", lambda _context, _pipeline: 3)  # in two parts
    card, pipeline = sd
    limited = msgspec.structs.replace(card, translate_prompts=True)  # 猫 is read, 凸 is not
    wanted[1] = ImageRequest(prompt="凸", seed=1, width=32, height=16, num_inference_steps=3)
    both, _events = together((limited, pipeline), wanted)
    assert isinstance(both[1], StudioError)
    assert all(isinstance(both[n], ImageResult) for n in (0, 2, 3))
    assert both[2].prompt_read == "cat"


@pytest.mark.parametrize(("from_image", "cancels"), [(False, True), (True, True), (True, False)])
def test_offloaded_components_return_to_the_cpu_after_a_job(tmp_path, from_image, cancels):
    """Components left on a GPU would take the memory of the next job; new hooks show the move."""
    card = make_sd(tmp_path / "sd")
    pipeline = image.load(card, LoadPlan(strategy="model-offload", device="cpu", precision="fp32"))
    Image.new("RGB", (32, 16), "red").save(tmp_path / "a.png")
    before = pipeline.pipe._all_hooks
    more = {"image": str(tmp_path / "a.png"), "strength": 1.0} if from_image else {}
    outcome = run((card, pipeline), lambda so_far: cancels and len(so_far.progress) >= 1, **more)
    assert outcome.cancelled == cancels
    assert pipeline.pipe._all_hooks is not before
    assert run((card, pipeline)).results
