"""Fields that requests for images, videos and audio share, named as in diffusers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from studio.core.translation import mark

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff")
"""Extensions of image files that `media.image_reader` reads."""
IMAGE_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
}
"""Format of an image that is written → its media type."""
SchedulerName = Literal["", "dpm++", "euler", "euler-a", "ddim", "lcm", "unipc", "pndm", "heun"]
"""Short names of schedulers, which `engine/runtime/schedulers.py` maps to classes; empty for the
model's own.
"""
Scheduler = Annotated[
    SchedulerName,
    Meta(
        title=mark("Scheduler"),
        description=mark("How noise is removed; empty for the model's own."),
        extra={"advanced": True},
    ),
]


def guidance(
    title: str = mark("Guidance"),
    description: str = mark("How closely to follow the prompt."),
    **extra: Any,
) -> Meta:
    """Return the metadata of a guidance field; `extra` is added to `Meta.extra`."""
    return Meta(
        title=title,
        description=description,
        ge=0,
        le=50,
        extra={"flag": "guidance", "step": 0.5, "advanced": True, **extra},
    )


def negative_prompt(description: str) -> Meta:
    """Return the metadata of a negative prompt field."""
    return Meta(
        title=mark("Negative prompt"),
        description=description,
        extra={"flag": "negative"},
    )


def side(title: str, description: str, *, maximum: int, step: int) -> Meta:
    """Return the metadata of a width or height field, in pixels."""
    return Meta(
        title=title,
        description=description,
        ge=16,
        le=maximum,
        multiple_of=8,
        extra={"unit": "px", "step": step},
    )


Guidance = Annotated[float, guidance()]


MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
