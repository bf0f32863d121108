"""Changes light, colors, angle, part and size of an image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from studio.core.errors import StudioError
from studio.core.requests import ImageToolRequest
from studio.core.requests.image_tool import crop_box
from studio.core.translation import tr
from studio.engine.image_tools.source import Bytes, Source, joined
from studio.engine.image_tools.weights import ToolWeights
from studio.engine.protocol import JobContext

if TYPE_CHECKING:
    from PIL.Image import Image

CUT_OFF = 0.5
"""Percent of the darkest and the lightest pixels that automatic levels leave out."""


def adjust(context: JobContext, source: Source, _weights: ToolWeights) -> Bytes:
    """Return the image: first turned, cut and resized, then changed in light and colors.

    Raises StudioError if the part to keep is not inside the image.
    """
    from PIL import Image as PILImage
    from PIL import ImageEnhance, ImageOps

    request = context.job.request
    assert isinstance(request, ImageToolRequest)
    colors = _shaped(PILImage.fromarray(source.colors), request)
    if request.auto_levels:
        colors = ImageOps.autocontrast(colors, cutoff=CUT_OFF)
    for change, amount in (
        (ImageEnhance.Brightness, request.brightness),
        (ImageEnhance.Contrast, request.contrast),
        (ImageEnhance.Color, request.saturation),
    ):
        if amount != 1:
            colors = change(colors).enhance(amount)
    alpha = None
    if source.alpha is not None:
        alpha = np.asarray(_shaped(PILImage.fromarray(source.alpha), request))
    return joined(np.asarray(colors), alpha)


def _shaped(image: Image, request: ImageToolRequest) -> Image:
    """Return the image turned, cut and resized."""
    from PIL.Image import Resampling

    image = _turned(image, request.rotate)
    if box := crop_box(request.crop):
        if box[2] > image.width or box[3] > image.height:
            raise StudioError(
                tr(
                    "The part {part} is not inside the image of {width} × {height} pixels.",
                    part=request.crop,
                    width=image.width,
                    height=image.height,
                ),
                cause="invalid",
                cure=tr("Choose left,top,width,height inside the image."),
            )
        image = image.crop(box)
    width, height = request.width, request.height
    if not width and not height:
        return image
    width = width or max(1, round(image.width * height / image.height))
    height = height or max(1, round(image.height * width / image.width))
    return image.resize((width, height), Resampling.LANCZOS)


def _turned(image: Image, degrees: float) -> Image:
    """Return the image turned clockwise: of other angles than quarters the part without corners."""
    from PIL.Image import Resampling, Transpose

    quarter = {
        90.0: Transpose.ROTATE_270,
        -90.0: Transpose.ROTATE_90,
        180.0: Transpose.ROTATE_180,
        -180.0: Transpose.ROTATE_180,
    }.get(degrees)
    if quarter is not None:
        return image.transpose(quarter)
    if not degrees:
        return image
    turned = image.rotate(-degrees, Resampling.BICUBIC, expand=True)
    width, height = _largest_inside(image.width, image.height, math.radians(degrees))
    left, top = (turned.width - width) // 2, (turned.height - height) // 2
    return turned.crop((left, top, left + width, top + height))


def _largest_inside(width: int, height: int, angle: float) -> tuple[int, int]:
    """Return the size of the largest upright rectangle inside a turned one of this size."""
    sine, cosine = abs(math.sin(angle)), abs(math.cos(angle))
    long, short = max(width, height), min(width, height)
    if short <= 2 * sine * cosine * long or math.isclose(sine, cosine):
        # Two of its corners touch the long sides, the others lie free.
        half = 0.5 * short
        inner = (half / sine, half / cosine) if width >= height else (half / cosine, half / sine)
    else:
        # All four corners touch a side.
        both = cosine * cosine - sine * sine
        inner = ((width * cosine - height * sine) / both, (height * cosine - width * sine) / both)
    return max(1, math.floor(inner[0])), max(1, math.floor(inner[1]))
