"""Images whose file names another color space than sRGB come out in sRGB."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from studio.media.color_profile import to_srgb
from studio.media.image_reader import read_image, read_mask

D50 = (0.9642, 1.0, 0.8249)
# Colorants of the RGB spaces, adapted to D50 (Bruce Lindbloom, "RGB/XYZ matrices"; Apple's Display
# P3 profile).
DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
ADOBE_RGB = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
PROPHOTO = ((0.7977, 0.2880, 0.0000), (0.1352, 0.7119, 0.0000), (0.0313, 0.0001, 0.8249))


def icc_profile(space, gamma, colorants=()):
    """A matrix or gray profile of version 2 (ICC.1:2001-04)."""

    def number(value):
        return struct.pack(">i", round(value * 65536))

    def xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(map(number, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"A space of a test\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78,
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz(D50),
    }
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        for letter, colorant in zip(b"rgb", colorants, strict=True):
            tags[bytes([letter]) + b"XYZ"] = xyz(colorant)
            tags[bytes([letter]) + b"TRC"] = curve
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(data))
        body += data
    size = at + len(body)
    header = (
        struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02100000, b"mntr", space, b"XYZ ")
        + b"\0" * 12
        + b"acsp"
        + b"\0" * 28
    )
    header += b"".join(map(number, D50))
    header += b"\0" * (128 - len(header))
    return header + struct.pack(">I", len(tags)) + table + body


def reference(color, gamma, colorants):
    """The sRGB color by the definition of both spaces, in floating point (IEC 61966-2-1)."""
    to_srgb_d50 = np.linalg.inv(
        np.array([(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)]).T
    )
    linear = np.clip(to_srgb_d50 @ (np.array(colorants).T @ (np.array(color) / 255) ** gamma), 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255


COLORS = [
    (200, 100, 50),
    (30, 200, 90),
    (128, 128, 128),
    (255, 255, 255),
    (0, 0, 0),
    (250, 240, 30),
]


@pytest.mark.parametrize(
    ("gamma", "colorants"), [(2.2, DISPLAY_P3), (2.19921875, ADOBE_RGB), (1.8, PROPHOTO)]
)
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "avif", "tif"])
def test_an_embedded_profile_is_applied(tmp_path, suffix, gamma, colorants):
    profile = icc_profile(b"RGB ", gamma, colorants)
    lossless = {
        "jpg": {"quality": 100, "subsampling": 0},
        "webp": {"lossless": True},
        "avif": {"quality": 100, "subsampling": "4:4:4"},
    }.get(suffix, {})
    for color in COLORS:
        Image.new("RGB", (16, 16), color).save(
            tmp_path / f"a.{suffix}", icc_profile=profile, **lossless
        )
        found = np.asarray(read_image(tmp_path / f"a.{suffix}")[0])[8, 8]
        assert np.abs(found - reference(color, gamma, colorants)).max() <= 4, color


@pytest.mark.parametrize(
    ("primaries", "transfer", "expected"),
    [
        (1, 13, (200, 100, 100)),
        # Linear values times the matrix from Display P3 to sRGB.
        (12, 13, (215, 93, 97)),
        (9, 1, (240, 75, 97)),
        (9, 16, (200, 100, 100)),
        (99, 13, (200, 100, 100)),
    ],
)
def test_color_codes_of_an_avif_are_applied(tmp_path, primaries, transfer, expected):
    path = tmp_path / "a.avif"
    Image.new("RGB", (16, 16), (200, 100, 100)).save(path, quality=100, subsampling="4:4:4")
    data = bytearray(path.read_bytes())
    at = data.index(b"colrnclx") + 8
    data[at : at + 4] = struct.pack(">HH", primaries, transfer)
    path.write_bytes(data)
    found = np.asarray(read_image(path)[0])[8, 8]
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_alpha_and_palettes_keep_what_they_are(tmp_path):
    profile = icc_profile(b"RGB ", 2.2, DISPLAY_P3)
    clear = Image.new("RGBA", (8, 8), (200, 100, 50, 0))
    clear.save(tmp_path / "clear.png", icc_profile=profile)
    assert np.asarray(read_image(tmp_path / "clear.png")[0]).min() == 255
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([200, 100, 50])
    palette.save(tmp_path / "palette.png", icc_profile=profile)
    found = np.asarray(read_image(tmp_path / "palette.png")[0])[0, 0]
    assert np.abs(found - reference((200, 100, 50), 2.2, DISPLAY_P3)).max() <= 4


def test_gray_and_gray_with_alpha_use_the_gray_curve(tmp_path):
    profile = icc_profile(b"GRAY", 1.0)
    for mode, color in (("L", 128), ("LA", (128, 255))):
        Image.new(mode, (8, 8), color).save(tmp_path / "gray.png", icc_profile=profile)
        assert (
            np.abs(np.asarray(read_image(tmp_path / "gray.png")[0])[0, 0].astype(int) - 188).max()
            <= 2
        )
    assert np.asarray(read_mask(tmp_path / "gray.png")[0])[0, 0] == 128, (
        "the values of a mask are no colors"
    )


def test_sixteen_bits_a_pixel_keep_their_profile(tmp_path):
    Image.fromarray(np.full((8, 8), 128 * 257, np.uint16)).save(
        tmp_path / "deep.tif", icc_profile=icc_profile(b"GRAY", 1.0)
    )
    assert (
        np.abs(np.asarray(read_image(tmp_path / "deep.tif")[0])[0, 0].astype(int) - 188).max() <= 2
    )


def test_srgb_damaged_and_unfitting_profiles_change_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (
        srgb,
        b"",
        b"no profile",
        srgb[:200],
        icc_profile(b"GRAY", 1.0),
        b"\0" * 200,
        b"x" * 17_000_000,
    ):
        image = Image.new("RGB", (4, 4), (200, 100, 50))
        image.info["icc_profile"] = profile
        assert to_srgb(image).getpixel((1, 1)) == (200, 100, 50)


def with_chunks(image, *chunks):
    """The PNG with these chunks before its pixels."""
    data = io.BytesIO()
    image.save(data, "png")
    whole = data.getvalue()
    added = b"".join(
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks
    )
    return whole[:33] + added + whole[33:]


def gama(value):
    return b"gAMA", struct.pack(">I", round(value * 100_000))


def chrm(*values):
    return b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in values))


P3_PLACES = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ((gama(0.45455),), (200, 100, 50)),
        ((gama(1.0),), (229, 168, 124)),
        ((gama(0.45455), chrm(*P3_PLACES)), (216, 94, 24)),
        ((gama(1.0), (b"sRGB", b"\0")), (200, 100, 50)),
        ((gama(0.0),), (200, 100, 50)),
        ((gama(0.5), chrm(*[0.1] * 8)), (200, 100, 50)),
    ],
)
def test_the_chunks_of_a_png_name_its_color_space(tmp_path, chunks, expected):
    for mode in ("RGB", "RGBA"):
        image = Image.new("RGB", (8, 8), (200, 100, 50)).convert(mode)
        (tmp_path / "a.png").write_bytes(with_chunks(image, *chunks))
        found = np.asarray(read_image(tmp_path / "a.png")[0])[4, 4].astype(int)
        assert np.abs(found - expected).max() <= 3


def test_a_camera_marks_adobe_rgb_without_a_profile(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03", 2: b"0100"}
    Image.new("RGB", (16, 16), (60, 200, 90)).save(
        tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0
    )
    found = np.asarray(read_image(tmp_path / "a.jpg")[0])[8, 8]
    assert np.abs(found - reference((60, 200, 90), 2.19921875, ADOBE_RGB)).max() <= 4
