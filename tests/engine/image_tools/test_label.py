"""Texts and logos on images."""

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import StudioError
from studio.engine.image_tools import fonts
from studio.media.image_reader import read_image


@pytest.fixture
def gray(tmp_path):
    Image.new("RGB", (400, 200), (128, 128, 128)).save(tmp_path / "gray.png")
    return tmp_path / "gray.png"


def box_of_change(made, source):
    difference = np.abs(made[..., :3].astype(int) - np.asarray(read_image(source)[0]))
    changed = (difference > 20).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


@pytest.mark.parametrize(
    ("position", "across", "down"),
    [("bottom-right", 2, 2), ("bottom-left", 0, 2), ("top-left", 0, 0), ("center", 1, 1)],
)
def test_text_stands_where_it_is_to(position, across, down, changed, gray):
    made = changed("watermark", gray, label="© Ann", position=position, label_size=10)
    left, top, right, bottom = box_of_change(made, gray)
    middle = ((left + right) / 2 / 400, (top + bottom) / 2 / 200)
    assert [int(3 * part) for part in middle] == [across, down]
    assert 12 <= bottom - top <= 32
    part = made[top:bottom, left:right]
    assert part.max() > 200
    assert part.min() < 100, "the outline is seen on light images"


def test_size_and_opacity_are_followed(changed, gray):
    boxes = [
        box_of_change(changed("watermark", gray, label="Ann", label_size=size), gray)
        for size in (5, 30)
    ]
    small, large = (box[3] - box[1] for box in boxes)
    assert large > 4 * small
    faint = changed("watermark", gray, label="Ann", label_size=30, opacity=0.2)
    assert np.abs(faint.astype(int) - 128).max() < 40
    unseen = changed("watermark", gray, label="Ann", opacity=0)
    assert (unseen == 128).all()


def test_long_text_is_reduced_to_the_image(changed, gray):
    made = changed("watermark", gray, label="a long text " * 15, label_size=50)
    left, _top, right, _bottom = box_of_change(made, gray)
    assert 0 <= left < right <= 400
    assert right - left > 350


def test_logo_keeps_its_transparency(changed, gray, tmp_path):
    logo = Image.new("RGBA", (20, 10), (255, 0, 0, 255))
    logo.paste((0, 0, 0, 0), (0, 0, 10, 10))
    logo.save(tmp_path / "logo.png")
    made = changed("watermark", gray, logo=str(tmp_path / "logo.png"), label_size=50, opacity=1)
    left, top, right, bottom = box_of_change(made, gray)
    assert bottom - top == 100
    assert 95 <= right - left <= 115, "only its right half can be seen"
    assert tuple(made[top + 50, right - 20]) == (255, 0, 0)


def test_label_is_seen_on_a_transparent_image(changed, tmp_path):
    Image.new("RGBA", (200, 100), (0, 0, 0, 0)).save(tmp_path / "empty.png")
    made = changed("watermark", tmp_path / "empty.png", label="Ann", label_size=20, opacity=1)
    assert made.shape[2] == 4
    assert made[..., 3].max() == 255
    assert not made[:20, :, 3].any()


@pytest.mark.skipif(not fonts._files(), reason="needs a font with Chinese characters")
def test_chinese_text_has_its_characters(changed, gray):
    made = [changed("watermark", gray, label=text, label_size=20) for text in ("灯塔", "河流")]
    assert not np.array_equal(*made), "no boxes for missing characters"


def test_characters_without_a_font_are_refused(run, gray):
    with pytest.raises(StudioError, match="all characters"):
        run("watermark", gray, label="A\U000f1234")
