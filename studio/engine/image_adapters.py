"""Adapters of pictures' models: put on for a job, kept for the next, and taken off where that one does not want them.

The model's own weights are never changed: without adapters it draws, bit by bit, what it drew before.
"""

from __future__ import annotations

from studio.core.errors import StudioError
from studio.engine import image_loras
from studio.engine.image_load import ImagePipeline
from studio.engine.protocol import Run
from studio.models.fitting import NAMES, Wanted

KINDS = ("lora",)
"""Kinds of adapters that are used; the others are refused."""


def put_on(run: Run, pipeline: ImagePipeline) -> ImagePipeline:
    """Return the pipeline with the run's adapters on, and without any other. Raises StudioError; it is as it was loaded then."""
    _check(run)
    image_loras.wear(pipeline.pipe, pipeline.worn, _of(run, "lora"), run)
    return pipeline


def _of(run: Run, kind: str) -> list[Wanted]:
    return [one for one in run.adapters if one.card.adapter == kind]


def _check(run: Run) -> None:
    for one in run.adapters:
        if one.card.adapter not in KINDS:
            raise StudioError(
                f"{one.card.title} is {NAMES[one.card.adapter]}, which Studio cannot use yet.",
                cause="invalid",
                cure="Take it out of the adapters.",
            )
