"""Pictures: any folder that diffusers' `AutoPipelineForText2Image` loads, and others whose pipeline
takes a prompt.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

from studio.core.errors import StudioError
from studio.core.events import Preview, Progress, Statistics
from studio.core.files import sha256_of
from studio.core.requests import MAX_SEED, ImageRequest
from studio.engine.image.adapters.apply import put_on
from studio.engine.image.load import ImagePipeline, load
from studio.engine.image.source_image import prepare as prepare_inputs
from studio.engine.image.tiled_decode import KEPT, careful_decoding, decode_kept
from studio.engine.protocol import BatchOutcome, JobCancelledError, JobContext
from studio.engine.runtime.device import free_bytes
from studio.engine.runtime.latent_preview import preview
from studio.engine.runtime.placement import no_gradients, turns_ended
from studio.engine.runtime.schedulers import make_scheduler
from studio.engine.runtime.step_hooks import each_step
from studio.library.results import ImageResult, Result
from studio.models.card import ModelCard
from studio.preflight.images import FOR_ADAPTERS
from studio.preflight.prompt_translation import prepare

__all__ = ["generate", "load", "pictures_together", "run_batch"]
FRAME_SECONDS = 1 / 30
"""Previews come at most this often."""
MEMORY_SHARE = 0.25
"""Of the free memory, for the pictures that are drawn beside each other."""
PIXEL_BYTES = 8_192
"""Of memory that a picture's pixel takes while it is decoded, in the families that take most."""

_ALONE = ("GlmImagePipeline",)
"""Plans all pictures of a batch with the first one's seed: beside others a picture would not be the
one that its seed makes.
"""


def generate(run: JobContext, pipeline: ImagePipeline) -> Generator[Result, None, Statistics]:
    """Yield the pictures; number i has the seed + i, so that each can be made again alone."""
    request, read = _readable(run, pipeline)
    loaded, pipeline = pipeline, put_on(run, pipeline)
    given = prepare_inputs(request, pipeline, run.card)
    told = given.sha256 | {
        name: sha256_of(Path(path)) for name in FOR_ADAPTERS if (path := getattr(request, name))
    }
    count, steps = request.num_images_per_prompt, given.steps
    begun, first = time.monotonic(), 0.0
    for number in range(run.done, count):
        run.check()
        seed = ((request.seed or 0) + number) % (MAX_SEED + 1)
        watch = _Steps([run], given.pipeline, request, steps, number * steps, count * steps)
        with turns_ended(loaded.pipe):
            (picture,) = _draw([request], [seed], given.pipeline, run.card, watch, given.arguments)
        first = first or max(0.0, watch.first - begun)
        pixels = given.finished(_to_pixels(picture, run.card))
        yield ImageResult(
            pixels=pixels, ordinal=number, seed=seed, prompt_read=read, parts=run.parts, inputs=told
        )
    return Statistics(
        run_seconds=time.monotonic() - begun, first_seconds=first, units=count * steps, unit="step"
    )


def run_batch(runs: Sequence[JobContext], pipeline: ImagePipeline) -> Iterator[BatchOutcome]:
    """Yield every run's picture, or why it has none; see `protocol.Runner`. Each has its own noise,
    from its own seed.
    """
    if type(pipeline.pipe).__name__ in _ALONE:
        raise StudioError(f"Pictures of {runs[0].card.title} are made one by one.", cause="model")
    begun = time.monotonic()
    ready: dict[int, tuple[ImageRequest, str]] = {}
    for number, run in enumerate(runs):
        try:
            run.check()
            ready[number] = _readable(run, pipeline)
        except (StudioError, JobCancelledError) as error:
            yield number, error, Statistics()
    pipeline, numbers = put_on(runs[0], pipeline), list(ready)
    for start in range(0, len(numbers), room := pictures_together(runs[0], pipeline)):
        yield from _draw_part(
            runs,
            {number: ready[number] for number in numbers[start : start + room]},
            pipeline,
            begun,
        )


def _draw_part(
    runs: Sequence[JobContext],
    part: dict[int, tuple[ImageRequest, str]],
    pipeline: ImagePipeline,
    begun: float,
) -> Iterator[BatchOutcome]:
    chosen = [runs[number] for number in part]
    requests = [request for request, _read in part.values()]
    steps = requests[0].num_inference_steps
    watch = _Steps(chosen, pipeline, requests[0], steps, 0, steps)
    seeds = [request.seed or 0 for request in requests]
    try:
        with turns_ended(pipeline.pipe):
            pictures = _draw(requests, seeds, pipeline, chosen[0].card, watch)
    except JobCancelledError as error:
        yield from ((number, error, Statistics()) for number in part)
        return
    told = Statistics(
        run_seconds=time.monotonic() - begun,
        first_seconds=watch.first - begun,
        units=steps,
        unit="step",
    )
    for (number, (_request, read)), seed, picture in zip(
        part.items(), seeds, pictures, strict=True
    ):
        try:
            runs[number].check()
            pixels = _to_pixels(picture, runs[number].card)
            result = ImageResult(
                pixels=pixels, ordinal=0, seed=seed, prompt_read=read, parts=runs[number].parts
            )
        except (StudioError, JobCancelledError) as error:
            yield number, error, told
        else:
            yield number, result, told


def pictures_together(run: JobContext, pipeline: ImagePipeline) -> int:
    """Return how many pictures of a run's size fit beside each other into `MEMORY_SHARE` of the
    free memory; at least one.
    """
    request = run.job.request
    assert isinstance(request, ImageRequest)
    return max(
        1,
        int(
            MEMORY_SHARE
            * free_bytes(pipeline.device)
            / (request.width * request.height * PIXEL_BYTES)
        ),
    )


def _readable(run: JobContext, pipeline: ImagePipeline) -> tuple[ImageRequest, str]:
    """Return the request as the model reads it, and its prompt where that is not what the person
    wrote.
    """
    request = run.job.request
    assert isinstance(request, ImageRequest)
    _check_size(request, pipeline, run.card)
    prompts = {
        name: prepare(getattr(request, name), run.card) for name in ("prompt", "negative_prompt")
    }
    read = prompts["prompt"] if prompts["prompt"] != request.prompt else ""
    return msgspec.structs.replace(request, **prompts), read


def _draw(
    requests: Sequence[ImageRequest],
    seeds: Sequence[int],
    pipeline: ImagePipeline,
    card: ModelCard,
    watch: _Steps,
    inputs: Mapping[str, Any] = MappingProxyType({}),
) -> list[Any]:
    """Return the pictures, each (height, width, 3), 0 to 1, or None where the model's own filter
    held it back.

    The requests differ in their prompts only. `inputs`: the arguments that given pictures are.
    """
    import torch

    pipeline.pipe.scheduler = make_scheduler(requests[0].scheduler, pipeline.scheduler, card)
    arguments = {**_arguments(requests, pipeline, card), **inputs}
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    arguments |= {
        "generator": generators if len(generators) > 1 else generators[0],
        "output_type": "np",
    }
    with no_gradients(pipeline.plan):
        if KEPT in watch.run.kept:  # drawn already, before the model was loaded in another way
            pictures, held = decode_kept(pipeline.pipe, watch.run)
        else:
            with watch.attached(arguments), careful_decoding(pipeline.pipe, watch.run):
                output = pipeline.pipe(**arguments)
            pictures, held = (
                output.images,
                getattr(output, "nsfw_content_detected", None) or [False] * len(seeds),
            )
    return [
        None if held_back else picture for picture, held_back in zip(pictures, held, strict=True)
    ]


class _Steps:
    """Sees each step of pictures that are drawn together: counts it, shows previews, obeys
    cancels.
    """

    def __init__(
        self,
        runs: Sequence[JobContext],
        pipeline: ImagePipeline,
        request: ImageRequest,
        steps: int,
        offset: int,
        total: int,
    ) -> None:
        self._runs = runs
        self._pipeline = pipeline
        self._request = request
        self._steps = steps
        self._offset = offset
        self._total = total
        self._done = 0
        self._shown = 0.0
        self.first = 0.0
        self.run = runs[0]
        """The one that tells what is done when memory runs out."""

    def attached(self, arguments: dict[str, Any]) -> AbstractContextManager[None]:
        """Hook into the pipeline for one call."""
        return each_step(self._pipeline.pipe, self._pipeline.parameters, arguments, self._see)

    def _see(self, latents: Any) -> None:
        if all(run.is_cancelled() for run in self._runs):
            raise JobCancelledError
        self._done = min(self._done + 1, self._steps)
        now = time.monotonic()
        self.first = self.first or now
        shows = (
            latents is not None
            and self._pipeline.latent_map is not None
            and now - self._shown >= FRAME_SECONDS
        )
        self._shown = now if shows else self._shown
        for number, run in enumerate(self._runs):
            picture = self._preview(latents[number : number + 1]) if shows else None
            run.emit(Progress(step=self._offset + self._done, total=self._total, preview=picture))

    def _preview(self, latents: Any) -> Preview | None:
        assert self._pipeline.latent_map is not None
        return preview(
            self._pipeline.pipe,
            latents,
            self._pipeline.latent_map,
            self._request.width,
            self._request.height,
        )


def _arguments(
    requests: Sequence[ImageRequest], pipeline: ImagePipeline, card: ModelCard
) -> dict[str, Any]:
    """Return the call's arguments: what guidance means differs by family, and not every pipeline
    takes a negative prompt.
    """
    request = requests[0]
    prompts, negative = (
        [each.prompt for each in requests],
        [each.negative_prompt for each in requests],
    )
    arguments: dict[str, Any] = {
        "prompt": prompts if len(prompts) > 1 else prompts[0],
        "width": request.width,
        "height": request.height,
        "num_inference_steps": request.num_inference_steps,
        "max_area": request.width * request.height,  # Kontext would take its own
        # A small picture is drawn small, and not as large as those of the training and made smaller
        # then.
        "use_resolution_binning": request.width * request.height >= 512 * 512,
    }
    if card.guidance == "true_cfg":
        arguments["true_cfg_scale"] = request.guidance_scale
        negative = [text or " " for text in negative]
        arguments["negative_prompt"] = negative if len(negative) > 1 else negative[0]
    elif card.guidance != "ignored":
        arguments["guidance_scale"] = request.guidance_scale
        if any(negative) and card.guidance != "embedded":
            arguments["negative_prompt"] = negative if len(negative) > 1 else negative[0]
    if request.num_inference_steps != 2:
        arguments["intermediate_timesteps"] = None  # Sana-Sprint has one for two steps only
    arguments |= pipeline.more
    return {name: value for name, value in arguments.items() if name in pipeline.parameters}


def _check_size(request: ImageRequest, pipeline: ImagePipeline, card: ModelCard) -> None:
    multiple = max(card.size_multiple, int(getattr(pipeline.pipe, "vae_scale_factor", 8)))
    for name, value in (("width", request.width), ("height", request.height)):
        if value % multiple:
            raise StudioError(
                f"The {name} {value} is not a multiple of {multiple}, which {card.title} needs.",
                cause="invalid",
            )
        if value < card.smallest_side or (card.largest_side and value > card.largest_side):
            raise StudioError(
                f"{card.title}: the {name} can be {card.smallest_side} to {card.largest_side}, not "
                f"{value}; "
                "others show no clear thing.",
                cause="invalid",
                cure="Choose such a size; the window shows small pictures enlarged.",
            )


def _to_pixels(drawn: Any, card: ModelCard) -> Any:
    if drawn is None:
        raise StudioError(
            f"The filter inside {card.title} held the picture back.",
            cause="model",
            cure="Try another prompt or seed.",
        )
    picture = np.asarray(drawn)
    if not np.isfinite(picture).all():
        raise StudioError(
            f"{card.title} made numbers that are no picture (NaN).",
            cause="model",
            cure="Try another scheduler or lower guidance; if it stays, the model's files may be "
            "damaged.",
        )
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    return (np.clip(picture[..., :3], 0, 1) * 255).round().astype(np.uint8)
