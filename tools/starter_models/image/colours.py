"""Colour variants: the hue of a picture's dominant colour is turned, which is the only variety of
colour that icons have.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.starter_models.image.profile import COLOURS

Pixels = NDArray[np.uint8]
_NEAR = 0.07
"""Hues this near are one colour."""


class Dominant(NamedTuple):
    """The colour that a picture mostly has."""

    word: str
    hue: float
    """0 to 1."""


def dominant(picture: Pixels) -> Dominant | None:
    """Return the dominant colour of an RGBA picture; None where no colour of `COLOURS` covers
    it.
    """
    hue, saturation, value = _to_hsv(picture[..., :3])
    opaque = picture[..., 3] > 127
    coloured = opaque & (saturation > 0.3) & (value > 0.3)
    if opaque.sum() < 50 or coloured.sum() < 0.45 * opaque.sum():
        return None
    hues = hue[coloured]
    word = max(COLOURS, key=lambda name: int((np.abs(_turn(hues - COLOURS[name])) < _NEAR).sum()))
    away = _turn(hues - COLOURS[word])
    near = np.abs(away) < _NEAR
    if near.sum() < 0.4 * opaque.sum():
        return None
    return Dominant(word, COLOURS[word] + float(away[near].mean()))


def recoloured(picture: Pixels, now: Dominant, word: str) -> Pixels:
    """Return the picture with all hues turned so that the dominant one becomes the colour of
    `word`.
    """
    hue, saturation, value = _to_hsv(picture[..., :3])
    turned = _to_rgb((hue + COLOURS[word] - now.hue) % 1, saturation, value)
    result = picture.copy()
    result[..., :3] = (turned * 255).round().astype(np.uint8)
    return result


def on_white(picture: Pixels) -> Pixels:
    """Return an RGBA picture as RGB on white."""
    return on_colour(picture, (255, 255, 255))


def on_colour(picture: Pixels, colour: tuple[int, int, int]) -> Pixels:
    """Return an RGBA picture as RGB on a colour."""
    alpha = picture[..., 3:].astype(np.float32) / 255
    mixed = picture[..., :3] * alpha + np.asarray(colour, np.float32) * (1 - alpha)
    return mixed.round().astype(np.uint8)


def _turn(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    return (difference + 0.5) % 1 - 0.5


def _to_hsv(rgb: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    colour = rgb.astype(np.float32) / 255
    high, low = colour.max(-1), colour.min(-1)
    spread = np.where(high > low, high - low, 1)
    red, green, blue = colour[..., 0], colour[..., 1], colour[..., 2]
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
