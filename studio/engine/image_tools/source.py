"""The image that a tool works on: its colors and, apart from them, its transparency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.engine.image_tools.tiles import Pixels

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Source:
    """An upright image in sRGB."""

    colors: Bytes
    """height × width × 3."""
    alpha: Bytes | None = None
    """height × width; None for an opaque image."""

    @property
    def floats(self) -> Pixels:
        """The colors, 0 to 1."""
        return self.colors.astype(np.float32) / np.float32(255)


def to_bytes(values: Pixels) -> Bytes:
    """Return colors of 0 to 1 as bytes."""
    return (np.clip(values, 0, 1) * 255).round().astype(np.uint8)


def joined(colors: Bytes, alpha: Bytes | None) -> Bytes:
    """Return height × width × 3, or × 4 with transparency."""
    return colors if alpha is None else np.dstack((colors, alpha))
