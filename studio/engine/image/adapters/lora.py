"""LoRAs on a diffusers pipeline, through peft: read by us from a checked file, tried against the
model's layers, then put on.
"""

from __future__ import annotations

import hashlib
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from studio.core.errors import StudioError
from studio.core.events import Loading
from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.image.adapters.weights import WRONG, no_fit, read_weights
from studio.engine.protocol import JobContext
from studio.models.card import ModelCard
from studio.models.inspect.adapter import peft_scaling, weights_file
from studio.preflight.adapters import ResolvedAdapter


def wear(pipe: Any, worn: AppliedAdapters, wanted: list[ResolvedAdapter], run: JobContext) -> None:
    """Put these LoRAs on, each with its strength, and take all others off. Raises StudioError with
    none of them on.
    """
    names = {_peft_name(one.card): one for one in wanted}
    gone = [
        name
        for name, digest in worn.loras.items()
        if name not in names or names[name].card.sha256 != digest
    ]
    if gone and len(gone) == len(worn.loras):
        take_off(pipe, worn)
    elif gone:
        pipe.delete_adapters(gone)
        for name in gone:
            del worn.loras[name]
    if not names:
        return
    try:
        for name, one in names.items():
            run.check()
            if name not in worn.loras:
                run.emit(Loading(phase=f"Loading {one.card.title}"))
                _put_on(pipe, name, one.card, run.card)
                worn.loras[name] = one.card.sha256
        pipe.set_adapters(list(names), [one.scale for one in wanted])
    except BaseException:
        take_off(pipe, worn)
        raise


def take_off(pipe: Any, worn: AppliedAdapters) -> None:
    """Leave the model as it was loaded."""
    worn.loras.clear()
    if hasattr(pipe, "unload_lora_weights"):
        pipe.unload_lora_weights()


def _peft_name(card: ModelCard) -> str:
    """Return a name that can be a module's: no dots, and no word that layers of a LoRA are told
    by.
    """
    return f"studio_{hashlib.sha256(card.name.encode()).hexdigest()[:16]}"


def _put_on(pipe: Any, name: str, card: ModelCard, model: ModelCard) -> None:
    if not hasattr(pipe, "load_lora_weights"):
        raise StudioError(
            f"{model.title} takes no LoRAs.",
            cause="invalid",
            cure="Take it out, or choose another model.",
        )
    logging.getLogger("diffusers.loaders.lora_base").setLevel(
        logging.ERROR
    )  # it warns of every part that a LoRA leaves alone
    state = _prepared(card, read_weights(card), pipe)
    try:
        layers = list(_layers(pipe, _as_diffusers(pipe, state)))
    except WRONG as error:
        raise no_fit(card, model, f"its layers cannot be told ({type(error).__name__})") from error
    _check_layers(layers, card, model)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "Already found a `peft_config`"
            )  # a second one is meant
            pipe.load_lora_weights(dict(state), adapter_name=name)
    except WRONG as error:
        raise no_fit(card, model, "the libraries cannot read it") from error


def _prepared(card: ModelCard, state: Mapping[str, Any], pipe: Any) -> dict[str, Any]:
    """Return peft's own layout as diffusers': its part's name before each layer, its strength in
    the weights.
    """
    scaling = peft_scaling(weights_file(card).parent)
    if scaling is None:
        return dict(state)
    part = "unet" if hasattr(pipe, "unet") else "transformer"
    return {
        re.sub(r"^base_model\.model\.", f"{part}.", name): tensor * scaling
        if ".lora_B." in name
        else tensor
        for name, tensor in state.items()
    }


def _as_diffusers(pipe: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tensors under diffusers' names, as `load_lora_weights` sees them."""
    more = {"unet_config": pipe.unet.config} if hasattr(pipe, "unet") else {}
    found = pipe.lora_state_dict(dict(state), **more)
    return dict(found[0] if isinstance(found, tuple) else found)


def _layers(pipe: Any, state: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any, Any]]:
    """Yield each layer: its name, the model's module of that name or None, and the two halves of
    its change.
    """
    from diffusers.utils.state_dict_utils import (
        convert_state_dict_to_diffusers,
        convert_state_dict_to_peft,
        convert_unet_state_dict_to_peft,
    )

    for part in pipe._lora_loadable_modules:
        inside = {
            name.removeprefix(f"{part}."): tensor
            for name, tensor in state.items()
            if name.startswith(f"{part}.")
        }
        model = getattr(pipe, part, None)
        if not inside or model is None:
            continue
        if part.startswith("text_encoder"):
            inside = convert_state_dict_to_peft(convert_state_dict_to_diffusers(inside))
        elif "lora_A" not in next(iter(inside)):
            inside = convert_unet_state_dict_to_peft(inside)
        if not hasattr(model, "text_model"):
            inside = {name.removeprefix("text_model."): tensor for name, tensor in inside.items()}
        modules = dict(model.named_modules())
        for name, first in inside.items():
            if name.endswith(".lora_A.weight"):
                layer = name.removesuffix(".lora_A.weight")
                yield f"{part}.{layer}", modules.get(layer), first, inside[f"{layer}.lora_B.weight"]


def _check_layers(
    layers: list[tuple[str, Any, Any, Any]], card: ModelCard, model: ModelCard
) -> None:
    """Raise StudioError where the model has not most of the layers, or has one of another width."""
    there = [layer for layer in layers if layer[1] is not None]
    if len(there) * 2 < len(layers) or not there:
        raise no_fit(card, model, f"of its {len(layers)} layers the model has {len(there)}")
    for name, module, first, second in there:
        own, its = _widths(module), (first.shape[1], second.shape[0])
        if own is not None and own != its:
            raise no_fit(
                card,
                model,
                f"{name[:120]} goes from {its[0]} to {its[1]}, and the model's from {own[0]} to "
                f"{own[1]}",
            )


def _widths(module: Any) -> tuple[int, int] | None:
    module = getattr(module, "base_layer", module)  # another LoRA is on it
    for going_in, coming_out in (("in_features", "out_features"), ("in_channels", "out_channels")):
        if hasattr(module, going_in):
            return int(getattr(module, going_in)), int(getattr(module, coming_out))
    return None
