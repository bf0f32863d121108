"""Reads ncnn's `.bin` files of weights, and makes Real-ESRGAN's dense network of one.

Of a convolution, the file has a flag, the weights as float16 or float32 and the bias as float32
(https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure). It names no layers: their
order and sizes are those of the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HALF_FLAG = 0x01306B47
"""Precedes float16 weights; 0 precedes float32 ones."""
CHANNELS = 64
GROWTH = 32
"""Channels that each of the first four convolutions of a block's part adds."""
KERNEL = 3


class NcnnWeights:
    """Reads from the start of a file's content. Its methods raise ValueError where it ends."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def is_at_end(self) -> bool:
        """True after the last number."""
        return self._at == len(self._data)

    def floats(self, count: int) -> NDArray[np.float32]:
        """Return the next float32 numbers: a bias, or the slopes of a PReLU."""
        return self._take("<f4", count).astype("f4")

    def flagged(self, count: int) -> NDArray[np.float32]:
        """Return the next weights, after their flag."""
        (flag,) = self._take("<u4", 1)
        if flag not in (0, HALF_FLAG):
            raise ValueError(f"weights of an unknown type, flag {flag:#x}")  # not translated: rare
        values = self._take("<f2" if flag else "<f4", count).astype("f4")
        self._at += -self._at % 4
        return values

    def _take(self, dtype: str, count: int) -> NDArray[np.generic]:
        import numpy as np

        values = np.frombuffer(self._data, dtype, count, self._at)
        self._at += values.nbytes
        return values


def dense_tensors(data: bytes, blocks: int) -> dict[str, NDArray[np.float16]]:
    """Return `conv.N.weight` and `conv.N.bias` of a dense network (RRDBNet) in float16.

    Raises ValueError if the file holds another network.
    """
    weights, tensors = NcnnWeights(data), {}
    for number, (inputs, outputs) in enumerate(_dense_layers(blocks)):
        shape = (outputs, inputs, KERNEL, KERNEL)
        values = weights.flagged(outputs * inputs * KERNEL * KERNEL).reshape(shape)
        tensors[f"conv.{number}.weight"] = values.astype("f2")
        tensors[f"conv.{number}.bias"] = weights.floats(outputs).astype("f2")
    if not weights.is_at_end:
        raise ValueError("the weights do not end where the layers do")  # not translated: rare
    return tensors


def _dense_layers(blocks: int) -> Iterator[tuple[int, int]]:
    """Yield the channels that each convolution reads and makes, in the order of the file."""
    yield 3, CHANNELS
    for _part in range(3 * blocks):
        for number in range(4):
            yield CHANNELS + number * GROWTH, GROWTH
        yield CHANNELS + 4 * GROWTH, CHANNELS
    yield from [(CHANNELS, CHANNELS)] * 4
    yield CHANNELS, 3
