"""ControlNets: a second network that follows a picture, beside the parts of the warm model."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import Any

from studio.core.requests import ImageRequest
from studio.engine.image.adapters.weights import WRONG, check_shapes, no_fit, read_weights
from studio.engine.image.load import ImagePipeline
from studio.media.image_reader import read_picture
from studio.models.card import ModelCard
from studio.models.files.complete_weights import require_complete_weights
from studio.models.files.folder_check import read_json
from studio.models.inspect.adapter import CONTROLNETS
from studio.preflight.adapters import ResolvedAdapter
from studio.preflight.images import fit_to


def with_controlnet(
    pipeline: ImagePipeline, wanted: list[ResolvedAdapter], request: ImageRequest, model: ModelCard
) -> ImagePipeline:
    """Return a pipeline of the same parts that follows the request's picture; the same one where no
    ControlNet is wanted.

    Raises StudioError.
    """
    if not wanted:
        pipeline.worn.controlnet = None  # its memory is for the model
        return pipeline
    card = wanted[0].card
    picture = fit_to(read_picture(Path(request.control_image))[0], request.width, request.height)
    pipe = _pipe(pipeline, card, model)
    parameters = frozenset(inspect.signature(pipe.__call__).parameters)
    field = "control_image" if "control_image" in parameters else "image"
    more = {**pipeline.more, field: picture, "controlnet_conditioning_scale": wanted[0].scale}
    return dataclasses.replace(pipeline, pipe=pipe, parameters=parameters, more=more)


def _pipe(pipeline: ImagePipeline, card: ModelCard, model: ModelCard) -> Any:
    from diffusers import AutoPipelineForText2Image

    if pipeline.worn.controlnet is None or pipeline.worn.controlnet[0] != card.sha256:
        pipeline.worn.controlnet = None
        pipeline.worn.controlnet = (card.sha256, _load(pipeline, card, model))
    try:
        # Made anew for each job: the parts of the warm model may have been changed by other
        # adapters.
        pipe = AutoPipelineForText2Image.from_pipe(
            pipeline.pipe, controlnet=pipeline.worn.controlnet[1]
        )
    except WRONG as error:
        raise no_fit(card, model, "the libraries have no pipeline for both") from error
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
            if name not in CONTROLNETS:
                raise ValueError(name)
            with require_complete_weights(card.title):
                net = getattr(diffusers, name).from_pretrained(card.path, **options)
        else:
            state = dict(convert_controlnet_checkpoint(read_weights(card), pipe.unet.config))
            net = diffusers.ControlNetModel.from_unet(
                pipe.unet,
                load_weights_from_unet=False,
                conditioning_embedding_out_channels=_picture_channels(state),
            )
            own = net.state_dict()
            check_shapes(state, own, card, model)
            net.load_state_dict({key: state[key] for key in own})
    except (*WRONG, OSError) as error:
        raise no_fit(card, model, "it cannot be loaded beside it") from error
    return net.to(device=pipeline.device, dtype=pipe.dtype).eval()


def _picture_channels(state: dict[str, Any]) -> tuple[int, ...]:
    """Return the widths of the layers that read the picture; each next one halves it."""
    start = "controlnet_cond_embedding."
    halving = (f"{start}blocks.{2 * number + 1}.weight" for number in range(8))
    names = [f"{start}conv_in.weight", *(name for name in halving if name in state)]
    return tuple(int(state[name].shape[0]) for name in names)
