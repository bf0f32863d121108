"""A request for a video."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests.base import Request
from studio.core.requests.shared_fields import (
    IMAGE_SUFFIXES,
    Guidance,
    Scheduler,
    guidance,
    negative_prompt,
    side,
)
from studio.core.translation import mark, tr

VideoFormat = Literal["mp4", "webp"]
"""MP4 (H.264) needs the extra `video`; WebP, which browsers show, does not."""
MAX_SIDE = 2048
"""Of width and height."""
MAX_PIXELS = 2**30
"""Of all frames: 3 GiB of RGB data."""
_BITS_PER_PIXEL = {"mp4": 0.5, "webp": 1.5}


class VideoRequest(Request, frozen=True, kw_only=True, tag="video"):
    """Generate a video from a prompt, with an optional first frame. Fields as in diffusers."""

    media_types: ClassVar = {"mp4": "video/mp4", "webp": "image/webp"}

    negative_prompt: Annotated[str, negative_prompt(mark("What to keep out of the video."))] = ""
    image: Annotated[
        str,
        Meta(
            title=mark("First frame"),
            description=mark("An image that the video begins with."),
            extra={"flag": "image", "file": True},
        ),
    ] = ""
    width: Annotated[
        int,
        side(
            mark("Width"),
            mark("In pixels; the step depends on the model."),
            maximum=MAX_SIDE,
            step=16,
        ),
    ] = 512
    height: Annotated[
        int,
        side(
            mark("Height"),
            mark("In pixels; the step depends on the model."),
            maximum=MAX_SIDE,
            step=16,
        ),
    ] = 512
    num_frames: Annotated[
        int,
        Meta(
            title=mark("Frames"),
            description=mark("Number of images in the video."),
            ge=1,
            le=1025,
            extra={"flag": "frames"},
        ),
    ] = 49
    frame_rate: Annotated[
        int,
        Meta(
            title=mark("Frame rate"),
            description=mark("Images per second; best as the model was trained."),
            ge=1,
            le=60,
            extra={"flag": "fps", "unit": mark("fps")},
        ),
    ] = 16
    num_inference_steps: Annotated[
        int,
        Meta(
            title=mark("Steps"),
            description=mark("More steps refine the video and take longer."),
            ge=1,
            le=500,
            extra={"flag": "steps", "advanced": True},
        ),
    ] = 30
    guidance_scale: Guidance = 5.0
    guidance_scale_2: (
        Annotated[
            float,
            guidance(
                mark("Guidance, second half"),
                mark(
                    "Guidance of the refining half of models with two halves (Wan 2.2 A14B); empty "
                    "for the same."
                ),
                flag="guidance-2",
                advanced=True,
            ),
        ]
        | None
    ) = None
    scheduler: Scheduler = ""
    format: Annotated[
        VideoFormat,
        Meta(
            title=mark("File format"),
            description=mark("The file that is written."),
            extra={"advanced": True},
        ),
    ] = "mp4"

    @property
    def pixels(self) -> int:
        """Pixels of all frames."""
        return self.width * self.height * self.num_frames

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.num_frames / self.frame_rate

    @property
    def work(self) -> float:
        """Steps of 16 frames of 512 × 512."""
        return self.pixels / (16 * 512**2) * self.num_inference_steps

    @property
    def likely_bytes(self) -> int:
        """Above the 0.2 bits per pixel of a grainy video in H.264, and the 1.2 in WebP."""
        return 65_536 + int(self.pixels * _BITS_PER_PIXEL[self.format] / 8)

    def cross_check(self) -> list[Problem]:
        """Check size and first frame's name; `preflight.video.check_video` reads the file."""
        problems = []
        if self.pixels > MAX_PIXELS:
            message = (
                f"{self.width} × {self.height} × {self.num_frames} frames is more than "
                f"{MAX_PIXELS:,} pixels"
            )
            problems.append(Problem("num_frames", message))
        if self.image and not self.image.lower().endswith(IMAGE_SUFFIXES):
            problems.append(
                Problem(
                    "image",
                    tr(
                        "must be an image, whose name ends in {suffixes}",
                        suffixes=", ".join(IMAGE_SUFFIXES),
                    ),
                )
            )
        return problems
