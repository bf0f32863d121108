"""Repairs images without a model: fills holes, removes noise, sharpens, finds edges (OpenCV)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from studio.core.errors import StudioError
from studio.core.requests import ImageToolRequest
from studio.core.translation import tr
from studio.engine.image_tools.source import Bytes, Source, joined
from studio.engine.image_tools.weights import ToolWeights
from studio.engine.protocol import JobContext
from studio.media.image_reader import read_mask, short_name

FILL_RADIUS = 5
"""Of the neighborhood that a filled pixel is made of, in pixels."""
MASKED = 128
"""Brightness from which on a pixel of a mask counts as white."""
MAX_NOISE = 10
"""Strength 1 as the parameter h of non-local means."""


def erase(context: JobContext, source: Source, _weights: ToolWeights) -> Bytes:
    """Return the image with what the mask covers filled from around it; the rest is unchanged.

    Fast marching: Telea, "An Image Inpainting Technique Based on the Fast Marching Method", 2004.
    Raises StudioError for a mask that covers nothing or everything.
    """
    import cv2
    from PIL import Image

    request = _request_of(context)
    height, width = source.colors.shape[:2]
    file = Path(request.mask_image)
    mask_image, _digest = read_mask(file)
    if mask_image.size != (width, height):
        mask_image = mask_image.resize((width, height), Image.Resampling.NEAREST)
    mask = (np.asarray(mask_image) >= MASKED).astype(np.uint8)
    if not mask.any():
        raise StudioError(
            tr("{name} has nothing white: nothing would be filled.", name=short_name(file)),
            cause="invalid",
            cure=tr("Paint the parts white that are to change."),
        )
    if mask.all():
        raise StudioError(
            tr("{name} is all white: nothing is left to fill from.", name=short_name(file)),
            cause="invalid",
            cure=tr("Leave the parts black that stay."),
        )
    filled = cv2.inpaint(source.colors, mask, FILL_RADIUS, cv2.INPAINT_TELEA)
    changed: Bytes = np.where(mask[..., None] > 0, filled, source.colors).astype(np.uint8)
    return joined(changed, source.alpha)


def denoise(context: JobContext, source: Source, _weights: ToolWeights) -> Bytes:
    """Return the image with less noise.

    Non-local means: Buades, Coll, Morel, "Non-Local Means Denoising", IPOL 2011.
    """
    import cv2

    strength = MAX_NOISE * _request_of(context).strength
    if not strength:
        return joined(source.colors, source.alpha)
    clean = cv2.fastNlMeansDenoisingColored(source.colors, None, strength, strength, 7, 21)
    return joined(clean.astype(np.uint8), source.alpha)


def sharpen(context: JobContext, source: Source, _weights: ToolWeights) -> Bytes:
    """Return the image with clearer edges: its difference from a blurred copy is added."""
    import cv2

    strength = 1.2 * _request_of(context).strength
    values = source.colors.astype(np.float32)
    blurred = cv2.GaussianBlur(values, (0, 0), 1.5)
    sharp = np.clip(values + strength * (values - blurred), 0, 255).round().astype(np.uint8)
    return joined(sharp, source.alpha)


def edges(context: JobContext, source: Source, _weights: ToolWeights) -> Bytes:
    """Return the image's edges, white on black: more of them with more strength (Canny, 1986)."""
    import cv2

    soft = cv2.GaussianBlur(source.colors, (0, 0), 1.2)
    high = 20 + 230 * (1 - _request_of(context).strength)
    # Each color by itself: red and green can be equally light.
    found = [cv2.Canny(np.ascontiguousarray(soft[..., n]), high / 2, high) for n in range(3)]
    return np.repeat(np.maximum.reduce(found)[..., None], 3, axis=2).astype(np.uint8)


def _request_of(context: JobContext) -> ImageToolRequest:
    request = context.job.request
    assert isinstance(request, ImageToolRequest)
    return request
