"""IP-Adapters: an image encoder and added attention layers, so that an image guides the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.core.translation import tr
from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.image.adapters.weights import (
    LIBRARY_ERRORS,
    incompatibility_error,
    read_weights,
)
from studio.engine.runtime.memory import is_out_of_memory
from studio.media.image_reader import read_image
from studio.models.card import ModelCard
from studio.models.files.complete_weights import require_complete_weights
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.adapter_files import image_encoder_for, weights_file
from studio.preflight.adapters import ResolvedAdapter

_COMPONENTS = ("image_encoder", "feature_extractor")


def apply(
    pipe: Any,
    applied: AppliedAdapters,
    wanted: list[ResolvedAdapter],
    request: ImageRequest,
    model: ModelCard,
) -> dict[str, Any]:
    """Apply the wanted IP-Adapter, or none, and return the arguments that the pipeline's call gets.

    Raises StudioError if it doesn't fit; the model is then as it was loaded.
    """
    digest = wanted[0].card.sha256 if wanted else ""
    if digest != applied.ip_adapter:
        remove(pipe, applied)
    if not wanted:
        return {}
    image = read_image(Path(request.ip_adapter_image))[0]
    if digest != applied.ip_adapter:
        _keep_original(pipe, applied)
        try:
            _load(pipe, wanted[0].card, model)
        except BaseException:
            remove(pipe, applied)
            raise
        applied.ip_adapter = digest
    pipe.set_ip_adapter_scale(wanted[0].scale)
    return {"ip_adapter_image": image}


def _keep_original(pipe: Any, applied: AppliedAdapters) -> None:
    if not hasattr(pipe, "unet"):
        return
    applied.original_ip_parts = {
        **{name: pipe.components.get(name) for name in _COMPONENTS},
        "processors": dict(pipe.unet.attn_processors),
        "projection": pipe.unet.encoder_hid_proj,
        "projection_type": pipe.unet.config.encoder_hid_dim_type,
    }


def remove(pipe: Any, applied: AppliedAdapters) -> None:
    """Restore the model as it was loaded."""
    original = applied.original_ip_parts
    applied.original_ip_parts, applied.ip_adapter = {}, ""
    if not original:
        return
    pipe.register_modules(**{name: original[name] for name in _COMPONENTS})
    pipe.unet.encoder_hid_proj = original["projection"]
    pipe.unet.config.encoder_hid_dim_type = original["projection_type"]
    pipe.unet.set_attn_processor(original["processors"])


def _load(pipe: Any, card: ModelCard, model: ModelCard) -> None:
    from transformers import CLIPVisionModelWithProjection

    if not hasattr(pipe, "load_ip_adapter") or not hasattr(pipe, "unet"):
        raise StudioError(
            tr("{model} takes no IP-Adapters.", model=model.title),
            cause="invalid",
            cure=tr("Remove it from the adapters."),
        )
    state = read_weights(card)
    file = weights_file(card)
    folder = image_encoder_for(file, read_safetensors(file))
    if folder is None:
        raise StudioError(
            tr("The image encoder of {adapter} is missing.", adapter=card.title),
            cause="model",
            cure=tr("Put it back next to the adapter's file."),
        )
    sections = {
        section: {
            name.removeprefix(f"{section}."): tensor
            for name, tensor in state.items()
            if name.startswith(f"{section}.")
        }
        for section in ("image_proj", "ip_adapter")
    }
    try:
        with require_complete_weights(tr("The image encoder of {adapter}", adapter=card.title)):
            encoder = CLIPVisionModelWithProjection.from_pretrained(
                str(folder), dtype=pipe.dtype, local_files_only=True, use_safetensors=True
            )
        # Not `pipe.device`: under offload that is the CPU, and no hook moves this new encoder.
        pipe.register_modules(
            image_encoder=encoder.to(pipe._execution_device).eval(), feature_extractor=None
        )
        pipe.load_ip_adapter(
            sections,
            subfolder="",
            weight_name="",
            image_encoder_folder=None,
            low_cpu_mem_usage=False,
        )
    except (*LIBRARY_ERRORS, RuntimeError, OSError) as error:
        if is_out_of_memory(error):
            raise
        raise incompatibility_error(
            card, model, tr("its attention layers are not the model's")
        ) from error
