"""Paints images in the style of another image, or in one of 26 named styles.

Networks of Magenta (Apache-2.0): Ghiasi et al., "Exploring the structure of a real-time, arbitrary
neural artistic stylization network", 2017, and Dumoulin et al., "A learned representation for
artistic style", 2017.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from studio.core.requests import ImageToolRequest
from studio.core.requests.image_tool import STYLES
from studio.core.translation import mark
from studio.engine.image_tools.source import Bytes, Source, joined, to_bytes
from studio.engine.image_tools.tiles import Pixels
from studio.engine.image_tools.weights import ToolWeights
from studio.engine.protocol import JobContext
from studio.media.image_reader import read_image

if TYPE_CHECKING:
    from PIL.Image import Image

STYLE_SIDE = 256
"""Width and height at which a style image is read."""
MAX_PIXELS = 4_000_000
"""Painted at most: the style is normalized over the whole image, so it cannot be cut into tiles."""
MULTIPLE = 4
"""The networks halve the image twice."""
LEAST_SIDE = 32
"""They mirror some pixels at the border, which must be there."""


def restyle(context: JobContext, source: Source, weights: ToolWeights) -> Bytes:
    """Return the image in the request's style, in its own size."""
    from PIL import Image as PILImage

    request = context.job.request
    assert isinstance(request, ImageToolRequest)
    height, width = source.colors.shape[:2]
    image = PILImage.fromarray(source.colors)
    share = min(1.0, math.sqrt(MAX_PIXELS / (height * width)))
    if share < 1:
        image = image.resize(
            (max(1, round(width * share)), max(1, round(height * share))),
            PILImage.Resampling.LANCZOS,
        )
        context.add_note(mark("Painted at 4 million pixels and enlarged"))
    painted = _paint(context, np.asarray(image, np.float32) / np.float32(255), request, weights)
    context.check()
    result = PILImage.fromarray(to_bytes(painted))
    if result.size != (width, height):
        result = result.resize((width, height), PILImage.Resampling.LANCZOS)
    if request.keep_colors:
        result = _with_colors_of(PILImage.fromarray(source.colors), result)
    if request.style:  # a style image is weakened in the network, which looks better than a fade
        result = PILImage.blend(PILImage.fromarray(source.colors), result, request.strength)
    return joined(np.asarray(result), source.alpha)


def _paint(
    context: JobContext, colors: Pixels, request: ImageToolRequest, weights: ToolWeights
) -> Pixels:
    """Return the painted image, in the size of `colors`."""
    height, width = colors.shape[:2]
    below, right = (max(LEAST_SIDE - side, -side % MULTIPLE) for side in (height, width))
    padded = np.pad(colors, ((0, below), (0, right), (0, 0)), mode="edge")
    if request.style:
        chosen = np.zeros(len(STYLES), np.float32)
        chosen[list(STYLES).index(request.style)] = 1
        inputs = [padded.transpose(2, 0, 1)[None], chosen]
        answer = weights.run("styles.onnx", inputs, context.is_cancelled)
        painted: Pixels = answer[0].transpose(1, 2, 0)[:height, :width]
        return painted
    image, _digest = read_image(Path(request.style_image))
    vector = _style_of(context, np.asarray(image), weights)
    if request.strength < 1:
        own = _style_of(context, to_bytes(colors), weights)
        vector = request.strength * vector + (1 - request.strength) * own
    answer = weights.run("style-transform.onnx", [padded[None], vector], context.is_cancelled)
    restyled: Pixels = answer[0][:height, :width]
    return restyled


def _style_of(context: JobContext, image: Bytes, weights: ToolWeights) -> NDArray[np.float32]:
    """Return the 100 numbers that describe the style of an image, from its middle square."""
    from PIL import Image as PILImage

    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = PILImage.fromarray(image[top : top + side, left : left + side])
    square = square.resize((STYLE_SIDE, STYLE_SIDE), PILImage.Resampling.LANCZOS)
    values = np.asarray(square, np.float32)[None] / 255
    vector: NDArray[np.float32] = weights.run("style-predict.onnx", [values], context.is_cancelled)
    return vector


def _with_colors_of(image: Image, painted: Image) -> Image:
    """Return the painted image's light and the other image's colors."""
    from PIL import Image as PILImage

    light = painted.convert("YCbCr").getchannel(0)
    _light, blue, red = image.convert("YCbCr").split()
    return PILImage.merge("YCbCr", (light, blue, red)).convert("RGB")
