"""Loads image pipelines from folders and from checkpoints in one file."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.image.processors import attach_processor, skipped_components
from studio.engine.runtime.latent_preview import LatentMap, fit
from studio.engine.runtime.placement import (
    DEFAULT_PLAN,
    device_of,
    dtype_of,
    pipeline_quantization_kwargs,
    place_pipeline,
)
from studio.models.card import ModelCard
from studio.models.files.complete_weights import require_data
from studio.models.files.folder_check import only_variant
from studio.models.files.scaled_weights import is_scaled, read_unscaled
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.checkpoint import checked, checkpoint_in
from studio.models.memory.load_plan import OFFLOADS, LoadPlan

DETAIL_FOLDER = "vae_large"
"""Of a model that has a `DetailAutoencoder`, next to the `vae` that other programs read."""


@dataclass(frozen=True)
class ImagePipeline:
    """A loaded diffusion pipeline, its own scheduler, and the map for previews."""

    pipe: Any
    scheduler: Any
    latent_map: LatentMap | None
    device: str
    parameters: frozenset[str]
    """Names of the call's parameters."""
    plan: LoadPlan = DEFAULT_PLAN
    applied: AppliedAdapters = field(default_factory=AppliedAdapters)
    """See `adapters/apply.py`."""
    adapter_arguments: dict[str, Any] = field(default_factory=dict)
    """Arguments of the call for adapters that follow an image."""


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> ImagePipeline:
    """Load the pipeline from the card's folder by `plan`; only safetensors, no code."""
    pipe = read(card, plan)
    # Under offload before the components begin to move.
    latent_map = fit(pipe) if plan.strategy in OFFLOADS else None
    place_pipeline(pipe, plan)
    latent_map = latent_map or fit(pipe)
    return ImagePipeline(
        pipe,
        pipe.scheduler,
        latent_map,
        device_of(plan),
        frozenset(inspect.signature(pipe.__call__).parameters),
        plan,
    )


def read(card: ModelCard, plan: LoadPlan) -> Any:
    """Return diffusers' pipeline as its files have it, not yet moved to its device."""
    checkpoint = checkpoint_in(card.folder)
    options: dict[str, Any] = {"dtype": dtype_of(plan), "local_files_only": True}
    if checkpoint is not None:
        pipe = _from_one_file(card, checked(checkpoint), options)
        for name in ("unet", "vae", "text_encoder", "text_encoder_2"):
            component = pipe.components.get(name)
            if component is not None:
                require_data(component, card.title)
    else:
        options |= {"use_safetensors": True, "variant": only_variant(card.folder)}
        options |= {**pipeline_quantization_kwargs(plan, card), **skipped_components(card)}
        pipe = _from_folder(card, options)
    attach_processor(pipe, card)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _from_folder(card: ModelCard, options: Mapping[str, Any]) -> Any:
    from diffusers import AutoPipelineForText2Image, DiffusionPipeline

    options = {**options, **_detail_autoencoder(card, options["dtype"])}
    try:
        return AutoPipelineForText2Image.from_pretrained(card.path, **options)
    except ValueError as error:
        if "AutoPipeline" not in str(error):
            raise
        return DiffusionPipeline.from_pretrained(card.path, **options)


def _detail_autoencoder(card: ModelCard, dtype: Any) -> dict[str, Any]:
    """Return the component of a model whose images are drawn finer than diffusers can."""
    folder = card.folder / DETAIL_FOLDER
    if not (folder / "config.json").is_file():
        return {}
    from studio.engine.image.detail_autoencoder import DetailAutoencoder

    vae = DetailAutoencoder.from_pretrained(
        folder, dtype=dtype, local_files_only=True, use_safetensors=True
    )
    return {"vae": vae.eval()}


def _from_one_file(card: ModelCard, file: Path, options: Mapping[str, Any]) -> Any:
    """Load a checkpoint in its authors' layout, with the configuration in the card's folder."""
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

    # Never a class named by a file: `models/inspect/checkpoint.py` writes folders for these two.
    loader: Any = (
        StableDiffusionXLPipeline
        if card.family == "StableDiffusionXLPipeline"
        else StableDiffusionPipeline
    )
    with _unscaled(file, options["dtype"], card):
        return loader.from_single_file(str(file), config=card.path, **options)


@contextmanager
def _unscaled(file: Path, dtype: Any, card: ModelCard) -> Iterator[None]:
    """Make diffusers read unscaled weights from a file with scales, which it would drop."""
    if not is_scaled(read_safetensors(file)):
        yield
        return
    module: Any = importlib.import_module("diffusers.loaders.single_file")
    original = module.load_single_file_checkpoint
    module.load_single_file_checkpoint = lambda *_args, **_options: read_unscaled(
        file, dtype, card.title
    )
    try:
        yield
    finally:
        module.load_single_file_checkpoint = original
