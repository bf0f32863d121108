"""Reads an adapter's tensors from a checked file; errors for adapters that don't fit a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.core.errors import StudioError
from studio.core.regular_file import HeaderError
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.adapter_files import weights_file

StateDict = Mapping[str, Any]
"""Name → tensor."""
LIBRARY_ERRORS = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    NotImplementedError,
)
"""What diffusers and peft raise for a file in a layout that they don't know."""


def read_weights(card: ModelCard) -> dict[str, Any]:
    """Return the tensors of an adapter's file, on the CPU.

    Raises StudioError if the file is damaged or holds NaN or infinite numbers.
    """
    import torch
    from safetensors.torch import load_file

    file = weights_file(card)
    try:
        read_safetensors(file)
        state: dict[str, Any] = load_file(str(file), device="cpu")
    except (HeaderError, OSError) as error:
        raise StudioError(
            tr("{adapter} cannot be read: {reason}.", adapter=card.title, reason=error),
            cause="model",
            cure=tr("Remove it, and add it again."),
        ) from error
    if not all(bool(torch.isfinite(tensor.float()).all()) for tensor in state.values()):
        raise StudioError(
            tr(
                "The file of {adapter} is damaged: it contains NaN or infinite numbers.",
                adapter=card.title,
            ),
            cause="model",
            cure=tr("Remove it, and get another copy."),
        )
    return state


def incompatibility_error(card: ModelCard, model: ModelCard, why: str) -> StudioError:
    """Return the error for an adapter that does not fit a model."""
    return StudioError(
        tr(
            "{adapter} does not fit {model}: {reason}.",
            adapter=card.title,
            model=model.title,
            reason=why,
        ),
        cause="model",
        cure=tr("Remove it, or choose a model that it was made for."),
    )


def check_shapes(state: StateDict, own: StateDict, card: ModelCard, model: ModelCard) -> None:
    """Raise StudioError unless `state` has every tensor of `own`, each in the same shape."""
    missing = [name for name in own if name not in state]
    if missing:
        raise incompatibility_error(
            card,
            model,
            tr(
                "{missing} of its {count} parts are missing ({first})",
                missing=len(missing),
                count=len(own),
                first=missing[0][:80],
            ),
        )
    name = next((name for name in own if state[name].shape != own[name].shape), "")
    if name:
        shape, expected = tuple(state[name].shape), tuple(own[name].shape)
        raise incompatibility_error(
            card,
            model,
            tr(
                "{part} has the shape {shape}, the model's has {expected}",
                part=name[:80],
                shape=shape,
                expected=expected,
            ),
        )
