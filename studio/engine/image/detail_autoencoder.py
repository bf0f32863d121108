"""An autoencoder whose decoder draws finer than its encoder reads: 16 pixels a latent, not 4.

The starter image model's denoiser works on latents of images of 64 px. This decoder draws the same
latents as images of 256 px. Most of its convolutions run on the small grid of the latents, and the
last one draws 4 × 4 pixels at once (PixelShuffle, https://arxiv.org/abs/1609.05158), because
convolutions at the full size take most of the time on a CPU.

Imported only together with diffusers: it defines classes of torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTinyOutput
from diffusers.models.autoencoders.vae import DecoderOutput, DecoderTiny, EncoderTiny
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from torch.nn import functional

_COLORS = 3
_STEEPNESS = 4
"""Of the share of a color; lets the training make edges sharp with small weights."""


class DetailAutoencoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Takes the place of a model's `AutoencoderTiny`, whose parts it contains.

    `small_channels`, `small_blocks`: of that autoencoder's levels. `channels`, `blocks`: of the
    decoder's, each of twice the resolution of the one before. `last_factor`: pixels that the last
    convolution draws for each place, on each side.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        latent_channels: int = 4,
        small_channels: Sequence[int] = (32, 32, 32),
        small_blocks: Sequence[int] = (3, 1, 0),
        channels: Sequence[int] = (160, 96, 48),
        blocks: Sequence[int] = (4, 2, 1),
        last_factor: int = 4,
        scaling_factor: float = 1.0,
        shift_factor: float = 0.0,
        force_upcast: bool = False,
        block_out_channels: Sequence[int] = (),
    ) -> None:
        del scaling_factor, shift_factor, force_upcast, block_out_channels  # for the pipelines
        super().__init__()
        widths = tuple(small_channels)
        self.encoder = EncoderTiny(_COLORS, latent_channels, (0,) * len(widths), widths, "relu")
        small = DecoderTiny(
            latent_channels, _COLORS, tuple(small_blocks), widths, 2, "relu", "nearest"
        )
        self.decoder = DetailDecoder(small, latent_channels, channels, blocks, last_factor)
        self._reduction = last_factor
        # Pipelines compute the pixels of a latent from the number of these.
        halvings = last_factor.bit_length() - 1
        self.register_to_config(block_out_channels=(*channels, *[channels[-1]] * halvings))

    def encode(self, x: Tensor, return_dict: bool = True) -> Any:
        """Return the latents of images (n, 3, height, width), -1 to 1, sides multiples of 16."""
        latents = self.encoder(functional.avg_pool2d(x, self._reduction))
        return AutoencoderTinyOutput(latents=latents) if return_dict else (latents,)

    def decode(self, x: Tensor, generator: Any = None, return_dict: bool = True) -> Any:
        """Return images (n, 3, 16 × height, 16 × width) of latents (n, 4, height, width)."""
        del generator  # diffusers passes it to autoencoders that draw from a distribution
        sample = self.decoder(x)
        return DecoderOutput(sample=sample) if return_dict else (sample,)


class DetailDecoder(nn.Module):
    """Enlarges the image of the small decoder, with details from the latents.

    Each place of the small image becomes a mixture of two colors. An edge between them is where the
    share of one passes a half: it can be sharp, and lie between pixels, while what the convolutions
    compute is smooth.
    """

    def __init__(
        self,
        small: nn.Module,
        latent_channels: int,
        channels: Sequence[int],
        blocks: Sequence[int],
        last_factor: int,
    ) -> None:
        super().__init__()
        self.small = small
        coarse: list[nn.Module] = [nn.Conv2d(latent_channels, channels[0], 3, padding=1)]
        for width, after, count in zip(channels[:-1], channels[1:], blocks[:-1], strict=True):
            coarse += [_Block(width) for _ in range(count)]
            coarse += [nn.Conv2d(width, after * 4, 1), nn.PixelShuffle(2)]
        self.coarse = nn.Sequential(*coarse)
        self.small_features = nn.Conv2d(_COLORS, channels[-1], 3, padding=1)
        self._parts = (_COLORS, _COLORS, 1, last_factor**2)
        self.fine = nn.Sequential(
            *(_Block(channels[-1]) for _ in range(blocks[-1])),
            nn.ReLU(),
            nn.Conv2d(channels[-1], sum(self._parts), 3, padding=1),
        )
        self._last_factor = last_factor

    def forward(self, latents: Tensor) -> Tensor:
        """Return images, about -1 to 1."""
        small = self.small(latents)
        features = self.coarse(latents) + self.small_features(small)
        one, other, edge, details = self.fine(features).split(self._parts, 1)
        one, other, edge = (self._enlarged(part) for part in (small + one, small + other, edge))
        edge = edge + functional.pixel_shuffle(details, self._last_factor)
        return one + (other - one) * (_STEEPNESS * edge).sigmoid()

    def _enlarged(self, values: Tensor) -> Tensor:
        return functional.interpolate(
            values, scale_factor=self._last_factor, mode="bilinear", align_corners=False
        )


class _Block(nn.Module):
    """Two convolutions added to their input; nothing at first, which lets the training start."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(cast("Tensor", self.second.bias))

    def forward(self, values: Tensor) -> Tensor:
        inner = functional.relu(self.first(functional.relu(values)))
        return values + cast("Tensor", self.second(inner))
