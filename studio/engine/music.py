"""Music and sound: any `AutoModelForTextToWaveform` model that generates from a description (MusicGen and others)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics
from studio.core.requests import MusicRequest
from studio.engine.protocol import JobCancelledError, Run
from studio.engine.text_stream import Clock, stop_when
from studio.engine.waveform_model import load_waveform_model
from studio.library.results import AudioResult, Result
from studio.models.card import ModelCard


@dataclass(frozen=True)
class MusicPipeline:
    """A loaded music model. `frame_rate`: steps a second; `rate`: samples a second."""

    model: Any
    processor: Any
    device: str
    rate: int
    frame_rate: float


def load(card: ModelCard) -> MusicPipeline:
    """Load the model from the card's folder."""
    model, processor, device = load_waveform_model(card)
    codec = getattr(model.config, "audio_encoder", None) or getattr(model.config, "codec_config", None)
    rate = int(getattr(codec, "sampling_rate", 0) or getattr(model.config, "sampling_rate", 0) or 32_000)
    return MusicPipeline(model, processor, device, rate, float(getattr(codec, "frame_rate", 0) or 50))


def generate(run: Run, pipeline: MusicPipeline) -> Generator[Result, None, Statistics]:
    """Yield the sound; see `protocol.Kind.generate`. When cancelled, what was made so far is decoded and kept."""
    import torch
    from transformers import StoppingCriteriaList

    request = run.job.request
    assert isinstance(request, MusicRequest)
    clock = Clock()
    tokens = max(1, round(request.seconds * pipeline.frame_rate))
    inputs = pipeline.processor(text=[request.prompt], padding=True, return_tensors="pt").to(pipeline.device)

    def step() -> None:
        if clock.tick():
            run.emit(Progress(step=min(clock.steps, tokens), total=tokens, unit="token"))

    torch.manual_seed(request.seed or 0)
    with torch.inference_mode():
        output = pipeline.model.generate(
            **inputs,
            do_sample=True,
            guidance_scale=request.guidance_scale,
            temperature=request.temperature,
            max_new_tokens=tokens,
            stopping_criteria=StoppingCriteriaList([stop_when(run.cancelled, step)]),
        )
    clock.stop()
    samples = _samples(output, run.card)
    if len(samples):
        yield AudioResult(samples=samples, sampling_rate=pipeline.rate, seed=request.seed, partial=run.cancelled())
    if run.cancelled():
        raise JobCancelledError
    return Statistics(run_seconds=clock.seconds, first_seconds=clock.first, units=clock.steps, unit="token")


def _samples(output: Any, card: ModelCard) -> NDArray[np.float32]:
    wave = output[0].float().cpu().numpy()
    if not np.isfinite(wave).all():
        raise StudioError(
            f"{card.title} made numbers that are no sound (NaN).", cause="model", cure="The model's files may be damaged."
        )
    return np.ascontiguousarray(np.atleast_2d(wave).T, np.float32)
