"""Reads a request's source image and mask, fits them to its size, and picks a pipeline for them."""

from __future__ import annotations

import inspect
import types
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.core.translation import tr
from studio.engine.runtime.task_pipeline import pipeline_for_task, pipeline_of_class
from studio.media.image_reader import read_image, read_mask, short_name
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.models.families.record import Family
from studio.preflight.images import check_image_settings, check_shape, fit_to

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from studio.engine.image.load import ImagePipeline


@dataclass(frozen=True)
class Inputs:
    """The pipeline for a request, and the arguments that its source images become."""

    pipeline: ImagePipeline
    steps: int
    """Steps that one image really takes."""
    arguments: dict[str, Any] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    """Field of the request → hash of the file."""
    image: NDArray[Any] | None = None
    """The source image and its mask in the requested size."""
    mask: NDArray[Any] | None = None

    def finish(self, pixels: Any) -> Any:
        """Return the result in the requested size; unmasked pixels are exactly the source's."""
        if self.image is None:
            return pixels
        import numpy as np
        from PIL import Image

        # Qwen-Image-Edit draws a million pixels, whatever size it is asked for.
        if pixels.shape != self.image.shape:
            height, width = self.image.shape[:2]
            pixels = np.asarray(
                Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS)
            )
        if self.mask is None:
            return pixels
        share = self.mask[..., None].astype(np.float32) / 255
        mixed = (pixels * share + self.image * (1 - share)).round().astype(np.uint8)
        return np.where(share == 0, self.image, np.where(share == 1, pixels, mixed))


def prepare(
    request: ImageRequest, size: tuple[int, int], pipeline: ImagePipeline, card: ModelCard
) -> Inputs:
    """Return the inputs of a request, read and fitted to the size in which it is drawn.

    Raises StudioError if the model cannot start from them, or a file cannot be read.
    """
    if problem := check_image_settings(card, request):
        raise StudioError(
            f"{problem.message}.", cause="invalid", cure=tr("Change it, or choose another model.")
        )
    if not request.image:
        return Inputs(pipeline, request.num_inference_steps)
    import numpy as np

    source, digest = read_image(Path(request.image))
    hashes = {"image": digest}
    image = fit_to(source, request.width, request.height)
    arguments: dict[str, Any] = {"image": fit_to(source, *size)}
    mask = None
    if request.mask_image:
        mask_image, hashes["mask_image"] = _read_mask(request, source.size)
        arguments["mask_image"] = fit_to(mask_image, *size)
        mask = np.asarray(mask_image)
    family = find_family(card.family)
    pipeline = _pipeline_for_input(pipeline, family, masked=mask is not None)
    steps = request.num_inference_steps
    if "strength" in pipeline.parameters:
        if family is not None and family.runs_all_steps:
            arguments["strength"] = request.strength
        else:
            arguments["strength"], steps = _whole_steps(pipeline.pipe, steps, request.strength)
    if "_auto_resize" in pipeline.parameters:
        # Kontext scales to the million pixels of its training; small images stay small.
        arguments["_auto_resize"] = size[0] * size[1] >= 512 * 512
    return Inputs(pipeline, steps, arguments, hashes, np.asarray(image), mask)


def _read_mask(request: ImageRequest, source_size: tuple[int, int]) -> tuple[Image, str]:
    """Return the request's mask, fitted as its source image is, and the hash of its file."""
    file = Path(request.mask_image)
    mask, digest = read_mask(file)
    check_shape(request, source_size, mask.size)
    if mask.size != (request.width, request.height):
        if mask.size != source_size:
            mask = mask.resize(source_size)
        mask = fit_to(mask, request.width, request.height)
    if mask.getextrema()[1] == 0:
        raise StudioError(
            tr(
                "{name} has nothing white inside the image: nothing would be repainted.",
                name=short_name(file),
            ),
            cause="invalid",
            cure=tr("Paint the parts white that are to change."),
        )
    return mask, digest


def _pipeline_for_input(
    pipeline: ImagePipeline, family: Family | None, *, masked: bool
) -> ImagePipeline:
    """Return the pipeline over the same components that takes an image, or an image and a mask."""
    if ("mask_image" if masked else "image") in pipeline.parameters:
        return pipeline
    class_name = ""
    if family is not None:
        class_name = family.inpaint_class if masked else family.image_to_image_class
    if class_name:
        pipe = pipeline_of_class(pipeline.pipe, class_name)
    else:
        pipe = pipeline_for_task(pipeline.pipe, "inpaint" if masked else "image-to-image")
    if pipe is None:
        raise StudioError(
            tr(
                "{pipeline} models cannot start from an image.",
                pipeline=type(pipeline.pipe).__name__,
            ),
            cause="invalid",
            cure=tr("Remove the image, or choose another model."),
        )
    return replace(
        pipeline, pipe=pipe, parameters=frozenset(inspect.signature(pipe.__call__).parameters)
    )


def _whole_steps(pipe: Any, steps: int, strength: float) -> tuple[float, int]:
    """Return the strength to pass and the steps that it makes: steps × strength, rounded down.

    Families that round up would do all of four steps at 0.8: they would start from noise and
    ignore the image.
    """
    whole = max(1, int(steps * strength))
    for candidate in (strength, whole / steps, whole / steps - 1e-6):
        if _steps_made(pipe, steps, candidate) == whole:
            return candidate, whole
    return strength, _steps_made(pipe, steps, strength)


def _steps_made(pipe: Any, steps: int, strength: float) -> int:
    """Return how many steps the pipeline makes, by its own rule: families round differently."""
    if not hasattr(pipe, "get_timesteps"):
        return steps
    scheduler = types.SimpleNamespace(order=1, timesteps=range(steps))
    stub = types.SimpleNamespace(scheduler=scheduler)
    made = type(pipe).get_timesteps(stub, steps, strength, "cpu")[1]
    return max(1, int(made))
