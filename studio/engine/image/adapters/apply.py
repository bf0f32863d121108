"""Applies a job's adapters to an image pipeline, and removes those of the job before.

Adapters that both jobs use stay. Removing all of them restores the model's own weights exactly.
"""

from __future__ import annotations

import dataclasses

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.core.translation import tr
from studio.engine.image.adapters import ip_adapter, lora, textual_inversion, vae
from studio.engine.image.adapters.controlnet import with_controlnet
from studio.engine.image.load import ImagePipeline
from studio.engine.protocol import JobContext
from studio.preflight.adapters import ResolvedAdapter


def apply_adapters(context: JobContext, pipeline: ImagePipeline) -> ImagePipeline:
    """Return the pipeline with the job's adapters and no others.

    Raises StudioError if one doesn't fit; that one is not applied then, not even in part.
    """
    request = context.job.request
    assert isinstance(request, ImageRequest)
    pipe, applied = pipeline.pipe, pipeline.applied
    _check_offload(context, pipeline)
    # Before LoRAs, which wrap layers.
    textual_inversion.apply(pipe, applied, _of_type(context, "textual-inversion"), context.card)
    vae.apply(pipe, applied, _of_type(context, "vae"), context.card)
    arguments = ip_adapter.apply(
        pipe, applied, _of_type(context, "ip-adapter"), request, context.card
    )
    lora.apply(pipe, applied, _of_type(context, "lora"), context)
    pipeline = dataclasses.replace(
        pipeline, adapter_arguments={**pipeline.adapter_arguments, **arguments}
    )
    return with_controlnet(pipeline, _of_type(context, "controlnet"), request, context.card)


def _check_offload(context: JobContext, pipeline: ImagePipeline) -> None:
    """Raise StudioError if an adapter cannot be applied because the model is offloaded in pieces.

    LoRAs always can. A VAE can be applied under group offload; layers that an adapter adds cannot,
    since no hook moves them.
    """
    if not context.adapters:  # most jobs: looking at every parameter takes 1 ms
        return
    parts = [part for part in pipeline.pipe.components.values() if hasattr(part, "parameters")]
    group_offload = pipeline.plan.strategy == "group-offload"
    if not group_offload and not any(
        tensor.is_meta for part in parts for tensor in part.parameters()
    ):
        return
    types = (
        ("textual-inversion", "ip-adapter")
        if group_offload
        else ("textual-inversion", "vae", "ip-adapter")
    )
    refused = [one.card.title for one in context.adapters if one.card.adapter in types]
    if refused:
        raise StudioError(
            tr("{adapter} cannot be used while the model is loaded in pieces.", adapter=refused[0]),
            cause="memory",
            cure=tr("Choose another way to load the model under Models, or a smaller model."),
        )


def _of_type(context: JobContext, adapter_type: str) -> list[ResolvedAdapter]:
    return [one for one in context.adapters if one.card.adapter == adapter_type]
