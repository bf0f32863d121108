"""Where the pixels of a source go in a frame: crop, rotate, scale, pad."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from studio.core.requests.video.project import Fit, Rectangle
from studio.media.video_writer.writer import Pixels

Size = tuple[int, int]
"""Width and height."""
WHOLE: Rectangle = (0.0, 0.0, 1.0, 1.0)


class Layout(NamedTuple):
    """How a source is shown."""

    crop: Rectangle
    """The part that is shown, before it is rotated."""
    turns: int
    """Quarter turns clockwise."""
    size: Size
    """Of the part in the frame, after it is rotated."""
    decoded: Size
    """Largest useful size of the whole source."""


def lay_out(source: Size, frame: Size, crop: Rectangle | None, rotate: int, fit: Fit) -> Layout:
    """Return how a source is shown in a frame."""
    left, top, width, height = crop or WHOLE
    turns = rotate // 90
    part = (source[0] * width, source[1] * height)
    across = frame[::-1] if turns % 2 else frame
    if fit == "fill":
        scale = max(across[0] / part[0], across[1] / part[1])
        kept = (across[0] / scale / part[0], across[1] / scale / part[1])
        left, top = left + width * (1 - kept[0]) / 2, top + height * (1 - kept[1]) / 2
        width, height = width * kept[0], height * kept[1]
        size = frame
    else:
        scale = min(across[0] / part[0], across[1] / part[1])
        size = (max(1, round(part[0] * scale)), max(1, round(part[1] * scale)))
        size = size[::-1] if turns % 2 else size
    decoded = (math.ceil(source[0] * scale), math.ceil(source[1] * scale))
    return Layout((left, top, width, height), turns, size, decoded)


def place(pixels: Pixels, layout: Layout, frame: Size, background: Pixels) -> Pixels:
    """Return a frame with the source's pixels in its middle."""
    part = _turned(_cropped(pixels, layout.crop), layout.turns)
    part = scaled(part, layout.size)
    if layout.size == frame:
        return part
    result = background.copy()
    left, top = (frame[0] - layout.size[0]) // 2, (frame[1] - layout.size[1]) // 2
    result[top : top + layout.size[1], left : left + layout.size[0]] = part
    return result


def _cropped(pixels: Pixels, crop: Rectangle) -> Pixels:
    height, width = pixels.shape[:2]
    left, top = min(width - 1, round(crop[0] * width)), min(height - 1, round(crop[1] * height))
    right = max(left + 1, round((crop[0] + crop[2]) * width))
    bottom = max(top + 1, round((crop[1] + crop[3]) * height))
    return pixels[top:bottom, left:right]


def _turned(pixels: Pixels, turns: int) -> Pixels:
    return np.rot90(pixels, -turns) if turns else pixels


def scaled(pixels: Pixels, size: Size) -> Pixels:
    """Return pixels in a size, each row after the other in memory."""
    import cv2

    height, width = pixels.shape[:2]
    pixels = np.ascontiguousarray(pixels)
    if (width, height) == size:
        return pixels
    is_smaller = size[0] < width and size[1] < height
    method = cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def plain(size: Size, color: str) -> Pixels:
    """Return a frame of one color, such as #ff0000."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    result = np.empty((size[1], size[0], 4), np.uint8)
    result[:] = (blue, green, red, 255)
    return result
