"""The autoencoder: stock `AutoencoderTiny`, four pixels per latent, four channels.

Its encoder is not trained: it is the four strongest principal components of patches of 4×4 pixels,
written into the weights of its convolutions. They keep 91 % of the icons' variance, need no
training, and make the latents of an image that is moved by four pixels the same latents, moved.
Only the decoder is trained.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.starter_models.image.denoiser import say
from tools.starter_models.image.latents import to_tensor
from tools.starter_models.image.profile import LATENT_CHANNELS, LATENT_FACTOR, SEED, Profile

_DECODER_BLOCKS = (3, 1, 0)
_NOISE = 0.03
"""Added to latents in training, because the denoiser's are never exact."""
_SAY_EVERY = 200


def build(
    folder: Path, images: NDArray[np.uint8], profile: Profile, start_from: Path | None = None
) -> None:
    """Train the autoencoder, or that of `start_from`, on images (n, side, side, 3); write `vae`."""
    import torch
    from diffusers import AutoencoderTiny

    torch.manual_seed(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    vae = (
        AutoencoderTiny.from_pretrained(start_from / "vae")
        if start_from
        else _with_components(images, profile)
    )
    vae = vae.float().to(device)
    vae.encoder.requires_grad_(False)
    _train_decoder(vae, images, profile, device, 6e-4 if start_from else 2e-3)
    vae.cpu().save_pretrained(folder / "vae")


def _train_decoder(
    vae: Any, images: NDArray[np.uint8], profile: Profile, device: str, rate: float
) -> None:
    import torch
    from torch.nn.functional import l1_loss

    optimizer = torch.optim.AdamW(vae.decoder.parameters(), lr=rate, weight_decay=0)
    chance = np.random.default_rng(SEED)
    for step in range(profile.autoencoder_steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * (
                0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / profile.autoencoder_steps))
            )
        # Whole images: a decoder trained on crops has never seen an edge, and draws a dark frame.
        image = to_tensor(images[chance.integers(len(images), size=profile.autoencoder_batch)]).to(
            device
        )
        with torch.no_grad():
            latents = vae.encode(image).latents
        drawn = vae.decoder(latents + _NOISE * torch.randn_like(latents))
        loss = l1_loss(drawn, image) + (drawn - image).square().mean()
        for axis in (2, 3):
            loss = loss + 0.5 * l1_loss(drawn.diff(dim=axis), image.diff(dim=axis))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % _SAY_EVERY == _SAY_EVERY - 1:
            quality = psnr(drawn.detach(), image)
            say(
                f"decoder step {step + 1} of {profile.autoencoder_steps}, loss {loss.item():.4f}, "
                f"PSNR {quality:.1f} dB"
            )


def psnr(drawn: Any, image: Any) -> float:
    """Return the peak signal-to-noise ratio of images in -1 to 1, in dB."""
    return float(10 * (4 / (drawn.clamp(-1, 1) - image).square().mean()).log10())


def _with_components(images: NDArray[np.uint8], profile: Profile) -> Any:
    from diffusers import AutoencoderTiny

    channels = (profile.autoencoder_channels,) * 3
    vae = AutoencoderTiny(
        encoder_block_out_channels=channels,
        decoder_block_out_channels=channels,
        num_encoder_blocks=(0, 0, 0),
        num_decoder_blocks=_DECODER_BLOCKS,
        latent_channels=LATENT_CHANNELS,
        scaling_factor=1.0,
        force_upcast=False,
    )
    _write_components(vae.encoder, *_components(images))
    return vae


def _components(images: NDArray[np.uint8]) -> tuple[Any, Any]:
    """Return weights (4, 4, 4, 3) and biases (4,) from a patch to four unit-variance numbers."""
    import torch

    count, side = images.shape[0], images.shape[1] // LATENT_FACTOR
    patches = (
        images.reshape(count, side, LATENT_FACTOR, side, LATENT_FACTOR, 3)
        .transpose(0, 1, 3, 2, 4, 5)
        .reshape(-1, 48)
    )
    chosen = np.random.default_rng(SEED).choice(
        len(patches), size=min(len(patches), 200_000), replace=False
    )
    rows = torch.from_numpy(patches[chosen].astype(np.float32) / 255)
    mean = rows.mean(0)
    _left, _values, directions = torch.linalg.svd(rows - mean, full_matrices=False)
    basis = directions[:LATENT_CHANNELS]
    weights = basis / ((rows - mean) @ basis.T).std(0)[:, None]
    return weights.reshape(LATENT_CHANNELS, LATENT_FACTOR, LATENT_FACTOR, 3), -(weights @ mean)


def _write_components(encoder: Any, weights: Any, biases: Any) -> None:
    """Set four convolutions: identity, gather 2×2 pixels, gather 2×2 weighted, add the biases."""
    import torch

    layers = [layer for layer in encoder.layers if isinstance(layer, torch.nn.Conv2d)]
    for layer in layers:
        layer.weight.data.zero_()
        if layer.bias is not None:
            layer.bias.data.zero_()
    pairs = [(y, x) for y in range(2) for x in range(2)]
    for color in range(3):
        layers[0].weight.data[color, color, 1, 1] = 1
        for place, (y, x) in enumerate(pairs):
            layers[1].weight.data[place * 3 + color, color, 1 + y, 1 + x] = 1
            for big_y, big_x in pairs:
                layers[2].weight.data[:LATENT_CHANNELS, place * 3 + color, 1 + big_y, 1 + big_x] = (
                    weights[:, 2 * big_y + y, 2 * big_x + x, color]
                )
    for channel in range(LATENT_CHANNELS):
        layers[3].weight.data[channel, channel, 1, 1] = 1
    bias = layers[3].bias
    assert bias is not None
    bias.data.copy_(biases)
