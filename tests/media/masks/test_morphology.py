"""Grow, shrink, feather and fill masks."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from studio.media.masks.morphology import feather, fill_region, grow, shrink


def disk(side, radius):
    y, x = np.mgrid[:side, :side] - side // 2
    return np.where(x * x + y * y <= radius * radius, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("radius", [1, 2, 3, 7, 20, 33])
def test_one_pixel_grows_to_about_a_disk(radius):
    side = 2 * radius + 9
    mask = disk(side, 0)
    grown = grow(mask, radius) > 0
    middle = side // 2
    assert grown[middle].sum() == 2 * radius + 1
    assert grown[:, middle].sum() == 2 * radius + 1
    assert np.array_equal(grown, grown.T)
    assert np.array_equal(grown, grown[::-1])
    assert not np.any(grown & ~(disk(side, radius * 1.1 + 1) > 0))
    assert not np.any((disk(side, radius * 0.9 - 1) > 0) & ~grown)


def test_shrinking_undoes_growing_of_a_rectangle_and_keeps_it_at_the_border():
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:50] = 255
    assert np.array_equal(shrink(grow(mask, 6), 6), mask)
    mask[:, :10] = 200
    narrowed = shrink(mask, 4)
    assert (narrowed[:, :6] == 200).all(), "the border of the image is no edge of the mask"
    assert (narrowed[:, 6:24] == 0).all()
    assert np.array_equal(grow(mask, 0), mask)


def test_growing_wider_than_the_image_fills_it():
    mask = np.zeros((5, 9), np.uint8)
    mask[2, 4] = 77
    assert (grow(mask, 100) == 77).all()


def test_feather_keeps_what_is_far_and_falls_evenly():
    mask = np.zeros((40, 200), np.uint8)
    mask[:, 100:] = 255
    soft = feather(mask, 10)
    row = soft[20].astype(int)
    assert (np.diff(row) >= 0).all()
    assert (row[:65] == 0).all()
    assert (row[135:] == 255).all()
    assert abs(row[99] + row[100] - 255) <= 2
    assert feather(mask, 0) is mask


def test_fill_stops_at_what_is_masked():
    mask = np.zeros((50, 50), np.uint8)
    mask[10, 10:40] = mask[39, 10:40] = mask[10:40, 10] = mask[10:40, 39] = 255
    filled = fill_region(mask, 20, 20, 255)
    assert (filled[10:40, 10:40] == 255).all()
    assert filled[:10].sum() == filled[40:].sum() == 0
    assert (fill_region(filled, 0, 0, 255) == 255).all(), "around a thing, into every corner"
    assert (fill_region(filled, 15, 15, 0) == 0).all(), "and what is masked can be removed"
    mask[10, 25] = 100
    assert (fill_region(mask, 20, 20, 255) == 255).all(), "it flows out where the outline is open"


def test_fill_follows_a_spiral():
    spiral = np.full((9, 9), 255, np.uint8)
    for row, begin, end in ((1, 1, 8), (3, 1, 6), (5, 3, 6), (7, 1, 8)):
        spiral[row, begin:end] = 0
    spiral[1:8, 7] = 0
    spiral[3:8, 1] = 0
    spiral[3:6, 5] = 0
    assert (fill_region(spiral, 3, 5, 255) == 255).all()


@pytest.mark.parametrize("radius", [3, 8, 15, 16, 40, 111])
def test_feather_is_a_gaussian_blur_at_every_size(radius):
    mask = np.where(np.random.default_rng(0).random((12, 17)) > 0.5, 255, 0).astype(np.uint8)
    mask = np.kron(mask, np.ones((61, 67), np.uint8))
    wanted = Image.fromarray(mask).filter(ImageFilter.GaussianBlur(radius))
    difference = np.abs(feather(mask, radius).astype(int) - np.asarray(wanted).astype(int))
    assert difference.max() <= (0 if radius < 16 else 6)
    assert difference.mean() < 1.0
