"""A request for pictures."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests import adapter_list
from studio.core.requests.base import Request
from studio.core.requests.shared_fields import Guidance, Scheduler, negative_prompt, side

MAX_PIXELS = 4096 * 4096


class ImageRequest(Request, frozen=True, kw_only=True, tag="image"):
    """Make pictures from a prompt. The fields are those of a diffusers pipeline's call; sizes are
    in pixels.
    """

    media_types: ClassVar = {"png": "image/png"}

    negative_prompt: Annotated[str, negative_prompt("picture")] = ""
    width: Annotated[int, side("Width", "In pixels, a multiple of 8.", most=4096, step=8)] = 512
    height: Annotated[int, side("Height", "In pixels, a multiple of 8.", most=4096, step=8)] = 512
    num_inference_steps: Annotated[
        int,
        Meta(
            title="Steps",
            description="More steps refine the picture and take longer.",
            ge=1,
            le=500,
            extra={"flag": "steps"},
        ),
    ] = 25
    guidance_scale: Guidance = 7.5
    scheduler: Scheduler = ""
    num_images_per_prompt: Annotated[
        int,
        Meta(
            title="Count",
            description="How many pictures; each next one has the next seed.",
            ge=1,
            le=64,
            extra={"flag": "count"},
        ),
    ] = 1

    image: Annotated[
        str,
        Meta(
            title="Picture",
            description="A picture to start from; what reaches over the size's shape is cut off at "
            "both sides alike.",
            extra={"flag": "image", "file": True},
        ),
    ] = ""
    strength: Annotated[
        float,
        Meta(
            title="Strength",
            description="How much of the given picture is made anew; 1 is all. Only so much of the "
            "steps is done.",
            gt=0,
            le=1,
            extra={"step": 0.05},
        ),
    ] = 0.75
    mask_image: Annotated[
        str,
        Meta(
            title="Mask",
            description="A picture of the same shape: what is white in it is repainted, what is "
            "black stays as it is.",
            extra={"flag": "mask", "file": True},
        ),
    ] = ""
    adapters: Annotated[
        str,
        Meta(
            title="Adapters",
            description="Installed LoRAs and other adapters that fit the model, with their "
            "strengths: pixel-art:0.8, grain:0.5.",
            extra={"flag": "lora", "many": True},
        ),
    ] = ""
    control_image: Annotated[
        str,
        Meta(
            title="Control picture",
            description="A picture that a chosen ControlNet follows: edges, a pose, depth …, as it "
            "was trained for.",
            extra={"file": True},
        ),
    ] = ""
    ip_adapter_image: Annotated[
        str,
        Meta(
            title="Example picture",
            description="A picture whose look a chosen IP-Adapter takes over.",
            extra={"file": True},
        ),
    ] = ""

    @property
    def result_count(self) -> int:
        """One artifact a picture."""
        return self.num_images_per_prompt

    @property
    def work(self) -> float:
        """Steps of a picture of 512 × 512."""
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
        """A lossless photograph takes about two bytes a pixel, of three."""
        return (self.width * self.height * 2 + 4096) * self.num_images_per_prompt

    @property
    def batch_key(self) -> tuple[object, ...] | None:
        """Everything but prompts and seed; a given picture is a thing of its own."""
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
        return (self.kind, self.model, *size, self.adapters, bool(self.negative_prompt))

    def cross_check(self) -> list[Problem]:
        """A picture has to fit in memory. What given files hold is seen by `engine.image_inputs`: a
        request outlives them.
        """
        if self.width * self.height > MAX_PIXELS:
            return [
                Problem("width", f"{self.width} × {self.height} is more than {MAX_PIXELS:,} pixels")
            ]
        if self.mask_image and not self.image:
            return [
                Problem(
                    "mask_image", "says what of a picture is repainted: it needs the picture too"
                )
            ]
        return adapter_list.check("adapters", self.adapters)
