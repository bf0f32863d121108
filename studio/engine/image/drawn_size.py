"""The size in which a model draws small images, which are then reduced.

A model draws well only around the size of its training. A recipe of an earlier version, whose
starter model drew 64 px, still gives its image.
"""

from __future__ import annotations

from typing import Any

import msgspec

from studio.core.requests import ImageRequest
from studio.models.card import ModelCard


def drawn_request(request: ImageRequest, card: ModelCard) -> ImageRequest:
    """Return the request with the size in which the model draws its images."""
    scale = card.drawing_scale(request.width, request.height)
    return msgspec.structs.replace(
        request, width=request.width * scale, height=request.height * scale
    )


def reduced(pixels: Any, scale: int) -> Any:
    """Return an image (height, width, 3) with sides that are `scale` times shorter."""
    if scale == 1:
        return pixels
    import numpy as np
    from PIL import Image

    height, width = pixels.shape[0] // scale, pixels.shape[1] // scale
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))
