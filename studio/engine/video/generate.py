"""Runs video pipelines: makes a video from text, or from text and a first frame."""

from __future__ import annotations

import inspect
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Loading, Progress, Statistics
from studio.core.files import sha256_of
from studio.core.requests import VideoRequest
from studio.core.translation import tr
from studio.engine.protocol import JobContext
from studio.engine.runtime.device import free_bytes
from studio.engine.runtime.placement import inference_context, release_offload_hooks
from studio.engine.runtime.schedulers import make_scheduler
from studio.engine.runtime.task_pipeline import pipeline_of_class
from studio.engine.video import latent_preview
from studio.engine.video.load import VideoPipeline, boundary_of, load
from studio.library.results import Result, VideoResult
from studio.media.image_reader import read_image
from studio.models.card import ModelCard
from studio.preflight.images import fit_to
from studio.preflight.video import PIXEL_BYTES, check_video, too_much

__all__ = ["generate", "load"]

PREVIEW_SECONDS = 1 / 30
"""Previews are sent at most this often."""
_WAN_TOKENS = 512
"""How much of a prompt its text encoder reads."""
_DECODE_TIMESTEP, _DECODE_NOISE = 0.05, 0.025
"""For autoencoders that remove the last noise themselves (LTX-Video since 0.9.1); the authors'
values.
"""


def generate(context: JobContext, pipeline: VideoPipeline) -> Generator[Result, None, Statistics]:
    """Yield the video; see `protocol.Runner.generate`. A cancelled job keeps nothing."""
    request = context.job.request
    assert isinstance(request, VideoRequest)
    if problem := check_video(context.card, request):
        message = problem.message[:1].upper() + problem.message[1:]
        raise StudioError(
            f"{message}.", cause="invalid", cure=tr("Change this setting, or choose another model.")
        )
    _check_memory(request, pipeline.device)
    inputs = {"image": sha256_of(Path(request.image))} if request.image else {}
    start = time.monotonic()
    progress = _StepProgress(context, pipeline, request)
    frames = _draw(request, pipeline, context.card, progress)
    context.check()
    yield VideoResult(
        frames=frames,
        frame_rate=request.frame_rate,
        seed=request.seed,
        inputs=inputs,
        weight_hashes=context.weight_hashes,
    )
    return Statistics(
        run_seconds=time.monotonic() - start,
        first_seconds=progress.first_step_at - start if progress.first_step_at else 0.0,
        units=request.num_inference_steps,
        unit="step",
    )


def _draw(
    request: VideoRequest, pipeline: VideoPipeline, card: ModelCard, progress: _StepProgress
) -> NDArray[np.uint8]:
    import torch

    pipe = pipeline.pipe_for(with_image=bool(request.image))
    pipe.scheduler = make_scheduler(request.scheduler, pipeline.scheduler, card)
    with inference_context(pipeline.plan):
        arguments = _arguments(request, pipe, card)
    arguments["generator"] = torch.Generator("cpu").manual_seed(request.seed or 0)
    arguments["output_type"] = "np"
    with (
        release_offload_hooks(pipeline.pipe),
        inference_context(pipeline.plan),
        progress.attached(pipe) as hooks,
    ):
        output = pipe(**arguments, **hooks)
    return _to_frames(output.frames[0], card)


class _StepProgress:
    """Counts the steps of a video and sends previews; obeys cancels, while decoding too."""

    def __init__(self, context: JobContext, pipeline: VideoPipeline, request: VideoRequest) -> None:
        self._context = context
        self._latent_map = pipeline.latent_map
        self._request = request
        self._done = 0
        self._preview_at = 0.0
        self._is_decoding = False
        self.first_step_at = 0.0
        """Monotonic time of the first step; 0 before it."""

    @contextmanager
    def attached(self, pipe: Any) -> Iterator[Mapping[str, Any]]:
        """Hook into the pipeline for one call, which needs the arguments that this yields."""
        modules = dict(pipe.vae.named_children())
        with ExitStack() as hooks:
            for name in ("encoder", "decoder"):
                if name in modules:
                    handle = modules[name].register_forward_pre_hook(self._on_vae_call)
                    hooks.callback(handle.remove)
            yield {"callback_on_step_end": self._on_step_end}

    def _on_vae_call(self, _module: Any, _inputs: Any) -> None:
        self._context.check()  # raising is the one way out of every pipeline
        if self._done >= self._request.num_inference_steps and not self._is_decoding:
            self._is_decoding = True
            self._context.emit(Loading(phase=tr("Decoding the video")))

    def _on_step_end(self, pipe: Any, _step: int, _timestep: Any, tensors: Any) -> Any:
        self._context.check()
        self._done = min(self._done + 1, self._request.num_inference_steps)
        now = time.monotonic()
        self.first_step_at = self.first_step_at or now
        latents, image = tensors.get("latents"), None
        if (
            latents is not None
            and self._latent_map is not None
            and now - self._preview_at >= PREVIEW_SECONDS
        ):
            self._preview_at = now
            image = latent_preview.middle_frame(pipe, latents, self._latent_map, self._request)
        total = self._request.num_inference_steps
        self._context.emit(Progress(step=self._done, total=total, preview=image))
        return tensors


def _arguments(request: VideoRequest, pipe: Any, card: ModelCard) -> dict[str, Any]:
    """Return the arguments of the call, only those that this pipeline has."""
    parameters = inspect.signature(pipe.__call__).parameters
    names = ("prompt", "width", "height", "num_frames", "frame_rate", "num_inference_steps")
    arguments: dict[str, Any] = {name: getattr(request, name) for name in names}
    if card.guidance != "ignored":
        arguments["guidance_scale"] = request.guidance_scale
    if request.negative_prompt and card.guidance not in ("ignored", "embedded"):
        arguments["negative_prompt"] = request.negative_prompt
    if request.guidance_scale_2 is not None:
        if boundary_of(pipe) is None:
            raise StudioError(
                tr(
                    "{model} has one denoiser, so it takes no guidance for a second one.",
                    model=card.title,
                ),
                cause="invalid",
                cure=tr("Leave that field empty."),
            )
        arguments["guidance_scale_2"] = request.guidance_scale_2
    if request.image:
        arguments["image"] = fit_to(
            read_image(Path(request.image))[0], request.width, request.height
        )
        if type(pipe).__name__ == "WanImageToVideoPipeline":
            arguments |= {"prompt": None, **_encode_with_wan(request, pipe)}
    if pipe.vae.config.get("timestep_conditioning"):
        arguments |= {"decode_timestep": _DECODE_TIMESTEP, "decode_noise_scale": _DECODE_NOISE}
    return {name: value for name, value in arguments.items() if name in parameters}


def _encode_with_wan(request: VideoRequest, pipe: Any) -> dict[str, Any]:
    """Return the prompts' embeddings from Wan's text-to-video pipeline.

    The image-to-video pipeline of diffusers 0.42 needs ftfy, and fails where it isn't installed.
    """
    embeds, negative_embeds = pipeline_of_class(pipe, "WanPipeline").encode_prompt(
        request.prompt,
        request.negative_prompt or None,
        request.guidance_scale > 1,
        max_sequence_length=_WAN_TOKENS,
    )
    return {
        "prompt_embeds": embeds,
        "negative_prompt_embeds": negative_embeds,
        "negative_prompt": None,
    }


def _check_memory(request: VideoRequest, device: str) -> None:
    """Raise StudioError if even the finished frames would not fit into the free memory."""
    shares = (
        {"cpu": PIXEL_BYTES}
        if device == "cpu"
        else {"cpu": PIXEL_BYTES // 2, device: PIXEL_BYTES // 2}
    )
    for place, pixel_bytes in shares.items():
        need, free = request.pixels * pixel_bytes, free_bytes(place)
        if need > free:
            raise StudioError(
                tr(
                    "{need}, and {free:.1f} GB are free.",
                    need=too_much(request, need),
                    free=free / 1e9,
                ),
                cause="invalid",
                cure=tr("Make it shorter or smaller, or close other programs."),
            )


def _to_frames(images: Any, card: ModelCard) -> NDArray[np.uint8]:
    """Return frames × height × width × 3.

    One frame at a time: a float copy of all would not fit where they just did.
    """
    frames = np.empty((*np.shape(images)[:3], 3), np.uint8)
    for number, image in enumerate(images):
        values = np.asarray(image, np.float32)
        if not np.isfinite(values).all():
            raise StudioError(
                tr("{model} returned invalid numbers (NaN) instead of images.", model=card.title),
                cause="model",
                cure=tr(
                    "Try lower guidance or another size. If it happens again, the model's files "
                    "may be damaged."
                ),
            )
        frames[number] = (np.clip(values[..., :3], 0, 1) * 255).round()
    return frames
