"""Composes images of several things: relations, counts, sizes, backgrounds and scenes.

They use the same icons as single images, so that the denoiser learns relations between things.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from random import Random

import numpy as np
from numpy.typing import NDArray

from tools.starter_models.image.captions import article
from tools.starter_models.image.icon_sets import STYLES, together
from tools.starter_models.image.icons import Icon
from tools.starter_models.image.items import Item, is_held_out
from tools.starter_models.image.profile import LATENT_FACTOR, SEED, Profile

Pixels = NDArray[np.uint8]
Place = tuple[float, float, float]
"""Left, top and side, as shares of the canvas; only three sizes (1, 0.75, 0.5) are used."""
Made = tuple[str, tuple[int, ...], Pixels]
"""The caption, the icons by index, and the image."""
COUNTS = {2: "two", 3: "three", 4: "four"}
BACKGROUNDS = {
    "red": (214, 69, 65),
    "orange": (240, 150, 60),
    "yellow": (248, 214, 90),
    "green": (110, 180, 110),
    "blue": (90, 150, 220),
    "purple": (150, 110, 200),
    "pink": (245, 170, 190),
    "black": (30, 30, 34),
    "grey": (160, 160, 166),
}
SCENES = {
    "on the grass": ((150, 205, 240), (96, 168, 80), 0.62),
    "in the sky": ((120, 185, 240), (190, 222, 248), 0.75),
    "at night": ((18, 22, 60), (36, 40, 70), 0.7),
    "on the beach": ((120, 195, 235), (236, 208, 150), 0.6),
    "in the snow": ((190, 215, 235), (244, 248, 252), 0.6),
}
"""Words → color above, color below, and where they meet from the top."""
_IRREGULAR = {
    "mouse": "mice",
    "wolf": "wolves",
    "leaf": "leaves",
    "fish": "fish",
    "sheep": "sheep",
    "deer": "deer",
    "knife": "knives",
}


def composed(icons: list[Icon], images: Pixels, profile: Profile) -> Iterator[tuple[Item, Pixels]]:
    """Yield `profile.composed` RGB images (side, side, 3), without held-out pairs.

    Images of any side show the same things at the same places.
    """
    chance = Random(SEED + 1)
    kinds: tuple[Callable[[Maker], Made], ...] = (
        Maker.pair,
        Maker.pair,
        Maker.pair,
        Maker.pair,
        Maker.three,
        Maker.count,
        Maker.sizes,
        Maker.background,
        Maker.scene,
    )
    factor = LATENT_FACTOR * images.shape[1] // profile.side
    maker = Maker(icons, images, chance, profile.held_out, together(profile), factor)
    for number in range(profile.composed):
        text, chosen, image = kinds[number % len(kinds)](maker)
        style = STYLES[icons[chosen[0]].source]
        yield (
            Item(
                -1,
                "",
                False,
                (text, f"{text}, {style}"),
                tuple(icons[index].key for index in chosen),
            ),
            image,
        )


def pair_is_held_out(first: str, second: str, share: float) -> bool:
    """True for the pairs of things that are never shown together in training."""
    return is_held_out("+".join(sorted((first, second))), "", share)


class Maker:
    """Composes images of all icons, or of those in `wanted` (icon → common name)."""

    def __init__(
        self,
        icons: list[Icon],
        images: Pixels,
        chance: Random,
        share: float,
        wanted: dict[str, str] | None = None,
        latent_factor: int = LATENT_FACTOR,
    ) -> None:
        self._icons = icons
        self._images = images
        self._chance = chance
        self._share = share
        self._wanted = wanted or {}
        self._latent_factor = latent_factor
        self._of_source: dict[str, list[int]] = {}
        for number, icon in enumerate(icons):
            if not wanted or icon.key in wanted:
                self._of_source.setdefault(icon.source, []).append(number)
        self._all = [number for numbers in self._of_source.values() for number in numbers]

    def pair(self) -> Made:
        """Two things next to, above or in front of each other."""
        one, other = self._different(2)
        text, places = self._chance.choice(
            (
                ("{0} next to {1}", ((0.0, 0.26, 0.5), (0.5, 0.26, 0.5))),
                ("{0} and {1}", ((0.0, 0.26, 0.5), (0.5, 0.26, 0.5))),
                ("{0} to the left of {1}", ((0.0, 0.26, 0.5), (0.5, 0.26, 0.5))),
                ("{1} to the right of {0}", ((0.0, 0.26, 0.5), (0.5, 0.26, 0.5))),
                ("{0} above {1}", ((0.25, 0.0, 0.5), (0.25, 0.5, 0.5))),
                ("{1} below {0}", ((0.25, 0.0, 0.5), (0.25, 0.5, 0.5))),
                ("{1} in front of {0}", ((0.0, 0.0, 0.75), (0.5, 0.5, 0.5))),
                ("{0} behind {1}", ((0.0, 0.0, 0.75), (0.5, 0.5, 0.5))),
            )
        )
        words = text.format(self._one(one), self._one(other))
        return (
            words,
            (one, other),
            self._paste(_plain(self._side, (255, 255, 255)), (one, other), places),
        )

    def three(self) -> Made:
        """Three things."""
        chosen = self._different(3)
        places = ((0.0, 0.0, 0.5), (0.5, 0.0, 0.5), (0.25, 0.5, 0.5))
        words = f"{self._one(chosen[0])}, {self._one(chosen[1])} and {self._one(chosen[2])}"
        return words, chosen, self._paste(_plain(self._side, (255, 255, 255)), chosen, places)

    def count(self) -> Made:
        """Two to four of a kind."""
        number = self._chance.choice(tuple(COUNTS))
        chosen = self._chance.choice(self._all)
        corners = ((0.0, 0.0, 0.5), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5), (0.5, 0.5, 0.5))
        places = {
            2: ((0.0, 0.26, 0.5), (0.5, 0.26, 0.5)),
            3: (*corners[:2], (0.25, 0.5, 0.5)),
            4: corners,
        }[number]
        words = f"{COUNTS[number]} {plural(self._name(chosen))}"
        return (
            words,
            (chosen,),
            self._paste(_plain(self._side, (255, 255, 255)), (chosen,) * number, places),
        )

    def sizes(self) -> Made:
        """A big and a small thing."""
        one, other = self._different(2)
        big, small = self._name(one), self._name(other)
        words = (
            f"a big {big} and a small {small}"
            if self._chance.random() < 0.5
            else f"a small {small} and a big {big}"
        )
        places = ((0.0, 0.0, 0.75), (0.5, 0.5, 0.5))
        return (
            words,
            (one, other),
            self._paste(_plain(self._side, (255, 255, 255)), (one, other), places),
        )

    def background(self) -> Made:
        """A thing on a color."""
        chosen = self._chance.choice(self._all)
        word = self._chance.choice(tuple(BACKGROUNDS))
        words = f"{self._one(chosen)} on {article(word)} {word} background"
        return (
            words,
            (chosen,),
            self._paste(_plain(self._side, BACKGROUNDS[word]), (chosen,), ((0.125, 0.125, 0.75),)),
        )

    def scene(self) -> Made:
        """A thing in a simple landscape."""
        chosen = self._chance.choice(self._all)
        where = self._chance.choice(tuple(SCENES))
        top = 0.0625 if where == "in the sky" else 0.25
        return (
            f"{self._one(chosen)} {where}",
            (chosen,),
            self._paste(_scene(self._side, where), (chosen,), ((0.125, top, 0.75),)),
        )

    @property
    def _side(self) -> int:
        return int(self._images.shape[1])

    def _different(self, count: int) -> tuple[int, ...]:
        """Return icons of one style, no pair of which is held out."""
        same = self._of_source[self._chance.choice(tuple(self._of_source))]
        while True:
            chosen = tuple(self._chance.sample(same, count))
            keys = [self._icons[index].key for index in chosen]
            pairs = [(a, b) for place, a in enumerate(keys) for b in keys[place + 1 :]]
            if all(a != b and not pair_is_held_out(a, b, self._share) for a, b in pairs):
                return chosen

    def _name(self, index: int) -> str:
        icon = self._icons[index]
        usual = self._wanted.get(icon.key)
        return usual if usual and self._chance.random() < 0.6 else icon.names[0]

    def _one(self, index: int) -> str:
        name = self._name(index)
        return f"{article(name)} {name}"

    def paste_on(
        self, color: tuple[int, int, int], images: tuple[Pixels, ...], places: tuple[Place, ...]
    ) -> Pixels:
        """Return RGBA images on a color."""
        return _pasted(_plain(self._side, color), images, places)

    def _paste(self, canvas: Pixels, chosen: tuple[int, ...], places: tuple[Place, ...]) -> Pixels:
        # On whole latents: there the latents of a thing are the same wherever it stands, which is
        # learned much sooner.
        step = self._latent_factor / self._side
        snapped = tuple(
            (round(left / step) * step, round(top / step) * step, round(share / step) * step)
            for left, top, share in places
        )
        return _pasted(canvas, tuple(self._images[index] for index in chosen), snapped)


def _pasted(canvas: Pixels, images: tuple[Pixels, ...], places: tuple[Place, ...]) -> Pixels:
    from PIL import Image

    page = Image.fromarray(canvas)
    for image, (left, top, share) in zip(images, places, strict=True):
        length = round(share * page.width)
        thing = Image.fromarray(image).resize((length, length), Image.Resampling.LANCZOS)
        page.paste(thing, (round(left * page.width), round(top * page.width)), thing)
    return np.asarray(page)


def _plain(side: int, color: tuple[int, int, int]) -> Pixels:
    return np.broadcast_to(np.asarray(color, np.uint8), (side, side, 3)).copy()


def _scene(side: int, words: str) -> Pixels:
    above, below, line = SCENES[words]
    canvas = _plain(side, above)
    canvas[round(line * side) :] = below
    if words == "at night":  # a moon, and a few stars
        y, x = np.mgrid[:side, :side] / side
        canvas[(x - 0.84) ** 2 + (y - 0.15) ** 2 < 0.006] = (240, 236, 200)
        for left, top in ((0.1, 0.1), (0.3, 0.2), (0.55, 0.08), (0.66, 0.3), (0.08, 0.42)):
            canvas[round(top * side), round(left * side)] = (240, 240, 240)
    return canvas


def plural(name: str) -> str:
    """Return the plural of an English noun for captions."""
    head, _space, last = name.rpartition(" ")
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif re.search(r"[^us]s$", last):
        pass  # scissors, glasses, grapes
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    elif last.endswith(("s", "x", "ch", "sh")):
        last += "es"
    else:
        last += "s"
    return f"{head} {last}".strip()
