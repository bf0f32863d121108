"""LoRAs, through peft: read from a checked file, compared with the model's layers, then applied."""

from __future__ import annotations

import hashlib
import logging
import re
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

from studio.core.errors import StudioError
from studio.core.events import Loading
from studio.core.translation import tr
from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.image.adapters.weights import (
    LIBRARY_ERRORS,
    StateDict,
    incompatibility_error,
    read_weights,
)
from studio.engine.protocol import JobContext
from studio.models.card import ModelCard
from studio.models.inspect.adapter_files import peft_scaling, weights_file
from studio.preflight.adapters import ResolvedAdapter


class _LoraLayer(NamedTuple):
    """One layer that a LoRA changes."""

    name: str
    module: Any
    """The model's module of that name, or None."""
    down: Any
    """lora_A: rank × inputs."""
    up: Any
    """lora_B: outputs × rank."""


def apply(
    pipe: Any, applied: AppliedAdapters, wanted: list[ResolvedAdapter], context: JobContext
) -> None:
    """Apply these LoRAs, each at its strength, and remove all others.

    Raises StudioError if one doesn't fit; none is applied then.
    """
    by_name = {_peft_name(one.card): one for one in wanted}
    unwanted = [
        name
        for name, digest in applied.loras.items()
        if name not in by_name or by_name[name].card.sha256 != digest
    ]
    if unwanted and len(unwanted) == len(applied.loras):
        remove(pipe, applied)
    elif unwanted:
        pipe.delete_adapters(unwanted)
        for name in unwanted:
            del applied.loras[name]
    if not by_name:
        return
    try:
        for name, one in by_name.items():
            context.check()
            if name not in applied.loras:
                context.emit(Loading(phase=tr("Loading {model}", model=one.card.title)))
                _load(pipe, name, one.card, context.card)
                applied.loras[name] = one.card.sha256
        pipe.set_adapters(list(by_name), [one.scale for one in wanted])
    except BaseException:
        remove(pipe, applied)
        raise


def remove(pipe: Any, applied: AppliedAdapters) -> None:
    """Restore the model as it was loaded."""
    applied.loras.clear()
    if hasattr(pipe, "unload_lora_weights"):
        pipe.unload_lora_weights()


def _peft_name(card: ModelCard) -> str:
    """Return a name that is valid for a module: no dots, and not a part of a LoRA layer's name."""
    return f"studio_{hashlib.sha256(card.name.encode()).hexdigest()[:16]}"


def _load(pipe: Any, name: str, card: ModelCard, model: ModelCard) -> None:
    if not hasattr(pipe, "load_lora_weights"):
        raise StudioError(
            tr("{model} takes no LoRAs.", model=model.title),
            cause="invalid",
            cure=tr("Remove it, or choose another model."),
        )
    # It warns of every component that a LoRA doesn't change.
    logging.getLogger("diffusers.loaders.lora_base").setLevel(logging.ERROR)
    state = _without_peft_layout(card, read_weights(card), pipe)
    try:
        layers = list(_layers(pipe, _as_diffusers(pipe, state)))
    except LIBRARY_ERRORS as error:
        raise incompatibility_error(
            card,
            model,
            tr("the layout of its layers is unknown ({reason})", reason=type(error).__name__),
        ) from error
    _check_layers(layers, card, model)
    try:
        with warnings.catch_warnings():
            # A second LoRA is intended.
            # not translated: a message of peft
            warnings.filterwarnings("ignore", "Already found a `peft_config`")
            pipe.load_lora_weights(dict(state), adapter_name=name)
    except LIBRARY_ERRORS as error:
        raise incompatibility_error(card, model, tr("diffusers cannot read it")) from error


def _without_peft_layout(card: ModelCard, state: StateDict, pipe: Any) -> dict[str, Any]:
    """Return a file of peft's own layout in diffusers': component names first, scaled weights."""
    scaling = peft_scaling(weights_file(card).parent)
    if scaling is None:
        return dict(state)
    component = "unet" if hasattr(pipe, "unet") else "transformer"
    return {
        re.sub(r"^base_model\.model\.", f"{component}.", name): tensor * scaling
        if ".lora_B." in name
        else tensor
        for name, tensor in state.items()
    }


def _as_diffusers(pipe: Any, state: StateDict) -> dict[str, Any]:
    """Return the tensors under diffusers' names, as `load_lora_weights` converts them."""
    options = {"unet_config": pipe.unet.config} if hasattr(pipe, "unet") else {}
    converted = pipe.lora_state_dict(dict(state), **options)
    return dict(converted[0] if isinstance(converted, tuple) else converted)


def _layers(pipe: Any, state: StateDict) -> Iterator[_LoraLayer]:
    from diffusers.utils.state_dict_utils import (
        convert_state_dict_to_diffusers,
        convert_state_dict_to_peft,
        convert_unet_state_dict_to_peft,
    )

    for component in pipe._lora_loadable_modules:
        weights = {
            name.removeprefix(f"{component}."): tensor
            for name, tensor in state.items()
            if name.startswith(f"{component}.")
        }
        model = pipe.components.get(component)
        if not weights or model is None:
            continue
        if component.startswith("text_encoder"):
            weights = convert_state_dict_to_peft(convert_state_dict_to_diffusers(weights))
        elif "lora_A" not in next(iter(weights)):
            weights = convert_unet_state_dict_to_peft(weights)
        if not hasattr(model, "text_model"):
            weights = {name.removeprefix("text_model."): value for name, value in weights.items()}
        modules = dict(model.named_modules())
        for name, down in weights.items():
            if name.endswith(".lora_A.weight"):
                layer = name.removesuffix(".lora_A.weight")
                up = weights[f"{layer}.lora_B.weight"]
                yield _LoraLayer(f"{component}.{layer}", modules.get(layer), down, up)


def _check_layers(layers: list[_LoraLayer], card: ModelCard, model: ModelCard) -> None:
    """Raise StudioError if the model lacks most of the layers, or has one of another width."""
    known = [layer for layer in layers if layer.module is not None]
    if len(known) * 2 < len(layers) or not known:
        raise incompatibility_error(
            card,
            model,
            tr("of its {count} layers the model has {known}", count=len(layers), known=len(known)),
        )
    for layer in known:
        expected, widths = _widths(layer.module), (layer.down.shape[1], layer.up.shape[0])
        if expected is not None and expected != widths:
            raise incompatibility_error(
                card,
                model,
                tr(
                    "{layer} goes from {inputs} to {outputs}, the model's from {model_inputs} to "
                    "{model_outputs}",
                    layer=layer.name[:120],
                    inputs=widths[0],
                    outputs=widths[1],
                    model_inputs=expected[0],
                    model_outputs=expected[1],
                ),
            )


def _widths(module: Any) -> tuple[int, int] | None:
    """Return the inputs and outputs of a linear or convolution layer, or None for others."""
    if hasattr(module, "base_layer"):  # wrapped by another LoRA
        module = module.base_layer
    for inputs, outputs in (("in_features", "out_features"), ("in_channels", "out_channels")):
        if hasattr(module, inputs):
            return int(getattr(module, inputs)), int(getattr(module, outputs))
    return None
