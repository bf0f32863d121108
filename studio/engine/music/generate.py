"""Generates music and sound effects: passes a job to the runner of its model's type."""

from __future__ import annotations

from collections.abc import Generator

from studio.core.errors import StudioError
from studio.core.events import Statistics
from studio.core.requests import MusicRequest
from studio.core.translation import tr
from studio.engine.music import diffusion, musicgen, symbolic
from studio.engine.music.diffusion import AudioDiffusionPipeline
from studio.engine.music.musicgen import MusicgenPipeline
from studio.engine.music.symbolic_sampling import SymbolicModel
from studio.engine.protocol import JobContext
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.library.results import Result
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan
from studio.preflight.music import check_music

Pipeline = MusicgenPipeline | SymbolicModel | AudioDiffusionPipeline


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> Pipeline:
    """Load the model from the card's folder by `plan`."""
    if card.writes_notes:
        return symbolic.load(card)
    if card.runner == "diffusers":
        return diffusion.load(card, plan)
    return musicgen.load(card, plan)


def generate(context: JobContext, pipeline: Pipeline) -> Generator[Result, None, Statistics]:
    """Yield the audio; see `protocol.Runner.generate`."""
    if isinstance(pipeline, SymbolicModel):
        return (yield from symbolic.generate(context, pipeline))
    request = context.job.request
    assert isinstance(request, MusicRequest)
    if problem := check_music(context.card, request):
        raise StudioError(
            f"{problem.message}.",
            cause="invalid",
            cure=tr("Choose another model, or leave this field empty."),
        )
    if isinstance(pipeline, AudioDiffusionPipeline):
        return (yield from diffusion.generate(context, pipeline))
    return (yield from musicgen.generate(context, pipeline))
