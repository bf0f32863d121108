"""Runs a network on an image in overlapping tiles, so that any size fits into memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
"""height × width × 3, 0 to 1."""


def tile_count(height: int, width: int, side: int) -> int:
    """Return the number of tiles of an image."""
    return -(-height // side) * -(-width // side)


def run_in_tiles(
    image: Pixels,
    run: Callable[[Pixels], Pixels],
    tile_drawn: Callable[[int], None],
    *,
    scale: int,
    side: int,
    margin: int,
) -> Pixels:
    """Return what a network makes of an image, `scale` times as large.

    A tile shows the network `margin` more pixels on each side than it draws. No seam is seen if
    that is as far as the network looks: a pixel gets the same surroundings as in the whole image.
    Beyond the image's border its edge is mirrored. `tile_drawn` is called with the number of tiles
    that are drawn.
    """
    height, width = image.shape[:2]
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode=_mode(image, margin))
    result = np.zeros((height * scale, width * scale, 3), np.float32)
    drawn_tiles = 0
    for top in range(0, height, side):
        for left in range(0, width, side):
            bottom, right = min(top + side, height), min(left + side, width)
            tile = padded[top : bottom + 2 * margin, left : right + 2 * margin]
            drawn = run(np.ascontiguousarray(tile))
            inner = slice(margin * scale, (margin + bottom - top) * scale)
            across = slice(margin * scale, (margin + right - left) * scale)
            result[top * scale : bottom * scale, left * scale : right * scale] = drawn[
                inner, across
            ]
            drawn_tiles += 1
            tile_drawn(drawn_tiles)
    return result


def _mode(image: Pixels, margin: int) -> Literal["reflect", "edge"]:
    """Return how numpy continues the image: a mirror needs more pixels than the margin."""
    return "reflect" if min(image.shape[:2]) > margin else "edge"
