"""Checks the adapters of a request against its model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.core.errors import Problem, StudioError
from studio.core.requests import ImageRequest, Request, adapter_list
from studio.models.adapter_compatibility import ADAPTER_TITLES, incompatibility
from studio.models.card import ADAPTER, ModelCard

FindCard = Callable[[str, str], ModelCard]
"""(kind, name) → card; raises StudioError."""


class ResolvedAdapter(msgspec.Struct, frozen=True):
    """An adapter that a job runs with."""

    card: ModelCard
    scale: float


def wanted(find_card: FindCard, model: ModelCard, request: Request) -> tuple[ResolvedAdapter, ...]:
    """Return what a job runs with beside its model: what makes the model of its base first, then
    what the request names.

    Raises StudioError where one is not there, does not fit, or lacks the picture that it works
    with.
    """
    named = adapter_list.read(request.adapters) if isinstance(request, ImageRequest) else ()
    own = (ResolvedAdapter(model, 1.0),) if model.base and model.adapter else ()
    found = tuple(ResolvedAdapter(find_card(ADAPTER, one.name), one.scale) for one in named)
    for one in found:
        why = incompatibility(one.card, model)
        if why or one.card.name == model.name:
            raise StudioError(
                why or f"{model.title} has that already.",
                cause="invalid",
                cure="Take it out, or choose a model that it fits.",
            )
    if isinstance(request, ImageRequest):
        _check_pictures(request, [one.card for one in found])
    return own + found


def _check_pictures(request: ImageRequest, cards: list[ModelCard]) -> None:
    """Raise StudioError where a picture and the adapter that works with it are not both there."""
    for kind, picture, field in (
        ("controlnet", request.control_image, "control picture"),
        ("ip-adapter", request.ip_adapter_image, "example picture"),
    ):
        titles = [card.title for card in cards if card.adapter == kind]
        if len(titles) > 1:
            raise StudioError(
                f"{titles[0]} and {titles[1]} cannot act at once.",
                cause="invalid",
                cure="Choose one of them.",
            )
        if titles and not picture:
            raise StudioError(
                f"{titles[0]} works with a picture.", cause="invalid", cure=f"Choose a {field}."
            )
        if picture and not titles:
            raise StudioError(
                f"The {field} needs {ADAPTER_TITLES[kind]}, and none is chosen.",
                cause="invalid",
                cure="Choose one under Adapters, in a shell with --lora.",
            )
        if picture and not Path(picture).is_file():
            raise StudioError(
                f"The {field} is gone: {picture}.", cause="invalid", cure="Choose another one."
            )
    for card in cards:
        if (
            card.adapter == "textual-inversion"
            and card.trigger_words[0] not in request.prompt + request.negative_prompt
        ):
            raise StudioError(
                f"{card.title} acts where its word is in the prompt, and it is in none.",
                cause="invalid",
                cure=f"Write {card.trigger_words[0]} into the prompt or the negative prompt.",
            )
    vaes = [card.title for card in cards if card.adapter == "vae"]
    if len(vaes) > 1:
        raise StudioError(
            f"{vaes[0]} and {vaes[1]} cannot act at once.",
            cause="invalid",
            cure="Choose one of them.",
        )


def check_adapters(find_card: FindCard, model: ModelCard, request: Request) -> Problem | None:
    """Return why a request cannot run with its adapters; None where it can."""
    try:
        wanted(find_card, model, request)
    except StudioError as error:
        return Problem("adapters", f"{error.message} {error.cure}".strip())
    return None
