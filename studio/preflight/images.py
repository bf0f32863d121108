"""Checks the source images and masks of a request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import Problem, StudioError
from studio.core.requests import ImageRequest, ImageToolRequest
from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.media.image_reader import image_size
from studio.models.capabilities import (
    has_strength,
    needs_image,
    starts_from_image,
    takes_image,
    takes_mask,
)
from studio.models.card import ModelCard

if TYPE_CHECKING:
    from PIL.Image import Image


MAX_RESULT_PIXELS = 100_000_000
"""Of an enlarged image: it takes about 30 bytes of memory per pixel."""
SHAPE_TOLERANCE = 0.01
"""Largest relative difference between the aspect ratios of a mask and its image."""
_FITS = (
    (
        mark("Fitted to {width} × {height}."),
        mark("Reduced to {width} × {height}."),
        mark("Enlarged to {width} × {height}."),
    ),
    (
        mark("Cropped at the sides to {width} × {height}."),
        mark("Cropped at the sides and reduced to {width} × {height}."),
        mark("Cropped at the sides and enlarged to {width} × {height}."),
    ),
    (
        mark("Cropped at the top and the bottom to {width} × {height}."),
        mark("Cropped at the top and the bottom and reduced to {width} × {height}."),
        mark("Cropped at the top and the bottom and enlarged to {width} × {height}."),
    ),
)
"""What is cropped (nothing, sides, top and bottom) → same size, reduced, enlarged."""
ADAPTER_IMAGE_FIELDS = ("control_image", "ip_adapter_image")
"""Request fields of the images that ControlNets and IP-Adapters use."""


def check_images(
    card: ModelCard, request: ImageRequest, *, read_files: bool = True
) -> Problem | None:
    """Return why the model cannot use the request's images and mask; None if it can."""
    problem = check_image_settings(card, request)
    if problem or not read_files:
        return problem
    sizes = {}
    for name in ("image", *ADAPTER_IMAGE_FIELDS):
        if path := getattr(request, name):
            try:
                sizes[name] = image_size(Path(path))
            except StudioError as error:
                return Problem(name, error.message)
    if request.mask_image:
        try:
            check_shape(request, sizes["image"], image_size(Path(request.mask_image)))
        except StudioError as error:
            return Problem("mask_image", error.message)
    return None


def check_tool_image(request: ImageToolRequest, *, read_files: bool) -> Problem | None:
    """Return why a tool cannot work on the request's image; None if it can."""
    if not request.image:
        return Problem("image", tr("is missing"))
    if not read_files:
        return None
    try:
        width, height = image_size(Path(request.image))
    except StudioError as error:
        return Problem("image", error.message)
    if request.tool == "outpaint":
        left, top, right, bottom = request.added
        if (left + width + right) * (top + height + bottom) > MAX_RESULT_PIXELS:
            limit = MAX_RESULT_PIXELS // 10**6
            return Problem("left", tr("makes more than {limit} million pixels", limit=limit))
    scale = request.scale if request.tool == "upscale" else 1
    if width * height * scale**2 > MAX_RESULT_PIXELS:
        return Problem(
            "scale",
            tr(
                "{width} × {height} pixels, {scale} times as large, are more than {limit} million",
                width=width,
                height=height,
                scale=scale,
                limit=MAX_RESULT_PIXELS // 10**6,
            ),
        )
    return None


def check_image_settings(card: ModelCard, request: ImageRequest) -> Problem | None:
    """Return why the model cannot use the request's image settings, without reading files."""
    if not request.image:
        if not needs_image(card):
            return None
        return Problem(
            "image", tr("{title} cannot work from a prompt alone: add an image", title=card.title)
        )
    if not takes_image(card):
        return Problem(
            "image",
            tr(
                "{title} makes images from text only, and cannot start from an image",
                title=card.title,
            ),
        )
    if request.control_image:
        return Problem(
            "image", tr("and a control image cannot be used together: remove one of them")
        )
    if request.mask_image and not takes_mask(card):
        return Problem(
            "mask_image", tr("{title} changes whole images, and takes no mask", title=card.title)
        )
    if not request.mask_image and not starts_from_image(card):
        return Problem(
            "mask_image",
            tr("{title} repaints a part of an image: add a mask", title=card.title),
        )
    steps = request.num_inference_steps
    if has_strength(card, masked=bool(request.mask_image)) and int(steps * request.strength) < 1:
        return Problem(
            "strength",
            tr_plural(
                "{strength:g} of {count} step is less than one step: increase strength or steps",
                "{strength:g} of {count} steps is less than one step: increase strength or steps",
                steps,
                strength=request.strength,
            ),
        )
    return None


def describe_fit(size: tuple[int, int], width: int, height: int) -> str:
    """Return how an image of this size is fitted, as a sentence; empty if it stays unchanged."""
    if size == (width, height):
        return ""
    left, top, right, bottom = _crop(size, width, height)
    resized = 0 if abs(right - left - width) < 1 else 1 if right - left > width else 2
    cropped = 1 if right - left < 0.995 * size[0] else 2 if bottom - top < 0.995 * size[1] else 0
    return tr_marked(_FITS[cropped][resized]).format(width=width, height=height)


def check_shape(request: ImageRequest, size: tuple[int, int], mask: tuple[int, int]) -> None:
    """Raise StudioError if a mask of size `mask` has another shape than an image of `size`."""
    if mask == (request.width, request.height):  # it was made for the result
        return
    if abs(
        mask[0] / mask[1] / (size[0] / size[1]) - 1
    ) > SHAPE_TOLERANCE and not _differs_by_rounding(size, mask):
        raise StudioError(
            tr(
                "The mask is {mask_width} × {mask_height} and the image {width} × {height}; they "
                "need the same shape.",
                mask_width=mask[0],
                mask_height=mask[1],
                width=size[0],
                height=size[1],
            ),
            cause="invalid",
            cure=tr("Use a mask that was made for this image."),
        )


def _differs_by_rounding(size: tuple[int, int], mask: tuple[int, int]) -> bool:
    """Return whether the shapes differ by at most one pixel of the smaller one."""
    scale = min(mask[0] / size[0], mask[1] / size[1])
    return abs(size[0] * scale - mask[0]) <= 1 and abs(size[1] * scale - mask[1]) <= 1


def is_cropped(size: tuple[int, int], width: int, height: int) -> bool:
    """True if an image of this size loses a part of it where it is fitted to width × height."""
    left, top, right, bottom = _crop(size, width, height)
    return right - left < 0.995 * size[0] or bottom - top < 0.995 * size[1]


def fit_to(image: Image, width: int, height: int) -> Image:
    """Return the image in this size, cropped at the center to the same shape."""
    from PIL import Image

    if image.size == (width, height):
        return image
    box = _crop(image.size, width, height)
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _crop(size: tuple[int, int], width: int, height: int) -> tuple[float, float, float, float]:
    """Return the largest centered box of shape width × height: left, top, right, bottom."""
    scale = min(size[0] / width, size[1] / height)
    cut = ((size[0] - width * scale) / 2, (size[1] - height * scale) / 2)
    return cut[0], cut[1], size[0] - cut[0], size[1] - cut[1]
