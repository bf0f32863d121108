"""A VAE in one file: its weights stand in for those of the model's own, which come back bit by
bit.
"""

from __future__ import annotations

from typing import Any

from studio.core.errors import StudioError
from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.image.adapters.weights import WRONG, check_shapes, no_fit, read_weights
from studio.models.card import ModelCard
from studio.preflight.adapters import ResolvedAdapter


def wear(pipe: Any, worn: AppliedAdapters, wanted: list[ResolvedAdapter], model: ModelCard) -> None:
    """Decode with this VAE, or with the model's own where none is wanted. Raises StudioError with
    its own in place.
    """
    name = wanted[0].card.sha256 if wanted else ""
    if name == worn.vae:
        return
    take_off(pipe, worn)
    if not wanted:
        return
    state = _as_diffusers(pipe, wanted[0].card, model)
    own = pipe.vae.state_dict()
    check_shapes(state, own, wanted[0].card, model)
    # The same module, so that hooks which move it between devices stay on it.
    worn.own_vae = {key: tensor.detach().clone().cpu() for key, tensor in own.items()}
    worn.vae = name
    pipe.vae.load_state_dict({key: state[key] for key in own})


def take_off(pipe: Any, worn: AppliedAdapters) -> None:
    """Put the model's own weights back."""
    if worn.own_vae is not None:
        pipe.vae.load_state_dict(worn.own_vae)
    worn.own_vae, worn.vae = None, ""


def _as_diffusers(pipe: Any, card: ModelCard, model: ModelCard) -> dict[str, Any]:
    """Return the weights under diffusers' names, whether they were saved under these or under those
    of the authors' code.
    """
    from diffusers import AutoencoderKL
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    if not isinstance(getattr(pipe, "vae", None), AutoencoderKL):
        raise StudioError(
            f"The VAE of {model.title} cannot be changed.",
            cause="invalid",
            cure="Take it out of the adapters.",
        )
    state = read_weights(card)
    state = {key.removeprefix("vae."): tensor for key, tensor in state.items()}
    if any(".mid_block." in f".{key}" for key in state):
        return state
    try:
        return dict(convert_ldm_vae_checkpoint(state, pipe.vae.config))
    except (*WRONG, RuntimeError) as error:
        raise no_fit(card, model, "its layers are not those of such a VAE") from error
