"""A small classifier of the things in an image, independent of the model that it judges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.starter_models.image import colors
from tools.starter_models.image.compose import BACKGROUNDS, Maker
from tools.starter_models.image.denoiser import say
from tools.starter_models.image.icons import Icon
from tools.starter_models.image.latents import to_tensor
from tools.starter_models.image.profile import COLORS, SEED

Pixels = NDArray[np.uint8]
_BATCH = 64
_RATE = 2e-3
_SAY_EVERY = 200


class Classifier:
    """Classifies things by their keys."""

    def __init__(self, keys: Sequence[str]) -> None:
        from torch import nn

        self.keys = list(keys)
        layers: list[Any] = []
        before = 3
        for width, stride in ((32, 2), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2)):
            layers += [
                nn.Conv2d(before, width, 3, stride, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            before = width
        self.net = nn.Sequential(
            *layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(before, len(self.keys))
        )

    def best(self, images: Sequence[Pixels], count: int) -> list[list[str]]:
        """Return the `count` likeliest things of each image, the likeliest first."""
        import torch

        self.net.eval()
        with torch.inference_mode():
            scores = torch.cat(
                [
                    self.net(to_tensor(list(images[at : at + 256])))
                    for at in range(0, len(images), 256)
                ]
            )
        return [
            [self.keys[number] for number in row.topk(count).indices.tolist()] for row in scores
        ]

    def save(self, path: Path) -> None:
        """Write the weights."""
        from safetensors.torch import save_file

        save_file(self.net.state_dict(), path)

    def read(self, path: Path) -> None:
        """Read the weights."""
        from safetensors.torch import load_file

        self.net.load_state_dict(load_file(path))


def train(icons: list[Icon], images: Pixels, steps: int) -> Classifier:
    """Return a classifier trained on the icons, alone and composed, in all colors, sizes and
    places.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    torch.manual_seed(SEED)
    made = Classifier(sorted({icon.key for icon in icons}))
    samples = Samples(icons, images, SEED + 2)
    optimizer = torch.optim.AdamW(made.net.parameters(), lr=_RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=_RATE * 2, total_steps=steps)
    made.net.train()
    for step in range(steps):
        shown, things = samples.batch(_BATCH)
        target = torch.zeros(_BATCH, len(made.keys))
        for row, keys in enumerate(things):
            target[row, [made.keys.index(key) for key in keys]] = 1
        loss: Any = binary_cross_entropy_with_logits(made.net(to_tensor(shown)), target) * len(
            made.keys
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % _SAY_EVERY == _SAY_EVERY - 1:
            say(f"classifier step {step + 1} of {steps}, loss {loss.item():.3f}")
    return made


class Samples:
    """Real images with the things in them, drawn from a seed."""

    def __init__(self, icons: list[Icon], images: Pixels, seed: int) -> None:
        self._icons = icons
        self._images = images
        self._chance = Random(seed)
        self._maker = Maker(icons, images, self._chance, 0.0)

    def batch(self, count: int) -> tuple[list[Pixels], list[tuple[str, ...]]]:
        """Return images, half of them of one thing, and the keys of the things."""
        made = [self.single() if number % 2 else self.composed() for number in range(count)]
        return [image for image, _keys in made], [keys for _image, keys in made]

    def single(self) -> tuple[Pixels, tuple[str, ...]]:
        """One thing, perhaps in another color, a little smaller or aside."""
        number = self._chance.randrange(len(self._icons))
        image = self._images[number]
        now = colors.dominant(image) if self._chance.random() < 0.4 else None
        if now:
            image = colors.recolored(image, now, self._chance.choice(tuple(COLORS)))
        share = self._chance.uniform(0.6, 1.0)
        place = (self._chance.uniform(0, 1 - share), self._chance.uniform(0, 1 - share), share)
        ground = (
            (255, 255, 255)
            if self._chance.random() < 0.7
            else self._chance.choice(tuple(BACKGROUNDS.values()))
        )
        return self._maker.paste_on(ground, (image,), (place,)), (self._icons[number].key,)

    def composed(self) -> tuple[Pixels, tuple[str, ...]]:
        """A composed image of any kind."""
        kind = self._chance.choice(
            (Maker.pair, Maker.pair, Maker.three, Maker.sizes, Maker.count, Maker.scene)
        )
        _text, chosen, image = kind(self._maker)
        return image, tuple(self._icons[number].key for number in chosen)

    def pair(self) -> tuple[Pixels, tuple[str, ...]]:
        """An image of two things."""
        _text, chosen, image = self._maker.pair()
        return image, tuple(self._icons[number].key for number in chosen)


def accuracy(
    made: Classifier, icons: list[Icon], images: Pixels, count: int = 500
) -> tuple[float, float]:
    """Return the share of real images that it knows: of one thing, and of two (both among the
    likeliest two).
    """
    samples = Samples(icons, images, SEED + 3)
    singles, pairs = (
        [samples.single() for _ in range(count)],
        [samples.pair() for _ in range(count)],
    )
    one = made.best([image for image, _keys in singles], 1)
    two = made.best([image for image, _keys in pairs], 2)
    right_one = sum(found == list(keys) for found, (_image, keys) in zip(one, singles, strict=True))
    right_two = sum(
        set(found) == set(keys) for found, (_image, keys) in zip(two, pairs, strict=True)
    )
    return right_one / count, right_two / count
