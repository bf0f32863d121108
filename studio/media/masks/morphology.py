"""Grow, shrink, feather and fill a mask: a uint8 array (height, width), 255 changes, 0 stays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[Any]

HALF = 128
"""From this level on, a pixel counts as masked."""
FEATHER_REACH = 3
"""A feather of radius r changes pixels up to this many r away."""
_BLUR_RADIUS = 8
_BAND_PIXELS = 500_000


def grow(mask: Mask, radius: int) -> Mask:
    """Widen the masked area by `radius` pixels on all sides; its corners become octagons."""
    import numpy as np

    return _spread(mask, radius, np.maximum, 0)


def shrink(mask: Mask, radius: int) -> Mask:
    """Narrow the masked area by `radius` pixels; the border of the image does not narrow it."""
    import numpy as np

    return _spread(mask, radius, np.minimum, 255)


def feather(mask: Mask, radius: int) -> Mask:
    """Blur the edge of the masked area; the border of the image counts as more of the same."""
    import numpy as np
    from PIL import Image

    if radius <= 0:
        return mask
    factor = radius // _BLUR_RADIUS
    if factor < 2:
        return _blurred(mask, radius)
    # A wide blur has no details, so that it is as good at a smaller size.
    image = Image.fromarray(mask)
    small = Image.fromarray(_blurred(np.asarray(image.reduce(factor)), radius / factor))
    box = (0, 0, image.width / factor, image.height / factor)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC, box=box))


def _blurred(mask: Mask, radius: float) -> Mask:
    """Blur a mask in bands: Pillow blocks other Python threads while it blurs."""
    import numpy as np
    from PIL import Image, ImageFilter

    height, width = mask.shape
    result = np.empty_like(mask)
    margin = math.ceil(FEATHER_REACH * radius)
    rows = max(margin, _BAND_PIXELS // width, 1)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        first, last = max(0, top - margin), min(height, bottom + margin)
        band = Image.fromarray(mask[first:last])
        blurred = np.asarray(band.filter(ImageFilter.GaussianBlur(radius)))
        result[top:bottom] = blurred[top - first : bottom - first]
    return result


def fill_region(mask: Mask, x: int, y: int, level: int) -> Mask:
    """Set the connected area around a pixel to `level`: all that is masked as the pixel is."""
    result = mask.copy()
    for row, begin, end in _connected_runs((mask >= HALF) == (mask[y, x] >= HALF), x, y):
        result[row, begin:end] = level
    return result


def _spread(mask: Mask, radius: int, pick: Callable[..., Mask], outside: int) -> Mask:
    """Return the extreme within an octagon, which is the sum of four line segments."""
    import numpy as np

    if radius <= 0:
        return mask
    straight = max(1, round(radius * 0.4142))
    diagonal = max(0, round((radius - straight) / 2))
    straight = radius - 2 * diagonal
    # A sum of diagonals leads out of the image and back into it.
    mask = np.pad(mask, diagonal, constant_values=outside)
    for length, step in (
        (straight, (0, 1)),
        (straight, (1, 0)),
        (diagonal, (1, 1)),
        (diagonal, (1, -1)),
    ):
        mask = _along(mask, length, step, pick, outside)
    return mask[diagonal : mask.shape[0] - diagonal, diagonal : mask.shape[1] - diagonal]


def _along(
    mask: Mask, half: int, step: tuple[int, int], pick: Callable[..., Mask], outside: int
) -> Mask:
    """Return the extreme within `half` steps both ways along a line, by doubling its length."""
    for sign in (1, -1):
        covered = 0
        while covered < half:
            distance = min(covered + 1, half - covered)
            moved = _moved(mask, sign * distance * step[0], sign * distance * step[1], outside)
            mask = pick(mask, moved)
            covered += distance
    return mask


def _moved(mask: Mask, down: int, right: int, outside: int) -> Mask:
    """Return the mask moved by whole pixels, with `outside` where nothing moves in."""
    import numpy as np

    height, width = mask.shape
    result = np.full_like(mask, outside)
    if abs(down) < height and abs(right) < width:
        result[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = mask[
            max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)
        ]
    return result


def _connected_runs(same: Mask, x: int, y: int) -> list[tuple[int, int, int]]:
    """Return the (row, begin, end) of the connected true area around a pixel."""
    import numpy as np

    rows: dict[int, list[tuple[int, int]]] = {}

    def runs_of(row: int) -> list[tuple[int, int]]:
        if row not in rows:
            edges = np.flatnonzero(np.diff(same[row].astype(np.int8), prepend=0, append=0))
            rows[row] = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
        return rows[row]

    first = next((y, *run) for run in runs_of(y) if run[0] <= x < run[1])
    found, waiting = {first}, [first]
    while waiting:
        row, begin, end = waiting.pop()
        for near in (row - 1, row + 1):
            if not 0 <= near < same.shape[0]:
                continue
            for run in runs_of(near):
                if run[0] < end and begin < run[1] and (near, *run) not in found:
                    found.add((near, *run))
                    waiting.append((near, *run))
    return sorted(found)
