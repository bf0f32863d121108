"""Trains the decoder of large images, in legs that end themselves.

Absolute differences of pixels and of neighbors' differences: an average over where an edge may be
is blurred, a median is not. A share of the latents are the denoiser's own, which teaches the
decoder to correct its errors; the others get noise.
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.engine.image.load import DETAIL_FOLDER
from tools.starter_models.image.denoiser import say
from tools.starter_models.image.detail.measures import Sharpness, sharpness
from tools.starter_models.image.detail.pairs import Pairs
from tools.starter_models.image.latents import to_tensor
from tools.starter_models.image.profile import SEED, Detail

_MADE = 0.6
"""Share of samples that are drawn from latents of the denoiser."""
_NOISE = 0.2
"""Largest standard deviation of the noise on other latents."""
_FURTHEST = 0.5
"""Root mean square from which latents of the denoiser show something else than the image."""
_EDGES = 1.0
_EXACT = 0.1
"""Last share of the steps, which are computed in single precision on every machine."""
_WARM_UP = 100
_SAVE_SECONDS = 120
_SAY_EVERY = 50


@dataclass(frozen=True)
class Leg:
    """When a call of `train` ends."""

    until: int
    """Step."""
    minutes: float = 0
    """0 for no limit."""


def train(
    folder: Path,
    profile: Detail,
    pairs: Pairs,
    model: Path,
    leg: Leg,
    start_from: Path | None = None,
) -> None:
    """Train from the last checkpoint in `folder` to the leg's end, or to SIGTERM.

    Without a checkpoint, train the decoder of `start_from` further, if that model has one. Every
    step has its own seed, so that an interrupted run equals an uninterrupted one.
    """
    state = State(folder, profile, model, start_from)
    draw = Draw(pairs, profile.batch)
    stopped: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, _frame: stopped.append(number))
    began = saved = time.monotonic()
    total = 0.0
    try:
        while state.step < min(leg.until, profile.steps) and not stopped:
            total += state.update(*draw(state.step))
            now = time.monotonic()
            if state.step % _SAY_EVERY == 0:
                say(f"detail step {state.step} of {profile.steps}, loss {total / _SAY_EVERY:.4f}")
                total = 0.0
            if now - saved >= _SAVE_SECONDS:
                state.save()
                saved = now
            if leg.minutes and now - began >= leg.minutes * 60:
                break
    finally:
        signal.signal(signal.SIGTERM, previous)
        state.save()


class Draw:
    """Draws the samples of a step."""

    def __init__(self, pairs: Pairs, batch: int) -> None:
        self._pairs = pairs
        self._batch = batch
        self._near = near_rows(pairs)
        say(f"{len(self._near)} of {len(pairs.made)} latents of the denoiser are near their images")

    def __call__(self, step: int) -> tuple[Any, Any]:
        """Return latents (batch, 4, height, width) and images, -1 to 1."""
        import torch

        chance = np.random.default_rng((SEED, step))
        rows, latents = [], []
        for _ in range(self._batch):
            if len(self._near) and chance.random() < _MADE:
                row = int(chance.choice(self._near))
                latent = self._pairs.made[row].astype(np.float32)
            else:
                row = int(chance.integers(len(self._pairs.real)))
                latent = self._pairs.real[row].astype(np.float32)
                noise = chance.standard_normal(latent.shape, np.float32)
                latent = latent + float(chance.uniform(0, _NOISE)) * noise
            rows.append(row)
            latents.append(latent)
        images = to_tensor([self._pairs.images[row] for row in rows])
        return torch.from_numpy(np.stack(latents)), images


def loss(drawn: Any, image: Any) -> Any:
    """Return the difference of images (n, 3, side, side)."""
    from torch.nn.functional import l1_loss

    return l1_loss(drawn, image) + _EDGES * l1_loss(_steepness(drawn), _steepness(image))


def _steepness(images: Any) -> Any:
    """Return the root mean square of the gradients in each neighborhood.

    A sharp edge has more than a blurred one, wherever in the neighborhood it is. Comparing the
    gradients themselves would blur: an edge that is one pixel aside counts twice, none counts once.
    """
    from torch.nn.functional import avg_pool2d

    across, down = images[..., :-1, :].diff(dim=3), images[..., :-1].diff(dim=2)
    return (avg_pool2d(across.square() + down.square(), 5, 2) + 1e-4).sqrt()


class State:
    """Decoder, optimizer and moving average, with their checkpoint."""

    def __init__(
        self, folder: Path, profile: Detail, model: Path, start_from: Path | None = None
    ) -> None:
        import torch

        torch.manual_seed(SEED)
        self._path = folder / "checkpoint.pt"
        self._profile = profile
        self._whole = make(profile, model).to(memory_format=torch.channels_last).train()
        self.decoder = self._whole.decoder
        if start_from and (start_from / DETAIL_FOLDER).exists():
            self.decoder.load_state_dict(autoencoder_of(start_from).decoder.state_dict())
        self._trained = [part for part in self.decoder.parameters() if part.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._trained,
            lr=profile.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=0,
            fused=True,
        )
        self._average = [part.detach().clone() for part in self._trained]
        self.step = 0
        if self._path.exists():
            saved = torch.load(self._path, weights_only=True)
            self.decoder.load_state_dict(saved["decoder"])
            self._optimizer.load_state_dict(saved["optimizer"])
            self._average = saved["average"]
            self.step = saved["step"]

    def update(self, latents: Any, images: Any) -> float:
        """One step of the optimizer and the average; return the loss."""
        import torch

        for group in self._optimizer.param_groups:
            group["lr"] = self._profile.learning_rate * self._rate()
        with torch.autocast("cpu", torch.bfloat16, enabled=self._is_rough()):
            drawn = self.decoder(latents)
        value = loss(drawn.float(), images)
        self._optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        keep = min(self._profile.ema, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for average, part in zip(self._average, self._trained, strict=True):
                average.lerp_(part, 1 - keep)
        self.step += 1
        return float(value.detach())

    def _is_rough(self) -> bool:
        """True for a step in bfloat16: 1.6 times as fast where the CPU multiplies it."""
        from torch.cpu import _is_avx512_bf16_supported

        return self.step < self._profile.steps * (1 - _EXACT) and _is_avx512_bf16_supported()

    def _rate(self) -> float:
        """Return the share of the learning rate: constant, then falling in the last part."""
        left = (self._profile.steps - self.step) / (self._profile.steps * self._profile.falling)
        return min(1.0, (self.step + 1) / _WARM_UP, 0.02 + 0.98 * left)

    def save(self) -> None:
        """Write the checkpoint, never half of it."""
        import torch

        part = self._path.with_suffix(".part")
        values = {
            "decoder": self.decoder.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": self._average,
            "step": self.step,
        }
        torch.save(values, part)
        part.replace(self._path)
        say(f"saved step {self.step}")

    def averaged(self) -> Any:
        """Return the autoencoder with the average of its decoder's weights."""
        import torch

        with torch.no_grad():
            for part, average in zip(self._trained, self._average, strict=True):
                part.copy_(average)
        return self._whole.eval()


def make(profile: Detail, model: Path) -> Any:
    """Return the autoencoder, with the parts of the model's small one and untrained details."""
    from diffusers import AutoencoderTiny

    from studio.engine.image.detail_autoencoder import DetailAutoencoder

    small = AutoencoderTiny.from_pretrained(model / "vae").float()
    made = DetailAutoencoder(
        small_channels=small.config.decoder_block_out_channels,
        small_blocks=small.config.num_decoder_blocks,
        channels=profile.channels,
        blocks=profile.blocks,
        last_factor=profile.last_factor,
    )
    made.encoder.load_state_dict(small.encoder.state_dict())
    made.decoder.small.load_state_dict(small.decoder.state_dict())
    made.encoder.requires_grad_(False)
    made.decoder.small.requires_grad_(False)
    return made


def write(folder: Path, profile: Detail, model: Path) -> None:
    """Write the trained autoencoder into a model, in half precision."""
    import torch

    whole = State(folder, profile, model).averaged()
    whole.to(dtype=torch.float16, memory_format=torch.contiguous_format)
    whole.save_pretrained(model / DETAIL_FOLDER)


def autoencoder_of(model: Path) -> Any:
    """Return the autoencoder that a model's large images are drawn with, in single precision."""
    from studio.engine.image.detail_autoencoder import DetailAutoencoder

    return DetailAutoencoder.from_pretrained(model / DETAIL_FOLDER).float().eval()


def sharpness_of(model: Path, pairs: Pairs, count: int = 96) -> Sharpness:
    """Return how sharp the model draws latents of its denoiser, or of images if it has none."""
    import torch

    vae = autoencoder_of(model)
    near = near_rows(pairs)
    source, among = (pairs.made, near) if len(near) else (pairs.real, np.arange(len(pairs.real)))
    rows = np.random.default_rng(SEED).choice(among, min(count, len(among)), replace=False)
    drawn = []
    with torch.inference_mode():
        for row in rows:
            latents = torch.from_numpy(source[row : row + 1].astype(np.float32))
            drawn.append(to_pixels(vae.decode(latents).sample)[0])
    return sharpness(np.stack(drawn), np.stack([pairs.images[row] for row in rows]))


def to_pixels(images: Any) -> NDArray[np.uint8]:
    """Return images (n, 3, side, side), -1 to 1, as (n, side, side, 3), 0 to 255."""
    values = (images.float().clamp(-1, 1) + 1) * 127.5
    pixels: NDArray[np.uint8] = values.round().permute(0, 2, 3, 1).byte().numpy()
    return pixels


def near_rows(pairs: Pairs) -> NDArray[np.int64]:
    """Return the items whose latents of the denoiser show what the image shows."""
    apart = np.square(pairs.made.astype(np.float32) - pairs.real).mean((1, 2, 3)) ** 0.5
    return np.flatnonzero(apart < _FURTHEST)  # false for NaN too
