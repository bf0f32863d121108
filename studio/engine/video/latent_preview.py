"""Previews of the middle frame of unfinished latents, for autoencoders with a time axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.events import Preview
from studio.core.requests import VideoRequest
from studio.engine.runtime import latent_preview
from studio.engine.runtime.latent_preview import LatentMap, fit_latent_map

_UNKNOWN_AUTOENCODER = (RuntimeError, ValueError, TypeError, AttributeError, IndexError)
"""Raised by autoencoders that take or return something else than a video of one frame."""
_SIDE = 128
_SAMPLES = 2
"""Color patches for each unknown of the least-squares fit."""


def fit(pipe: Any) -> LatentMap | None:
    """Return the map from a latent to a color for a pipeline's autoencoder.

    None for an autoencoder whose latents it cannot be fitted to.
    """
    vae = pipe.components.get("vae")
    if vae is None or not hasattr(vae, "encode"):
        return None
    if type(vae).__name__ == "AutoencoderKL":  # frame by frame
        return latent_preview.fit(pipe)
    try:
        rows = _encode(vae, _color_sheet(_SIDE // 16, 16))
        height, _width, channels = rows.shape
        patch = _SIDE // height
        patches = math.ceil(math.sqrt(_SAMPLES * (channels + 1)))
        sheet = _color_sheet(max(patches, _SIDE // patch), patch)
        rows = _encode(vae, sheet)
    except _UNKNOWN_AUTOENCODER:
        return None
    if not np.isfinite(rows).all():
        return None
    return fit_latent_map(rows, sheet)


def _color_sheet(patches: int, patch: int) -> NDArray[np.float32]:
    colors = np.random.default_rng(0).random((patches, patches, 3), dtype=np.float32)
    return np.ascontiguousarray(colors.repeat(patch, 0).repeat(patch, 1))


def _encode(vae: Any, sheet: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the normalized latents (height × width × channels) of a video of one frame."""
    import torch

    video = (
        torch.from_numpy(sheet * 2 - 1).permute(2, 0, 1)[None, :, None].to(vae.device, vae.dtype)
    )
    with torch.inference_mode():
        latents = vae.encode(video).latent_dist.mode()[0, :, 0].float().cpu()
    mean, deviation = _statistic(vae, "latents_mean", 0.0), _statistic(vae, "latents_std", 1.0)
    scale = float(vae.config.get("scaling_factor") or 1.0)
    normalized: NDArray[np.float32] = (
        ((latents - mean) * scale / deviation).permute(1, 2, 0).numpy()
    )
    return normalized


def _statistic(vae: Any, name: str, default: float) -> Any:
    """Return a value for each channel: a buffer (LTX) or a setting (Wan) of the autoencoder."""
    import torch

    value = dict(vae.named_buffers()).get(name)
    value = vae.config.get(name) if value is None else value
    if value is None:
        return default
    return torch.as_tensor(value, dtype=torch.float32).detach().cpu().reshape(-1, 1, 1)


def middle_frame(
    pipe: Any, latents: Any, latent_map: LatentMap, request: VideoRequest
) -> Preview | None:
    """Return a preview of the middle frame, or None for latents of an unknown shape."""
    if latents.ndim == 3:
        latents = _unpacked(pipe, latents, request)
    if latents is None or latents.ndim != 5:
        return None
    if "CogVideoX" in type(pipe).__name__:  # frames × channels, not channels × frames
        latents = latents.permute(0, 2, 1, 3, 4)
    middle = latents[:1, :, latents.shape[2] // 2]
    return latent_preview.preview(pipe, middle, latent_map, request.width, request.height)


def _unpacked(pipe: Any, latents: Any, request: VideoRequest) -> Any:
    """Return packed latents (LTX: batch × patches × channels) as frames; None for others."""
    if not hasattr(pipe, "transformer_temporal_patch_size"):
        return None
    side, time = pipe.vae_spatial_compression_ratio, pipe.vae_temporal_compression_ratio
    frames, height, width = (
        (request.num_frames - 1) // time + 1,
        request.height // side,
        request.width // side,
    )
    patch, patch_t = pipe.transformer_spatial_patch_size, pipe.transformer_temporal_patch_size
    count = (frames // patch_t) * (height // patch) * (width // patch)
    if latents.shape[1] < count:
        return None
    # The patches of a first frame precede those of the video.
    return pipe._unpack_latents(latents[:, -count:], frames, height, width, patch, patch_t)
