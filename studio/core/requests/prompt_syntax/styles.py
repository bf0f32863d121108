"""Styles of images: templates around a prompt, in `resources/styles/image.toml` or a user's own.

A request names one of them, or has an own template: `ink drawing of {prompt} --no color`. Recipes
and presets thus hold the whole own style.
"""

from __future__ import annotations

import functools
import tomllib

import msgspec

from studio.core.resources import resources
from studio.core.translation import current_language, mark, tr

PLACE = "{prompt}"
"""Of the user's prompt in a template."""
NOT_WANTED = " --no "
"""In an own template, before what to keep out of the image."""
CATEGORIES = {
    "photo": mark("Photo"),
    "painting": mark("Painting"),
    "drawing": mark("Drawing"),
    "print": mark("Print and poster"),
    "illustration": mark("Illustration"),
    "craft": mark("Craft and sculpture"),
    "digital": mark("Digital and 3D"),
    "east": mark("Asian traditions"),
}
OWN = "own"
"""The category of a user's own style."""


class Style(msgspec.Struct, frozen=True):
    """A template for prompts."""

    name: str
    category: str
    title: str
    title_zh: str
    prompt: str
    negative_prompt: str = ""

    @property
    def shown_title(self) -> str:
        """Its title in the user's language."""
        return self.title_zh if current_language() == "zh_CN" else self.title

    def matches(self, text: str) -> bool:
        """Return whether its titles, name or template have all words of a search."""
        whole = f"{self.name} {self.title} {self.title_zh} {self.prompt}".casefold()
        return all(word in whole for word in text.casefold().split())


@functools.cache
def styles() -> tuple[Style, ...]:
    """Return the styles that come with Studio, sorted by category."""
    path = resources() / "styles" / "image.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(msgspec.convert(table["style"], list[Style]))


@functools.lru_cache(maxsize=256)
def find_style(name: str) -> Style:
    """Return a style by its name, its title in any language, or its own template.

    Raises ValueError with the reason, which continues "the style …".
    """
    wanted = name.strip()
    if PLACE in wanted:
        prompt, _sign, negative = wanted.partition(NOT_WANTED)
        return Style(wanted, OWN, wanted, wanted, prompt.strip(), negative.strip())
    folded = wanted.casefold()
    for style in styles():
        if folded in (style.name, style.title.casefold(), style.title_zh.casefold()):
            return style
    near = [style.name for style in styles() if style.matches(wanted)][:5]
    raise ValueError(
        tr("is unknown: {name}. Similar: {names}", name=wanted[:60], names=", ".join(near))
        if near
        else tr("is unknown: {name}. An own style has {place} in it", name=wanted[:60], place=PLACE)
    )


def styled(prompt: str, negative_prompt: str, style_preset: str) -> tuple[str, str]:
    """Return the prompts with a style; empty for none. Raises ValueError for an unknown one."""
    if not style_preset.strip():
        return prompt, negative_prompt
    style = find_style(style_preset)
    negatives = [text for text in (negative_prompt.strip(), style.negative_prompt) if text]
    return style.prompt.replace(PLACE, prompt), ", ".join(negatives)
