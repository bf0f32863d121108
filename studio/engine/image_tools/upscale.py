"""Enlarges images with Real-ESRGAN, in tiles."""

from __future__ import annotations

import numpy as np

from studio.core.events import Progress
from studio.core.requests import ImageToolRequest
from studio.engine.image_tools.networks import SCALE
from studio.engine.image_tools.source import Bytes, Source, joined, to_bytes
from studio.engine.image_tools.tiles import Pixels, run_in_tiles, tile_count
from studio.engine.image_tools.weights import ToolWeights
from studio.engine.protocol import JobContext

SIDE = 192
"""Of a tile; larger ones are hardly faster and take more memory."""


COLOR_RADIUS = 3.0
"""Standard deviation, in pixels of the source, of the blur in which colors are compared."""


def upscale(context: JobContext, source: Source, weights: ToolWeights) -> Bytes:
    """Return the image enlarged by the request's scale; its transparency too."""
    import torch
    from PIL import Image

    request = context.job.request
    assert isinstance(request, ImageToolRequest)
    enlarger, device = weights.enlarger(), weights.device

    def run(tile: Pixels) -> Pixels:
        values = torch.from_numpy(tile).permute(2, 0, 1)[None].to(device)
        values = values.contiguous(memory_format=torch.channels_last)
        drawn: Pixels = enlarger(values)[0].permute(1, 2, 0).float().cpu().numpy()
        return drawn

    height, width = source.colors.shape[:2]
    total = tile_count(height, width, SIDE)

    def report(tiles: int) -> None:
        context.check()
        context.emit(Progress(step=tiles, total=total, unit="tile"))

    with torch.inference_mode():
        enlarged = run_in_tiles(
            source.floats, run, report, scale=SCALE, side=SIDE, margin=enlarger.margin
        )
    _correct_colors(enlarged, source.floats)
    size = (width * request.scale, height * request.scale)
    image = Image.fromarray(to_bytes(enlarged))
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    alpha = None
    if source.alpha is not None:
        alpha = np.asarray(Image.fromarray(source.alpha).resize(size, Image.Resampling.LANCZOS))
    return joined(np.asarray(image), alpha)


def _correct_colors(enlarged: Pixels, source: Pixels) -> None:
    """Give the enlarged image the source's colors, seen from afar; details stay.

    The networks shift plain colors by up to 7/255.
    """
    import cv2

    height, width = source.shape[:2]
    reduced = cv2.resize(enlarged, (width, height), interpolation=cv2.INTER_AREA)
    shift = cv2.GaussianBlur(source - reduced, (0, 0), COLOR_RADIUS)
    size = (enlarged.shape[1], enlarged.shape[0])
    enlarged += cv2.resize(shift, size, interpolation=cv2.INTER_LINEAR)
