"""Loads pictures' pipelines: folders, and checkpoints in one file."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.engine.image import processors
from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.runtime.latent_preview import LatentMap, fit
from studio.engine.runtime.placement import (
    AS_USUAL,
    device_of,
    dtype_of,
    fewer_bits_of_parts,
    place,
)
from studio.models.card import ModelCard
from studio.models.files.complete_weights import require_data
from studio.models.files.folder_check import only_variant
from studio.models.files.scaled_weights import is_scaled, read_unscaled
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.checkpoint import checked, checkpoint_in
from studio.models.memory.load_plan import OFFLOADS, LoadPlan


@dataclass(frozen=True)
class ImagePipeline:
    """A loaded diffusion pipeline, its own scheduler, and the map for previews."""

    pipe: Any
    scheduler: Any
    latent_map: LatentMap | None
    device: str
    parameters: frozenset[str]
    """The names that the pipeline's call accepts."""
    plan: LoadPlan = AS_USUAL
    worn: AppliedAdapters = field(default_factory=AppliedAdapters)
    """The adapters that are on it; see `image/adapters/`."""
    more: dict[str, Any] = field(default_factory=dict)
    """What the call gets besides, of adapters that work with a picture."""


def load(card: ModelCard, plan: LoadPlan = AS_USUAL) -> ImagePipeline:
    """Load the pipeline from the card's folder, as `plan` says. Only safetensors; never code from
    the folder.
    """
    pipe = read(card, plan)
    latent_map = fit(pipe) if plan.rung in OFFLOADS else None  # before its parts begin to move
    place(pipe, plan)
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
    """Return the pipeline as it comes from its files, not yet where it runs."""
    from diffusers import AutoPipelineForText2Image, DiffusionPipeline

    checkpoint = checkpoint_in(card.folder)
    options: dict[str, Any] = {"dtype": dtype_of(plan), "local_files_only": True}
    if checkpoint is not None:
        pipe = _from_one_file(card, checked(checkpoint), options)
        for part in (pipe.unet, pipe.vae, pipe.text_encoder, getattr(pipe, "text_encoder_2", None)):
            if part is not None:
                require_data(part, card.title)
    else:
        options |= {"use_safetensors": True, "variant": only_variant(card.folder)}
        options |= {**fewer_bits_of_parts(plan, card), **processors.left_out(card)}
        try:
            pipe = AutoPipelineForText2Image.from_pretrained(card.path, **options)
        except ValueError as error:
            if "AutoPipeline" not in str(error):
                raise
            pipe = DiffusionPipeline.from_pretrained(card.path, **options)
    processors.add(pipe, card)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _from_one_file(card: ModelCard, file: Path, options: dict[str, Any]) -> Any:
    """Load a checkpoint in its authors' own layout; the card's folder says how it is laid out."""
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

    # Never by a name from a file: these two are all that `models/inspect/checkpoint.py` writes
    # folders for.
    loader: Any = (
        StableDiffusionXLPipeline
        if card.family == "StableDiffusionXLPipeline"
        else StableDiffusionPipeline
    )
    with _unscaled(file, options["dtype"], card):
        return loader.from_single_file(str(file), config=card.path, **options)


@contextmanager
def _unscaled(file: Path, dtype: Any, card: ModelCard) -> Iterator[None]:
    """Let diffusers read plain weights where those of the file have scales, which it would drop."""
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
