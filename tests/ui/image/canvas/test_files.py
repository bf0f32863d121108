"""Images and masks that the canvas reads, and the files that it writes."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QRect, QSize

from studio.core.errors import StudioError
from studio.media.masks.frame import Frame
from studio.ui.image.canvas.files import read_canvas, write_canvas
from studio.ui.image.canvas.mask_tiles import from_array, image_array, mask_image, to_array

pytestmark = pytest.mark.usefixtures("qapp")


def save(path, mode="RGB", size=(48, 32), **more):
    values = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(values).convert(mode).save(path, **more)
    return path


def color_at(content, x, y):
    color = content.levels.images[0].pixelColor(x, y)
    return color.red(), color.green(), color.blue()


def test_image_is_upright_as_the_model_reads_it(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (40, 20), "white")
    image.paste((200, 0, 0), (0, 0, 10, 20))
    image.save(tmp_path / "turned.png", exif=exif)
    content = read_canvas(tmp_path / "turned.png", None)
    assert content.levels.size == QSize(20, 40)
    assert color_at(content, 10, 3) == (200, 0, 0)
    assert color_at(content, 10, 30) == (255, 255, 255)
    assert content.tiles == {}


def test_transparent_sixteen_bit_and_cmyk_images(tmp_path):
    Image.new("RGBA", (30, 20), (10, 20, 30, 0)).save(tmp_path / "clear.png")
    assert color_at(read_canvas(tmp_path / "clear.png", None), 5, 5) == (255, 255, 255)
    deep = np.full((20, 30), 0x8080, np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert color_at(read_canvas(tmp_path / "deep.png", None), 5, 5) == (128, 128, 128)
    save(tmp_path / "cmyk.jpg", "CMYK")
    assert read_canvas(tmp_path / "cmyk.jpg", None).levels.size == QSize(48, 32)


def test_mask_of_another_size_is_scaled_to_the_image(tmp_path):
    image = save(tmp_path / "a.png", size=(1200, 600))
    mask = np.zeros((50, 100), np.uint8)
    mask[:, 50:] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    content = read_canvas(image, tmp_path / "m.png")
    levels = to_array(content.tiles, QRect(0, 0, 1200, 600))
    assert (levels[:, :590] == 0).all()
    assert (levels[:, 610:] == 255).all()


@pytest.mark.parametrize(("level", "written"), [(0, False), (255, True)])
def test_mask_of_one_level(tmp_path, level, written):
    image, folder = save(tmp_path / "a.png"), tmp_path / "masks"
    tiles = from_array(np.full((32, 48), level, np.uint8))
    files = write_canvas(image, tiles, QSize(48, 32), Frame(0, 0, 48, 32), folder)
    assert bool(files.mask) is written
    assert files.image == str(image)
    assert files.size is None


def test_mask_of_one_pixel_is_read_again_as_it_was_written(tmp_path):
    image = save(tmp_path / "a.png")
    mask = np.zeros((32, 48), np.uint8)
    mask[31, 47] = 1
    files = write_canvas(
        image, from_array(mask), QSize(48, 32), Frame(0, 0, 48, 32), tmp_path / "masks"
    )
    again = read_canvas(image, tmp_path / files.mask)
    assert np.array_equal(image_array(mask_image(again.tiles, QSize(48, 32))), mask)


def test_frame_moves_a_painted_mask_and_adds_the_border(tmp_path):
    image = save(tmp_path / "a.png")
    mask = np.zeros((32, 48), np.uint8)
    mask[20:30, 20:30] = 200
    files = write_canvas(
        image, from_array(mask), QSize(48, 32), Frame(-16, 8, 40, 32), tmp_path / "masks"
    )
    assert files.size == (56, 24)
    assert files.is_extended
    levels = np.asarray(Image.open(files.mask))
    assert levels.shape == (24, 56)
    assert (levels[:, :16] == 255).all()
    assert (levels[12:22, 36:46] == 200).all()
    assert not levels[:, 46:].any()
    again = write_canvas(
        image, from_array(mask), QSize(48, 32), Frame(-16, 8, 40, 32), tmp_path / "masks"
    )
    assert again == files, "the same content has the same name"
    assert len(list((tmp_path / "masks").iterdir())) == 2


def test_too_large_frame_and_broken_files_are_sentences(tmp_path):
    image = save(tmp_path / "a.png")
    with pytest.raises(StudioError, match="more than 80 million pixels"):
        write_canvas(image, {}, QSize(48, 32), Frame(-9000, -9000, 48, 32), tmp_path)
    (tmp_path / "broken.png").write_bytes(image.read_bytes()[:200])
    with pytest.raises(StudioError, match=r"broken\.png cannot be read"):
        read_canvas(tmp_path / "broken.png", None)
    with pytest.raises(StudioError, match=r"gone\.png does not exist"):
        read_canvas(image, tmp_path / "gone.png")
    Image.new("1", (10_000, 10_000)).save(tmp_path / "huge.png")
    with pytest.raises(StudioError, match="The limit is 80 million"):
        read_canvas(tmp_path / "huge.png", None)
