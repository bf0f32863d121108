"""Arguments of an image pipeline's call, and the sizes that it accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.core.translation import tr
from studio.engine.image.load import ImagePipeline
from studio.models.card import ModelCard


def pipeline_arguments(
    requests: Sequence[ImageRequest], pipeline: ImagePipeline, card: ModelCard
) -> dict[str, Any]:
    """Return the arguments of requests that differ in their prompts only.

    What guidance means differs by family, and not every pipeline takes a negative prompt.
    """
    request = requests[0]
    prompts = [each.prompt for each in requests]
    negative_prompts = [each.negative_prompt for each in requests]
    arguments: dict[str, Any] = {
        "prompt": _one_or_all(prompts),
        "width": request.width,
        "height": request.height,
        "num_inference_steps": request.num_inference_steps,
        # Without it Kontext draws its own size.
        "max_area": request.width * request.height,
        # Binning draws in a training resolution, then scales; small images are drawn as they are.
        "use_resolution_binning": request.width * request.height >= 512 * 512,
    }
    if card.guidance == "true_cfg":
        arguments["true_cfg_scale"] = request.guidance_scale
        arguments["negative_prompt"] = _one_or_all([text or " " for text in negative_prompts])
    elif card.guidance != "ignored":
        arguments["guidance_scale"] = request.guidance_scale
        if any(negative_prompts) and card.guidance != "embedded":
            arguments["negative_prompt"] = _one_or_all(negative_prompts)
    if request.num_inference_steps != 2:
        arguments["intermediate_timesteps"] = None  # Sana-Sprint's default fits two steps only
    arguments |= pipeline.adapter_arguments
    return {name: value for name, value in arguments.items() if name in pipeline.parameters}


def _one_or_all(texts: list[str]) -> str | list[str]:
    return texts if len(texts) > 1 else texts[0]


def check_size(request: ImageRequest, pipeline: ImagePipeline, card: ModelCard) -> None:
    """Raise StudioError unless the model can draw images of the request's size."""
    # Pipelines without an autoencoder have no such attribute.
    multiple = max(card.size_multiple, int(getattr(pipeline.pipe, "vae_scale_factor", 8)))
    scale = card.drawing_scale(request.width, request.height)
    multiple = max(1, multiple // scale)
    min_side, max_side = card.side_limits(request.width, request.height)
    for side, value in ((tr("width"), request.width), (tr("height"), request.height)):
        if value % multiple:
            raise StudioError(
                tr(
                    "The {side} {value} is not a multiple of {multiple}, which {model} needs.",
                    side=side,
                    value=value,
                    multiple=multiple,
                    model=card.title,
                ),
                cause="invalid",
                cure=tr(
                    "Choose a {side} that is a multiple of {multiple}.",
                    side=side,
                    multiple=multiple,
                ),
            )
        if value < min_side or (max_side and value > max_side):
            raise StudioError(
                tr(
                    "{model}: the {side} must be {min_side} to {max_side}, not {value}.",
                    model=card.title,
                    side=side,
                    min_side=min_side,
                    max_side=max_side,
                    value=value,
                ),
                cause="invalid",
                cure=tr("Choose such a size; the window shows small images enlarged."),
            )
