"""Fields that requests for pictures, videos and sounds share; their names are those of a diffusers
pipeline's call.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
"""How the names of images end that a request can start from; `engine.image_inputs` reads what is in
them.
"""
SchedulerName = Literal["", "dpm++", "euler", "euler-a", "ddim", "lcm", "unipc", "pndm", "heun"]
"""The scheduler's short name; empty keeps the model's own. `engine/runtime/schedulers.py` maps it
to diffusers' class.
"""
Scheduler = Annotated[
    SchedulerName,
    Meta(title="Scheduler", description="How noise is removed; empty keeps the model's own."),
]


def guidance(
    title: str = "Guidance", description: str = "How closely to follow the prompt.", **extra: Any
) -> Meta:
    """Return what a field of guidance is; `extra` is added to the hints for form and command
    line.
    """
    return Meta(
        title=title,
        description=description,
        ge=0,
        le=50,
        extra={"flag": "guidance", "step": 0.5, **extra},
    )


def negative_prompt(what: str) -> Meta:
    """Return what the field of a negative prompt is; `what` is made."""
    return Meta(
        title="Negative prompt",
        description=f"What to keep out of the {what}.",
        extra={"flag": "negative"},
    )


def side(title: str, description: str, *, most: int, step: int) -> Meta:
    """Return what a field of width or height is, in pixels."""
    return Meta(
        title=title,
        description=description,
        ge=16,
        le=most,
        multiple_of=8,
        extra={"unit": "px", "step": step},
    )


Guidance = Annotated[float, guidance()]


MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
