"""Videos: from text, and from a first frame where the model can."""

from __future__ import annotations

import inspect
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Loading, Progress, Statistics
from studio.core.files import sha256_of
from studio.core.requests import VideoRequest
from studio.engine.protocol import JobContext
from studio.engine.runtime.device import free_bytes
from studio.engine.runtime.placement import no_gradients, turns_ended
from studio.engine.runtime.schedulers import make_scheduler
from studio.engine.runtime.task_pipeline import pipeline_of_class
from studio.engine.video import latent_preview
from studio.engine.video.load import VideoPipeline, boundary_of, load
from studio.library.results import Result, VideoResult
from studio.media.image_reader import read_picture
from studio.models.card import ModelCard
from studio.preflight.images import fit_to
from studio.preflight.video import PIXEL_BYTES, check_video, too_much

__all__ = ["generate", "load"]

FRAME_SECONDS = 1 / 30
"""Previews come at most this often."""
_WAN_TOKENS = 512
"""What its text encoder reads of a prompt."""
_DECODE_TIMESTEP, _DECODE_NOISE = 0.05, 0.025
"""For autoencoders that remove the last noise themselves (LTX-Video from 0.9.1 on), as their
authors do it.
"""


def generate(run: JobContext, pipeline: VideoPipeline) -> Generator[Result, None, Statistics]:
    """Yield the video; see `protocol.Runner.generate`. A cancelled one leaves nothing."""
    request = run.job.request
    assert isinstance(request, VideoRequest)
    if problem := check_video(run.card, request):
        said = problem.message[:1].upper() + problem.message[1:]
        raise StudioError(
            f"{said}.", cause="invalid", cure="Change this setting, or choose another model."
        )
    _check_memory(request, pipeline.device)
    inputs = {"image": sha256_of(Path(request.image))} if request.image else {}
    begun = time.monotonic()
    watch = _Steps(run, pipeline, request)
    frames = _draw(request, pipeline, run.card, watch)
    run.check()
    yield VideoResult(
        frames=frames,
        frame_rate=request.frame_rate,
        seed=request.seed,
        inputs=inputs,
        parts=run.parts,
    )
    steps = request.num_inference_steps
    first = watch.first - begun if watch.first else 0.0
    return Statistics(
        run_seconds=time.monotonic() - begun, first_seconds=first, units=steps, unit="step"
    )


def _draw(
    request: VideoRequest, pipeline: VideoPipeline, card: ModelCard, watch: _Steps
) -> NDArray[np.uint8]:
    import torch

    pipe = pipeline.taking(picture=bool(request.image))
    pipe.scheduler = make_scheduler(request.scheduler, pipeline.scheduler, card)
    with no_gradients(pipeline.plan):
        arguments = _arguments(request, pipe, card)
    arguments |= {
        "generator": torch.Generator("cpu").manual_seed(request.seed or 0),
        "output_type": "np",
    }
    with turns_ended(pipeline.pipe), no_gradients(pipeline.plan), watch.attached(pipe, arguments):
        output = pipe(**arguments)
    return _to_frames(output.frames[0], card)


class _Steps:
    """Sees each step of a video: counts it, shows previews, obeys cancels; while it is decoded,
    too.
    """

    def __init__(self, run: JobContext, pipeline: VideoPipeline, request: VideoRequest) -> None:
        self._run = run
        self._map = pipeline.latent_map
        self._request = request
        self._done = 0
        self._shown = 0.0
        self._decodes = False
        self.first = 0.0

    @contextmanager
    def attached(self, pipe: Any, arguments: dict[str, Any]) -> Generator[None, None, None]:
        """Hook into the pipeline for one call."""
        arguments["callback_on_step_end"] = self._on_step_end
        with ExitStack() as hooks:
            for name in ("encoder", "decoder"):
                part = getattr(pipe.vae, name, None)
                if part is not None:
                    hooks.callback(part.register_forward_pre_hook(self._on_part).remove)
            yield

    def _on_part(self, _part: Any, _given: Any) -> None:
        self._run.check()  # raising is the one way out that every pipeline has
        if self._done >= self._request.num_inference_steps and not self._decodes:
            self._decodes = True
            self._run.emit(Loading(phase="Decoding the video"))

    def _on_step_end(
        self, pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        self._run.check()
        self._done = min(self._done + 1, self._request.num_inference_steps)
        now = time.monotonic()
        self.first = self.first or now
        latents, picture = tensors.get("latents"), None
        if latents is not None and self._map is not None and now - self._shown >= FRAME_SECONDS:
            self._shown = now
            picture = latent_preview.show(pipe, latents, self._map, self._request)
        self._run.emit(
            Progress(step=self._done, total=self._request.num_inference_steps, preview=picture)
        )
        return tensors


def _arguments(request: VideoRequest, pipe: Any, card: ModelCard) -> dict[str, Any]:
    """Return the call's arguments; not every pipeline takes all."""
    takes = inspect.signature(pipe.__call__).parameters
    names = ("prompt", "width", "height", "num_frames", "frame_rate", "num_inference_steps")
    arguments: dict[str, Any] = {name: getattr(request, name) for name in names}
    if card.guidance != "ignored":
        arguments["guidance_scale"] = request.guidance_scale
    if request.negative_prompt and card.guidance not in ("ignored", "embedded"):
        arguments["negative_prompt"] = request.negative_prompt
    if request.guidance_scale_2 is not None:
        if boundary_of(pipe) is None:
            raise StudioError(
                f"{card.title} is of one part, and takes no guidance for a second half.",
                cause="invalid",
                cure="Leave that field empty.",
            )
        arguments["guidance_scale_2"] = request.guidance_scale_2
    if request.image:
        arguments["image"] = fit_to(
            read_picture(Path(request.image))[0], request.width, request.height
        )
        if type(pipe).__name__ == "WanImageToVideoPipeline":
            arguments |= {"prompt": None, **_read_by_wan(request, pipe)}
    if getattr(pipe.vae.config, "timestep_conditioning", False):
        arguments |= {"decode_timestep": _DECODE_TIMESTEP, "decode_noise_scale": _DECODE_NOISE}
    return {name: value for name, value in arguments.items() if name in takes}


def _read_by_wan(request: VideoRequest, pipe: Any) -> dict[str, Any]:
    """Return the prompts as Wan's text encoder reads them, by way of the pipeline for text.

    diffusers 0.42's pipeline for pictures cleans prompts with a package (ftfy) that it does not
    look for first.
    """
    wanted, unwanted = pipeline_of_class(pipe, "WanPipeline").encode_prompt(
        request.prompt,
        request.negative_prompt or None,
        request.guidance_scale > 1,
        max_sequence_length=_WAN_TOKENS,
    )
    return {"prompt_embeds": wanted, "negative_prompt_embeds": unwanted, "negative_prompt": None}


def _check_memory(request: VideoRequest, device: str) -> None:
    """Raise StudioError where not even the finished frames would fit into the memory that is
    free.
    """
    places = (
        {"cpu": PIXEL_BYTES}
        if device == "cpu"
        else {"cpu": PIXEL_BYTES // 2, device: PIXEL_BYTES // 2}
    )
    for place, each in places.items():
        need, free = request.pixels * each, free_bytes(place)
        if need > free:
            raise StudioError(
                f"{too_much(request, need)}, and {free / 1e9:.1f} GB are free.",
                cause="invalid",
                cure="Make it shorter or smaller, or close other programs.",
            )


def _to_frames(drawn: Any, card: ModelCard) -> NDArray[np.uint8]:
    """Return frames × height × width × 3, one at a time: a copy of all in 32 bits would not fit
    where they just did.
    """
    frames = np.empty((*np.shape(drawn)[:3], 3), np.uint8)
    for number, picture in enumerate(drawn):
        pixels = np.asarray(picture, np.float32)
        if not np.isfinite(pixels).all():
            raise StudioError(
                f"{card.title} made numbers that are no picture (NaN).",
                cause="model",
                cure="Try lower guidance or another size; if it stays, the model's files may be "
                "damaged.",
            )
        frames[number] = (np.clip(pixels[..., :3], 0, 1) * 255).round()
    return frames
