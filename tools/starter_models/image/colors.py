"""Color variants: the hue of an image's dominant color is turned, which is the only variety of
color that icons have.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.starter_models.image.profile import COLORS

Pixels = NDArray[np.uint8]
_NEAR = 0.07
"""Hues this near are one color."""


class Dominant(NamedTuple):
    """The color that an image mostly has."""

    word: str
    hue: float
    """0 to 1."""


def dominant(image: Pixels) -> Dominant | None:
    """Return the dominant color of an RGBA image; None where no color of `COLORS` covers
    it.
    """
    hue, saturation, value = _to_hsv(image[..., :3])
    opaque = image[..., 3] > 127
    colored = opaque & (saturation > 0.3) & (value > 0.3)
    if opaque.sum() < 50 or colored.sum() < 0.45 * opaque.sum():
        return None
    hues = hue[colored]
    word = max(COLORS, key=lambda name: int((np.abs(_turn(hues - COLORS[name])) < _NEAR).sum()))
    away = _turn(hues - COLORS[word])
    near = np.abs(away) < _NEAR
    if near.sum() < 0.4 * opaque.sum():
        return None
    return Dominant(word, COLORS[word] + float(away[near].mean()))


def recolored(image: Pixels, now: Dominant, word: str) -> Pixels:
    """Return the image with all hues turned so that the dominant one becomes the color of
    `word`.
    """
    hue, saturation, value = _to_hsv(image[..., :3])
    turned = _to_rgb((hue + COLORS[word] - now.hue) % 1, saturation, value)
    result = image.copy()
    result[..., :3] = (turned * 255).round().astype(np.uint8)
    return result


def on_white(image: Pixels) -> Pixels:
    """Return an RGBA image as RGB on white."""
    return on_color(image, (255, 255, 255))


def on_color(image: Pixels, color: tuple[int, int, int]) -> Pixels:
    """Return an RGBA image as RGB on a color."""
    alpha = image[..., 3:].astype(np.float32) / 255
    mixed = image[..., :3] * alpha + np.asarray(color, np.float32) * (1 - alpha)
    return mixed.round().astype(np.uint8)


def _turn(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    return (difference + 0.5) % 1 - 0.5


def _to_hsv(rgb: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    color = rgb.astype(np.float32) / 255
    high, low = color.max(-1), color.min(-1)
    spread = np.where(high > low, high - low, 1)
    red, green, blue = color[..., 0], color[..., 1], color[..., 2]
    sextant = np.select(
        [high == low, high == red, high == green],
        [np.zeros_like(high), ((green - blue) / spread) % 6, (blue - red) / spread + 2],
        (red - green) / spread + 4,
    )
    return sextant / 6, (high - low) / np.maximum(high, 1e-6), high


def _to_rgb(
    hue: NDArray[np.float32], saturation: NDArray[np.float32], value: NDArray[np.float32]
) -> NDArray[np.float32]:
    # https://en.wikipedia.org/wiki/HSL_and_HSV#HSV_to_RGB_alternative
    channels = []
    for offset in (5, 3, 1):
        k = (offset + hue * 6) % 6
        channels.append(value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1))
    return np.stack(channels, axis=-1)
