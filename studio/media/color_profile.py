"""Converts decoded images to sRGB, from the color space that their file names.

In this order, as browsers do: an embedded ICC profile; the color codes of an AVIF; PNG's gAMA and
cHRM chunks (PNG specification, 11.3.2); the Exif interoperability index "R03", by which cameras
mark Adobe RGB without a profile (DCF 2.0).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

MAX_PROFILE_BYTES = 16 * 2**20
_INTEROPERABILITY_IFD, _INTEROPERABILITY_INDEX = 0xA005, 0x0001
_PROFILE_MODES = {b"RGB ": ("RGB", "RGBA"), b"GRAY": ("L",), b"CMYK": ("CMYK",), b"Lab ": ("LAB",)}
"""Color space of a profile (ICC.1, 7.2.6) → modes of images that it describes."""
_MAX_ROWS = 256
"""Rows that are converted at a time, to bound the memory of the floating-point copy."""


class _Space(NamedTuple):
    """An RGB color space."""

    gamma: float
    """Exponent from encoded to linear values; 0 for the curve of sRGB."""
    chromaticities: tuple[float, ...]
    """x and y of white, red, green, blue (CIE 1931)."""


_SRGB_CHROMATICITIES = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_ADOBE_RGB = _Space(563 / 256, (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06))
_SRGB_GAMMA = 1 / 0.45455
_BY_PRIMARIES = {
    9: _Space(0, (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),
    12: _Space(0, (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
}
"""Code of primaries (ITU-T H.273, table 2) → BT.2020 and Display P3, with the curve of sRGB."""
_HDR_TRANSFERS = (16, 18)
"""PQ and HLG, whose brightness would have to be reduced; their colors are left as they are."""
COLOR_CODES = "color_codes"
"""Key of `Image.info`: codes of primaries and transfer."""


def to_srgb(image: Image) -> Image:
    """Return the image in sRGB; unchanged without a color space, or with a damaged profile.

    Takes and returns 8 bits per channel and keeps alpha. CMYK and LAB with a profile become RGB.
    """
    profile = image.info.get("icc_profile")
    if profile:
        return _by_profile(image, profile)
    space = _named_space(image)
    return image if space is None else _by_space(image, space)


def _by_profile(image: Image, profile: bytes) -> Image:
    from PIL import ImageCms

    if len(profile) > MAX_PROFILE_BYTES:
        return image
    image = _without_palette(image)
    modes = _PROFILE_MODES.get(profile[16:20], ())
    has_gray_alpha = image.mode == "LA" and modes == ("L",)
    if image.mode not in modes and not has_gray_alpha:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if (ImageCms.getProfileDescription(source) or "").lower().startswith("srgb"):
            return image
        target = ImageCms.createProfile("sRGB")
        if has_gray_alpha:
            converted = ImageCms.profileToProfile(
                image.getchannel("L"), source, target, outputMode="RGB"
            )
            if converted is not None:
                converted.putalpha(image.getchannel("A"))
        else:
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            converted = ImageCms.profileToProfile(image, source, target, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):  # a damaged profile
        return image
    return image if converted is None else converted


def _without_palette(image: Image) -> Image:
    if image.mode not in ("P", "PA"):
        return image
    return image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")


def _named_space(image: Image) -> _Space | None:
    """Return the color space that the file names without a profile; None for sRGB."""
    if COLOR_CODES in image.info:
        primaries, transfer = image.info[COLOR_CODES]
        return None if transfer in _HDR_TRANSFERS else _BY_PRIMARIES.get(primaries)
    if "srgb" in image.info:
        return None
    if "gamma" in image.info:
        file_gamma = image.info["gamma"]
        gamma = 1 / file_gamma if file_gamma else _SRGB_GAMMA
        points = tuple(image.info.get("chromaticity") or _SRGB_CHROMATICITIES)
        near = all(abs(a - b) < 0.003 for a, b in zip(points, _SRGB_CHROMATICITIES, strict=False))
        if (
            (near and abs(gamma - _SRGB_GAMMA) < 0.05)
            or not 0.2 < gamma < 5
            or len(points) != len(_SRGB_CHROMATICITIES)
        ):
            return None
        return _Space(gamma, points)
    try:
        index = image.getexif().get_ifd(_INTEROPERABILITY_IFD).get(_INTEROPERABILITY_INDEX)
    except (OSError, ValueError, SyntaxError, LookupError, TypeError):  # damaged metadata
        return None
    return _ADOBE_RGB if index in ("R03", b"R03\0", "R03\0") else None


def _by_space(image: Image, space: _Space) -> Image:
    import numpy as np
    from PIL import Image as Images

    image = _without_palette(image)
    if image.mode in ("1", "L", "LA"):
        image = image.convert("RGBA" if image.mode == "LA" else "RGB")
    if image.mode not in ("RGB", "RGBA"):
        return image
    try:
        matrix = np.linalg.inv(_to_xyz(_SRGB_CHROMATICITIES)) @ _to_xyz(space.chromaticities)
    except np.linalg.LinAlgError:  # impossible chromaticities
        return image
    pixels = np.array(image)
    levels = np.arange(256, dtype=np.float32) / 255
    decoded = levels**space.gamma
    if not space.gamma:
        decoded = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    for top in range(0, len(pixels), _MAX_ROWS):
        rows = pixels[top : top + _MAX_ROWS, :, :3]
        linear = np.clip(decoded[rows] @ matrix.T.astype(np.float32), 0, 1)
        encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        rows[:] = (encoded * 255).round().astype(np.uint8)
    return Images.fromarray(pixels, image.mode)


def _to_xyz(chromaticities: tuple[float, ...]) -> NDArray[Any]:
    """Return the matrix from linear RGB to CIE XYZ, with white at luminance 1 (SMPTE RP 177)."""
    import numpy as np

    white, *primaries = [
        np.array([x / y, 1, (1 - x - y) / y])
        for x, y in zip(*[iter(chromaticities)] * 2, strict=True)
    ]
    columns = np.stack(primaries, axis=1)
    return columns * np.linalg.solve(columns, white)
