"""Adapters of pictures' models: put on for a job, kept for the next, and taken off where that one does not want them.

The model's own weights come back bit by bit: without adapters it draws what it drew before.
"""

from __future__ import annotations

import dataclasses

from studio.core.requests import ImageRequest
from studio.engine import image_ip, image_loras, image_tokens, image_vae
from studio.engine.image_control import with_controlnet
from studio.engine.image_load import ImagePipeline
from studio.engine.protocol import Run
from studio.models.fitting import Wanted


def put_on(run: Run, pipeline: ImagePipeline) -> ImagePipeline:
    """Return the pipeline with the run's adapters on, and without any other. Raises StudioError with what is on then whole."""
    request = run.job.request
    assert isinstance(request, ImageRequest)
    pipe, worn = pipeline.pipe, pipeline.worn
    image_tokens.wear(pipe, worn, _of(run, "textual-inversion"), run.card)  # before LoRAs: these wrap layers
    image_vae.wear(pipe, worn, _of(run, "vae"), run.card)
    more = image_ip.wear(pipe, worn, _of(run, "ip-adapter"), request, run.card)
    image_loras.wear(pipe, worn, _of(run, "lora"), run)
    pipeline = dataclasses.replace(pipeline, more={**pipeline.more, **more})
    return with_controlnet(pipeline, _of(run, "controlnet"), request, run.card)


def _of(run: Run, kind: str) -> list[Wanted]:
    return [one for one in run.adapters if one.card.adapter == kind]
