"""Pipelines for another task, such as inpainting, over the components of a loaded one."""

from __future__ import annotations

import inspect
from typing import Any, Literal

Task = Literal["image-to-image", "inpaint"]

_AUTO_CLASSES = {
    "image-to-image": "AutoPipelineForImage2Image",
    "inpaint": "AutoPipelineForInpainting",
}
_CLASS_INFIXES = {"image-to-image": "Img2Img", "inpaint": "Inpaint"}


def pipeline_for_task(pipe: Any, task: Task) -> Any | None:
    """Return a pipeline of the same family for `task`, or None if diffusers has none.

    It shares its components with `pipe` and keeps their number format.
    """
    import diffusers

    try:
        converted = getattr(diffusers, _AUTO_CLASSES[task]).from_pipe(pipe)
    except ValueError as error:
        if "AutoPipeline can't find" not in str(error):
            raise
        # A family that AutoPipeline doesn't know for this task, for example ChromaPipeline.
        root = type(pipe).__name__.removesuffix("Pipeline")
        name = f"{root}{_CLASS_INFIXES[task]}Pipeline"
        return pipeline_of_class(pipe, name) if hasattr(diffusers, name) else None
    converted.set_progress_bar_config(disable=True)
    return converted


def pipeline_of_class(pipe: Any, class_name: str) -> Any:
    """Return a pipeline of diffusers' class `class_name` over the same components.

    `DiffusionPipeline.from_pipe` would convert all components to one number format.
    """
    import diffusers

    pipeline_class = getattr(diffusers, class_name)
    names = list(inspect.signature(pipeline_class.__init__).parameters)[1:]
    values = {**pipe.config, **pipe.components}
    converted = pipeline_class(**{name: values[name] for name in names if name in values})
    converted.set_progress_bar_config(disable=True)
    return converted
