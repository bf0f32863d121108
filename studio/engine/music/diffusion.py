"""Music and sound effects by diffusion: AudioLDM 2, Stable Audio, ACE-Step, with diffusers."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics
from studio.core.requests import MusicRequest
from studio.core.translation import tr
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

DURATION_PARAMETERS = ("audio_end_in_s", "duration", "audio_length_in_s", "audio_duration")
"""The pipelines' names for the duration in seconds."""
COSINE_SCHEDULER = "CosineDPMSolverMultistepScheduler"
_DEFAULT_RATE = 44_100


@dataclass(frozen=True)
class AudioDiffusionPipeline:
    """A loaded pipeline."""

    pipe: Any
    device: str
    rate: int
    """Samples per second."""
    parameters: frozenset[str]
    """Names of the call's parameters."""
    plan: LoadPlan = DEFAULT_PLAN


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> AudioDiffusionPipeline:
    """Load the pipeline from the card's folder by `plan`; only safetensors, no code."""
    pipe = load_pipe(card, plan)
    place_pipeline(pipe, plan)
    pipe.set_progress_bar_config(disable=True)
    return AudioDiffusionPipeline(
        pipe,
        device_of(plan),
        _sampling_rate(pipe, card),
        frozenset(inspect.signature(pipe.__call__).parameters),
        plan,
    )


def load_pipe(card: ModelCard, plan: LoadPlan) -> Any:
    """Return diffusers' pipeline, not yet moved to its device."""
    import diffusers

    options: dict[str, Any] = {
        "dtype": dtype_of(plan),
        "local_files_only": True,
        "use_safetensors": True,
    }
    options |= pipeline_quantization_kwargs(plan, card)
    # The name is one of `FAMILIES`, checked by inspection; never any other one from a file.
    pipeline_class: Any = getattr(diffusers, card.family)
    scheduler = card.folder / "scheduler" / "scheduler_config.json"
    if (
        scheduler.is_file()
        and json.loads(scheduler.read_text(encoding="utf-8")).get("_class_name") == COSINE_SCHEDULER
    ):
        pipeline_class, options["scheduler"] = _without_torchsde(pipeline_class, scheduler.parent)
    return pipeline_class.from_pretrained(card.path, variant=only_variant(card.folder), **options)


def _without_torchsde(pipeline_class: Any, folder: Path) -> tuple[Any, Any]:
    """Return a pipeline class and scheduler for Stable Audio Open that work without torchsde.

    The scheduler is its own but for the stochastic part.
    """
    from diffusers import EDMDPMSolverMultistepScheduler

    class _Cosine(EDMDPMSolverMultistepScheduler):  # type: ignore[misc]  # diffusers is untyped here
        def precondition_noise(self, sigma: Any) -> Any:
            import torch

            return torch.as_tensor(sigma).atan() / torch.pi * 2

    class _Pipeline(pipeline_class):  # type: ignore[misc]
        @classmethod
        def load_config(cls, *args: Any, **kwargs: Any) -> Any:
            """Replace the name of the class that cannot be imported without torchsde."""
            loaded = super().load_config(*args, **kwargs)
            config = loaded[0] if isinstance(loaded, tuple) else loaded
            config["scheduler"] = ["diffusers", EDMDPMSolverMultistepScheduler.__name__]
            return loaded

    return _Pipeline, _Cosine.from_config(
        EDMDPMSolverMultistepScheduler.load_config(folder, local_files_only=True)
    )


def _sampling_rate(pipe: Any, card: ModelCard) -> int:
    for name in ("vocoder", "vae"):
        component = pipe.components.get(name)
        if component is not None and hasattr(component.config, "sampling_rate"):
            return int(component.config.sampling_rate)
    return card.sampling_rate or _DEFAULT_RATE


def generate(
    context: JobContext, pipeline: AudioDiffusionPipeline
) -> Generator[Result, None, Statistics]:
    """Yield the audio; see `protocol.Runner.generate`.

    A cancelled job keeps nothing: its audio is noise until the last step.
    """
    import torch

    request = context.job.request
    assert isinstance(request, MusicRequest)
    start = time.monotonic()
    longest = max_seconds(pipeline)
    if longest and request.seconds > longest:
        raise StudioError(
            tr(
                "{model} makes at most {longest:.0f} s of audio, not {seconds:g}.",
                model=context.card.title,
                longest=longest,
                seconds=request.seconds,
            ),
            cause="invalid",
            cure=tr("Choose a shorter length, or another model."),
        )
    arguments = pipeline_arguments(request, pipeline, context.card)
    arguments["generator"] = torch.Generator("cpu").manual_seed(request.seed or 0)
    progress = _StepProgress(
        context, pipeline, request.num_inference_steps or _default_steps(pipeline)
    )
    with (
        release_offload_hooks(pipeline.pipe),
        inference_context(pipeline.plan),
        progress.attached() as hooks,
    ):
        wave = pipeline.pipe(**arguments, **hooks).audios[0]
    context.check()
    samples = _to_samples(wave, context.card)[: round(request.seconds * pipeline.rate)]
    if not samples.any():
        raise StudioError(
            tr("{model} made silence.", model=context.card.title),
            cause="model",
            cure=tr("Try another prompt, or more steps."),
        )
    yield AudioResult(samples=samples, sampling_rate=pipeline.rate, seed=request.seed)
    return Statistics(
        run_seconds=time.monotonic() - start,
        first_seconds=progress.first_step_at - start,
        units=progress.done,
        unit="step",
    )


def pipeline_arguments(
    request: MusicRequest, pipeline: AudioDiffusionPipeline, card: ModelCard
) -> dict[str, Any]:
    """Return the arguments of the call, under this pipeline's names."""
    arguments: dict[str, Any] = {"prompt": request.prompt, "output_type": "pt"}
    arguments |= dict.fromkeys(DURATION_PARAMETERS, request.seconds)
    if request.num_inference_steps:
        arguments["num_inference_steps"] = request.num_inference_steps
    arguments["guidance_scale"] = 1.0  # no guidance
    if card.guidance != "ignored":
        arguments["guidance_scale"] = request.guidance_scale
        if request.negative_prompt.strip():
            arguments["negative_prompt"] = request.negative_prompt
    if card.sings:
        arguments["lyrics"] = request.lyrics.strip() or "[instrumental]"
        arguments["vocal_language"] = _language(request.lyrics)
    return {name: value for name, value in arguments.items() if name in pipeline.parameters}


def max_seconds(pipeline: AudioDiffusionPipeline) -> float:
    """Return the longest audio that the pipeline makes, or 0 if it has no limit."""
    pipe = pipeline.pipe
    transformer = pipe.components.get("transformer")
    if transformer is None or not hasattr(pipe.vae, "hop_length"):
        return 0.0
    size = transformer.config.get("sample_size")  # Stable Audio Open has it, in latent frames
    return float(size * pipe.vae.hop_length / pipeline.rate) if isinstance(size, int) else 0.0


def _language(lyrics: str) -> str:
    from studio.engine.speech.phonemes import is_chinese

    return "zh" if is_chinese(lyrics) else "en"


def _default_steps(pipeline: AudioDiffusionPipeline) -> int:
    default = inspect.signature(pipeline.pipe.__call__).parameters["num_inference_steps"].default
    if isinstance(default, int):
        return default
    # The rule inside Stable Audio 3's pipeline.
    return 8 if pipeline.pipe.scheduler.config.get("stochastic_sampling") else 100


class _StepProgress:
    """Counts the steps and obeys cancels."""

    def __init__(self, context: JobContext, pipeline: AudioDiffusionPipeline, total: int) -> None:
        self._context, self._pipeline, self._total = context, pipeline, total
        self.done = 0
        self.first_step_at = 0.0
        """Monotonic time of the first step; 0 before it."""

    def attached(self) -> AbstractContextManager[Mapping[str, Any]]:
        """Hook into the pipeline for one call, which needs the arguments that this yields."""
        return on_each_step(self._pipeline.pipe, self._pipeline.parameters, self._on_step)

    def _on_step(self, _latents: Any) -> None:
        if self._context.is_cancelled():
            raise JobCancelledError
        self.done = min(self.done + 1, self._total)
        self.first_step_at = self.first_step_at or time.monotonic()
        self._context.emit(Progress(step=self.done, total=self._total, unit="step"))


def _to_samples(wave: Any, card: ModelCard) -> NDArray[np.float32]:
    """Return samples × channels, −1 to 1."""
    samples = np.atleast_2d(
        np.asarray(wave.float().cpu().numpy() if hasattr(wave, "cpu") else wave, np.float32)
    )
    if not np.isfinite(samples).all():
        raise StudioError(
            tr("{model} returned invalid numbers (NaN) instead of audio.", model=card.title),
            cause="model",
            cure=tr("Try lower guidance. If it happens again, the model's files may be damaged."),
        )
    return np.ascontiguousarray(np.clip(samples, -1, 1).T)
