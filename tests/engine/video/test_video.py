"""Videos of diffusers' pipelines with tiny random weights: results, cancels, refusals, files."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from types import SimpleNamespace

import av
import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from studio.core.errors import StudioError
from studio.core.events import Cancelled, Failed, Finished, Loading, Progress
from studio.core.files import sha256_of
from studio.core.jobs import new_job
from studio.core.requests import VideoRequest
from studio.engine.local import LocalEngine
from studio.engine.runtime import latent_preview
from studio.engine.video import generate as video
from studio.engine.video import latent_preview as video_preview
from studio.library.artifacts import find_complete, read_recipe
from studio.media.image_reader import read_image
from studio.models.card import ModelCard
from studio.models.card_store import card_folder, write_card
from studio.models.catalog import why_not_run
from studio.models.install.add import add
from studio.models.memory.load_plan import LoadPlan
from studio.models.registry import ModelRegistry
from studio.preflight import video as video_given
from studio.preflight.images import fit_to
from studio.preflight.video import check_video
from tests.checkpoints.image import make_sd
from tests.checkpoints.video import (
    MAKERS,
    SMALL,
    first_frame,
    make_cogvideox,
    make_ltx,
    make_motion_adapter,
    make_wan,
)
from tests.engine.runs import run_job, run_one

IMAGE_TO_VIDEO = "image-to-video"
HALF = LoadPlan(strategy="16-bit", device="cpu", precision="bf16")


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    """Return a function that makes a tiny model by name, once."""
    folder, cards = tmp_path_factory.mktemp("models"), {}

    def of(name) -> ModelCard:
        if name not in cards:
            cards[name] = MAKERS[name][1](folder / name)
        return cards[name]

    return of


@pytest.fixture
def image_path(tmp_path):
    return first_frame(tmp_path)


def request(**values) -> VideoRequest:
    return VideoRequest(**{"prompt": "a small cat", "seed": 3, **SMALL, **values})


def install(data, card):
    write_card(card, card_folder(data, card.name))


def run_here(data, asked, cancelled=lambda: False):
    """Run a request through `LocalEngine`; return the job and its events."""
    engine, events = LocalEngine(data), []
    job = new_job(asked, str(data.outputs))
    run_one(engine, job, events.append, cancelled)
    engine.close()
    return job, events


def decoded(path):
    """Return the frames of a video file and its frame rate."""
    with av.open(path) as file:
        (stream,) = file.streams.video
        return np.stack(
            [frame.to_ndarray(format="rgb24") for frame in file.decode(stream)]
        ), stream.average_rate


# Each family
# ----------------------------------------------------------------------


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


# Motion adapters
# ----------------------------------------------------------------------


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


# Cancelling
# ----------------------------------------------------------------------


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


# Refused requests
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "field", "words"),
    [
        (
            "wan",
            {"num_frames": 10},
            "num_frames",
            "multiple of 4 frames and one more, not 10; choose 9 or 13",
        ),
        (
            "ltx",
            {"num_frames": 2},
            "num_frames",
            "multiple of 8 frames and one more, not 2; choose 1 or 9",
        ),
        (
            "wan",
            {"width": 40},
            "width",
            "40 is not a multiple of 16, which .* needs; choose 32 or 48",
        ),
        ("ltx", {"height": 16}, "height", "16 is not a multiple of 32, which .* needs; choose 32"),
        (
            "ltx",
            {"width": 2048, "height": 2048, "num_frames": 249},
            "num_frames",
            "take at least 41.8 GB .* this computer has",
        ),
        ("mochi", {"num_frames": 9}, "num_frames", "choose 7 or 13"),
        ("animatediff", {"num_frames": 33}, "num_frames", "at most 32 frames, not 33"),
        (
            "cogvideox-i2v",
            {"width": 64, "image": "x.png"},
            "width",
            "32 × 32 pixels only, not 64 × 32",
        ),
        ("wan", {"image": "x.png"}, "image", "from text only and takes no first frame"),
        ("wan-i2v", {}, "image", "needs a first frame"),
        ("ltx", {"image": "/nowhere/at all.png"}, "image", "all.png does not exist"),
    ],
)
def test_unsupported_requests_are_refused_before_loading(
    cards, monkeypatch, name, values, field, words
):
    monkeypatch.setattr(
        video_given.psutil, "virtual_memory", lambda: SimpleNamespace(total=32 << 30)
    )
    problem = check_video(cards(name), request(**values))
    assert problem is not None
    assert problem.field == field
    assert re.search(words, problem.message), problem.message


def test_the_engine_refuses_unsupported_requests_too(cards, data):
    install(data, cards("wan"))
    _job, events = run_here(data, request(num_frames=10))
    assert isinstance(events[-1], Failed)
    assert events[-1].failure.cause == "invalid"
    assert "choose 9 or 13" in events[-1].failure.message
    assert not list(data.outputs.iterdir())


def test_a_folder_or_damaged_file_is_no_first_frame(cards, tmp_path, image_path):
    card, whole = cards("ltx"), Path(image_path).read_bytes()
    (tmp_path / "folder.png").mkdir()
    bad = {
        "empty.png": b"",
        "words.png": b"not an image",
        "cut.png": whole[: len(whole) // 2],
        "pdf.jpg": b"%PDF-1.4 \n",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    for name in ("folder.png", *bad):
        problem = check_video(card, request(image=str(tmp_path / name)))
        assert problem is not None, name
        assert problem.field == "image"


def test_a_truncated_first_frame_fails_the_job(cards, data, tmp_path):
    install(data, cards("ltx"))
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(
        tmp_path / "cut.jpg"
    )
    whole = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    _job, events = run_here(data, request(image=str(tmp_path / "cut.jpg")))
    assert isinstance(events[-1], Failed)
    assert "cut.jpg cannot be read: the file is damaged or cut off" in events[-1].failure.message


def test_a_changed_byte_in_a_first_frame_never_raises_another_error(cards, tmp_path, image_path):
    card, chance = cards("ltx"), np.random.default_rng(0)
    for suffix in ("png", "jpg", "webp", "bmp", "tiff"):
        path = tmp_path / f"frame.{suffix}"
        with Image.open(image_path) as whole:
            whole.save(path)
        content = path.read_bytes()
        for _number in range(60):
            damaged = bytearray(content)
            for place in chance.integers(0, len(content), 3):
                damaged[place] = chance.integers(0, 256)
            path.write_bytes(damaged)
            check_video(card, request(image=str(path)))
            with contextlib.suppress(StudioError):
                read_image(path)


def test_a_first_frame_is_rotated_and_cropped_to_the_videos_shape(tmp_path):
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, :40] = 255  # left half white; turned by the camera's note it is the upper half
    note = Image.Exif()
    note[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=note, quality=100)
    pixels = np.asarray(fit_to(read_image(tmp_path / "turned.jpg")[0], 32, 32), np.int16)
    assert pixels.shape == (32, 32, 3)
    assert pixels[:14].mean() > 240
    assert pixels[18:].mean() < 15


def test_first_frame_is_decoded_like_every_other_image(cards, tmp_path):
    """16-bit images keep their brightness and transparency becomes white, as for img2img."""
    card = cards("ltx")
    pipeline = video.load(card)
    Image.fromarray(np.full((32, 32), 20_000, np.uint16)).save(tmp_path / "deep.png")
    Image.new("L", (32, 32), 78).convert("RGB").save(tmp_path / "same.png")
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(tmp_path / "clear.gif")
    Image.new("RGB", (32, 32), "white").save(tmp_path / "white.png")
    for name, same in (("deep.png", "same.png"), ("clear.gif", "white.png")):
        found, expected = (
            run_job(video, card, pipeline, request(image=str(tmp_path / file))).results[0].frames
            for file in (name, same)
        )
        assert np.array_equal(found, expected)


def test_a_video_that_does_not_fit_into_memory_is_refused_with_both_numbers(
    cards, data, monkeypatch
):
    monkeypatch.setattr(video, "free_bytes", lambda _device: 300_000)
    install(data, cards("ltx"))
    _job, events = run_here(data, request())
    assert isinstance(events[-1], Failed)
    assert events[-1].failure.cause == "invalid"
    assert "0.0 GB are free" in events[-1].failure.message
    assert not [event for event in events if isinstance(event, Progress)]


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


def test_without_the_encoder_a_video_is_refused_before_it_runs(cards, data, monkeypatch):
    from studio.media import video as video_files

    monkeypatch.setattr(video_files.importlib.util, "find_spec", lambda _name: None)
    install(data, cards("ltx"))
    problem = check_video(cards("ltx"), request())
    assert problem is not None
    assert problem.field == "format"
    assert 'pip install "studio[video]"' in problem.message
    _job, events = run_here(data, request())
    assert isinstance(events[-1], Failed)
    assert not [event for event in events if isinstance(event, Progress)]
    _job, events = run_here(data, request(format="webp"))
    assert isinstance(events[-1], Finished)


# Previews
# ----------------------------------------------------------------------


def test_a_preview_is_the_middle_frame_of_every_latent_layout(cards):
    """Each frame has a different brightness, and the preview shows the middle one."""
    for name in ("wan", "cogvideox", "animatediff", "ltx"):
        card = cards(name)
        pipeline = video.load(card)
        channels, pipe = len(pipeline.latent_map.weights), pipeline.pipe
        asked = request(num_frames=33, width=64, height=96)
        time = 33 if name == "animatediff" else 5 if name == "ltx" else 9
        side = 2 if name == "animatediff" else 32 if name == "ltx" else 8
        latents = torch.randn(
            1, channels, time, 96 // side, 64 // side, generator=torch.Generator().manual_seed(0)
        )
        expected = latent_preview.preview(
            pipe, latents[:, :, time // 2], pipeline.latent_map, 64, 96
        )
        inputs = latents
        if name == "cogvideox":
            inputs = latents.permute(0, 2, 1, 3, 4)
        elif name == "ltx":
            inputs = pipe._pack_latents(latents, 1, 1)
            inputs = torch.cat(
                [torch.zeros(1, 4, channels), inputs], dim=1
            )  # patches of a first frame
        shown = video_preview.middle_frame(pipe, inputs, pipeline.latent_map, asked)
        assert shown == expected, name
        assert (shown.width, shown.height) == (64 // side, 96 // side)


class PlainAutoencoder(torch.nn.Module):
    """Its latents are the colors of squares of 8 × 8, in other numbers, as an autoencoder's are
    roughly.
    """

    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self, **config):
        super().__init__()
        self.config = config
        self.colors = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))

    def encode(self, inputs):
        squares = torch.nn.functional.avg_pool3d(inputs, (1, 8, 8))
        latents = torch.einsum("lc,bcthw->blthw", self.colors, squares) + 2
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))


def test_the_map_of_a_preview_takes_normalized_latents():
    """Pipelines normalize the autoencoder's latents; the map undoes it."""
    mean, deviation = [1.0, -2.0, 0.5, 3.0, 0.0], [0.5, 2.0, 1.0, 4.0, 1.5]
    for config in ({}, {"scaling_factor": 0.3}, {"latents_mean": mean, "latents_std": deviation}):
        vae = PlainAutoencoder(**config)
        latent_map = video_preview.fit(SimpleNamespace(components={"vae": vae}))
        inputs = torch.tensor((0.9, 0.2, 0.4)).reshape(1, 3, 1, 1, 1).expand(1, 3, 1, 8, 8)
        latent = vae.encode(inputs * 2 - 1).latent_dist.mode()[0, :, 0, 0, 0]
        if "latents_mean" in config:
            latent = (latent - torch.tensor(mean)) / torch.tensor(deviation)
        latent = latent * config.get("scaling_factor", 1.0)
        pixels = latent.numpy() @ latent_map.weights + latent_map.bias
        assert np.allclose(pixels, (0.9, 0.2, 0.4), atol=0.02), config


def test_an_unknown_autoencoder_gives_no_preview(cards, tmp_path):
    pipeline = video.load(make_cogvideox(tmp_path / "cog"))
    pipeline.pipe.vae.encode = lambda _video: (_ for _ in ()).throw(RuntimeError("another form"))
    assert video_preview.fit(pipeline.pipe) is None
