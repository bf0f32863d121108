"""Music and sound: any `AutoModelForTextToWaveform` model that generates from a description
(MusicGen and others).

Models that write notes (family `symbolic-music`) are run by `symbolic`, diffusion pipelines by
`diffusion`.
"""

from __future__ import annotations

from collections.abc import Generator

from studio.core.errors import StudioError
from studio.core.events import Statistics
from studio.core.requests import MusicRequest
from studio.engine.music import diffusion, symbolic
from studio.engine.music.musicgen import MusicPipeline, _compose, _samples, _StoppedError, decode
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.runtime.waveform_model import load_waveform_model
from studio.engine.text.streaming import Clock
from studio.library.results import AudioResult, Result
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan
from studio.preflight.music import check_music

Loaded = MusicPipeline | symbolic.SymbolicModel | diffusion.SoundPipeline


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> Loaded:
    """Load the model from the card's folder, as `plan` says."""
    if card.writes_notes:
        return symbolic.load(card)
    if card.runner == "diffusers":
        return diffusion.load(card, plan)
    model, tokenizer, device = load_waveform_model(card, plan)
    codec = getattr(model.config, "audio_encoder", None)
    rate = int(getattr(codec, "sampling_rate", 0) or card.sampling_rate or 32_000)
    decoder = getattr(model.config, "decoder", None)
    channels = int(getattr(decoder, "audio_channels", 1))
    delays = tuple(book // channels for book in range(int(getattr(decoder, "num_codebooks", 1))))
    return MusicPipeline(
        model, tokenizer, device, rate, float(getattr(codec, "frame_rate", 0) or 50), delays
    )


def generate(run: JobContext, pipeline: Loaded) -> Generator[Result, None, Statistics]:
    """Yield the sound; see `protocol.Runner.generate`. When cancelled, what was made so far is
    decoded and kept.
    """
    if isinstance(pipeline, symbolic.SymbolicModel):
        return (yield from symbolic.generate(run, pipeline))
    request = run.job.request
    assert isinstance(request, MusicRequest)
    if problem := check_music(run.card, request):
        raise StudioError(
            f"{problem.message}.", cause="invalid", cure="Choose another model, or leave it out."
        )
    if isinstance(pipeline, diffusion.SoundPipeline):
        return (yield from diffusion.generate(run, pipeline))
    clock = Clock()
    try:
        wave, partial = _compose(run, pipeline, request, clock), False
    except _StoppedError as stopped:
        wave, partial = decode(pipeline, stopped.tokens), True
    clock.stop()
    if wave is not None and wave.shape[-1]:
        yield AudioResult(
            samples=_samples(wave, run.card),
            sampling_rate=pipeline.rate,
            seed=request.seed,
            partial=partial,
        )
    if run.is_cancelled():
        raise JobCancelledError
    return Statistics(
        run_seconds=clock.seconds, first_seconds=clock.first, units=clock.steps, unit="token"
    )
