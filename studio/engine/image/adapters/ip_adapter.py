"""IP-Adapters: the look of a picture, read by an image encoder and heard by layers beside the
model's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.image.adapters.weights import WRONG, no_fit, read_weights
from studio.media.image_reader import read_picture
from studio.models.card import ModelCard
from studio.models.files.complete_weights import require_complete_weights
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.adapter import image_encoder_for, weights_file
from studio.preflight.adapters import ResolvedAdapter

_PARTS = ("image_encoder", "feature_extractor")


def wear(
    pipe: Any,
    worn: AppliedAdapters,
    wanted: list[ResolvedAdapter],
    request: ImageRequest,
    model: ModelCard,
) -> dict[str, Any]:
    """Put an IP-Adapter on, or take it off where none is wanted; return what the pipeline's call
    gets. Raises StudioError.
    """
    digest = wanted[0].card.sha256 if wanted else ""
    if digest != worn.ip_adapter:
        take_off(pipe, worn)
    if not wanted:
        return {}
    picture = read_picture(Path(request.ip_adapter_image))[0]
    if digest != worn.ip_adapter:
        _keep_own(pipe, worn)
        try:
            _put_on(pipe, wanted[0].card, model)
        except BaseException:
            take_off(pipe, worn)
            raise
        worn.ip_adapter = digest
    pipe.set_ip_adapter_scale(wanted[0].scale)
    return {"ip_adapter_image": picture}


def _keep_own(pipe: Any, worn: AppliedAdapters) -> None:
    if not hasattr(pipe, "unet"):
        return
    worn.before_ip = {
        **{name: getattr(pipe, name, None) for name in _PARTS},
        "processors": dict(pipe.unet.attn_processors),
        "projection": pipe.unet.encoder_hid_proj,
        "kind": pipe.unet.config.encoder_hid_dim_type,
    }


def take_off(pipe: Any, worn: AppliedAdapters) -> None:
    """Leave the model as it was loaded."""
    own, worn.before_ip, worn.ip_adapter = worn.before_ip, {}, ""
    if not own:
        return
    pipe.register_modules(**{name: own[name] for name in _PARTS})
    pipe.unet.encoder_hid_proj = own["projection"]
    pipe.unet.config.encoder_hid_dim_type = own["kind"]
    pipe.unet.set_attn_processor(own["processors"])


def _put_on(pipe: Any, card: ModelCard, model: ModelCard) -> None:
    from transformers import CLIPVisionModelWithProjection

    if not hasattr(pipe, "load_ip_adapter") or not hasattr(pipe, "unet"):
        raise StudioError(
            f"{model.title} takes no IP-Adapters.",
            cause="invalid",
            cure="Take it out of the adapters.",
        )
    state = read_weights(card)
    file = weights_file(card)
    folder = image_encoder_for(file, read_safetensors(file))
    if folder is None:
        raise StudioError(
            f"The image encoder of {card.title} is gone.",
            cause="model",
            cure="Put it back beside the adapter.",
        )
    parts = {
        part: {
            name.removeprefix(f"{part}."): tensor
            for name, tensor in state.items()
            if name.startswith(f"{part}.")
        }
        for part in ("image_proj", "ip_adapter")
    }
    try:
        with require_complete_weights(f"The image encoder of {card.title}"):
            encoder = CLIPVisionModelWithProjection.from_pretrained(
                str(folder), dtype=pipe.dtype, local_files_only=True, use_safetensors=True
            )
        # Where parts take turns, the pipeline itself is on the CPU, and this one is not among
        # those that are moved.
        pipe.register_modules(
            image_encoder=encoder.to(pipe._execution_device).eval(), feature_extractor=None
        )
        pipe.load_ip_adapter(
            parts, subfolder="", weight_name="", image_encoder_folder=None, low_cpu_mem_usage=False
        )
    except (*WRONG, RuntimeError, OSError) as error:
        if "out of memory" in str(error):
            raise
        raise no_fit(card, model, "its layers are not those beside the model's") from error
