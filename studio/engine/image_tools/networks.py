"""Real-ESRGAN's two networks, read from safetensors in the order of their layers.

Sources: https://github.com/xinntao/Real-ESRGAN (BSD-3-Clause); Wang et al., "Real-ESRGAN: Training
Real-World Blind Super-Resolution with Pure Synthetic Data", 2021. The convolutions are numbered in
the order in which they run, which `tools/image_tools/from_ncnn.py` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SCALE = 4
"""Both networks enlarge fourfold."""
RESIDUAL_SHARE = 0.2
"""Of a block of convolutions that is added to its input."""
SLOPE = 0.2
"""Of the activation of the dense network for negative numbers."""
AROUND_BLOCKS = 6
"""Convolutions of the dense network before its blocks (one) and after them."""
PER_BLOCK = 15
"""Convolutions of a block: three times five."""
COMPACT_MARGIN = 18
"""The compact network looks one pixel further with each of its 18 convolutions."""
DENSE_MARGIN = 32
"""The dense network looks further, but what it sees there changes less than 1/255."""


@dataclass(frozen=True)
class Enlarger:
    """A network that makes an image four times as large."""

    tensors: Mapping[str, Tensor]
    margin: int
    """Pixels around a part of an image that it needs to see to draw the part as in the whole."""
    draw: Callable[[Mapping[str, Tensor], Tensor], Tensor]

    def __call__(self, image: Tensor) -> Tensor:
        """Return the image (batch × 3 × height × width, 0 to 1) enlarged."""
        return self.draw(self.tensors, image)


def load_enlarger(file: Path, device: str) -> Enlarger:
    """Return the network of a file, in float32. Raises ValueError if it is neither of the two."""
    from safetensors.torch import load_file

    tensors = {name: tensor.float() for name, tensor in load_file(file, device).items()}
    convolutions = sum(name.startswith("conv.") and name.endswith(".weight") for name in tensors)
    if "prelu.0.weight" in tensors:
        return Enlarger(tensors, COMPACT_MARGIN, _draw_compact)
    blocks = convolutions - AROUND_BLOCKS
    if blocks <= 0 or blocks % PER_BLOCK or "conv.0.weight" not in tensors:
        raise ValueError(f"{convolutions} convolutions")  # not translated: for the log
    return Enlarger(tensors, DENSE_MARGIN, _draw_dense)


def _draw_compact(tensors: Mapping[str, Tensor], image: Tensor) -> Tensor:
    """SRVGGNetCompact: convolutions at the image's size, then pixels out of channels."""
    from torch.nn import functional

    convolutions, values, number = _convolutions(tensors), image, 0
    while (slopes := tensors.get(f"prelu.{number}.weight")) is not None:
        values = functional.prelu(next(convolutions)(values), slopes)
        number += 1
    values = functional.pixel_shuffle(next(convolutions)(values), SCALE)
    return values + functional.interpolate(image, scale_factor=SCALE, mode="nearest")


def _draw_dense(tensors: Mapping[str, Tensor], image: Tensor) -> Tensor:
    """RRDBNet (ESRGAN): residual blocks of dense convolutions, then two doublings."""
    from torch.nn import functional

    count = sum(name.endswith(".weight") for name in tensors)
    convolutions = _convolutions(tensors)
    first = next(convolutions)(image)
    values = first
    for _number in range((count - AROUND_BLOCKS) // PER_BLOCK):
        block = values
        for _part in range(3):
            block = _draw_dense_part(block, convolutions)
        values = values + RESIDUAL_SHARE * block
    values = first + next(convolutions)(values)
    for _doubling in range(2):
        doubled = functional.interpolate(values, scale_factor=2, mode="nearest")
        values = functional.leaky_relu(next(convolutions)(doubled), SLOPE)
    values = functional.leaky_relu(next(convolutions)(values), SLOPE)
    return next(convolutions)(values)


def _draw_dense_part(values: Tensor, convolutions: Iterator[Convolution]) -> Tensor:
    """Run five convolutions, each on the input and everything that the earlier ones made."""
    import torch
    from torch.nn import functional

    collected = values
    for _number in range(4):
        new = functional.leaky_relu(next(convolutions)(collected), SLOPE)
        collected = torch.cat((collected, new), dim=1)
    return values + RESIDUAL_SHARE * next(convolutions)(collected)


@dataclass(frozen=True)
class Convolution:
    """One convolution that keeps the size."""

    weight: Tensor
    bias: Tensor

    def __call__(self, values: Tensor) -> Tensor:
        """Return the layer's output."""
        from torch.nn import functional

        padding = self.weight.shape[-1] // 2
        return functional.conv2d(values, self.weight, self.bias, padding=padding)


def _convolutions(tensors: Mapping[str, Tensor]) -> Iterator[Convolution]:
    """Yield the convolutions in the order in which they run."""
    number = 0
    while (weight := tensors.get(f"conv.{number}.weight")) is not None:
        yield Convolution(weight, tensors[f"conv.{number}.bias"])
        number += 1
