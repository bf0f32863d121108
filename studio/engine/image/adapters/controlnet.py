"""ControlNets: a second network that follows an image and shares the loaded model's components."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import Any

from studio.core.requests import ImageRequest
from studio.core.translation import tr
from studio.engine.image.adapters.weights import (
    LIBRARY_ERRORS,
    StateDict,
    check_shapes,
    incompatibility_error,
    read_weights,
)
from studio.engine.image.load import ImagePipeline
from studio.media.image_reader import read_image
from studio.models.card import ModelCard
from studio.models.families.architectures import CONTROLNET_CLASSES
from studio.models.files.complete_weights import require_complete_weights
from studio.models.files.config import read_json
from studio.preflight.adapters import ResolvedAdapter
from studio.preflight.images import fit_to


def with_controlnet(
    pipeline: ImagePipeline, wanted: list[ResolvedAdapter], request: ImageRequest, model: ModelCard
) -> ImagePipeline:
    """Return a pipeline of the same components that follows the request's control image.

    Returns `pipeline` itself if no ControlNet is wanted. Raises StudioError if it doesn't fit.
    """
    if not wanted:
        pipeline.applied.controlnet = None  # frees its memory for the model
        return pipeline
    card = wanted[0].card
    image = fit_to(read_image(Path(request.control_image))[0], request.width, request.height)
    pipe = _controlnet_pipeline(pipeline, card, model)
    parameters = frozenset(inspect.signature(pipe.__call__).parameters)
    image_parameter = "control_image" if "control_image" in parameters else "image"
    arguments = {
        **pipeline.adapter_arguments,
        image_parameter: image,
        "controlnet_conditioning_scale": wanted[0].scale,
    }
    return dataclasses.replace(
        pipeline, pipe=pipe, parameters=parameters, adapter_arguments=arguments
    )


def _controlnet_pipeline(pipeline: ImagePipeline, card: ModelCard, model: ModelCard) -> Any:
    from diffusers import AutoPipelineForText2Image

    applied = pipeline.applied
    if applied.controlnet is None or applied.controlnet[0] != card.sha256:
        applied.controlnet = None
        applied.controlnet = (card.sha256, _load(pipeline, card, model))
    try:
        # For each job: other adapters may have replaced components of the loaded model.
        pipe = AutoPipelineForText2Image.from_pipe(pipeline.pipe, controlnet=applied.controlnet[1])
    except LIBRARY_ERRORS as error:
        raise incompatibility_error(
            card, model, tr("diffusers has no pipeline for the two together")
        ) from error
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _load(pipeline: ImagePipeline, card: ModelCard, model: ModelCard) -> Any:
    import diffusers
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    pipe = pipeline.pipe
    options = {"dtype": pipe.dtype, "local_files_only": True, "use_safetensors": True}
    try:
        if (card.folder / "config.json").is_file():
            name = str(read_json(card.folder / "config.json").get("_class_name"))
            if name not in CONTROLNET_CLASSES:
                raise ValueError(name)
            with require_complete_weights(card.title):
                network = getattr(diffusers, name).from_pretrained(card.path, **options)
        else:
            state = dict(convert_controlnet_checkpoint(read_weights(card), pipe.unet.config))
            network = diffusers.ControlNetModel.from_unet(
                pipe.unet,
                load_weights_from_unet=False,
                conditioning_embedding_out_channels=_embedding_channels(state),
            )
            own = network.state_dict()
            check_shapes(state, own, card, model)
            network.load_state_dict({key: state[key] for key in own})
    except (*LIBRARY_ERRORS, OSError) as error:
        raise incompatibility_error(
            card, model, tr("it cannot be loaded for this model")
        ) from error
    return network.to(device=pipeline.device, dtype=pipe.dtype).eval()


def _embedding_channels(state: StateDict) -> tuple[int, ...]:
    """Return the widths of the layers that read the control image; each halves its size."""
    start = "controlnet_cond_embedding."
    halving = (f"{start}blocks.{2 * number + 1}.weight" for number in range(8))
    names = [f"{start}conv_in.weight", *(name for name in halving if name in state)]
    return tuple(int(state[name].shape[0]) for name in names)
