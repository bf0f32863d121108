"""Puts a text or a logo on an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from studio.core.requests import ImageToolRequest
from studio.engine.image_tools.fonts import font_for
from studio.engine.image_tools.source import Bytes, Source, joined
from studio.engine.image_tools.weights import ToolWeights
from studio.engine.protocol import JobContext
from studio.media.image_reader import read_image, read_transparency

if TYPE_CHECKING:
    from PIL.Image import Image

MARGIN = 0.03
"""From the image's edges, as a share of its shorter side."""
LARGEST_SHARE = 0.96
"""Of the image's width and height that a label takes at most."""
TEXT_COLOR = (255, 255, 255, 255)
OUTLINE_COLOR = (0, 0, 0, 160)
"""Around the text, which is thus seen on light images, too."""
OUTLINE_SHARE = 0.06
"""Width of the outline, as a share of the text's height."""


def watermark(context: JobContext, source: Source, _weights: ToolWeights) -> Bytes:
    """Return the image with the request's text or logo on it; its own transparency stays."""
    from PIL import Image as PILImage

    request = context.job.request
    assert isinstance(request, ImageToolRequest)
    image = PILImage.fromarray(source.colors).convert("RGBA")
    side = max(1, round(min(image.size) * request.label_size / 100))
    made = _logo(Path(request.logo), side) if request.logo else _text(request.label.strip(), side)
    made = _fitted(made, image.size)
    made.putalpha(made.getchannel("A").point([round(n * request.opacity) for n in range(256)]))
    layer = PILImage.new("RGBA", image.size)
    layer.paste(made, _place(request.position, image.size, made.size))
    result = np.asarray(PILImage.alpha_composite(image, layer).convert("RGB"))
    alpha = source.alpha
    if alpha is not None:  # the label can be seen where nothing else can
        alpha = np.maximum(alpha, np.asarray(layer.getchannel("A")))
    return joined(result, alpha)


def _logo(path: Path, side: int) -> Image:
    """Return the image in a file, as high as `side`."""
    from PIL import Image as PILImage

    image, _digest = read_image(path)
    alpha = read_transparency(path)
    if alpha is not None:
        image = PILImage.fromarray(_off_white(np.asarray(image), np.asarray(alpha)))
    width = max(1, round(image.width * side / image.height))
    return image.convert("RGBA").resize((width, side), PILImage.Resampling.LANCZOS)


def _off_white(colors: Bytes, alpha: Bytes) -> Bytes:
    """Return height × width × 4 of colors that were put on white."""
    share = alpha[..., None].astype(np.float32) / 255
    own = 255 - (255 - colors.astype(np.float32)) / np.maximum(share, 1 / 255)
    return joined(np.clip(own, 0, 255).round().astype(np.uint8), alpha)


def _text(text: str, side: int) -> Image:
    """Return a line of text, whose letters are as high as `side`, on nothing."""
    from PIL import Image as PILImage
    from PIL import ImageDraw

    font, outline = font_for(text, side), max(1, round(side * OUTLINE_SHARE))
    box = font.getbbox(text, stroke_width=outline)
    size = (max(1, round(box[2] - box[0])), max(1, round(box[3] - box[1])))
    result = PILImage.new("RGBA", size)
    ImageDraw.Draw(result).text(
        (-box[0], -box[1]),
        text,
        font=font,
        fill=TEXT_COLOR,
        stroke_width=outline,
        stroke_fill=OUTLINE_COLOR,
    )
    return result


def _fitted(label: Image, size: tuple[int, int]) -> Image:
    """Return the label, reduced if it is larger than the image."""
    from PIL import Image as PILImage

    share = min(
        1.0,
        LARGEST_SHARE * size[0] / label.width,
        LARGEST_SHARE * size[1] / label.height,
    )
    if share == 1:
        return label
    reduced = (max(1, round(label.width * share)), max(1, round(label.height * share)))
    return label.resize(reduced, PILImage.Resampling.LANCZOS)


def _place(position: str, size: tuple[int, int], label: tuple[int, int]) -> tuple[int, int]:
    """Return the left and the top of the label in the image."""
    room = (size[0] - label[0], size[1] - label[1])
    if position == "center":
        return room[0] // 2, room[1] // 2
    margin = round(MARGIN * min(size))
    margins = (min(margin, room[0] // 2), min(margin, room[1] // 2))
    down, across = position.split("-")
    return (
        margins[0] if across == "left" else room[0] - margins[0],
        margins[1] if down == "top" else room[1] - margins[1],
    )
