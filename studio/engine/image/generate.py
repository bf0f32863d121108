"""Runs image pipelines: draws a request's images, alone or as a batch, and returns their pixels."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import numpy as np

from studio.core.errors import StudioError
from studio.core.events import Preview, Progress, Statistics
from studio.core.files import sha256_of
from studio.core.requests import MAX_SEED, ImageRequest
from studio.core.translation import tr
from studio.engine.image.adapters.apply import apply_adapters
from studio.engine.image.arguments import check_size, pipeline_arguments
from studio.engine.image.drawn_size import drawn_request, reduced
from studio.engine.image.load import ImagePipeline, load
from studio.engine.image.prompt_embedding import Prompts, embedded, read_prompts
from studio.engine.image.source_image import prepare as prepare_inputs
from studio.engine.image.tiled_decode import KEPT, decode_kept, tiled_decoding
from studio.engine.protocol import BatchOutcome, JobCancelledError, JobContext
from studio.engine.runtime.device import free_bytes
from studio.engine.runtime.latent_preview import preview
from studio.engine.runtime.placement import inference_context, release_offload_hooks
from studio.engine.runtime.schedulers import make_scheduler
from studio.engine.runtime.step_hooks import on_each_step
from studio.library.results import ImageResult, Result
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.preflight.images import ADAPTER_IMAGE_FIELDS

__all__ = ["generate", "load", "max_images_at_once", "run_batch"]
PREVIEW_SECONDS = 1 / 30
"""Previews are sent at most this often."""
MEMORY_SHARE = 0.25
"""Share of the free memory for the images that are drawn at once."""
PIXEL_BYTES = 8_192
"""Memory per pixel while an image is decoded, in the families that need most."""


def generate(context: JobContext, pipeline: ImagePipeline) -> Generator[Result, None, Statistics]:
    """Yield the images; number i has the seed + i, so that each can be made again alone."""
    request, prompts = _prepared_request(context, pipeline)
    loaded, pipeline = pipeline, apply_adapters(context, pipeline)
    drawn = drawn_request(request, context.card)
    inputs = prepare_inputs(request, (drawn.width, drawn.height), pipeline, context.card)
    chunks = prompts.chunks(pipeline.pipe, context.card)
    hashes = inputs.sha256 | {
        name: sha256_of(Path(path))
        for name in ADAPTER_IMAGE_FIELDS
        if (path := getattr(request, name))
    }
    count, steps = request.num_images_per_prompt, inputs.steps
    start, first_seconds = time.monotonic(), 0.0
    for number in range(context.completed_results, count):
        context.check()
        seed = ((request.seed or 0) + number) % (MAX_SEED + 1)
        progress = _StepProgress(
            [context], inputs.pipeline, drawn, steps, number * steps, count * steps
        )
        with release_offload_hooks(loaded.pipe):
            words = _Words([prompts], chunks)
            (image,) = _draw(
                [drawn], [seed], inputs.pipeline, context.card, progress, words, inputs.arguments
            )
        first_seconds = first_seconds or max(0.0, progress.first_step_at - start)
        pixels = inputs.finish(_to_pixels(image, request, context.card))
        yield ImageResult(
            pixels=pixels,
            ordinal=number,
            seed=seed,
            prompt_read=prompts.translation,
            weight_hashes=context.weight_hashes,
            inputs=hashes,
        )
    return Statistics(
        run_seconds=time.monotonic() - start,
        first_seconds=first_seconds,
        units=count * steps,
        unit="step",
    )


def run_batch(contexts: Sequence[JobContext], pipeline: ImagePipeline) -> Iterator[BatchOutcome]:
    """Yield the image of each job, or its error; see `protocol.Runner`.

    Each image has its own noise from its own seed, as if it were drawn alone.
    """
    family = find_family(contexts[0].card.family)
    if family is not None and family.no_batch:
        raise StudioError(
            tr("{model} makes images one at a time.", model=contexts[0].card.title), cause="model"
        )
    start = time.monotonic()
    prepared: dict[int, tuple[ImageRequest, Prompts]] = {}
    for number, context in enumerate(contexts):
        try:
            context.check()
            prepared[number] = _prepared_request(context, pipeline)
        except (StudioError, JobCancelledError) as error:
            yield number, error, Statistics()
    pipeline = apply_adapters(contexts[0], pipeline)
    size = max_images_at_once(contexts[0], pipeline)
    by_chunks: dict[int, list[int]] = {}  # embeddings of one call have one length
    for number, (_request, prompts) in prepared.items():
        chunks = prompts.chunks(pipeline.pipe, contexts[number].card)
        by_chunks.setdefault(chunks, []).append(number)
    for chunks, numbers in by_chunks.items():
        for begin in range(0, len(numbers), size):
            part = {number: prepared[number] for number in numbers[begin : begin + size]}
            yield from _draw_batch(contexts, part, pipeline, chunks, start)


def _draw_batch(
    contexts: Sequence[JobContext],
    prepared: Mapping[int, tuple[ImageRequest, Prompts]],
    pipeline: ImagePipeline,
    chunks: int,
    start: float,
) -> Iterator[BatchOutcome]:
    batch = [contexts[number] for number in prepared]
    card = batch[0].card
    requests = [drawn_request(request, card) for request, _prompts in prepared.values()]
    words = _Words([prompts for _request, prompts in prepared.values()], chunks)
    steps = requests[0].num_inference_steps
    progress = _StepProgress(batch, pipeline, requests[0], steps, 0, steps)
    seeds = [request.seed or 0 for request in requests]
    try:
        with release_offload_hooks(pipeline.pipe):
            images = _draw(requests, seeds, pipeline, card, progress, words)
    except JobCancelledError as error:
        yield from ((number, error, Statistics()) for number in prepared)
        return
    statistics = Statistics(
        run_seconds=time.monotonic() - start,
        first_seconds=progress.first_step_at - start,
        units=steps,
        unit="step",
    )
    for (number, (request, prompts)), seed, image in zip(
        prepared.items(), seeds, images, strict=True
    ):
        context = contexts[number]
        try:
            context.check()
            pixels = _to_pixels(image, request, context.card)
            result = ImageResult(
                pixels=pixels,
                ordinal=0,
                seed=seed,
                prompt_read=prompts.translation,
                weight_hashes=context.weight_hashes,
            )
        except (StudioError, JobCancelledError) as error:
            yield number, error, statistics
        else:
            yield number, result, statistics


def max_images_at_once(context: JobContext, pipeline: ImagePipeline) -> int:
    """Return how many images of a job's size fit into the memory for a batch; at least 1."""
    request = context.job.request
    assert isinstance(request, ImageRequest)
    request = drawn_request(request, context.card)
    room = MEMORY_SHARE * free_bytes(pipeline.device)
    return max(1, int(room / (request.width * request.height * PIXEL_BYTES)))


def _prepared_request(context: JobContext, pipeline: ImagePipeline) -> tuple[ImageRequest, Prompts]:
    """Return the request with the words that the model reads, and how it reads them."""
    request = context.job.request
    assert isinstance(request, ImageRequest)
    check_size(request, pipeline, context.card)
    prompts = read_prompts(request, context.card)
    prepared = msgspec.structs.replace(
        request, prompt=prompts.prompt.text, negative_prompt=prompts.negative_prompt.text
    )
    return prepared, prompts


class _Words(NamedTuple):
    """The prompts of images that are drawn together."""

    prompts: Sequence[Prompts]
    chunks: int
    """Of their embeddings; 0 if the pipeline embeds the prompts."""


def _draw(
    requests: Sequence[ImageRequest],
    seeds: Sequence[int],
    pipeline: ImagePipeline,
    card: ModelCard,
    progress: _StepProgress,
    words: _Words,
    inputs: Mapping[str, Any] = MappingProxyType({}),
) -> list[Any]:
    """Return the images, each (height, width, 3), 0 to 1; None if the safety checker blocked it.

    The requests differ in their prompts only. `inputs`: the call's arguments for source images.
    """
    import torch

    pipe, context = pipeline.pipe, progress.context
    pipe.scheduler = make_scheduler(requests[0].scheduler, pipeline.scheduler, card)
    arguments = {**pipeline_arguments(requests, pipeline, card), **inputs}
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    arguments["generator"] = generators if len(generators) > 1 else generators[0]
    arguments["output_type"] = "np"
    with inference_context(pipeline.plan):
        if words.chunks:
            arguments = embedded(arguments, words.prompts, words.chunks, pipeline, card)
        if (
            KEPT in context.retained
        ):  # drawn before memory ran out and the model was loaded another way
            images, blocked = decode_kept(pipe, context)
        else:
            with progress.attached() as hooks, tiled_decoding(pipe, context):
                output = pipe(**arguments, **hooks)
            images = output.images
            # Only pipelines with a safety checker have this field.
            blocked = output.get("nsfw_content_detected") or [False] * len(seeds)
    return [
        None if is_blocked else image for image, is_blocked in zip(images, blocked, strict=True)
    ]


class _StepProgress:
    """Counts the steps of images that are drawn together, sends previews, and obeys cancels."""

    def __init__(
        self,
        contexts: Sequence[JobContext],
        pipeline: ImagePipeline,
        request: ImageRequest,
        steps: int,
        offset: int,
        total: int,
    ) -> None:
        self._contexts = contexts
        self._pipeline = pipeline
        self._request = request
        self._steps = steps
        self._offset = offset
        self._total = total
        self._done = 0
        self._preview_at = 0.0
        self.first_step_at = 0.0
        """Monotonic time of the first step; 0 before it."""
        self.context = contexts[0]
        """The job whose notes record what was done when memory ran out."""

    def attached(self) -> AbstractContextManager[Mapping[str, Any]]:
        """Hook into the pipeline for one call, which needs the arguments that this yields."""
        return on_each_step(self._pipeline.pipe, self._pipeline.parameters, self._on_step)

    def _on_step(self, latents: Any) -> None:
        if all(context.is_cancelled() for context in self._contexts):
            raise JobCancelledError
        self._done = min(self._done + 1, self._steps)
        now = time.monotonic()
        self.first_step_at = self.first_step_at or now
        shows_preview = (
            latents is not None
            and self._pipeline.latent_map is not None
            and now - self._preview_at >= PREVIEW_SECONDS
        )
        self._preview_at = now if shows_preview else self._preview_at
        for number, context in enumerate(self._contexts):
            image = self._preview(latents[number : number + 1]) if shows_preview else None
            context.emit(Progress(step=self._offset + self._done, total=self._total, preview=image))

    def _preview(self, latents: Any) -> Preview | None:
        assert self._pipeline.latent_map is not None
        return preview(
            self._pipeline.pipe,
            latents,
            self._pipeline.latent_map,
            self._request.width,
            self._request.height,
        )


def _to_pixels(image: Any, request: ImageRequest, card: ModelCard) -> Any:
    """Return an image of floats as height × width × 3 bytes, in the request's size."""
    if image is None:
        raise StudioError(
            tr("The safety checker of {model} blocked the image.", model=card.title),
            cause="model",
            cure=tr("Try another prompt or seed."),
        )
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise StudioError(
            tr("{model} returned invalid numbers (NaN) instead of an image.", model=card.title),
            cause="model",
            cure=tr(
                "Try another scheduler or lower guidance. If it happens again, the model's files "
                "may be damaged."
            ),
        )
    if values.ndim == 2:
        values = np.repeat(values[..., None], 3, axis=2)
    pixels = (np.clip(values[..., :3], 0, 1) * 255).round().astype(np.uint8)
    return reduced(pixels, card.drawing_scale(request.width, request.height))
