"""Reading image files: formats, orientation, limits, and damaged or hostile files."""

import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from studio.core.errors import StudioError
from studio.media import image_reader
from studio.media.image_reader import MAX_REDUCED_PIXELS, image_size, read_image, read_mask


def save_noise(path, size):
    values = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(values).save(path)


def red(path, **more):
    Image.new("RGB", (40, 20), (200, 30, 40)).save(path, **more)
    return path


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "avif", "bmp", "gif", "tif"])
def test_every_image_format_is_read(tmp_path, suffix):
    path = red(tmp_path / f"a.{suffix}")
    image, digest = read_image(path)
    assert image_size(path) == image.size == (40, 20)
    assert len(digest) == 64
    assert np.abs(np.asarray(image).astype(int) - (200, 30, 40)).max() < 12


def test_a_rotated_photo_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for suffix in ("jpg", "png", "webp", "tif", "avif"):  # Pillow takes the tag out for AVIF
        path = red(tmp_path / f"a.{suffix}", exif=exif)
        assert read_image(path)[0].size == (20, 40)
        assert image_size(path) == (20, 40)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_applied(tmp_path, orientation):
    values = np.random.default_rng(3).integers(0, 256, (6, 10, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(values).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as stored:
        assert np.array_equal(
            np.asarray(read_image(tmp_path / "a.png")[0]),
            np.asarray(ImageOps.exif_transpose(stored)),
        )


@pytest.mark.parametrize(
    ("tag", "kind", "count", "value"),
    [
        (0x9286, 2, 4, b"abc\0"),
        (0x010F, 4, 1, b"\0\0\0\7"),
        (0x0131, 7, 4, b"\xff\xfe\0\1"),
        (0x011A, 2, 4, b"72\0\0"),
        (0x0112, 5, 1, b"\0\0\0\x60"),
        (0x8769, 4, 1, b"\0\xff\xff\xff"),
        (0xC4A5, 12, 2, b"\0\0\0\1"),
    ],
)
def test_damaged_exif_tags_do_not_matter(tmp_path, tag, kind, count, value):
    entries = sorted(
        [
            struct.pack(">HHI4s", 0x0112, 3, 1, b"\0\6\0\0"),
            struct.pack(">HHI4s", tag, kind, count, value),
        ]
    )
    if tag == 0x0112:
        entries = entries[:1]
    notes = (
        b"Exif\0\0MM\0*\0\0\0\x08"
        + struct.pack(">H", len(entries))
        + b"".join(entries)
        + b"\0\0\0\0"
    )
    Image.new("RGB", (40, 20), "red").save(tmp_path / "a.jpg", exif=notes)
    assert read_image(tmp_path / "a.jpg")[0].size == image_size(tmp_path / "a.jpg") == (20, 40)


def test_cmyk_alpha_palette_and_16_bit_images(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg")
    assert np.asarray(read_image(tmp_path / "cmyk.jpg")[0])[4, 4].argmax() == 0
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert np.asarray(read_image(tmp_path / "clear.png")[0]).min() == 255, "on white"
    assert np.asarray(read_mask(tmp_path / "clear.png")[0]).max() == 0, "repaints nothing"
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([10, 200, 30])
    palette.save(tmp_path / "palette.gif", transparency=0)
    assert np.asarray(read_image(tmp_path / "palette.gif")[0]).min() == 255
    Image.fromarray(np.full((8, 8), 40_000, np.uint16)).save(tmp_path / "deep.png")
    assert np.asarray(read_image(tmp_path / "deep.png")[0])[0, 0].tolist() == [156] * 3
    Image.fromarray(np.full((8, 8), 0.5, np.float32)).save(tmp_path / "float.tif")
    assert np.asarray(read_image(tmp_path / "float.tif")[0])[0, 0].tolist() == [128] * 3
    Image.new("1", (8, 8), 1).save(tmp_path / "bits.png")
    assert np.asarray(read_mask(tmp_path / "bits.png")[0]).min() == 255


def huge_png(path, width, height):
    """Write a PNG of a few hundred bytes whose header claims this size."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize(
    "size", [(20_000, 20_000), (9_500, 9_500), (2**31 - 1, 1), (100_000, 1_000)]
)
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, size):
    path = huge_png(tmp_path / "huge.png", *size)
    for read in (image_size, read_image, read_mask):
        with pytest.raises(StudioError, match="80 million"):
            read(path)


def grow(path, suffix):
    """Make the header of a file state 30 000 × 20 000 pixels."""
    if suffix == "png":
        huge_png(path, 30_000, 20_000)
        return
    save_noise(path, (64, 64))
    data = bytearray(path.read_bytes())
    at, layout = {
        "jpg": (data.find(b"\xff\xc0") + 5, ">HH"),
        "bmp": (18, "<ii"),
        "gif": (6, "<HH"),
    }[suffix]
    sides = (20_000, 30_000) if suffix == "jpg" else (30_000, 20_000)
    struct.pack_into(layout, data, at, *sides)
    path.write_bytes(data)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif"])
def test_the_size_of_an_image_over_the_limit_of_pillow_is_read_for_lists_only(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    grow(path, suffix)
    assert image_size(path, max_pixels=1 << 40) == (30_000, 20_000)
    for read in (image_size, read_image):
        with pytest.raises(StudioError, match="80 million"):
            read(path)
    with pytest.raises(StudioError, match="limit"):
        read_image(path, 320, MAX_REDUCED_PIXELS)


def test_large_file_is_measured_but_not_decoded(tmp_path):
    path = huge_png(tmp_path / "a.png", 64, 64)
    with path.open("r+b") as file:
        file.truncate(300 * 2**20)
    assert image_size(path, max_pixels=1 << 40) == (64, 64)
    with pytest.raises(StudioError, match="300 MB"):
        read_image(path)


def test_large_jpeg_is_scaled_down_while_it_is_decoded(tmp_path):
    image = Image.new("L", (10_000, 9_000), 200)
    image.save(tmp_path / "a.jpg")
    reduced, _sha256 = read_image(tmp_path / "a.jpg", 320, MAX_REDUCED_PIXELS)
    assert reduced.size == (1250, 1125)
    assert reduced.getpixel((600, 600)) == (200, 200, 200)
    image.save(tmp_path / "b.jpg", progressive=True)
    for path, options in (("a.jpg", (320,)), ("b.jpg", (320, MAX_REDUCED_PIXELS))):
        with pytest.raises(StudioError, match="10000 × 9000 pixels"):
            read_image(tmp_path / path, *options)


@pytest.mark.parametrize("cut", [0, 1, 7, 30, 200, -1])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "avif", "gif", "tif", "bmp"])
def test_a_truncated_file_is_a_studio_error(tmp_path, suffix, cut):
    whole = tmp_path / f"a.{suffix}"
    save_noise(whole, (64, 64))
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) // 2 if cut < 0 else cut])
    with pytest.raises(StudioError, match=r"(cannot be read|is not a PNG)"):
        read_image(whole)


def test_random_changes_of_a_file_never_raise_another_error(tmp_path):
    chance = np.random.default_rng(5)
    for suffix in ("png", "jpg", "webp", "avif", "gif", "tif", "bmp"):
        path = tmp_path / f"a.{suffix}"
        save_noise(path, (32, 32))
        whole = path.read_bytes()
        for _number in range(60):
            data = bytearray(whole)
            for place in chance.integers(0, len(data), 4):
                data[place] = chance.integers(0, 256)
            path.write_bytes(data)
            for read in (image_size, read_image, read_mask):
                try:
                    read(path)
                except StudioError as error:
                    # not every turned byte spoils a picture
                    assert error.message.startswith(path.name)  # noqa: PT017


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_colors_are_rounded_to_8(tmp_path, suffix):
    values = np.linspace(0, 65_535, 600).reshape(10, 20, 3).astype(np.uint16)
    cv2.imwrite(str(tmp_path / f"deep.{suffix}"), values[..., ::-1])
    found = np.asarray(read_image(tmp_path / f"deep.{suffix}")[0])
    assert np.abs(found - values / 257).max() <= 1


def test_heic_is_named_in_the_refusal(tmp_path):
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40)
    for read in (image_size, read_image, read_mask):
        with pytest.raises(StudioError, match=r"photo\.heic is a HEIC image"):
            read(tmp_path / "photo.heic")


def test_a_path_that_is_no_image_file_is_refused(tmp_path):
    (tmp_path / "text.png").write_text("<svg/>")
    (tmp_path / "script.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    os.mkfifo(tmp_path / "pipe.png")
    for name, why in (
        ("gone.png", "does not exist"),
        ("text.png", "is not a PNG, JPEG"),
        ("script.eps", "is not a PNG, JPEG"),
        ("pipe.png", "is not a file"),
        (".", "is not a file"),
    ):
        for read in (image_size, read_image):
            with pytest.raises(StudioError, match=why):
                read(tmp_path / name)


def test_a_file_of_too_many_bytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(image_reader, "MAX_BYTES", 100)
    with pytest.raises(StudioError, match="The limit for an image is"):
        read_image(red(tmp_path / "a.bmp"))
