"""Adapters of pictures' models: put on for a job, kept for the next, and taken off where that one
does not want them.

The model's own weights come back bit by bit: without adapters it draws what it drew before.
"""

from __future__ import annotations

import dataclasses

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.engine.image.adapters import ip_adapter, lora, textual_inversion, vae
from studio.engine.image.adapters.controlnet import with_controlnet
from studio.engine.image.load import ImagePipeline
from studio.engine.protocol import JobContext
from studio.preflight.adapters import ResolvedAdapter


def put_on(run: JobContext, pipeline: ImagePipeline) -> ImagePipeline:
    """Return the pipeline with the run's adapters on, and without any other. Raises StudioError
    with what is on then whole.
    """
    request = run.job.request
    assert isinstance(request, ImageRequest)
    pipe, worn = pipeline.pipe, pipeline.worn
    _check_whole(run, pipeline)
    textual_inversion.wear(
        pipe, worn, _of(run, "textual-inversion"), run.card
    )  # before LoRAs: these wrap layers
    vae.wear(pipe, worn, _of(run, "vae"), run.card)
    more = ip_adapter.wear(pipe, worn, _of(run, "ip-adapter"), request, run.card)
    lora.wear(pipe, worn, _of(run, "lora"), run)
    pipeline = dataclasses.replace(pipeline, more={**pipeline.more, **more})
    return with_controlnet(pipeline, _of(run, "controlnet"), request, run.card)


def _check_whole(run: JobContext, pipeline: ImagePipeline) -> None:
    """Raise StudioError where the model is loaded piece by piece: only LoRAs know how to be put
    into pieces.

    With layers that come ahead of their turn a VAE can be put into them too; layers that are new
    have nobody who moves them.
    """
    parts = [part for part in pipeline.pipe.components.values() if hasattr(part, "parameters")]
    layers_wait = pipeline.plan.rung == "group-offload"
    if not layers_wait and not any(
        tensor.is_meta for part in parts for tensor in part.parameters()
    ):
        return
    kinds = (
        ("textual-inversion", "ip-adapter")
        if layers_wait
        else ("textual-inversion", "vae", "ip-adapter")
    )
    wanted = [one.card.title for one in run.adapters if one.card.adapter in kinds]
    if wanted:
        raise StudioError(
            f"{wanted[0]} cannot be used while the model is loaded piece by piece.",
            cause="memory",
            cure="Choose another way to load the model under Models, or a smaller one.",
        )


def _of(run: JobContext, kind: str) -> list[ResolvedAdapter]:
    return [one for one in run.adapters if one.card.adapter == kind]
