"""A VAE in one file, whose weights replace the model's own."""

from __future__ import annotations

from typing import Any

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.image.adapters.weights import (
    LIBRARY_ERRORS,
    check_shapes,
    incompatibility_error,
    read_weights,
)
from studio.models.card import ModelCard
from studio.preflight.adapters import ResolvedAdapter


def apply(
    pipe: Any, applied: AppliedAdapters, wanted: list[ResolvedAdapter], model: ModelCard
) -> None:
    """Load the wanted VAE's weights, or the model's own if none is wanted.

    Raises StudioError if it doesn't fit; the model's own weights are then in place.
    """
    digest = wanted[0].card.sha256 if wanted else ""
    if digest == applied.vae:
        return
    remove(pipe, applied)
    if not wanted:
        return
    state = _as_diffusers(pipe, wanted[0].card, model)
    own = pipe.vae.state_dict()
    check_shapes(state, own, wanted[0].card, model)
    # Into the same module, so that hooks which move it between devices stay attached.
    applied.original_vae = {key: tensor.detach().clone().cpu() for key, tensor in own.items()}
    applied.vae = digest
    pipe.vae.load_state_dict({key: state[key] for key in own})


def remove(pipe: Any, applied: AppliedAdapters) -> None:
    """Restore the model's own weights."""
    if applied.original_vae is not None:
        pipe.vae.load_state_dict(applied.original_vae)
    applied.original_vae, applied.vae = None, ""


def _as_diffusers(pipe: Any, card: ModelCard, model: ModelCard) -> dict[str, Any]:
    """Return the weights under diffusers' names, converted from the authors' names if need be."""
    from diffusers import AutoencoderKL
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    if not isinstance(pipe.components.get("vae"), AutoencoderKL):
        raise StudioError(
            tr("The VAE of {model} cannot be replaced.", model=model.title),
            cause="invalid",
            cure=tr("Remove it from the adapters."),
        )
    state = read_weights(card)
    state = {key.removeprefix("vae."): tensor for key, tensor in state.items()}
    if any(".mid_block." in f".{key}" for key in state):
        return state
    try:
        return dict(convert_ldm_vae_checkpoint(state, pipe.vae.config))
    except (*LIBRARY_ERRORS, RuntimeError) as error:
        raise incompatibility_error(
            card, model, tr("its layers are not those of a VAE for this model")
        ) from error
