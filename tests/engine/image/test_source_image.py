"""Images from a source image and a mask: results, steps and refused requests."""

import io
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from PIL import Image

from studio.core.errors import InvalidRequestError, StudioError
from studio.core.events import Cancelled, Failed, Finished, Progress
from studio.core.jobs import new_job
from studio.core.requests import ImageRequest, build_request, resolve_files
from studio.engine.image import generate as image
from studio.engine.image import source_image
from studio.engine.local import LocalEngine
from studio.library.artifacts import read_recipe
from studio.library.thumbnails.cache import ThumbnailCache
from studio.media.image_reader import read_image, read_mask
from studio.models.card_store import card_folder, write_card
from studio.models.catalog import entry_named
from studio.preflight.checks import describe_inputs
from studio.preflight.images import check_images, describe_fit
from tests.checkpoints.image import make_sd
from tests.checkpoints.image_flux import make_flux
from tests.engine.runs import run_job, run_one

SD = entry_named("stable-diffusion-1.5").card


@pytest.fixture(scope="module")
def sd(tmp_path_factory):
    card = make_sd(tmp_path_factory.mktemp("models") / "sd")
    return card, image.load(card)


def save(path, mode="RGB", size=(48, 32), **more):
    values = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(values).convert(mode).save(path, **more)
    return str(path)


def halved(path, size=(48, 32), white=255):
    mask = np.zeros((size[1], size[0]), np.uint8)
    mask[: size[1] // 2] = white
    Image.fromarray(mask).save(path)
    return str(path)


def run(model, cancel_after=lambda _outcome: False, **values):
    card, pipeline = model
    base = {"prompt": "a cat", "seed": 3, "width": 48, "height": 32, "num_inference_steps": 4}
    return run_job(image, card, pipeline, ImageRequest(**{**base, **values}), cancel_after)


def pixels(outcome):
    (result,) = outcome.results
    return result.pixels


# Results
# ----------------------------------------------------------------------


def test_image_to_image_with_the_same_seed_gives_the_same_image(sd, tmp_path):
    start, other = save(tmp_path / "start.png"), halved(tmp_path / "other.png")
    first = run(sd, image=start)
    assert np.array_equal(pixels(first), pixels(run(sd, image=start)))
    assert not np.array_equal(pixels(first), pixels(run(sd, image=start, seed=4)))
    assert not np.array_equal(pixels(first), pixels(run(sd, image=other)))
    assert not np.array_equal(pixels(first), pixels(run(sd)))
    assert pixels(run(sd)).shape == pixels(first).shape == (32, 48, 3)


@pytest.mark.parametrize(
    ("steps", "strength", "done"), [(4, 0.75, 3), (10, 0.29, 2), (4, 1.0, 4), (3, 0.34, 1)]
)
def test_the_reported_steps_are_those_that_are_made(sd, tmp_path, steps, strength, done):
    outcome = run(
        sd,
        image=save(tmp_path / "a.png"),
        num_inference_steps=steps,
        strength=strength,
        num_images_per_prompt=2,
    )
    progress = outcome.of(Progress)
    assert [(event.step, event.total) for event in progress] == [
        (number + 1, 2 * done) for number in range(2 * done)
    ]
    assert any(event.preview is not None for event in progress)
    assert outcome.statistics.units == 2 * done


def test_loaded_components_are_shared(sd, tmp_path):
    card, pipeline = sd
    request = ImageRequest(
        prompt="x",
        width=48,
        height=32,
        image=save(tmp_path / "a.png"),
        mask_image=halved(tmp_path / "m.png"),
    )
    turned = source_image.prepare(request, (48, 32), pipeline, card).pipeline.pipe
    assert type(turned).__name__ == "StableDiffusionInpaintPipeline"
    assert all(turned.components[name] is part for name, part in pipeline.pipe.components.items())


@pytest.mark.parametrize("scheduler", ["", "euler", "ddim", "heun", "lcm"])
def test_unmasked_pixels_stay_exactly_the_same(sd, tmp_path, scheduler):
    start, mask = save(tmp_path / "start.png"), halved(tmp_path / "mask.png")
    result = pixels(run(sd, image=start, mask_image=mask, strength=1.0, scheduler=scheduler))
    source = np.asarray(Image.open(start))
    assert np.array_equal(result[16:], source[16:])
    assert not np.array_equal(result[:16], source[:16])


def test_gray_mask_pixels_blend(sd, tmp_path):
    start = save(tmp_path / "start.png")
    source = np.asarray(Image.open(start)).astype(int)
    full = pixels(run(sd, image=start, mask_image=halved(tmp_path / "white.png"))).astype(int)
    gray = pixels(run(sd, image=start, mask_image=halved(tmp_path / "gray.png", white=153))).astype(
        int
    )
    assert np.abs(gray[:16] - (full[:16] * 0.6 + source[:16] * 0.4)).max() <= 1
    assert np.array_equal(gray[16:], source[16:])


@pytest.mark.parametrize("size", [(96, 64), (24, 16), (95, 63)])
def test_a_mask_of_another_size_and_the_same_shape_is_accepted(sd, tmp_path, size):
    start, mask = save(tmp_path / "start.png"), halved(tmp_path / "mask.png", size)
    result, source = pixels(run(sd, image=start, mask_image=mask)), np.asarray(Image.open(start))
    assert np.array_equal(result[20:], source[20:])
    assert not np.array_equal(result[:12], source[:12])


def test_image_and_mask_are_cropped_alike(sd, tmp_path):
    start, mask = (
        save(tmp_path / "tall.png", size=(48, 96)),
        halved(tmp_path / "mask.png", (48, 96)),
    )
    result = pixels(run(sd, image=start, mask_image=mask))
    source = np.asarray(Image.open(start))[32:64]
    assert np.array_equal(result[16:], source[16:])


def test_a_mask_of_the_results_size_is_used_as_it_is(sd, tmp_path):
    result = run(
        sd,
        image=save(tmp_path / "tall.png", size=(48, 96)),
        mask_image=halved(tmp_path / "mask.png"),
    )
    assert pixels(result).shape == (32, 48, 3)


def test_a_cancel_while_the_image_is_encoded_is_obeyed_at_the_first_step(sd, tmp_path):
    _card, pipeline = sd
    asked = []
    encode = pipeline.pipe.vae.encode

    def slow(*arguments, **more):
        asked.append(True)
        return encode(*arguments, **more)

    pipeline.pipe.vae.encode = slow
    try:
        outcome = run(
            sd,
            image=save(tmp_path / "a.png"),
            cancel_after=lambda _seen: bool(asked),
            num_images_per_prompt=3,
        )
    finally:
        del pipeline.pipe.vae.encode
    assert outcome.cancelled
    assert not outcome.results
    assert not outcome.of(Progress)
    assert run(sd, image=save(tmp_path / "a.png")).results, "the pipeline still works"


def test_requests_with_a_source_image_have_no_batch_key(tmp_path):
    assert ImageRequest(prompt="x", image="/a.png").batch_key is None
    assert ImageRequest(prompt="x").batch_key is not None


def test_the_recipe_names_the_files_and_their_hashes(data, tmp_path):
    card = make_sd(tmp_path / "sd")
    write_card(msgspec.structs.replace(card, name="tiny"), card_folder(data, "tiny"))
    start, mask = save(tmp_path / "start.png"), halved(tmp_path / "mask.png")
    values = {
        "prompt": "a cat",
        "model": "tiny",
        "width": 48,
        "height": 32,
        "num_inference_steps": 2,
        "seed": 1,
    }
    job = new_job(ImageRequest(**values, image=start, mask_image=mask), str(data.outputs))
    gone = new_job(ImageRequest(**values, image=str(tmp_path / "gone.png")), str(data.outputs))
    engine, events = LocalEngine(data), []
    run_one(engine, job, events.append)
    assert isinstance(events[-1], Finished)
    recipe = read_recipe(data.outputs / f"{job.target.stem}.png")
    assert (recipe.request.image, recipe.request.mask_image) == (start, mask)
    assert recipe.inputs == {
        "image": read_image(tmp_path / "start.png")[1],
        "mask_image": read_mask(tmp_path / "mask.png")[1],
    }
    thumbnails = ThumbnailCache(data.thumbnails)
    thumbnail = thumbnails.get(events[-1].artifacts[0].sha256)
    thumbnails.close()
    assert Image.open(io.BytesIO(thumbnail)).size == (48, 32), "made when the image was saved"
    run_one(engine, gone, events.append)
    assert isinstance(events[-1], Failed)
    assert events[-1].failure.message == "gone.png does not exist."
    run_one(engine, new_job(job.request, str(data.outputs)), events.append, lambda: True)
    assert isinstance(events[-1], Cancelled)
    engine.close()


# Refused requests
# ----------------------------------------------------------------------


def test_a_mask_without_an_image_is_refused():
    with pytest.raises(InvalidRequestError, match="needs an image"):
        ImageRequest(prompt="x", mask_image="m.png")
    for strength in (0, -1, 1.01, float("nan")):
        with pytest.raises(InvalidRequestError, match="strength"):
            build_request(ImageRequest, {"prompt": "x", "strength": strength})


def test_paths_are_from_the_folder_of_the_batch_file(tmp_path):
    found = resolve_files(
        ImageRequest, {"image": "a/b.png", "mask_image": "/m.png", "prompt": "a/b"}, tmp_path
    )
    assert found == {"image": str(tmp_path / "a/b.png"), "mask_image": "/m.png", "prompt": "a/b"}


def test_home_of_an_unknown_user_is_an_ordinary_name(tmp_path):
    found = resolve_files(ImageRequest, {"image": "~nobody_at_all/x.png", "prompt": "a"}, tmp_path)
    assert found["image"] == str(tmp_path / "~nobody_at_all" / "x.png")


def test_mask_without_white_pixels_is_refused(sd, tmp_path):
    start = save(tmp_path / "start.png", size=(48, 96))
    black = halved(tmp_path / "black.png", (48, 96), white=0)
    with pytest.raises(StudioError, match=r"black\.png has nothing white"):
        run(sd, image=start, mask_image=black)
    edge = np.zeros((96, 48), np.uint8)
    edge[:8] = 255
    Image.fromarray(edge).save(tmp_path / "edge.png")  # white only in what is cut off
    with pytest.raises(StudioError, match="nothing white inside the image"):
        run(sd, image=start, mask_image=str(tmp_path / "edge.png"))


def test_a_mask_of_another_shape_is_refused(sd, tmp_path):
    start, mask = (
        save(tmp_path / "start.png", size=(64, 64)),
        halved(tmp_path / "mask.png", (100, 50)),
    )
    with pytest.raises(StudioError, match="The mask is 100 × 50 and the image 64 × 64"):
        run(sd, image=start, mask_image=mask)
    request = ImageRequest(prompt="x", image=start, mask_image=mask)
    assert check_images(SD, request).field == "mask_image"


def test_fit_description_names_size_and_crop(tmp_path):
    assert describe_fit((512, 512), 512, 512) == ""
    assert describe_fit((1200, 800), 512, 512) == "Cropped at the sides and reduced to 512 × 512."
    assert (
        describe_fit((300, 800), 512, 512)
        == "Cropped at the top and the bottom and enlarged to 512 × 512."
    )
    assert describe_fit((256, 256), 512, 512) == "Enlarged to 512 × 512."
    request = ImageRequest(
        prompt="x", image=save(tmp_path / "a.png", size=(120, 80)), width=64, height=64
    )
    assert describe_inputs(SD, request) == "a.png: Cropped at the sides and reduced to 64 × 64."


# Steps and sizes
# ----------------------------------------------------------------------


def test_image_of_one_pixel_is_accepted(sd, tmp_path):
    Image.new("RGB", (1, 1), "red").save(tmp_path / "one.png")
    assert pixels(run(sd, image=str(tmp_path / "one.png"))).shape == (32, 48, 3)


def test_a_pipeline_without_a_callback_counts_the_same(sd, tmp_path):
    card, pipeline = sd
    without_callback = replace(pipeline, parameters=pipeline.parameters - {"callback_on_step_end"})
    outcome = run((card, without_callback), image=save(tmp_path / "a.png"))
    assert [(event.step, event.total) for event in outcome.of(Progress)] == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("steps", "strength", "done"),
    [(4, 0.8, 3), (10, 0.29, 2), (2, 0.75, 1), (4, 1.0, 4), (7, 0.6, 4)],
)
def test_families_that_round_up_still_use_the_image(flux, tmp_path, steps, strength, done):
    start, other = save(tmp_path / "start.png"), halved(tmp_path / "other.png")
    first, second = (
        run(flux, image=path, num_inference_steps=steps, strength=strength)
        for path in (start, other)
    )
    assert [(event.step, event.total) for event in first.of(Progress)] == [
        (number + 1, done) for number in range(done)
    ]
    if strength < 1:
        assert not np.array_equal(pixels(first), pixels(second))


@pytest.fixture(scope="module")
def flux(tmp_path_factory):
    card = make_flux(tmp_path_factory.mktemp("models") / "flux")
    return card, image.load(card)
