"""What differs between the training on a CPU and on a GPU. Everything else is one code."""

from __future__ import annotations

from dataclasses import dataclass, replace

COLORS = {
    "red": 0.0,
    "orange": 0.075,
    "yellow": 0.145,
    "green": 0.34,
    "blue": 0.59,
    "purple": 0.76,
    "pink": 0.92,
}
"""Color word → hue, 0 to 1."""
MAX_TOKENS = 16
"""Tokens of a caption; the text encoder was cut for that many."""
LATENT_FACTOR = 4
"""Pixels a latent, on each side."""
LATENT_CHANNELS = 4
"""Inpainting through the stock pipeline needs four."""
SEED = 0


@dataclass(frozen=True)
class Detail:
    """The decoder that draws large images from the latents, and its training."""

    composed: int = 3_600
    """Composed images among its pairs."""
    channels: tuple[int, ...] = (128, 96, 48)
    """Of its levels."""
    blocks: tuple[int, ...] = (3, 2, 1)
    last_factor: int = 4
    batch: int = 4
    steps: int = 18_000
    falling: float = 0.4
    """Last share of the steps, in which the learning rate falls."""
    learning_rate: float = 1e-3
    ema: float = 0.998


@dataclass(frozen=True)
class Profile:
    """One way to train."""

    name: str
    side: int
    """Pixels."""
    sets: tuple[str, ...]
    """Sources of images, see `sources.PICTURES`."""
    concepts: str
    """Name of the list of icon names in this package; empty takes all that are not left out."""
    composed: int
    """How many composed images are made beside the single ones."""
    together: str
    """Name of the list of what stands in composed images; empty takes everything, which takes
    many more samples to learn.
    """
    channels: tuple[int, ...]
    """Of the denoiser's levels."""
    autoencoder_channels: int
    batch: int
    steps: int
    learning_rate: float
    ema: float
    autoencoder_steps: int
    autoencoder_batch: int
    judge_steps: int
    """Of the classifier that judges the finished model."""
    encoder_layers: int
    vocabulary: int
    """Words of the text encoder's vocabulary that are kept besides those of the captions."""
    detail: Detail = Detail()
    """Its sides are four times those of the images here."""
    held_out: float = 0.1
    """Share of color pairs and of object pairs that are never trained on."""


CPU = Profile(
    name="cpu",
    side=64,
    sets=("fluent-emoji-flat",),
    concepts="everyday",
    composed=36_000,
    together="together",
    channels=(32, 64, 128),
    autoencoder_channels=32,
    batch=32,
    steps=9_000,
    learning_rate=8e-4,
    ema=0.998,
    autoencoder_steps=3_000,
    autoencoder_batch=8,
    judge_steps=2_500,
    encoder_layers=3,
    vocabulary=12_000,
)
GPU = Profile(
    name="gpu",
    side=128,
    sets=("fluent-emoji-flat", "fluent-emoji", "noto", "openclipart"),
    concepts="",
    composed=60_000,
    together="together",
    channels=(64, 128, 192),
    autoencoder_channels=48,
    batch=512,
    steps=14_000,
    learning_rate=8e-4,
    ema=0.9995,
    autoencoder_steps=4_000,
    autoencoder_batch=64,
    judge_steps=6_000,
    encoder_layers=2,
    vocabulary=9_000,
)
# The whole way in a minute, to see that it works; its images are noise.
TRIAL = replace(
    CPU,
    name="trial",
    concepts="trial",
    composed=24,
    together="",
    channels=(16, 32),
    batch=4,
    steps=6,
    autoencoder_steps=4,
    judge_steps=4,
    vocabulary=2_000,
    detail=Detail(composed=9, channels=(8, 8, 8), blocks=(1, 0, 0), batch=2, steps=4),
)
PROFILES = {profile.name: profile for profile in (CPU, GPU, TRIAL)}
