"""Pictures that a request starts from, and masks: checked before a job runs, read with limits,
fitted to the request's size.
"""

from __future__ import annotations

import inspect
import types
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.engine.runtime.task_pipeline import pipeline_for_task
from studio.media.image_reader import read_mask, read_picture, short_name
from studio.models.card import ModelCard
from studio.preflight.images import check_shape, check_wish, fit_to

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.engine.image.load import ImagePipeline


# For the pipeline
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Inputs:
    """What a request gives to the pipeline besides words: the pipeline for it, its arguments, and
    how the result is finished.
    """

    pipeline: ImagePipeline
    steps: int
    """That are really done for one picture."""
    arguments: dict[str, Any] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    """Field of the request → hash of the file."""
    picture: NDArray[Any] | None = None
    mask: NDArray[Any] | None = None

    def finished(self, pixels: Any) -> Any:
        """Return the result in the wished size; with a mask what it leaves black is as it was
        given, to the bit.
        """
        if self.picture is None:
            return pixels
        import numpy as np
        from PIL import Image

        if (
            pixels.shape != self.picture.shape
        ):  # Qwen-Image-Edit repaints a million pixels, whatever was wished
            height, width = self.picture.shape[:2]
            pixels = np.asarray(
                Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS)
            )
        if self.mask is None:
            return pixels
        share = self.mask[..., None].astype(np.float32) / 255
        mixed = (pixels * share + self.picture * (1 - share)).round().astype(np.uint8)
        return np.where(share == 0, self.picture, np.where(share == 1, pixels, mixed))


def prepare(request: ImageRequest, pipeline: ImagePipeline, card: ModelCard) -> Inputs:
    """Return what the request gives, read and fitted. Raises StudioError where the model cannot
    begin with it.
    """
    if problem := check_wish(card, request):
        raise StudioError(
            f"{problem.message}.", cause="invalid", cure="Change it, or choose another model."
        )
    if not request.image:
        return Inputs(pipeline, request.num_inference_steps)
    import numpy as np

    picture, digest = read_picture(Path(request.image))
    given, told = picture.size, {"image": digest}
    fitted = fit_to(picture, request.width, request.height)
    arguments: dict[str, Any] = {"image": fitted}
    mask = None
    if request.mask_image:
        grey, told["mask_image"] = read_mask(Path(request.mask_image))
        check_shape(request, given, grey.size)
        if grey.size != (request.width, request.height):
            grey = fit_to(
                grey.resize(given) if grey.size != given else grey, request.width, request.height
            )
        mask = np.asarray(grey)
        if not mask.any():
            raise StudioError(
                f"{short_name(Path(request.mask_image))} has nothing white where the picture is: "
                "nothing would be repainted.",
                cause="invalid",
                cure="Paint white what is to change.",
            )
        arguments["mask_image"] = grey
    able = _pipeline_for_input(pipeline, masked=mask is not None)
    steps = request.num_inference_steps
    if "strength" in able.parameters:
        arguments["strength"], steps = _whole_steps(able.pipe, steps, request.strength)
    if (
        "_auto_resize" in able.parameters
    ):  # Kontext was trained on a million pixels; small pictures are not blown up to that
        arguments["_auto_resize"] = request.width * request.height >= 512 * 512
    return Inputs(able, steps, arguments, told, np.asarray(fitted), mask)


def _pipeline_for_input(pipeline: ImagePipeline, *, masked: bool) -> ImagePipeline:
    """Return the pipeline over the same components that takes an image, or an image and a mask."""
    if ("mask_image" if masked else "image") in pipeline.parameters:
        return pipeline
    pipe = pipeline_for_task(pipeline.pipe, "inpaint" if masked else "image-to-image")
    if pipe is None:
        raise StudioError(
            f"{type(pipeline.pipe).__name__} models cannot start from an image.",
            cause="invalid",
            cure="Remove the image, or choose another model.",
        )
    return replace(
        pipeline, pipe=pipe, parameters=frozenset(inspect.signature(pipe.__call__).parameters)
    )


def _whole_steps(pipe: Any, steps: int, strength: float) -> tuple[float, int]:
    """Return the strength to ask for and the steps that are then done: as many as there are whole
    ones in steps × strength.

    Families that round up would do all of four steps at 0.8, and so begin with noise and forget the
    picture.
    """
    whole = max(1, int(steps * strength))
    for asked in (strength, whole / steps, whole / steps - 1e-6):
        if _steps_done(pipe, steps, asked) == whole:
            return asked, whole
    return strength, _steps_done(pipe, steps, strength)


def _steps_done(pipe: Any, steps: int, strength: float) -> int:
    """Return how many of the steps the pipeline does, by its own rule: families round differently,
    and some do all.
    """
    rule = getattr(type(pipe), "get_timesteps", None)
    if rule is None or type(pipe).__name__.startswith(
        "LatentConsistency"
    ):  # which has the rule and does not follow it
        return steps
    counting = types.SimpleNamespace(order=1, timesteps=range(steps))
    done = rule(types.SimpleNamespace(scheduler=counting), steps, strength, "cpu")[1]
    return max(1, int(done))
