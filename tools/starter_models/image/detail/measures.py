"""How sharp drawn images are, and how like the rendered ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tools.starter_models.image.latents import to_tensor

_LEAST_EDGE = 0.1
"""Change of brightness from pixel to pixel (of 1) from which a rendered image has an edge."""
_REACH = 2
"""Pixels by which an edge may lie elsewhere and still be compared for its sharpness."""
_WINDOW = 7
_LUMA = (0.299, 0.587, 0.114)


class Sharpness(NamedTuple):
    """Means over images."""

    edges: float
    """Steepest gradient near the rendered edges, as a share of theirs."""
    ssim: float
    """Structural similarity (Wang et al., 2004) of the brightness, uniform 7 × 7 windows."""


def sharpness(drawn: NDArray[np.uint8], rendered: NDArray[np.uint8]) -> Sharpness:
    """Compare images (n, side, side, 3)."""
    one, other = _brightness(drawn), _brightness(rendered)
    return Sharpness(_edges(one, other), _ssim(one, other))


def _brightness(images: NDArray[np.uint8]) -> Any:
    import torch

    return ((to_tensor(images) + 1) / 2 * torch.tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)


def _edges(drawn: Any, rendered: Any) -> float:
    from torch.nn.functional import max_pool2d

    steep, wanted = _gradient(drawn), _gradient(rendered)
    is_edge = wanted > _LEAST_EDGE
    near = max_pool2d(steep, 2 * _REACH + 1, 1, _REACH)
    top = max_pool2d(wanted, 2 * _REACH + 1, 1, _REACH)
    return float(near[is_edge].sum() / top[is_edge].sum())


def _gradient(values: Any) -> Any:
    across = values[..., :-1, 1:] - values[..., :-1, :-1]
    down = values[..., 1:, :-1] - values[..., :-1, :-1]
    return (across.square() + down.square()).sqrt()


def _ssim(one: Any, other: Any) -> float:
    from torch.nn.functional import avg_pool2d

    def mean(values: Any) -> Any:
        return avg_pool2d(values, _WINDOW, 1)

    first, second = mean(one), mean(other)
    spread_first = mean(one.square()) - first.square()
    spread_second = mean(other.square()) - second.square()
    shared = mean(one * other) - first * second
    c1, c2 = 0.01**2, 0.03**2
    value = (2 * first * second + c1) * (2 * shared + c2)
    value = value / ((first.square() + second.square() + c1) * (spread_first + spread_second + c2))
    return float(value.mean())
