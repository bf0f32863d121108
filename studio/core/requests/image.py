"""A request for images."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests import adapter_list
from studio.core.requests.base import Request
from studio.core.requests.prompt_syntax.tags import TAG
from studio.core.requests.shared_fields import (
    IMAGE_TYPES,
    Guidance,
    Scheduler,
    negative_prompt,
    side,
)
from studio.core.settings import ImageFormat
from studio.core.translation import mark, tr

MAX_SIDE = 4096
MAX_PIXELS = MAX_SIDE * MAX_SIDE


class ImageRequest(Request, frozen=True, kw_only=True, tag="image"):
    """Generate images from a prompt. Fields are named as in diffusers; sizes are in pixels."""

    media_types: ClassVar = IMAGE_TYPES

    negative_prompt: Annotated[str, negative_prompt(mark("What to keep out of the image."))] = ""
    style_preset: Annotated[
        str,
        Meta(
            title=mark("Style"),
            description=mark(
                "A named style, such as watercolor, or an own one: ink drawing of {prompt} --no "
                "color."
            ),
            max_length=2_000,
            extra={"flag": "style-preset"},
        ),
    ] = ""
    width: Annotated[
        int, side(mark("Width"), mark("In pixels, a multiple of 8."), maximum=MAX_SIDE, step=8)
    ] = 512
    height: Annotated[
        int, side(mark("Height"), mark("In pixels, a multiple of 8."), maximum=MAX_SIDE, step=8)
    ] = 512
    num_inference_steps: Annotated[
        int,
        Meta(
            title=mark("Steps"),
            description=mark("More steps refine the image and take longer."),
            ge=1,
            le=500,
            extra={"flag": "steps", "slider": (1, 60)},
        ),
    ] = 25
    guidance_scale: Guidance = 7.5
    scheduler: Scheduler = ""
    num_images_per_prompt: Annotated[
        int,
        Meta(
            title=mark("Count"),
            description=mark("Number of images; each has the next seed."),
            ge=1,
            le=64,
            extra={"flag": "count", "slider": (1, 9)},
        ),
    ] = 1

    image: Annotated[
        str,
        Meta(
            title=mark("Image"),
            description=mark("An image to start from; it is cropped to the size's aspect ratio."),
            extra={"flag": "image", "file": True},
        ),
    ] = ""
    strength: Annotated[
        float,
        Meta(
            title=mark("Strength"),
            description=mark(
                "How much the image changes: 1 ignores it. Only this share of the steps runs."
            ),
            gt=0,
            le=1,
            extra={"step": 0.05},
        ),
    ] = 0.75
    mask_image: Annotated[
        str,
        Meta(
            title=mark("Mask"),
            description=mark(
                "An image of the same shape: white areas are repainted, black ones stay."
            ),
            extra={"flag": "mask", "file": True},
        ),
    ] = ""
    adapters: Annotated[
        str,
        Meta(
            title=mark("Adapters"),
            description=mark(
                "Installed LoRAs and other adapters that fit the model, with their "
                "strengths: pixel-art:0.8, grain:0.5."
            ),
            extra={"flag": "lora", "many": True},
        ),
    ] = ""
    control_image: Annotated[
        str,
        Meta(
            title=mark("Control image"),
            description=mark(
                "An image that a ControlNet follows: edges, a pose or depth, depending on "
                "the ControlNet."
            ),
            extra={"file": True},
        ),
    ] = ""
    ip_adapter_image: Annotated[
        str,
        Meta(
            title=mark("Reference image"),
            description=mark("An image whose look an IP-Adapter transfers."),
            extra={"file": True},
        ),
    ] = ""
    format: Annotated[
        ImageFormat,
        Meta(
            title=mark("File format"),
            description=mark(
                "The file that is written. PNG loses nothing; JPEG, WebP and AVIF are smaller."
            ),
            extra={"advanced": True},
        ),
    ] = "png"

    @property
    def result_count(self) -> int:
        """One artifact per image."""
        return self.num_images_per_prompt

    @property
    def work(self) -> float:
        """Steps of a 512 × 512 image."""
        share = self.strength if self.image else 1.0
        return (
            self.width
            * self.height
            / 512**2
            * self.num_inference_steps
            * share
            * self.num_images_per_prompt
        )

    @property
    def likely_bytes(self) -> int:
        """About two bytes per pixel for a lossless photograph."""
        return (self.width * self.height * 2 + 4096) * self.num_images_per_prompt

    @property
    def batch_key(self) -> tuple[object, ...] | None:
        """Everything but prompts and seed; None for jobs with a source image."""
        if (
            self.num_images_per_prompt > 1
            or self.image
            or self.control_image
            or self.ip_adapter_image
        ):
            return None
        size = (
            self.width,
            self.height,
            self.num_inference_steps,
            self.guidance_scale,
            self.scheduler,
        )
        adapters = (
            self.style_preset,
            self.adapters,
            *TAG.findall(self.prompt),
            *TAG.findall(self.negative_prompt),
        )
        return (self.kind, self.model, *size, adapters, bool(self.negative_prompt))

    def cross_check(self) -> list[Problem]:
        """Check size and related fields; `preflight.images` reads the files."""
        if self.width * self.height > MAX_PIXELS:
            return [
                Problem(
                    "width",
                    tr(
                        "{width} × {height} is more than {limit:,} pixels",
                        width=self.width,
                        height=self.height,
                        limit=MAX_PIXELS,
                    ),
                )
            ]
        if self.mask_image and not self.image:
            return [Problem("mask_image", tr("needs an image: it selects what is repainted in it"))]
        return self._check_style() or adapter_list.check("adapters", self.adapters)

    def _check_style(self) -> list[Problem]:
        if not self.style_preset:
            return []
        from studio.core.requests.prompt_syntax.styles import find_style  # reads a file

        try:
            find_style(self.style_preset)
        except ValueError as error:
            return [Problem("style_preset", str(error))]
        return []

    @property
    def styled_prompts(self) -> tuple[str, str]:
        """The prompt and the negative prompt, each with the style."""
        if not self.style_preset:
            return self.prompt, self.negative_prompt
        from studio.core.requests.prompt_syntax.styles import styled  # reads a file

        return styled(self.prompt, self.negative_prompt, self.style_preset)
