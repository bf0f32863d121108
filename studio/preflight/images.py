"""Checks the source images and masks of a request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import Problem, StudioError
from studio.core.requests import ImageRequest
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


SHAPE_TOLERANCE = 0.01
"""By how much width : height of a mask may differ from that of its picture."""
FOR_ADAPTERS = ("control_image", "ip_adapter_image")
"""Fields of the request: pictures that adapters work with."""


# Before a job runs
# ----------------------------------------------------------------------


def check_images(
    card: ModelCard, request: ImageRequest, *, read_files: bool = True
) -> Problem | None:
    """Return why the model cannot use the request's images and mask; None where it can."""
    problem = check_wish(card, request)
    if problem or not read_files:
        return problem
    sizes = {}
    for name in ("image", *FOR_ADAPTERS):
        if given := getattr(request, name):
            try:
                sizes[name] = image_size(Path(given))
            except StudioError as error:
                return Problem(name, error.message)
    if request.mask_image:
        try:
            check_shape(request, sizes["image"], image_size(Path(request.mask_image)))
        except StudioError as error:
            return Problem("mask_image", error.message)
    return None


def check_wish(card: ModelCard, request: ImageRequest) -> Problem | None:
    """Return what is wrong with the request for this model, without a look at the files."""
    if not request.image:
        missing = needs_image(card)
        return (
            Problem(
                "image",
                f"{card.title} makes nothing from words alone: it needs a picture to change",
            )
            if missing
            else None
        )
    if not takes_image(card):
        return Problem(
            "image", f"{card.title} makes pictures from words only, and cannot start from a picture"
        )
    if request.control_image:
        return Problem(
            "image", "and a control picture are not followed together: take one of them away"
        )
    if request.mask_image and not takes_mask(card):
        return Problem("mask_image", f"{card.title} changes whole pictures, and takes no mask")
    if not request.mask_image and not starts_from_image(card):
        return Problem(
            "mask_image",
            f"{card.title} repaints a part of a picture: it needs a mask that says which",
        )
    steps = request.num_inference_steps
    if has_strength(card, masked=bool(request.mask_image)) and int(steps * request.strength) < 1:
        return Problem(
            "strength",
            f"{request.strength:g} of {steps} {'step' if steps == 1 else 'steps'} is less than one "
            "step: take more of either",
        )
    return None


def describe_fit(size: tuple[int, int], width: int, height: int) -> str:
    """Return what becomes of a picture of this size, as a sentence; empty where it stays as it
    is.
    """
    if size == (width, height):
        return ""
    left, top, right, bottom = _crop(size, width, height)
    said = []
    if right - left < 0.995 * size[0]:
        said.append("cut at the sides")
    elif bottom - top < 0.995 * size[1]:
        said.append("cut at the top and the bottom")
    if abs(right - left - width) >= 1:
        said.append("made smaller" if right - left > width else "made larger")
    return f"{' and '.join(said or ['brought'])} to {width} × {height}.".capitalize()


def check_shape(request: ImageRequest, size: tuple[int, int], mask: tuple[int, int]) -> None:
    """Raise StudioError where a mask of this size does not lie over a picture of that size."""
    if mask == (request.width, request.height):  # made for the result
        return
    if abs(mask[0] / mask[1] / (size[0] / size[1]) - 1) > SHAPE_TOLERANCE and not _nearly(
        size, mask
    ):
        raise StudioError(
            f"The mask is {mask[0]} × {mask[1]} and the picture {size[0]} × {size[1]}; they need "
            "the same shape.",
            cause="invalid",
            cure="Take a mask that was made for this picture.",
        )


def _nearly(size: tuple[int, int], mask: tuple[int, int]) -> bool:
    """True where the shapes differ by less than a pixel of the smaller one: rounding."""
    scale = min(mask[0] / size[0], mask[1] / size[1])
    return abs(size[0] * scale - mask[0]) <= 1 and abs(size[1] * scale - mask[1]) <= 1


def fit_to(picture: Image, width: int, height: int) -> Image:
    """Return the picture in this size; what reaches over its shape is cut off at both sides
    alike.
    """
    from PIL import Image

    if picture.size == (width, height):
        return picture
    box = _crop(picture.size, width, height)
    return picture.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _crop(size: tuple[int, int], width: int, height: int) -> tuple[float, float, float, float]:
    """Return the largest part in the middle that has the shape of width × height: left, top, right,
    bottom.
    """
    scale = min(size[0] / width, size[1] / height)
    cut = ((size[0] - width * scale) / 2, (size[1] - height * scale) / 2)
    return cut[0], cut[1], size[0] - cut[0], size[1] - cut[1]
