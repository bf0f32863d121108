"""The frame that crops and extends images."""

import numpy as np
import pytest
from PIL import Image

from studio.media.masks.frame import (
    RATIOS,
    Frame,
    cropped_to_ratio,
    extended_to_ratio,
    framed_image,
    outpaint_mask,
    rounded_to,
    seam_width,
    whole,
)

SIZES = [(512, 512), (640, 480), (333, 777), (1, 1), (8000, 5)]


def photo(width, height):
    values = np.random.default_rng(2).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("size", SIZES)
def test_ratio_frames_hold_the_image_or_lie_in_it(size, ratio):
    around, within = extended_to_ratio(size, ratio), cropped_to_ratio(size, ratio)
    for frame in (around, within):
        wanted = frame.height * ratio[0] / ratio[1]
        assert abs(frame.width - wanted) <= max(1, ratio[0] / ratio[1])
    assert around.left <= 0 <= size[0] <= around.right
    assert around.top <= 0 <= size[1] <= around.bottom
    assert around.width == size[0] or around.height == size[1]
    assert 0 <= within.left < within.right <= size[0]
    assert 0 <= within.top < within.bottom <= size[1]
    assert not within.extends(size)


@pytest.mark.parametrize(
    ("frame", "rounded"),
    [
        (Frame(0, 0, 64, 64), Frame(0, 0, 64, 64)),
        (Frame(-3, 0, 64, 70), Frame(-8, 0, 64, 72)),
        (Frame(-3, -1, 66, 64), Frame(-3, -8, 69, 64)),
        (Frame(3, 1, 64, 64), Frame(3, 1, 59, 57)),
        (Frame(10, 10, 13, 13), Frame(10, 10, 18, 18)),
    ],
)
def test_sides_become_multiples(frame, rounded):
    result = rounded_to(frame, (64, 64), 8)
    assert result == rounded
    assert result.width % 8 == result.height % 8 == 0


def test_cropping_keeps_the_pixels():
    image = photo(60, 40)
    cropped = framed_image(image, Frame(5, 6, 45, 30))
    assert np.array_equal(np.asarray(cropped), np.asarray(image)[6:30, 5:45])


@pytest.mark.parametrize(
    "frame",
    [
        Frame(-16, 0, 60, 40),
        Frame(0, -300, 60, 40),
        Frame(0, 0, 70, 55),
        Frame(-9, -9, 69, 49),
        Frame(20, -8, 80, 30),
    ],
)
def test_extended_image_keeps_the_image_and_its_mask_the_inside(frame):
    image = photo(60, 40)
    enlarged, mask = framed_image(image, frame), outpaint_mask(image.size, frame)
    assert enlarged.size == mask.size == frame.size
    levels, pixels, source = np.asarray(mask), np.asarray(enlarged), np.asarray(image)
    for y in range(frame.top, frame.bottom):
        for x in range(frame.left, frame.right):
            level = levels[y - frame.top, x - frame.left]
            if not (0 <= x < 60 and 0 <= y < 40):
                assert level == 255
            else:
                assert level < 255
                assert np.array_equal(pixels[y - frame.top, x - frame.left], source[y, x])
    sides = (frame.left < 0, frame.right > 60, frame.top < 0, frame.bottom > 40)
    seams = (levels[20 - frame.top, -frame.left] if frame.left <= 0 else 0,)
    assert seams[0] > 100 if sides[0] else True
    assert levels[levels < 255].min() == 0, "most of the image stays"


def test_seam_fades_only_on_sides_that_are_extended():
    levels = np.asarray(outpaint_mask((240, 240), Frame(0, 0, 300, 240)))
    seam = seam_width(240)
    row = levels[120].astype(int)
    assert (row[: 240 - seam] == 0).all()
    assert (np.diff(row[240 - seam : 241]) > 0).all()
    assert (row[240:] == 255).all()
    assert (levels == levels[0]).all(), "no seam at the top and the bottom"
    assert not np.asarray(outpaint_mask((240, 240), whole((240, 240)))).any()


def test_added_border_has_the_colors_next_to_it():
    image = Image.new("RGB", (64, 64), (200, 30, 30))
    image.paste((20, 40, 220), (32, 0, 64, 64))
    added = np.asarray(framed_image(image, Frame(-64, 0, 128, 64))).astype(int)
    assert np.abs(added[:, 40:56].mean((0, 1)) - (200, 30, 30)).max() < 12
    assert np.abs(added[:, 136:150].mean((0, 1)) - (20, 40, 220)).max() < 12
