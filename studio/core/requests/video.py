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

VideoFormat = Literal["mp4", "webp"]
"""MP4 (H.264) needs the extra `video`; WebP, which browsers show, does not."""
MAX_PIXELS = 2**30
"""Of all frames together: 3 GiB of red, green and blue."""
_BITS_A_PIXEL = {"mp4": 0.5, "webp": 1.5}


class VideoRequest(Request, frozen=True, kw_only=True, tag="video"):
    """Make a video from a prompt, and a first frame where one is given. The fields are those of a
    diffusers pipeline's call.
    """

    media_types: ClassVar = {"mp4": "video/mp4", "webp": "image/webp"}

    negative_prompt: Annotated[str, negative_prompt("video")] = ""
    image: Annotated[
        str,
        Meta(
            title="First frame",
            description="A picture that the video begins with.",
            extra={"flag": "image", "file": True},
        ),
    ] = ""
    width: Annotated[
        int,
        side("Width", "In pixels; the model says of what it is a multiple.", most=2048, step=16),
    ] = 512
    height: Annotated[
        int,
        side("Height", "In pixels; the model says of what it is a multiple.", most=2048, step=16),
    ] = 512
    num_frames: Annotated[
        int,
        Meta(
            title="Frames",
            description="How many pictures the video has.",
            ge=1,
            le=1025,
            extra={"flag": "frames"},
        ),
    ] = 49
    frame_rate: Annotated[
        int,
        Meta(
            title="Frame rate",
            description="Pictures a second; best as the model was trained.",
            ge=1,
            le=60,
            extra={"flag": "fps", "unit": "fps"},
        ),
    ] = 16
    num_inference_steps: Annotated[
        int,
        Meta(
            title="Steps",
            description="More steps refine the video and take longer.",
            ge=1,
            le=500,
            extra={"flag": "steps"},
        ),
    ] = 30
    guidance_scale: Guidance = 5.0
    guidance_scale_2: (
        Annotated[
            float,
            guidance(
                "Guidance, second half",
                "For models of two halves (Wan 2.2 A14B): that of the one which refines; empty "
                "takes the same.",
                flag="guidance-2",
                advanced=True,
            ),
        ]
        | None
    ) = None
    scheduler: Scheduler = ""
    format: Annotated[
        VideoFormat, Meta(title="File format", description="The file that is written.")
    ] = "mp4"

    @property
    def pixels(self) -> int:
        """Of all frames together."""
        return self.width * self.height * self.num_frames

    @property
    def seconds(self) -> float:
        """How long the video is."""
        return self.num_frames / self.frame_rate

    @property
    def work(self) -> float:
        """Steps of 16 frames of 512 × 512."""
        return self.pixels / (16 * 512**2) * self.num_inference_steps

    @property
    def likely_bytes(self) -> int:
        """A moving picture with some grain takes 0.2 bits a pixel in H.264 at this quality, and 1.2
        in WebP.
        """
        return 65_536 + int(self.pixels * _BITS_A_PIXEL[self.format] / 8)

    def cross_check(self) -> list[Problem]:
        """What the first frame's file holds is seen by `preflight.video.check_video`: a request
        outlives its files.
        """
        problems = []
        if self.pixels > MAX_PIXELS:
            said = (
                f"{self.width} × {self.height} × {self.num_frames} frames is more than "
                f"{MAX_PIXELS:,} pixels"
            )
            problems.append(Problem("num_frames", said))
        if self.image and not self.image.lower().endswith(IMAGE_SUFFIXES):
            problems.append(
                Problem("image", f"must be a picture: its name ends in {', '.join(IMAGE_SUFFIXES)}")
            )
        return problems
