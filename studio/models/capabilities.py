"""What a model can do with an image, by its card and its family."""

from __future__ import annotations

from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.models.families.record import Ability


def takes_image(card: ModelCard) -> bool:
    """Return whether the model can start from an image, with or without a mask."""
    return starts_from_image(card) or takes_mask(card)


def starts_from_image(card: ModelCard) -> bool:
    """Return whether the model makes a whole image from another one."""
    return _has_ability(card, "image-to-image")


def takes_mask(card: ModelCard) -> bool:
    """Return whether the model repaints a part of an image."""
    return _has_ability(card, "inpaint")


def needs_image(card: ModelCard) -> bool:
    """Return whether the model makes nothing from a prompt alone."""
    family = find_family(card.family)
    if family is None or not family.tasks:
        return False
    return not any(task.startswith("text-to-") for task in family.tasks)


def reads_weights(card: ModelCard) -> bool:
    """Return whether weights in a prompt, as in (word:1.2), have an effect."""
    family = find_family(card.family)
    return family is not None and bool(family.prompt_weights)


def reads_breaks(card: ModelCard) -> bool:
    """Return whether BREAK in a prompt begins a chunk of its own."""
    family = find_family(card.family)
    return family is not None and family.prompt_weights == "chunks" and not card.translate_prompts


def takes_first_frame(card: ModelCard) -> bool:
    """Return whether the model can begin a video with an image; True if its tasks are unknown."""
    return not card.tasks or "image-to-video" in card.tasks


def needs_first_frame(card: ModelCard) -> bool:
    """Return whether the model makes no video from a prompt alone."""
    return bool(card.tasks) and "text-to-video" not in card.tasks


def has_strength(card: ModelCard, *, masked: bool) -> bool:
    """Return whether the request's `strength` has an effect on this model."""
    family = find_family(card.family)
    return masked or family is None or not family.edits_image


def _has_ability(card: ModelCard, ability: Ability) -> bool:
    if card.abilities:
        return ability in card.abilities
    family = find_family(card.family)  # the card of a model that a user added lists no abilities
    return family is not None and ability in family.tasks
