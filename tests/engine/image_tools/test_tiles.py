"""Tiles: an enlarged image has no seams."""

import numpy as np
import pytest
import torch

from studio.engine.image_tools import upscale
from studio.engine.image_tools.networks import SCALE
from studio.engine.image_tools.tiles import run_in_tiles, tile_count

GRADIENT = np.tile(np.linspace(0, 1, 70, dtype=np.float32)[None, :, None], (50, 1, 3))
CHECKERS = np.indices((50, 70)).sum(0)[..., None].repeat(3, 2) // 4 % 2


def enlarged(image, weights, side, margin=None):
    enlarger = weights.enlarger()
    margin = enlarger.margin if margin is None else margin

    def draw(tile):
        values = torch.from_numpy(tile).permute(2, 0, 1)[None]
        return enlarger(values)[0].permute(1, 2, 0).numpy()

    with torch.inference_mode():
        return run_in_tiles(image, draw, lambda _tiles: None, scale=SCALE, side=side, margin=margin)


@pytest.mark.parametrize("image", [GRADIENT, CHECKERS], ids=["gradient", "checkers"])
def test_tiles_are_the_whole_image(image, weights):
    values = np.ascontiguousarray(image, np.float32)
    whole, parts = (enlarged(values, weights, side) for side in (100, 16))
    assert whole.shape == (200, 280, 3)
    assert np.abs(whole - parts).max() < 1 / 255 / 4


def test_too_small_a_margin_is_seen(weights):
    values = np.ascontiguousarray(CHECKERS, np.float32)
    whole, parts = enlarged(values, weights, 100), enlarged(values, weights, 16, margin=2)
    assert np.abs(whole - parts).max() > 1 / 255


def test_every_tile_is_reported(run, noise, monkeypatch):
    monkeypatch.setattr(upscale, "SIDE", 40)
    progress = run("upscale", noise).progress
    assert [one.step for one in progress] == list(range(1, tile_count(60, 90, 40) + 1))
    assert progress[-1].total == 6


def test_cancel_ends_it_at_the_next_tile(run, noise, monkeypatch):
    monkeypatch.setattr(upscale, "SIDE", 30)
    outcome = run("upscale", noise, lambda so_far: len(so_far.progress) >= 2)
    assert outcome.cancelled
    assert len(outcome.progress) == 2
