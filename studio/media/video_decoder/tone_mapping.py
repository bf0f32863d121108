"""HDR video on a screen without HDR: PQ and HLG of BT.2020 become sRGB, through a 3D LUT.

swscale would convert the colors itself, but builds its table again for each frame, which takes 3 s.
Sources: BT.2100 (transfer functions), BT.2408 (203 cd/m² is the white of a page), BT.2087 (gamut).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PQ, HLG = 16, 18
"""Transfer characteristics of H.273."""
LUT_FORMAT = "gbrp10le"
"""Pixel format that `ToneMapper` takes and returns, full range."""
_NODES = 33
"""Per axis of the table."""
_WHITE = 203.0
_PEAK = 1_000.0
"""Brighter highlights are cut off; the display that HLG is meant for, too. In cd/m²."""
_HLG_GAMMA = 1.2
_KNEE = 0.6
"""Brightness, relative to white, above which highlights are compressed."""
_BT2020_LUMINANCE = np.array([0.2627, 0.6780, 0.0593])
_BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
_Colors = NDArray[np.float64]


def is_hdr(frame: Any) -> bool:
    """Return whether a frame states a transfer function for HDR."""
    return int(frame.color_trc) in (PQ, HLG)


class ToneMapper:
    """Maps frames of one size and transfer function."""

    def __init__(self, first: Any, transfer: int) -> None:
        """Make the filter for frames like `first`, in `LUT_FORMAT`. Raises OSError."""
        from av.filter import Graph

        self.transfer = transfer
        self._graph: Any = Graph()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.cube"
            path.write_text(cube(transfer), encoding="ascii")
            source = self._graph.add_buffer(
                width=first.width,
                height=first.height,
                format=first.format,
                time_base=first.time_base,
            )
            table = self._graph.add("lut3d", file=str(path), interp="tetrahedral")
            sink = self._graph.add("buffersink")
            self._graph.link_nodes(source, table, sink).configure()

    def map(self, frame: Any) -> Any:
        """Return a frame in sRGB, in the same format."""
        self._graph.push(frame)
        return self._graph.pull()


def cube(transfer: int) -> str:
    """Return the table as the text of a .cube file: red changes fastest."""
    axis = np.linspace(0, 1, _NODES)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    mapped = to_srgb(np.stack([red, green, blue], axis=-1).reshape(-1, 3), transfer)
    lines = [f"{r:.5f} {g:.5f} {b:.5f}" for r, g, b in mapped.tolist()]
    return f"LUT_3D_SIZE {_NODES}\n" + "\n".join(lines) + "\n"


def to_srgb(coded: _Colors, transfer: int) -> _Colors:
    """Map colors × 3 values in 0..1 of a transfer function to sRGB in 0..1."""
    light = _pq_light(coded) if transfer == PQ else _hlg_light(coded)
    light = np.maximum(light @ _BT2020_TO_BT709.T, 0)
    brightest = np.maximum(light.max(axis=-1, keepdims=True), 1e-9)
    # The three channels by the same factor, which keeps the hue.
    light = light * (_compress(brightest) / brightest)
    encoded: _Colors = np.where(
        light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055
    )
    return encoded


def _pq_light(coded: _Colors) -> _Colors:
    """Return light relative to white."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = coded ** (1 / m2)
    light: _Colors = 10_000 / _WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return light


def _hlg_light(coded: _Colors) -> _Colors:
    """Return light relative to white, on a display of 1000 cd/m²."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)
    luminance = np.maximum(scene @ _BT2020_LUMINANCE, 0)[..., None]
    light: _Colors = _PEAK / _WHITE * scene * luminance ** (_HLG_GAMMA - 1)
    return light


def _compress(light: _Colors) -> _Colors:
    """Keep what is below the knee, and bend what is up to the peak (Reinhard's curve) below 1."""
    above = np.maximum(light - _KNEE, 0) / (1 - _KNEE)
    peak = (_PEAK / _WHITE - _KNEE) / (1 - _KNEE)
    bent = _KNEE + (1 - _KNEE) * above * (1 + above / peak**2) / (1 + above)
    return np.minimum(np.where(light <= _KNEE, light, bent), 1)
