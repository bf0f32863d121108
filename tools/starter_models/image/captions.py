"""Captions, as people might write prompts."""

from __future__ import annotations

import re
from random import Random

from tools.starter_models.image.icon_sets import STYLES
from tools.starter_models.image.icons import Icon
from tools.starter_models.image.profile import COLORS

_COLOR_WORD = re.compile(r"\b(red|orange|yellow|green|blue|purple|pink|brown|black|white)\b ?")


def caption(icon: Icon, color: str, recolored: bool, chance: Random) -> str:
    """Return a caption of an icon; that of a `recolored` one always names its `color`."""
    names, keywords = icon.names, icon.keywords
    if recolored:
        names = tuple(filter(None, (_COLOR_WORD.sub("", name).strip() for name in names))) or (
            icon.key,
        )
        keywords = tuple(word for word in keywords if word not in COLORS)
    # The first name is the one that people type.
    name = names[0] if chance.random() < 0.6 else chance.choice(names)
    kind = chance.random()
    if not keywords or kind < 0.7:
        text = name
    elif kind < 0.85:
        text = f"{name}, {chance.choice(keywords)}"
    else:
        text = chance.choice(keywords)
    if recolored or (color and color not in text and chance.random() < 0.3):
        text = f"{color} {text}"
    return with_style(text, STYLES[icon.source], chance)


def with_style(text: str, style: str, chance: Random) -> str:
    """Return the text with an article, a style, or both."""
    kind = chance.random()
    if kind < 0.4:
        return text
    if kind < 0.7:
        return f"{article(text)} {text}"
    if kind < 0.8:
        return f"{style} of {article(text)} {text}"
    return f"{text}, {style}" if kind < 0.9 else f"{style} {text}"


def article(text: str) -> str:
    """Return `a` or `an`."""
    return "an" if re.match(r"[aeio]|hour|u(?!ni|ki|fo)", text) else "a"
