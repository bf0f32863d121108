"""Previews of videos: the middle frame, by a map that is fitted to the autoencoder."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from studio.engine.runtime import latent_preview
from studio.engine.video import generate as video
from studio.engine.video import latent_preview as video_preview
from tests.checkpoints.video import (
    make_cogvideox,
)
from tests.engine.video.runs import request


def test_a_preview_is_the_middle_frame_of_every_latent_layout(cards):
    """Each frame has a different brightness, and the preview shows the middle one."""
    for name in ("wan", "cogvideox", "animatediff", "ltx"):
        card = cards(name)
        pipeline = video.load(card)
        channels, pipe = len(pipeline.latent_map.weights), pipeline.pipe
        asked = request(num_frames=33, width=64, height=96)
        time = 33 if name == "animatediff" else 5 if name == "ltx" else 9
        side = 2 if name == "animatediff" else 32 if name == "ltx" else 8
        latents = torch.randn(
            1, channels, time, 96 // side, 64 // side, generator=torch.Generator().manual_seed(0)
        )
        expected = latent_preview.preview(
            pipe, latents[:, :, time // 2], pipeline.latent_map, 64, 96
        )
        inputs = latents
        if name == "cogvideox":
            inputs = latents.permute(0, 2, 1, 3, 4)
        elif name == "ltx":
            inputs = pipe._pack_latents(latents, 1, 1)
            inputs = torch.cat(
                [torch.zeros(1, 4, channels), inputs], dim=1
            )  # patches of a first frame
        shown = video_preview.middle_frame(pipe, inputs, pipeline.latent_map, asked)
        assert shown == expected, name
        assert (shown.width, shown.height) == (64 // side, 96 // side)


class PlainAutoencoder(torch.nn.Module):
    """Its latents are the colors of squares of 8 × 8, in other numbers, as an autoencoder's are
    roughly.
    """

    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self, **config):
        super().__init__()
        self.config = config
        self.colors = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))

    def encode(self, inputs):
        squares = torch.nn.functional.avg_pool3d(inputs, (1, 8, 8))
        latents = torch.einsum("lc,bcthw->blthw", self.colors, squares) + 2
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))


def test_the_map_of_a_preview_takes_normalized_latents():
    """Pipelines normalize the autoencoder's latents; the map undoes it."""
    mean, deviation = [1.0, -2.0, 0.5, 3.0, 0.0], [0.5, 2.0, 1.0, 4.0, 1.5]
    for config in ({}, {"scaling_factor": 0.3}, {"latents_mean": mean, "latents_std": deviation}):
        vae = PlainAutoencoder(**config)
        latent_map = video_preview.fit(SimpleNamespace(components={"vae": vae}))
        inputs = torch.tensor((0.9, 0.2, 0.4)).reshape(1, 3, 1, 1, 1).expand(1, 3, 1, 8, 8)
        latent = vae.encode(inputs * 2 - 1).latent_dist.mode()[0, :, 0, 0, 0]
        if "latents_mean" in config:
            latent = (latent - torch.tensor(mean)) / torch.tensor(deviation)
        latent = latent * config.get("scaling_factor", 1.0)
        pixels = latent.numpy() @ latent_map.weights + latent_map.bias
        assert np.allclose(pixels, (0.9, 0.2, 0.4), atol=0.02), config


def test_an_unknown_autoencoder_gives_no_preview(cards, tmp_path):
    pipeline = video.load(make_cogvideox(tmp_path / "cog"))
    pipeline.pipe.vae.encode = lambda _video: (_ for _ in ()).throw(RuntimeError("another form"))
    assert video_preview.fit(pipeline.pipe) is None
