"""What a model can do with a picture that it is given, told by its family
(`resources/families.toml`) without loading it.
"""

from __future__ import annotations

from studio.models.card import ModelCard
from studio.models.families import families


def takes_picture(card: ModelCard) -> bool:
    """True where it can start from a picture, with a mask or without."""
    return starts_from_picture(card) or takes_mask(card)


def starts_from_picture(card: ModelCard) -> bool:
    """True where it makes a whole picture from another."""
    return _does(card, "image-to-image", "image_to_image")


def takes_mask(card: ModelCard) -> bool:
    """True where it repaints a part of a picture."""
    return _does(card, "inpaint", "inpaint")


def needs_picture(card: ModelCard) -> bool:
    """True where it makes nothing from a prompt alone."""
    return card.family in families()["needs_picture"]


def has_strength(card: ModelCard, *, masked: bool) -> bool:
    """True where it is asked how much of the picture is made anew."""
    return masked or card.family not in families()["edits_pictures"]


def _does(card: ModelCard, ability: str, family_list: str) -> bool:
    # A model that a person added has no abilities in its card: its family says them.
    return ability in card.abilities if card.abilities else card.family in families()[family_list]
