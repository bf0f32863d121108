"""Extends an image at its sides: with the model that drew it, else by mirroring it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest, ImageToolRequest
from studio.core.requests.image import MAX_PIXELS, MAX_SIDE
from studio.core.translation import mark
from studio.engine.image_tools.source import Bytes, Source, joined
from studio.engine.image_tools.weights import ToolWeights
from studio.engine.protocol import JobContext
from studio.library.artifacts import read_recipe
from studio.library.results import ImageResult
from studio.media.masks.frame import Frame, framed_image, outpaint_mask, rounded_to
from studio.models.capabilities import takes_mask
from studio.models.card import ModelCard

if TYPE_CHECKING:
    from studio.core.artifact import Recipe

SOFTNESS = ((0.01, 0.004), (0.04, 0.012), (0.15, 0.04), (0.5, 0.1))
"""Distance from the image → standard deviation of the blur there, as shares of its shorter side."""


def outpaint(context: JobContext, source: Source, _weights: ToolWeights) -> Bytes:
    """Return the image with the request's pixels added at its sides.

    An image that an installed model drew is continued by that model; the note names what was done.
    """
    request = context.job.request
    assert isinstance(request, ImageToolRequest)
    height, width = source.colors.shape[:2]
    left, top, right, bottom = request.added
    frame = Frame(-left, -top, width + right, height + bottom)
    colors = _painted(context, source, frame)
    if colors is None:
        context.add_note(
            mark("Added by mirroring the image, more softly outwards: no model drew it")
        )
        colors = _mirrored(source.colors, frame)
    alpha = None
    if source.alpha is not None:
        alpha = np.pad(source.alpha, ((top, bottom), (left, right)), mode="edge")
    return joined(colors, alpha)


def _painted(context: JobContext, source: Source, frame: Frame) -> Bytes | None:
    """Return the extended colors, by the model that drew the image; None if none can."""
    request = context.job.request
    assert isinstance(request, ImageToolRequest)
    recipe = read_recipe(Path(request.image))
    if recipe is None or context.load_model is None:
        return None
    if not isinstance(recipe.request, ImageRequest):
        return None
    try:
        card, pipeline = context.load_model("image", recipe.model)
    except StudioError:  # it was removed
        return None
    height, width = source.colors.shape[:2]
    drawn = rounded_to(frame, (width, height), card.size_multiple)
    if not takes_mask(card) or not _fits(card, drawn):
        return None
    context.add_note(mark("Added by {model}, which drew the image"), model=card.title)
    context.weight_hashes[card.name] = card.sha256
    pixels = _drawn(context, source, drawn, (card, pipeline), recipe)
    x, y = frame.left - drawn.left, frame.top - drawn.top
    return pixels[y : y + frame.height, x : x + frame.width]


def _fits(card: ModelCard, frame: Frame) -> bool:
    """True if the model draws images of this size."""
    least, most = card.side_limits(*frame.size)
    limits = (least, min(most or MAX_SIDE, MAX_SIDE))
    return frame.width * frame.height <= MAX_PIXELS and all(
        limits[0] <= side <= limits[1] for side in frame.size
    )


def _drawn(
    context: JobContext,
    source: Source,
    frame: Frame,
    model: tuple[ModelCard, object],
    recipe: Recipe,
) -> Bytes:
    from PIL import Image

    from studio.engine.image.generate import generate

    image, (card, pipeline) = Image.fromarray(source.colors), model
    seed = context.job.request.seed
    assert isinstance(recipe.request, ImageRequest)
    with tempfile.TemporaryDirectory() as folder:
        start, mask = Path(folder, "image.png"), Path(folder, "mask.png")
        framed_image(image, frame).save(start)
        outpaint_mask(image.size, frame).save(mask)
        request = msgspec.structs.replace(
            recipe.request,
            model=card.name,
            image=str(start),
            mask_image=str(mask),
            width=frame.width,
            height=frame.height,
            strength=1.0,
            seed=recipe.seed if seed is None else seed,
            num_images_per_prompt=1,
            control_image="",
            ip_adapter_image="",
            adapters="",
        )
        job = msgspec.structs.replace(context.job, request=request)
        (result,) = generate(context.for_part(job, card), pipeline)  # type: ignore[arg-type]
    assert isinstance(result, ImageResult)
    return result.pixels


def _mirrored(colors: Bytes, frame: Frame) -> Bytes:
    """Return the colors, mirrored at the sides and softer the farther away from the image."""
    import cv2

    height, width = colors.shape[:2]
    top, bottom = -frame.top, frame.bottom - height
    left, right = -frame.left, frame.right - width
    result = np.pad(colors, ((top, bottom), (left, right), (0, 0)), mode="symmetric")
    down = _distances(frame.height, top, height)
    across = _distances(frame.width, left, width)
    distances = np.hypot(down[:, None], across[None, :])
    shorter, near = min(width, height), 0.0
    mirrored = result
    for far, blur in SOFTNESS:
        softer = cv2.GaussianBlur(mirrored, (0, 0), max(0.5, blur * shorter))
        share = np.clip((distances / shorter - near) / (far - near), 0, 1).astype(np.float32)
        result = cv2.blendLinear(result, softer, 1 - share, share).astype(np.uint8)
        near = far
    result[top : top + height, left : left + width] = colors
    return result


def _distances(length: int, begin: int, inner: int) -> np.typing.NDArray[np.float32]:
    """Return how far each place of a line is from its part that begins at `begin`."""
    places = np.arange(length, dtype=np.float32)
    return np.maximum(0, np.maximum(begin - places, places - (begin + inner - 1)))
