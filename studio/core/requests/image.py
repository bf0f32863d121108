"""A request for pictures."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests.base import Request

MAX_PIXELS = 4096 * 4096

Scheduler = Literal["", "dpm++", "euler", "euler-a", "ddim", "lcm", "unipc", "pndm", "heun"]
"""The scheduler's short name; empty keeps the model's own. `engine/schedulers.py` maps it to diffusers' class."""


class ImageRequest(Request, frozen=True, kw_only=True, tag="image"):
    """Make pictures from a prompt. The fields are those of a diffusers pipeline's call; sizes are in pixels."""

    media_types: ClassVar = {"png": "image/png"}
    title: ClassVar = "Image"

    negative_prompt: Annotated[
        str, Meta(title="Negative prompt", description="What to keep out of the picture.", extra={"flag": "negative"})
    ] = ""
    width: Annotated[
        int,
        Meta(
            title="Width",
            description="In pixels, a multiple of 8.",
            ge=16,
            le=4096,
            multiple_of=8,
            extra={"unit": "px", "step": 8},
        ),
    ] = 512
    height: Annotated[
        int,
        Meta(
            title="Height",
            description="In pixels, a multiple of 8.",
            ge=16,
            le=4096,
            multiple_of=8,
            extra={"unit": "px", "step": 8},
        ),
    ] = 512
    num_inference_steps: Annotated[
        int,
        Meta(title="Steps", description="More steps refine the picture and take longer.", ge=1, le=500, extra={"flag": "steps"}),
    ] = 25
    guidance_scale: Annotated[
        float,
        Meta(
            title="Guidance",
            description="How closely to follow the prompt.",
            ge=0,
            le=50,
            extra={"flag": "guidance", "step": 0.5},
        ),
    ] = 7.5
    scheduler: Annotated[Scheduler, Meta(title="Scheduler", description="How noise is removed; empty keeps the model's own.")] = (
        ""
    )
    num_images_per_prompt: Annotated[
        int,
        Meta(
            title="Count", description="How many pictures; each next one has the next seed.", ge=1, le=64, extra={"flag": "count"}
        ),
    ] = 1

    @property
    def result_count(self) -> int:
        """One artifact a picture."""
        return self.num_images_per_prompt

    @property
    def work(self) -> float:
        """Steps of a picture of 512 × 512."""
        return self.width * self.height / 512**2 * self.num_inference_steps * self.num_images_per_prompt

    @property
    def likely_bytes(self) -> int:
        """A lossless photograph takes about two bytes a pixel, of three."""
        return (self.width * self.height * 2 + 4096) * self.num_images_per_prompt

    @property
    def together(self) -> tuple[object, ...] | None:
        """Everything but prompts and seed."""
        if self.num_images_per_prompt > 1:
            return None
        size = (self.width, self.height, self.num_inference_steps, self.guidance_scale, self.scheduler)
        return (self.kind, self.model, *size, bool(self.negative_prompt))

    def cross_check(self) -> list[Problem]:
        """A picture has to fit in memory."""
        if self.width * self.height > MAX_PIXELS:
            return [Problem("width", f"{self.width} × {self.height} is more than {MAX_PIXELS:,} pixels")]
        return []
