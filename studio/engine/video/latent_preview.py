"""A small picture of the middle frame of unfinished latents: as `preview`, for autoencoders that
have a time axis.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.events import Preview
from studio.core.requests import VideoRequest
from studio.engine.runtime import latent_preview
from studio.engine.runtime.latent_preview import LatentMap

_SIDE = 128
_SAMPLES = 2
"""Colour patches for each number that is solved for."""


def fit(pipe: Any) -> LatentMap | None:
    """Return the map from one latent to one colour for a pipeline's autoencoder; None where there
    is none.
    """
    vae = getattr(pipe, "vae", None)
    if vae is None or not hasattr(vae, "encode"):
        return None
    if type(vae).__name__ == "AutoencoderKL":  # frame by frame
        return latent_preview.fit(pipe)
    try:
        rows = _encode(vae, _sheet(_SIDE // 16, 16))
        height, width, channels = rows.shape
        patch = _SIDE // height
        patches = math.ceil(math.sqrt(_SAMPLES * (channels + 1)))
        sheet = _sheet(max(patches, _SIDE // patch), patch)
        rows = _encode(vae, sheet)
    except (
        RuntimeError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
    ):  # an autoencoder of another form
        return None
    height, width, channels = rows.shape
    if not np.isfinite(rows).all():
        return None
    colours = (
        sheet.reshape(height, sheet.shape[0] // height, width, sheet.shape[1] // width, 3)
        .mean((1, 3))
        .reshape(-1, 3)
    )
    design = np.concatenate(
        [rows.reshape(-1, channels), np.ones((height * width, 1), np.float32)], axis=1
    )
    solution = np.linalg.lstsq(design, colours, rcond=1e-4)[0].astype(np.float32)
    return LatentMap(solution[:-1], solution[-1])


def _sheet(patches: int, patch: int) -> NDArray[np.float32]:
    colours = np.random.default_rng(0).random((patches, patches, 3), dtype=np.float32)
    return np.ascontiguousarray(colours.repeat(patch, 0).repeat(patch, 1))


def _encode(vae: Any, sheet: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the latents (height × width × channels) of a video of one frame, as the denoiser sees
    them.
    """
    import torch

    video = (
        torch.from_numpy(sheet * 2 - 1).permute(2, 0, 1)[None, :, None].to(vae.device, vae.dtype)
    )
    with torch.inference_mode():
        latents = vae.encode(video).latent_dist.mode()[0, :, 0].float().cpu()
    mean, deviation = _statistic(vae, "latents_mean", 0.0), _statistic(vae, "latents_std", 1.0)
    scale = float(getattr(vae.config, "scaling_factor", None) or 1.0)
    found: NDArray[np.float32] = ((latents - mean) * scale / deviation).permute(1, 2, 0).numpy()
    return found


def _statistic(vae: Any, name: str, default: float) -> Any:
    """Return a number for each channel: from the autoencoder (LTX) or its configuration (Wan)."""
    import torch

    value = dict(vae.named_buffers()).get(name)
    value = getattr(vae.config, name, None) if value is None else value
    if value is None:
        return default
    return torch.as_tensor(value, dtype=torch.float32).detach().cpu().reshape(-1, 1, 1)


def show(pipe: Any, latents: Any, latent_map: LatentMap, request: VideoRequest) -> Preview | None:
    """Return the middle frame of unfinished latents; None where their form is not known."""
    if latents.ndim == 3:
        latents = _unpacked(pipe, latents, request)
    if latents is None or latents.ndim != 5:
        return None
    if "CogVideoX" in type(pipe).__name__:  # its frames stand before its channels
        latents = latents.permute(0, 2, 1, 3, 4)
    middle = latents[:1, :, latents.shape[2] // 2]
    return latent_preview.preview(pipe, middle, latent_map, request.width, request.height)


def _unpacked(pipe: Any, latents: Any, request: VideoRequest) -> Any:
    """Return latents that stand in one row (LTX) as frames; None where they cannot be put so."""
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
    # What a picture adds stands before the video.
    return pipe._unpack_latents(latents[:, -count:], frames, height, width, patch, patch_t)
