"""Schedulers by short name, made from the pipeline's own configuration."""

from __future__ import annotations

from typing import Any

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.models.card import ModelCard

CLASSES = {
    "dpm++": "DPMSolverMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler-a": "EulerAncestralDiscreteScheduler",
    "ddim": "DDIMScheduler",
    "lcm": "LCMScheduler",
    "unipc": "UniPCMultistepScheduler",
    "pndm": "PNDMScheduler",
    "heun": "HeunDiscreteScheduler",
}


def make_scheduler(name: str, own: Any, card: ModelCard) -> Any:
    """Return the scheduler of this short name, with the configuration of the pipeline's own one.

    An empty name returns a fresh scheduler of the pipeline's class. Raises StudioError if the model
    does not work with it.
    """
    import diffusers

    spacing = {"timestep_spacing": card.timestep_spacing} if card.timestep_spacing else {}
    if not name:
        return type(own).from_config(own.config, **spacing)
    flow = (
        "FlowMatch" in type(own).__name__ or own.config.get("prediction_type") == "flow_prediction"
    )
    allowed = () if flow else (card.schedulers if card.schedulers is not None else tuple(CLASSES))
    if name not in allowed:
        raise StudioError(
            tr(
                "{model} does not work with the scheduler {scheduler}.",
                model=card.title,
                scheduler=name,
            ),
            cause="invalid",
            cure=tr("It works with {schedulers}.", schedulers=", ".join(allowed))
            if allowed
            else tr("It works with only its own (leave the field empty)."),
        )
    scheduler = getattr(diffusers, CLASSES[name])
    # `clip_sample` is on by default in these two and turns latents into noise.
    return scheduler.from_config(
        own.config, **spacing, **({"clip_sample": False} if name in ("ddim", "lcm") else {})
    )
