"""Icons of the training data, and their rendering."""

from __future__ import annotations

import io

import msgspec
import numpy as np
from numpy.typing import NDArray


class Icon(msgspec.Struct, frozen=True):
    """The labels of an image."""

    key: str
    """Its name in the icon set; the same thing has the same key in all sets."""
    source: str
    names: tuple[str, ...]
    """Its names, the best one first."""
    keywords: tuple[str, ...] = ()
    group: str = ""


def draw(svg: str, side: int) -> NDArray[np.uint8]:
    """Render an SVG document as RGBA, (side, side, 4). Raises ValueError if it is invalid."""
    import resvg_py
    from PIL import Image

    png = bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, width=side * 2, height=side * 2, skip_system_fonts=True
        )
    )
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGBA").resize((side, side), Image.Resampling.LANCZOS))
