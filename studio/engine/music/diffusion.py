"""Music and sounds by diffusion: AudioLDM 2, Stable Audio, ACE-Step, as diffusers has them."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics
from studio.core.requests import MusicRequest
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.runtime.placement import (
    DEFAULT_PLAN,
    device_of,
    dtype_of,
    inference_context,
    pipeline_quantization_kwargs,
    place_pipeline,
    release_offload_hooks,
)
from studio.engine.runtime.step_hooks import on_each_step
from studio.library.results import AudioResult, Result
from studio.models.card import ModelCard
from studio.models.files.folder_check import only_variant
from studio.models.memory.load_plan import LoadPlan

LENGTHS = ("audio_end_in_s", "duration", "audio_length_in_s", "audio_duration")
"""What the pipelines call the seconds."""
COSINE = "CosineDPMSolverMultistepScheduler"


@dataclass(frozen=True)
class SoundPipeline:
    """A loaded pipeline. `rate`: samples a second; `parameters`: the names that its call
    accepts.
    """

    pipe: Any
    device: str
    rate: int
    parameters: frozenset[str]
    plan: LoadPlan = DEFAULT_PLAN


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> SoundPipeline:
    """Load the pipeline from the card's folder, as `plan` says. Only safetensors; never code from
    the folder.
    """
    pipe = load_pipe(card, plan)
    place_pipeline(pipe, plan)
    pipe.set_progress_bar_config(disable=True)
    return SoundPipeline(
        pipe,
        device_of(plan),
        _rate(pipe, card),
        frozenset(inspect.signature(pipe.__call__).parameters),
        plan,
    )


def load_pipe(card: ModelCard, plan: LoadPlan) -> Any:
    """Return the pipeline alone."""
    import diffusers

    options: dict[str, Any] = {
        "dtype": dtype_of(plan),
        "local_files_only": True,
        "use_safetensors": True,
    }
    options |= pipeline_quantization_kwargs(plan, card)
    # By the name that inspection found among `FAMILIES`, never by another one from a file.
    loader: Any = getattr(diffusers, card.family)
    scheduler = card.folder / "scheduler" / "scheduler_config.json"
    if (
        scheduler.is_file()
        and json.loads(scheduler.read_text(encoding="utf-8")).get("_class_name") == COSINE
    ):
        loader, options["scheduler"] = _without_torchsde(loader, scheduler.parent)
    return loader.from_pretrained(card.path, variant=only_variant(card.folder), **options)


def _without_torchsde(pipeline: Any, folder: Path) -> tuple[Any, Any]:
    """Return the pipeline's class and Stable Audio Open's own scheduler without its random part,
    for which torchsde is needed.
    """
    from diffusers import EDMDPMSolverMultistepScheduler

    class _Cosine(EDMDPMSolverMultistepScheduler):  # type: ignore[misc]  # diffusers is untyped here
        def precondition_noise(self, sigma: Any) -> Any:
            import torch

            return torch.as_tensor(sigma).atan() / torch.pi * 2

    class _Pipeline(pipeline):  # type: ignore[misc]
        @classmethod
        def load_config(cls, *values: Any, **more: Any) -> Any:
            """Without the name of the class that cannot be imported here."""
            found = super().load_config(*values, **more)
            table = found[0] if isinstance(found, tuple) else found
            table["scheduler"] = ["diffusers", EDMDPMSolverMultistepScheduler.__name__]
            return found

    return _Pipeline, _Cosine.from_config(
        EDMDPMSolverMultistepScheduler.load_config(folder, local_files_only=True)
    )


def _rate(pipe: Any, card: ModelCard) -> int:
    for part in ("vocoder", "vae"):
        rate = getattr(getattr(getattr(pipe, part, None), "config", None), "sampling_rate", 0)
        if rate:
            return int(rate)
    return card.sampling_rate or 44_100


def generate(run: JobContext, pipeline: SoundPipeline) -> Generator[Result, None, Statistics]:
    """Yield the sound; see `protocol.Runner.generate`. Nothing of a cancelled one is kept: it is
    noise until the end.
    """
    import torch

    request = run.job.request
    assert isinstance(request, MusicRequest)
    begun = time.monotonic()
    longest = longest_of(pipeline)
    if longest and request.seconds > longest:
        raise StudioError(
            f"{run.card.title} makes at most {longest:.0f} s of sound, not {request.seconds:g}.",
            cause="invalid",
            cure="Choose a shorter length, or another model.",
        )
    arguments = arguments_of(request, pipeline, run.card)
    arguments["generator"] = torch.Generator("cpu").manual_seed(request.seed or 0)
    watch = _Steps(run, pipeline, request.num_inference_steps or _own_steps(pipeline))
    with (
        release_offload_hooks(pipeline.pipe),
        inference_context(pipeline.plan),
        watch.attached(arguments),
    ):
        wave = pipeline.pipe(**arguments).audios[0]
    run.check()
    samples = _samples(wave, run.card)[: round(request.seconds * pipeline.rate)]
    if not samples.any():
        raise StudioError(
            f"{run.card.title} made silence.",
            cause="model",
            cure="Try another prompt, or more steps.",
        )
    yield AudioResult(samples=samples, sampling_rate=pipeline.rate, seed=request.seed)
    took = time.monotonic() - begun
    return Statistics(
        run_seconds=took, first_seconds=watch.first - begun, units=watch.done, unit="step"
    )


def arguments_of(request: MusicRequest, pipeline: SoundPipeline, card: ModelCard) -> dict[str, Any]:
    """Return the call's arguments, by the names that this pipeline has for them."""
    wanted: dict[str, Any] = {"prompt": request.prompt, "output_type": "pt"}
    wanted |= dict.fromkeys(LENGTHS, request.seconds)
    if request.num_inference_steps:
        wanted["num_inference_steps"] = request.num_inference_steps
    wanted["guidance_scale"] = 1.0  # none
    if card.guidance != "ignored":
        wanted["guidance_scale"] = request.guidance_scale
        if request.negative_prompt.strip():
            wanted["negative_prompt"] = request.negative_prompt
    if card.sings:
        wanted["lyrics"] = request.lyrics.strip() or "[instrumental]"
        wanted["vocal_language"] = _language(request.lyrics)
    return {name: value for name, value in wanted.items() if name in pipeline.parameters}


def longest_of(pipeline: SoundPipeline) -> float:
    """Return how many seconds the pipeline can make at once; 0 where it knows no limit."""
    hop, sample = (
        getattr(pipeline.pipe.vae, "hop_length", 0),
        getattr(pipeline.pipe, "transformer", None),
    )
    size = getattr(getattr(sample, "config", None), "sample_size", 0)  # Stable Audio Open
    return (
        float(size * hop / pipeline.rate) if isinstance(size, int) and isinstance(hop, int) else 0.0
    )


def _language(lyrics: str) -> str:
    from studio.engine.speech.phonemes import is_chinese

    return "zh" if is_chinese(lyrics) else "en"


def _own_steps(pipeline: SoundPipeline) -> int:
    default = inspect.signature(pipeline.pipe.__call__).parameters["num_inference_steps"].default
    if isinstance(default, int):
        return default
    return (
        8 if getattr(pipeline.pipe.scheduler.config, "stochastic_sampling", False) else 100
    )  # Stable Audio 3 decides so


class _Steps:
    """Sees each step: counts it, obeys cancels."""

    def __init__(self, run: JobContext, pipeline: SoundPipeline, total: int) -> None:
        self._run, self._pipeline, self._total = run, pipeline, total
        self.done = 0
        self.first = 0.0

    def attached(self, arguments: dict[str, Any]) -> AbstractContextManager[None]:
        """Hook into the pipeline for one call."""
        return on_each_step(self._pipeline.pipe, self._pipeline.parameters, arguments, self._see)

    def _see(self, _latents: Any) -> None:
        if self._run.is_cancelled():
            raise JobCancelledError
        self.done = min(self.done + 1, self._total)
        self.first = self.first or time.monotonic()
        self._run.emit(Progress(step=self.done, total=self._total, unit="step"))


def _samples(wave: Any, card: ModelCard) -> NDArray[np.float32]:
    """Return frames × channels, −1 to 1."""
    samples = np.atleast_2d(
        np.asarray(wave.float().cpu().numpy() if hasattr(wave, "cpu") else wave, np.float32)
    )
    if not np.isfinite(samples).all():
        raise StudioError(
            f"{card.title} made numbers that are no sound (NaN).",
            cause="model",
            cure="Try lower guidance; if it stays, the model's files may be damaged.",
        )
    return np.ascontiguousarray(np.clip(samples, -1, 1).T)
