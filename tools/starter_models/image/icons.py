"""Icons of the training data, and how they are drawn."""

from __future__ import annotations

import io

import msgspec
import numpy as np
from numpy.typing import NDArray


class Icon(msgspec.Struct, frozen=True):
    """What is known about an image."""

    key: str
    """Its name in the icon set; the same thing has the same key in all sets."""
    source: str
    names: tuple[str, ...]
    """What it is called, the best name first."""
    keywords: tuple[str, ...] = ()
    group: str = ""


def draw(svg: str, side: int) -> NDArray[np.uint8]:
    """Draw an SVG document. Returns (side, side, 4), RGBA. Raises ValueError where it cannot be
    drawn.
    """
    import resvg_py
    from PIL import Image

    png = bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, width=side * 2, height=side * 2, skip_system_fonts=True
        )
    )
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGBA").resize((side, side), Image.Resampling.LANCZOS))
