"""An adapter's tensors, read by us from a file that is looked at again first; and the sentences
that refuse them.
"""

from __future__ import annotations

from typing import Any

from studio.core.errors import StudioError
from studio.core.regular_file import HeaderError
from studio.models.card import ModelCard
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.adapter import weights_file

WRONG = (ValueError, KeyError, TypeError, IndexError, AttributeError, NotImplementedError)
"""What the libraries raise for a file that they do not understand."""


def read_weights(card: ModelCard) -> dict[str, Any]:
    """Return the tensors of an adapter's file, on the CPU. Raises StudioError where it is
    damaged.
    """
    import torch
    from safetensors.torch import load_file

    file = weights_file(card)
    try:
        read_safetensors(file)
        state: dict[str, Any] = load_file(str(file), device="cpu")
    except (HeaderError, OSError) as error:
        raise StudioError(
            f"{card.title} cannot be read: {error}.",
            cause="model",
            cure="Remove it, and add it again.",
        ) from error
    if not all(bool(torch.isfinite(tensor.float()).all()) for tensor in state.values()):
        raise StudioError(
            f"{card.title} holds numbers that are none (NaN or infinite): its file is damaged.",
            cause="model",
            cure="Remove it, and get another copy.",
        )
    return state


def no_fit(card: ModelCard, model: ModelCard, why: str) -> StudioError:
    """Return the error that says why an adapter does not fit a model."""
    return StudioError(
        f"{card.title} does not fit {model.title}: {why}.",
        cause="model",
        cure="Take it out, or choose a model that it was made for.",
    )


def check_shapes(
    state: dict[str, Any], own: dict[str, Any], card: ModelCard, model: ModelCard
) -> None:
    """Raise StudioError where tensors are not those of `own`, by name and shape."""
    missing = [name for name in own if name not in state]
    if missing:
        raise no_fit(
            card, model, f"{len(missing)} of its {len(own)} parts are missing ({missing[0][:80]})"
        )
    other = next((name for name in own if state[name].shape != own[name].shape), "")
    if other:
        its, there = tuple(state[other].shape), tuple(own[other].shape)
        raise no_fit(card, model, f"{other[:80]} has the shape {its}, and the model's {there}")
