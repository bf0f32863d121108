"""Loads pipelines that make videos: whole folders, and motion adapters together with a Stable
Diffusion 1.5.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from studio.engine.image import load as image_load
from studio.engine.runtime.latent_preview import LatentMap
from studio.engine.runtime.placement import (
    AS_USUAL,
    device_of,
    dtype_of,
    fewer_bits_of_parts,
    place,
)
from studio.engine.runtime.task_pipeline import pipeline_of_class
from studio.engine.video import latent_preview
from studio.models.card import ModelCard
from studio.models.files.folder_check import only_variant, variants_in
from studio.models.memory.load_plan import OFFLOADS, LoadPlan

# The same weights make a video from text by one class, and from a picture by another.
_FROM_TEXT = {"LTXImageToVideoPipeline": "LTXPipeline"}
_FROM_PICTURE = {"LTXPipeline": "LTXImageToVideoPipeline", "WanPipeline": "WanImageToVideoPipeline"}


@dataclass(frozen=True)
class VideoPipeline:
    """A loaded diffusion pipeline, its own scheduler, and the map for previews."""

    pipe: Any
    scheduler: Any
    latent_map: LatentMap | None
    device: str
    plan: LoadPlan = AS_USUAL
    _others: dict[str, Any] = field(default_factory=dict)

    def taking(self, *, picture: bool) -> Any:
        """Return the pipeline over these weights that begins with a picture, or with none."""
        own = type(self.pipe).__name__
        name = (_FROM_PICTURE if picture else _FROM_TEXT).get(own, own)
        if name == own:
            return self.pipe
        if name not in self._others:
            self._others[name] = pipeline_of_class(self.pipe, name)
        return self._others[name]


def load(card: ModelCard, plan: LoadPlan = AS_USUAL) -> VideoPipeline:
    """Load the pipeline from the card's folder, as `plan` says. Only safetensors; never code from
    the folder.
    """
    pipe = _with_motion(card, plan) if card.base_path else _whole(card, plan)
    pipe.set_progress_bar_config(disable=True)
    latent_map = (
        latent_preview.fit(pipe) if plan.rung in OFFLOADS else None
    )  # before its parts begin to move
    place(pipe, plan)
    latent_map = latent_map or latent_preview.fit(pipe)
    if hasattr(pipe.vae, "enable_tiling"):
        # frames are decoded piece by piece: whole ones take more memory than the model
        pipe.vae.enable_tiling()
    return VideoPipeline(pipe, pipe.scheduler, latent_map, device_of(plan), plan)


def _whole(card: ModelCard, plan: LoadPlan) -> Any:
    import torch
    from diffusers import DiffusionPipeline

    dtype = dtype_of(plan)
    if card.family.startswith("Wan"):  # its autoencoder loses too much in 16 bits
        dtype = {"vae": torch.float32, "default": dtype}
    return DiffusionPipeline.from_pretrained(
        card.path,
        dtype=dtype,
        local_files_only=True,
        use_safetensors=True,
        variant=only_variant(card.folder),
        **fewer_bits_of_parts(plan, card),
    )


def _with_motion(card: ModelCard, plan: LoadPlan) -> Any:
    """Return a motion adapter put into the Stable Diffusion 1.5 that was found for it."""
    from diffusers import AnimateDiffPipeline, DDIMScheduler, MotionAdapter

    base = msgspec.structs.replace(
        card, base="", base_path="", path=card.base_path, family="StableDiffusionPipeline"
    )
    parts = image_load.read(base, plan).components
    adapter = MotionAdapter.from_pretrained(
        card.path,
        dtype=dtype_of(plan),
        local_files_only=True,
        use_safetensors=True,
        variant=variants_in(card.folder)[0] or None,
    )
    # What motion adapters were trained with, whatever the pictures' model uses.
    scheduler = DDIMScheduler.from_config(
        parts["scheduler"].config,
        clip_sample=False,
        timestep_spacing="linspace",
        beta_schedule="linear",
        steps_offset=1,
    )
    shared = {name: parts[name] for name in ("vae", "text_encoder", "tokenizer", "unet")}
    return AnimateDiffPipeline(**shared, motion_adapter=adapter, scheduler=scheduler)


def boundary_of(pipe: Any) -> float | None:
    """Return where a pipeline of two halves (Wan 2.2 A14B) changes from one to the other; None for
    others.
    """
    boundary = pipe.config.get("boundary_ratio")
    return None if boundary is None else float(boundary)
