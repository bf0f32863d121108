"""Checks a request for a video by the model's card and the first frame's file."""

from __future__ import annotations

from pathlib import Path

import psutil

from studio.core.errors import Problem, StudioError
from studio.core.requests import VideoRequest
from studio.core.translation import tr, tr_marked
from studio.media import video
from studio.media.image_reader import image_size
from studio.models.capabilities import needs_first_frame, takes_first_frame
from studio.models.card import ModelCard

PIXEL_BYTES = 40
"""Least memory per pixel while a video is decoded: three float32 values in three copies.

Measured with a tiny LTX-Video: 44."""


def check_video(
    card: ModelCard, request: VideoRequest, *, read_files: bool = True
) -> Problem | None:
    """Return why the model cannot make the video, or None."""
    if not video.can_write(request.format):
        missing = f"{tr_marked(video.MISSING)} {tr_marked(video.CURE)}"
        return Problem("format", missing.rstrip(".。"))
    size_problem = (
        _check_size(card, request) or _check_frames(card, request) or _check_memory(request)
    )
    return (
        _check_task(card, request)
        or size_problem
        or (_check_first_frame(request) if read_files else None)
    )


def _check_task(card: ModelCard, request: VideoRequest) -> Problem | None:
    if request.image and not takes_first_frame(card):
        return Problem(
            "image",
            tr("{title} makes videos from text only and takes no first frame", title=card.title),
        )
    if not request.image and needs_first_frame(card):
        return Problem("image", tr("{title} needs a first frame: add an image", title=card.title))
    return None


def _check_size(card: ModelCard, request: VideoRequest) -> Problem | None:
    if card.fixed_sizes and (request.width, request.height) not in card.sizes:
        known = tr(" or ").join(f"{width} × {height}" for width, height in card.sizes)
        return Problem(
            "width",
            tr(
                "{title} makes videos of {known} pixels only, not {width} × {height}",
                title=card.title,
                known=known,
                width=request.width,
                height=request.height,
            ),
        )
    for name, value in (("width", request.width), ("height", request.height)):
        if value % card.size_multiple:
            below = value - value % card.size_multiple
            near = tr(" or ").join(
                str(side) for side in (below, below + card.size_multiple) if side
            )
            return Problem(
                name,
                tr(
                    "{value} is not a multiple of {size_multiple}, which {title} needs; choose "
                    "{near}",
                    value=value,
                    size_multiple=card.size_multiple,
                    title=card.title,
                    near=near,
                ),
            )
    return None


def _check_frames(card: ModelCard, request: VideoRequest) -> Problem | None:
    count, step = request.num_frames, card.frame_step
    if card.max_frames and count > card.max_frames:
        return Problem(
            "num_frames",
            tr(
                "{title} makes at most {max_frames} frames, not {count}",
                title=card.title,
                max_frames=card.max_frames,
                count=count,
            ),
        )
    if (count - 1) % step:
        below = count - (count - 1) % step
        sentence = tr(
            "{title} makes a multiple of {step} frames and one more, not {count}; "
            "choose {below} or {above}",
            title=card.title,
            step=step,
            count=count,
            below=below,
            above=below + step,
        )
        return Problem("num_frames", sentence)
    return None


def _check_memory(request: VideoRequest) -> Problem | None:
    need, memory = request.pixels * PIXEL_BYTES, int(psutil.virtual_memory().total)
    if need <= memory:
        return None
    return Problem(
        "num_frames",
        tr(
            "{too_much}, and this computer has {memory:.1f} GB",
            too_much=too_much(request, need),
            memory=memory / 1e9,
        ),
    )


def too_much(request: VideoRequest, need: int) -> str:
    """Return the start of the sentence that refuses a video for its size."""
    return tr(
        "{frames} frames of {width} × {height} take at least {need:.1f} GB of memory while they "
        "are decoded",
        frames=request.num_frames,
        width=request.width,
        height=request.height,
        need=need / 1e9,
    )


def _check_first_frame(request: VideoRequest) -> Problem | None:
    if not request.image:
        return None
    try:
        image_size(Path(request.image))
    except StudioError as error:
        return Problem("image", error.message)
    return None
