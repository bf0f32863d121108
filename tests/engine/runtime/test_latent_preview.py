"""Test fitting the preview's latent-to-RGB map to every kind of image autoencoder."""

from types import SimpleNamespace

import pytest
import torch
from diffusers import AutoencoderDC, AutoencoderKL, AutoencoderTiny

from studio.engine.runtime.latent_preview import fit

PARTS = {
    "kl": lambda: AutoencoderKL(block_out_channels=(8,), norm_num_groups=4),
    "tiny": lambda: AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
    ),
    "dc": lambda: AutoencoderDC(  # Sana's
        in_channels=3,
        latent_channels=4,
        attention_head_dim=4,
        encoder_block_types="ResBlock",
        decoder_block_types="ResBlock",
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1),
        encoder_qkv_multiscales=((), ()),
        decoder_qkv_multiscales=((), ()),
    ),
}


@pytest.mark.parametrize("kind", PARTS)
def test_preview_map_is_fitted_to_every_autoencoder(kind):
    torch.manual_seed(0)
    found = fit(SimpleNamespace(vae=PARTS[kind]().eval()))
    assert found is not None
    assert found.weights.shape == (4, 3)
    assert found.bias.shape == (3,)


def test_pipeline_without_an_autoencoder_has_no_preview_map():
    assert fit(SimpleNamespace()) is None
