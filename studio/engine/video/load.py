"""Loads video pipelines: whole folders, and motion adapters with a Stable Diffusion 1.5 model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from studio.engine.image import load as image_load
from studio.engine.runtime.latent_preview import LatentMap
from studio.engine.runtime.placement import (
    DEFAULT_PLAN,
    device_of,
    dtype_of,
    pipeline_quantization_kwargs,
    place_pipeline,
)
from studio.engine.runtime.task_pipeline import pipeline_of_class
from studio.engine.video import latent_preview
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.models.files.folder_check import only_variant, variants_in
from studio.models.memory.load_plan import OFFLOADS, LoadPlan


@dataclass(frozen=True)
class VideoPipeline:
    """A loaded diffusion pipeline, its own scheduler, and the map for previews."""

    pipe: Any
    scheduler: Any
    latent_map: LatentMap | None
    device: str
    plan: LoadPlan = DEFAULT_PLAN
    _other_pipes: dict[str, Any] = field(default_factory=dict)
    """Class → pipeline of that class over the same components."""

    def pipe_for(self, *, with_image: bool) -> Any:
        """Return the pipeline over these components for text and an image, or for text only."""
        own = type(self.pipe).__name__
        family = find_family(own)
        name = own
        if family is not None:
            name = (family.image_to_image_class if with_image else family.text_class) or own
        if name == own:
            return self.pipe
        if name not in self._other_pipes:
            self._other_pipes[name] = pipeline_of_class(self.pipe, name)
        return self._other_pipes[name]


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> VideoPipeline:
    """Load the pipeline from the card's folder by `plan`; only safetensors, no code."""
    pipe = _load_animatediff(card, plan) if card.base_path else _load_folder(card, plan)
    pipe.set_progress_bar_config(disable=True)
    # Under offload before the components begin to move.
    latent_map = latent_preview.fit(pipe) if plan.strategy in OFFLOADS else None
    place_pipeline(pipe, plan)
    latent_map = latent_map or latent_preview.fit(pipe)
    if hasattr(pipe.vae, "enable_tiling"):
        # Whole frames would take more memory to decode than the model.
        pipe.vae.enable_tiling()
    return VideoPipeline(pipe, pipe.scheduler, latent_map, device_of(plan), plan)


def _load_folder(card: ModelCard, plan: LoadPlan) -> Any:
    import torch
    from diffusers import DiffusionPipeline

    dtype = dtype_of(plan)
    family = find_family(card.family)
    if family is not None and family.video is not None and family.video.float32_vae:
        dtype = {"vae": torch.float32, "default": dtype}
    return DiffusionPipeline.from_pretrained(
        card.path,
        dtype=dtype,
        local_files_only=True,
        use_safetensors=True,
        variant=only_variant(card.folder),
        **pipeline_quantization_kwargs(plan, card),
    )


def _load_animatediff(card: ModelCard, plan: LoadPlan) -> Any:
    """Return AnimateDiff: a motion adapter with the Stable Diffusion 1.5 model found for it."""
    from diffusers import AnimateDiffPipeline, DDIMScheduler, MotionAdapter

    base = msgspec.structs.replace(
        card, base="", base_path="", path=card.base_path, family="StableDiffusionPipeline"
    )
    components = image_load.read(base, plan).components
    adapter = MotionAdapter.from_pretrained(
        card.path,
        dtype=dtype_of(plan),
        local_files_only=True,
        use_safetensors=True,
        variant=variants_in(card.folder)[0] or None,
    )
    # As motion adapters were trained, whatever the image model uses.
    scheduler = DDIMScheduler.from_config(
        components["scheduler"].config,
        clip_sample=False,
        timestep_spacing="linspace",
        beta_schedule="linear",
        steps_offset=1,
    )
    shared = {name: components[name] for name in ("vae", "text_encoder", "tokenizer", "unet")}
    return AnimateDiffPipeline(**shared, motion_adapter=adapter, scheduler=scheduler)


def boundary_of(pipe: Any) -> float | None:
    """Return where a pipeline of two denoisers (Wan 2.2 A14B) changes between them, or None."""
    boundary = pipe.config.get("boundary_ratio")
    return None if boundary is None else float(boundary)
