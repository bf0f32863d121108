"""Unpacks the scaled FP8 weights of single-file checkpoints that ComfyUI and others write.

A weight is `tensor × scale`. The scale's name is `scale_weight` or `weight_scale` (one number, or
one per row). Scales of a layer's input (`scale_input`, `input_scale`) are for kernels that multiply
in FP8; they are skipped.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.models.files.weight_names import packing, scales
from studio.models.files.weights_header import WeightsHeader

_WEIGHT_SCALES = (".scale_weight", ".weight_scale")
_NOT_WEIGHTS = re.compile(
    r"(\.|^)(scale_weight|weight_scale|scale_input|input_scale|comfy_quant|scaled_fp8)$"
)
_FLOAT8 = {"F8_E4M3", "F8_E5M2"}
_PLAIN = {"F64", "F32", "F16", "BF16"}
_BYTES = {"U8"}
"""Formats of `comfy_quant`, a JSON text for each layer."""


def why_not(header: WeightsHeader) -> str:
    """Return why scaled weights cannot be unpacked; empty if they can, or if none is scaled."""
    scale_names = scales(header.tensors)
    others = [name for name in header.tensors if not _NOT_WEIGHTS.search(name)]
    method = packing({}, others, set(header.dtypes))
    if method:
        return tr(
            "its weights are packed with {method}, which Studio cannot unpack. Get the plain model",
            method=method,
        )
    if not scale_names:
        return ""
    odd = sorted(
        set(header.dtypes) - _FLOAT8 - _PLAIN - (_BYTES if _has_comments(scale_names) else set())
    )
    if odd or any(name.endswith(".weight_scale_inv") for name in scale_names):
        return tr(
            "its weights are scaled in a way that Studio cannot unpack ({what}). Get the plain "
            "model",
            what=odd[0] if odd else scale_names[0],
        )
    wrong = next((name for name in scale_names if not _fits(name, header)), "")
    return tr("the scale {name} does not fit its weight", name=wrong[:120]) if wrong else ""


def _has_comments(names: list[str]) -> bool:
    return any(name.endswith(".comfy_quant") for name in names)


def _fits(name: str, header: WeightsHeader) -> bool:
    if not name.endswith(_WEIGHT_SCALES):
        return True
    shape, scale = header.shapes.get(_weight_of(name)), header.shapes[name]
    if shape is None:
        return False
    return scale in ((), (1,), (1, 1)) or (bool(shape) and scale in ((shape[0],), (shape[0], 1)))


def _weight_of(scale: str) -> str:
    return scale.rpartition(".")[0] + ".weight"


def is_scaled(header: WeightsHeader) -> bool:
    """True for a file whose weights have scales, which the libraries ignore."""
    return bool(scales(header.tensors))


def read_unscaled(file: Path, dtype: Any, title: str) -> dict[str, Any]:
    """Return the unscaled weights of a file, in `dtype`.

    Raises StudioError if a scale is not finite.
    """
    import torch
    from safetensors import safe_open

    state: dict[str, Any] = {}
    with safe_open(str(file), framework="pt") as source:
        names = set(source.keys())
        for name in sorted(names):
            if _NOT_WEIGHTS.search(name):
                continue
            tensor = source.get_tensor(name)
            scale = next(
                (
                    other
                    for end in _WEIGHT_SCALES
                    if (other := name.removesuffix(".weight") + end) in names
                ),
                None,
            )
            if scale is not None and name.endswith(".weight"):
                factor = source.get_tensor(scale).float()
                if not bool(torch.isfinite(factor).all()):
                    raise StudioError(
                        tr(
                            "{title} is damaged: {scale} is not a number.",
                            title=title,
                            scale=scale[:120],
                        ),
                        cause="model",
                        cure=tr("Get another copy of it."),
                    )
                tensor = tensor.float() * factor.reshape(-1, *[1] * (tensor.dim() - 1))
            state[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return state
