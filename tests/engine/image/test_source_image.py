"""Source images and masks: results, refused requests, and damaged or hostile files."""

import os
import struct
import zlib
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from PIL import Image, ImageOps

from studio.core.errors import InvalidRequestError, StudioError
from studio.core.events import Cancelled, Failed, Finished, Progress
from studio.core.jobs import new_job
from studio.core.requests import ImageRequest, build_request, resolve_files
from studio.engine.image import generate as image
from studio.engine.image import source_image
from studio.engine.local import LocalEngine
from studio.library.artifacts import read_recipe
from studio.media import image_reader
from studio.media.image_reader import image_size, read_image, read_mask
from studio.models.card import ModelCard
from studio.models.card_store import card_folder, write_card
from studio.models.catalog import entry_named
from studio.preflight.checks import advise
from studio.preflight.images import check_images, check_wish, describe_fit
from tests.checkpoints.image import make_sd
from tests.checkpoints.image_flux import make_flux
from tests.engine.runs import run_job, run_one

SD = entry_named("stable-diffusion-1.5").card
KONTEXT = entry_named("flux.1-kontext-dev").card
FILL = entry_named("flux.1-fill-dev").card
EDIT = entry_named("qwen-image-edit").card
SANA = entry_named("sana-1.6b").card


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
    turned = source_image.prepare(request, pipeline, card).pipeline.pipe
    assert type(turned).__name__ == "StableDiffusionInpaintPipeline"
    assert all(turned.components[name] is part for name, part in pipeline.pipe.components.items())


@pytest.mark.parametrize("scheduler", ["", "euler", "ddim", "heun", "lcm"])
def test_unmasked_pixels_stay_exactly_the_same(sd, tmp_path, scheduler):
    start, mask = save(tmp_path / "start.png"), halved(tmp_path / "mask.png")
    result = pixels(run(sd, image=start, mask_image=mask, strength=1.0, scheduler=scheduler))
    source = np.asarray(Image.open(start))
    assert np.array_equal(result[16:], source[16:])
    assert not np.array_equal(result[:16], source[:16])


def test_gray_in_a_mask_blends(sd, tmp_path):
    start = save(tmp_path / "start.png")
    source = np.asarray(Image.open(start)).astype(int)
    full = pixels(run(sd, image=start, mask_image=halved(tmp_path / "white.png"))).astype(int)
    grey = pixels(run(sd, image=start, mask_image=halved(tmp_path / "grey.png", white=153))).astype(
        int
    )
    assert np.abs(grey[:16] - (full[:16] * 0.6 + source[:16] * 0.4)).max() <= 1
    assert np.array_equal(grey[16:], source[16:])


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
    run_one(engine, gone, events.append)
    assert isinstance(events[-1], Failed)
    assert events[-1].failure.message == "gone.png does not exist."
    run_one(engine, new_job(job.request, str(data.outputs)), events.append, lambda: True)
    assert isinstance(events[-1], Cancelled)
    engine.close()


# What is refused
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "values", "why"),
    [
        (SANA, {"image": "a.png"}, "makes pictures from words only"),
        (FILL, {}, "needs a picture to change"),
        (EDIT, {}, "needs a picture to change"),
        (FILL, {"image": "a.png"}, "needs a mask"),
        (entry_named("kolors").card, {"image": "a.png", "mask_image": "m.png"}, "takes no mask"),
        (SD, {"image": "a.png", "num_inference_steps": 1}, "0.75 of 1 step is less than one step"),
        (
            SD,
            {"image": "a.png", "num_inference_steps": 10, "strength": 0.05},
            "0.05 of 10 steps is less",
        ),
        (SD, {"image": "a.png", "num_inference_steps": 2}, ""),
        (SD, {"num_inference_steps": 1}, ""),
        (SD, {"image": "a.png", "control_image": "c.png"}, "not followed together"),
        (KONTEXT, {"image": "a.png", "num_inference_steps": 1}, ""),
        (
            KONTEXT,
            {"image": "a.png", "mask_image": "m.png", "num_inference_steps": 1},
            "less than one step",
        ),
    ],
)
def test_unsupported_inputs_are_reported(card, values, why):
    problem = check_wish(card, ImageRequest(prompt="x", **values))
    assert why in problem.message if why else problem is None


def test_a_model_that_the_user_added_is_checked_by_its_family():
    mine = ModelCard(
        name="m", title="Mine", kind="image", runner="diffusers", family="StableDiffusionXLPipeline"
    )
    other = msgspec.structs.replace(mine, family="PixArtSigmaPipeline")
    request = ImageRequest(prompt="x", image="a.png", mask_image="m.png")
    assert check_wish(mine, request) is None
    assert check_wish(other, request).field == "image"


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


def test_a_mask_with_nothing_white_is_refused(sd, tmp_path):
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
    with pytest.raises(StudioError, match="The mask is 100 × 50 and the picture 64 × 64"):
        run(sd, image=start, mask_image=mask)
    request = ImageRequest(prompt="x", image=start, mask_image=mask)
    assert check_images(SD, request).field == "mask_image"


def test_the_fit_is_described(tmp_path):
    assert describe_fit((512, 512), 512, 512) == ""
    assert describe_fit((1200, 800), 512, 512) == "Cut at the sides and made smaller to 512 × 512."
    assert (
        describe_fit((300, 800), 512, 512)
        == "Cut at the top and the bottom and made larger to 512 × 512."
    )
    assert describe_fit((256, 256), 512, 512) == "Made larger to 512 × 512."
    request = ImageRequest(
        prompt="x", image=save(tmp_path / "a.png", size=(120, 80)), width=64, height=64
    )
    assert advise(SD, request) == "a.png: Cut at the sides and made smaller to 64 × 64."


# Files
# ----------------------------------------------------------------------


def red(path, **more):
    Image.new("RGB", (40, 20), (200, 30, 40)).save(path, **more)
    return path


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif", "tif"])
def test_every_image_format_is_read(tmp_path, suffix):
    path = red(tmp_path / f"a.{suffix}")
    image, digest = read_image(path)
    assert image_size(path) == image.size == (40, 20)
    assert len(digest) == 64
    assert np.abs(np.asarray(image).astype(int) - (200, 30, 40)).max() < 12


def test_a_rotated_photo_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for suffix in ("jpg", "png", "webp", "tif"):
        path = red(tmp_path / f"a.{suffix}", exif=exif)
        assert read_image(path)[0].size == (20, 40)
        assert image_size(path) == (20, 40)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_applied(tmp_path, orientation):
    values = np.random.default_rng(3).integers(0, 256, (6, 10, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(values).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as stored:
        assert np.array_equal(
            np.asarray(read_image(tmp_path / "a.png")[0]),
            np.asarray(ImageOps.exif_transpose(stored)),
        )


@pytest.mark.parametrize(
    ("tag", "kind", "count", "value"),
    [
        (0x9286, 2, 4, b"abc\0"),
        (0x010F, 4, 1, b"\0\0\0\7"),
        (0x0131, 7, 4, b"\xff\xfe\0\1"),
        (0x011A, 2, 4, b"72\0\0"),
        (0x0112, 5, 1, b"\0\0\0\x60"),
        (0x8769, 4, 1, b"\0\xff\xff\xff"),
        (0xC4A5, 12, 2, b"\0\0\0\1"),
    ],
)
def test_damaged_exif_tags_do_not_matter(tmp_path, tag, kind, count, value):
    entries = sorted(
        [
            struct.pack(">HHI4s", 0x0112, 3, 1, b"\0\6\0\0"),
            struct.pack(">HHI4s", tag, kind, count, value),
        ]
    )
    if tag == 0x0112:
        entries = entries[:1]
    notes = (
        b"Exif\0\0MM\0*\0\0\0\x08"
        + struct.pack(">H", len(entries))
        + b"".join(entries)
        + b"\0\0\0\0"
    )
    Image.new("RGB", (40, 20), "red").save(tmp_path / "a.jpg", exif=notes)
    assert read_image(tmp_path / "a.jpg")[0].size == image_size(tmp_path / "a.jpg") == (20, 40)


def test_cmyk_alpha_palette_and_16_bit_images(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg")
    assert np.asarray(read_image(tmp_path / "cmyk.jpg")[0])[4, 4].argmax() == 0
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert np.asarray(read_image(tmp_path / "clear.png")[0]).min() == 255, "on white"
    assert np.asarray(read_mask(tmp_path / "clear.png")[0]).max() == 0, "repaints nothing"
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([10, 200, 30])
    palette.save(tmp_path / "palette.gif", transparency=0)
    assert np.asarray(read_image(tmp_path / "palette.gif")[0]).min() == 255
    Image.fromarray(np.full((8, 8), 40_000, np.uint16)).save(tmp_path / "deep.png")
    assert np.asarray(read_image(tmp_path / "deep.png")[0])[0, 0].tolist() == [156] * 3
    Image.fromarray(np.full((8, 8), 0.5, np.float32)).save(tmp_path / "float.tif")
    assert np.asarray(read_image(tmp_path / "float.tif")[0])[0, 0].tolist() == [128] * 3
    Image.new("1", (8, 8), 1).save(tmp_path / "bits.png")
    assert np.asarray(read_mask(tmp_path / "bits.png")[0]).min() == 255


def huge_png(path, width, height):
    """Of a few hundred bytes, that says it has so many pixels."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize(
    "size", [(20_000, 20_000), (9_500, 9_500), (2**31 - 1, 1), (100_000, 1_000)]
)
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, size):
    path = huge_png(tmp_path / "huge.png", *size)
    for read in (image_size, read_image, read_mask):
        with pytest.raises(StudioError, match="80 million"):
            read(path)


def test_an_image_of_one_pixel(sd, tmp_path):
    Image.new("RGB", (1, 1), "red").save(tmp_path / "one.png")
    assert pixels(run(sd, image=str(tmp_path / "one.png"))).shape == (32, 48, 3)


@pytest.mark.parametrize("cut", [0, 1, 7, 30, 200, -1])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "tif", "bmp"])
def test_a_truncated_file_is_a_studio_error(tmp_path, suffix, cut):
    whole = tmp_path / f"a.{suffix}"
    save(whole, size=(64, 64))
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) // 2 if cut < 0 else cut])
    with pytest.raises(StudioError, match=r"(cannot be read|is not a PNG)"):
        read_image(whole)


def test_random_changes_of_a_file_never_raise_another_error(tmp_path):
    chance = np.random.default_rng(5)
    for suffix in ("png", "jpg", "webp", "gif", "tif", "bmp"):
        path = tmp_path / f"a.{suffix}"
        save(path, size=(32, 32))
        whole = path.read_bytes()
        for _number in range(60):
            data = bytearray(whole)
            for place in chance.integers(0, len(data), 4):
                data[place] = chance.integers(0, 256)
            path.write_bytes(data)
            for read in (image_size, read_image, read_mask):
                try:
                    read(path)
                except StudioError as error:
                    # not every turned byte spoils a picture
                    assert error.message.startswith(path.name)  # noqa: PT017


def test_a_path_that_is_no_image_file_is_refused(tmp_path):
    (tmp_path / "text.png").write_text("<svg/>")
    (tmp_path / "script.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    os.mkfifo(tmp_path / "pipe.png")
    for name, why in (
        ("gone.png", "does not exist"),
        ("text.png", "is not a PNG, JPEG"),
        ("script.eps", "is not a PNG, JPEG"),
        ("pipe.png", "is not a file"),
        (".", "is not a file"),
    ):
        for read in (image_size, read_image):
            with pytest.raises(StudioError, match=why):
                read(tmp_path / name)


def test_a_file_of_too_many_bytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(image_reader, "MAX_BYTES", 100)
    with pytest.raises(StudioError, match="The limit for an image is"):
        read_image(red(tmp_path / "a.bmp"))


def test_a_pipeline_without_a_callback_counts_the_same(sd, tmp_path):
    card, pipeline = sd
    deaf = replace(pipeline, parameters=pipeline.parameters - {"callback_on_step_end"})
    outcome = run((card, deaf), image=save(tmp_path / "a.png"))
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
