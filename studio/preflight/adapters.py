"""Checks the adapters of a request against its model."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.core.errors import Problem, StudioError
from studio.core.requests import ImageRequest, Request, adapter_list
from studio.core.requests.prompt_syntax.weights import PromptError, adapters_of
from studio.core.translation import tr, tr_marked
from studio.models.adapter_compatibility import ADAPTER_TITLES, incompatibility
from studio.models.card import ADAPTER, ModelCard

_NOT_IN_NAMES = re.compile(r"[\W_]+")
FindCard = Callable[[str, str], ModelCard]
"""(kind, name) → card; raises StudioError."""


class ResolvedAdapter(msgspec.Struct, frozen=True):
    """An adapter that a job runs with."""

    card: ModelCard
    scale: float


def resolve_adapters(
    find_card: FindCard, model: ModelCard, request: Request
) -> tuple[ResolvedAdapter, ...]:
    """Return the adapters of a job: the model's own, if it is a changed base, then the request's.

    Raises StudioError if one is not installed, does not fit the model, or lacks its image.
    """
    own = (ResolvedAdapter(model, 1.0),) if model.base and model.adapter else ()
    if not isinstance(request, ImageRequest):
        return own
    choices = adapter_list.read(request.adapters)
    chosen = [ResolvedAdapter(find_card(ADAPTER, one.name), one.scale) for one in choices]
    chosen += _from_tags(find_card, request, {one.card.name for one in chosen})
    for one in chosen:
        reason = incompatibility(one.card, model)
        if reason or one.card.name == model.name:
            raise StudioError(
                reason or tr("{title} includes it already.", title=model.title),
                cause="invalid",
                cure=tr("Remove it, or choose a model that it fits."),
            )
    cards = [one.card for one in chosen]
    _check_adapter_images(request, cards)
    _check_trigger_words(request, cards)
    _check_one_only([card.title for card in cards if card.adapter == "vae"])
    return own + tuple(chosen)


def _from_tags(
    find_card: FindCard, request: ImageRequest, named: set[str]
) -> list[ResolvedAdapter]:
    """Return the adapters of the prompts' tags, except those in `named`, which have a strength.

    Raises StudioError, with the tag, if one is not installed.
    """
    found: dict[str, ResolvedAdapter] = {}
    try:
        prompt, negative_prompt = request.styled_prompts
        tagged = adapters_of(prompt) + adapters_of(negative_prompt)
    except PromptError as error:
        raise StudioError(str(error), cause="invalid") from error
    for one in tagged:
        card = find_tagged(find_card, one.name)
        if card is None:
            try:
                find_card(ADAPTER, one.name)
            except StudioError as error:
                problem = tr(
                    "{tags} in the prompt: {problem}", tags=f"<lora:{one}>", problem=error.message
                )
                raise StudioError(problem, cause="model", cure=error.cure) from error
        elif card.name not in named:
            found.setdefault(card.name, ResolvedAdapter(card, one.scale))
    return list(found.values())


def find_tagged(find_card: FindCard, name: str) -> ModelCard | None:
    """Return the adapter that a tag names, perhaps as a file or in another spelling; else None."""
    file = name.replace("\\", "/").rpartition("/")[2].removesuffix(".safetensors")
    for one in dict.fromkeys((file, _NOT_IN_NAMES.sub("-", file.casefold()).strip("-"))):
        try:
            return find_card(ADAPTER, one)
        except StudioError:
            continue
    return None


def _check_adapter_images(request: ImageRequest, cards: list[ModelCard]) -> None:
    """Raise StudioError if an image, or the adapter that uses it, is missing."""
    for kind, path, noun in (
        ("controlnet", request.control_image, tr("control image")),
        ("ip-adapter", request.ip_adapter_image, tr("reference image")),
    ):
        titles = [card.title for card in cards if card.adapter == kind]
        _check_one_only(titles)
        if titles and not path:
            raise StudioError(
                tr("{adapter} needs an image.", adapter=titles[0]),
                cause="invalid",
                cure=tr("Choose a {noun}.", noun=noun),
            )
        if path and not titles:
            raise StudioError(
                tr(
                    "The {noun} needs {adapter}.",
                    noun=noun,
                    adapter=tr_marked(ADAPTER_TITLES[kind]),
                ),
                cause="invalid",
                cure=tr("Choose one under Adapters, or with --lora on the command line."),
            )
        if path and not Path(path).is_file():
            raise StudioError(
                tr("The {noun} is missing: {path}.", noun=noun, path=path),
                cause="invalid",
                cure=tr("Choose another one."),
            )


def _check_trigger_words(request: ImageRequest, cards: list[ModelCard]) -> None:
    """Raise StudioError if neither prompt has the word of a textual inversion."""
    prompts = "".join(request.styled_prompts)
    for card in cards:
        if card.adapter == "textual-inversion" and card.trigger_words[0] not in prompts:
            raise StudioError(
                tr("{title} needs its word in the prompt.", title=card.title),
                cause="invalid",
                cure=tr(
                    "Write {word} into the prompt or the negative prompt.",
                    word=card.trigger_words[0],
                ),
            )


def _check_one_only(titles: list[str]) -> None:
    """Raise StudioError for two adapters of a kind of which a model can use one."""
    if len(titles) > 1:
        raise StudioError(
            tr(
                "{first} and {second} cannot be used together.",
                first=titles[0],
                second=titles[1],
            ),
            cause="invalid",
            cure=tr("Choose one of them."),
        )


def check_adapters(find_card: FindCard, model: ModelCard, request: Request) -> Problem | None:
    """Return why a request cannot run with its adapters, or None."""
    try:
        resolve_adapters(find_card, model, request)
    except StudioError as error:
        return Problem("adapters", f"{error.message} {error.cure}".strip())
    return None
