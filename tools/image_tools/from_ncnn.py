"""Convert Real-ESRGAN's weights from ncnn to safetensors: `python -m tools.image_tools.from_ncnn
NETWORK.param OUT.safetensors`, with `NETWORK.bin` next to it.

The layers' order in the `.param` file is that of their weights in the `.bin` file
(https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure): of a convolution a flag, the
weights as float16 or float32 and the bias as float32, of a PReLU its slopes. They become
`conv.N.weight`, `conv.N.bias` and `prelu.N.weight`, numbered from 0 in that order, in float16.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from studio.models.files.ncnn_weights import NcnnWeights


def tensors_of(param: str, data: bytes) -> dict[str, NDArray[np.float16]]:
    """Return name → tensor of a network, from the content of its two files.

    Raises ValueError for weights of another type, and if they do not end where the layers do.
    """
    weights, tensors = NcnnWeights(data), {}
    convolutions = slopes = 0
    for kind, options in _layers(param):
        if kind == "Convolution":
            outputs, side, size = (int(options[key]) for key in ("0", "1", "6"))
            shape = (outputs, size // (outputs * side * side), side, side)
            tensors[f"conv.{convolutions}.weight"] = weights.flagged(size).reshape(shape)
            tensors[f"conv.{convolutions}.bias"] = weights.floats(outputs)
            convolutions += 1
        elif kind == "PReLU":
            tensors[f"prelu.{slopes}.weight"] = weights.floats(int(options["0"]))
            slopes += 1
    if not weights.is_at_end:
        raise ValueError("the weights do not end where the layers do")
    return {name: tensor.astype(np.float16) for name, tensor in tensors.items()}


def _layers(param: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each layer's type and options."""
    for line in param.splitlines()[2:]:
        kind, _name, *rest = line.split()
        yield kind, dict(one.split("=", 1) for one in rest if "=" in one)


def main() -> None:
    """Convert the network that the arguments name."""
    source, target = map(Path, sys.argv[1:])
    save_file(
        tensors_of(source.read_text(encoding="ascii"), source.with_suffix(".bin").read_bytes()),
        target,
    )


if __name__ == "__main__":
    main()
