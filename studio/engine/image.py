"""Pictures: any folder that diffusers' `AutoPipelineForText2Image` loads, and others whose pipeline takes a prompt."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics
from studio.core.requests import MAX_SEED, ImageRequest
from studio.engine.device import best_device, best_dtype
from studio.engine.preview import LatentMap, fit, preview
from studio.engine.prompt_words import prepare
from studio.engine.protocol import Run
from studio.engine.schedulers import make_scheduler
from studio.library.results import ImageResult, Result
from studio.models.card import ModelCard
from studio.models.safety import only_variant

FRAME_SECONDS = 1 / 30
"""Previews come at most this often."""


@dataclass(frozen=True)
class ImagePipeline:
    """A loaded diffusion pipeline, its own scheduler, and the map for previews."""

    pipe: Any
    scheduler: Any
    latent_map: LatentMap | None
    device: str
    parameters: frozenset[str]
    """The names that the pipeline's call accepts."""


def load(card: ModelCard) -> ImagePipeline:
    """Load the pipeline from the card's folder. Only safetensors; never code from the folder."""
    from diffusers import AutoPipelineForText2Image, DiffusionPipeline

    device = best_device()
    options: dict[str, Any] = {"dtype": best_dtype(device), "use_safetensors": True, "local_files_only": True}
    options["variant"] = only_variant(card.folder)
    try:
        pipe = AutoPipelineForText2Image.from_pretrained(card.path, **options)
    except ValueError as error:
        if "AutoPipeline" not in str(error):
            raise
        pipe = DiffusionPipeline.from_pretrained(card.path, **options)
    pipe = pipe.to(device)
    pipe.set_progress_bar_config(disable=True)
    return ImagePipeline(pipe, pipe.scheduler, fit(pipe), device, frozenset(inspect.signature(pipe.__call__).parameters))


def generate(run: Run, pipeline: ImagePipeline) -> Generator[Result, None, Statistics]:
    """Yield the pictures; number i has the seed + i, so that each can be made again alone."""
    import torch

    request = run.job.request
    assert isinstance(request, ImageRequest)
    _check_size(request, pipeline, run.card)
    prompts = {name: prepare(getattr(request, name), run.card) for name in ("prompt", "negative_prompt")}
    read = prompts["prompt"] if prompts["prompt"] != request.prompt else ""
    request = msgspec.structs.replace(request, **prompts)
    count, steps = request.num_images_per_prompt, request.num_inference_steps
    begun, first = time.monotonic(), 0.0
    for number in range(count):
        run.check()
        seed = ((request.seed or 0) + number) % (MAX_SEED + 1)
        pipeline.pipe.scheduler = make_scheduler(request.scheduler, pipeline.scheduler, run.card)
        steps_watch = _Steps(run, pipeline, request, number * steps, count * steps)
        arguments = {
            **_arguments(request, pipeline, run.card),
            "generator": torch.Generator("cpu").manual_seed(seed),
            "output_type": "np",
        }
        with torch.inference_mode(), steps_watch.attached(arguments):
            output = pipeline.pipe(**arguments)
        first = first or steps_watch.first - begun
        yield ImageResult(pixels=_to_pixels(output, run.card), ordinal=number, seed=seed, prompt_read=read)
    return Statistics(run_seconds=time.monotonic() - begun, first_seconds=first, units=count * steps, unit="step")


class _Steps:
    """Sees each step of one picture: counts it, shows a preview, obeys a cancel."""

    def __init__(self, run: Run, pipeline: ImagePipeline, request: ImageRequest, offset: int, total: int) -> None:
        self._run = run
        self._pipeline = pipeline
        self._request = request
        self._offset = offset
        self._total = total
        self._done = 0
        self._shown = 0.0
        self.first = 0.0

    @contextmanager
    def attached(self, arguments: dict[str, Any]) -> Generator[None, None, None]:
        """Hook into the pipeline for one call: by its callback, or where it has none by its scheduler's step."""
        if "callback_on_step_end" in self._pipeline.parameters:
            arguments["callback_on_step_end"] = self._on_step_end
            yield
            return
        scheduler = self._pipeline.pipe.scheduler
        step: Callable[..., Any] = scheduler.step

        def counted(*args: Any, **more: Any) -> Any:
            result = step(*args, **more)
            self._see(result[0] if isinstance(result, tuple) else result.prev_sample)
            return result

        scheduler.step = counted
        try:
            yield
        finally:
            del scheduler.step

    def _on_step_end(self, _pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        self._see(tensors.get("latents"))
        return tensors

    def _see(self, latents: Any) -> None:
        self._run.check()  # raising is the one way out that every pipeline has
        self._done = min(self._done + 1, self._request.num_inference_steps)
        now = time.monotonic()
        self.first = self.first or now
        picture = None
        if latents is not None and self._pipeline.latent_map is not None and now - self._shown >= FRAME_SECONDS:
            self._shown = now
            picture = preview(self._pipeline.pipe, latents, self._pipeline.latent_map, self._request.width, self._request.height)
        self._run.emit(Progress(step=self._offset + self._done, total=self._total, preview=picture))


def _arguments(request: ImageRequest, pipeline: ImagePipeline, card: ModelCard) -> dict[str, Any]:
    """Return the call's arguments: what guidance means differs by family, and not every pipeline takes a negative prompt."""
    arguments: dict[str, Any] = {
        "prompt": request.prompt,
        "width": request.width,
        "height": request.height,
        "num_inference_steps": request.num_inference_steps,
    }
    if card.guidance == "true_cfg":
        arguments["true_cfg_scale"] = request.guidance_scale
        arguments["negative_prompt"] = request.negative_prompt or " "
    elif card.guidance != "ignored":
        arguments["guidance_scale"] = request.guidance_scale
        if request.negative_prompt and card.guidance != "embedded":
            arguments["negative_prompt"] = request.negative_prompt
    return {name: value for name, value in arguments.items() if name in pipeline.parameters}


def _check_size(request: ImageRequest, pipeline: ImagePipeline, card: ModelCard) -> None:
    multiple = max(card.size_multiple, int(getattr(pipeline.pipe, "vae_scale_factor", 8)))
    for name, value in (("width", request.width), ("height", request.height)):
        if value % multiple:
            raise StudioError(f"The {name} {value} is not a multiple of {multiple}, which {card.title} needs.", cause="invalid")
        if value < card.smallest_side or (card.largest_side and value > card.largest_side):
            raise StudioError(
                f"{card.title}: the {name} can be {card.smallest_side} to {card.largest_side}, not {value}; "
                "others show no clear thing.",
                cause="invalid",
                cure="Choose such a size; the window shows small pictures enlarged.",
            )


def _to_pixels(output: Any, card: ModelCard) -> Any:
    if any(getattr(output, "nsfw_content_detected", None) or []):
        raise StudioError(
            f"The filter inside {card.title} held the picture back.", cause="model", cure="Try another prompt or seed."
        )
    picture = np.asarray(output.images[0])
    if not np.isfinite(picture).all():
        raise StudioError(
            f"{card.title} made numbers that are no picture (NaN).",
            cause="model",
            cure="Try another scheduler or lower guidance; if it stays, the model's files may be damaged.",
        )
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    return (np.clip(picture[..., :3], 0, 1) * 255).round().astype(np.uint8)
