"""What the denoiser is trained on: latents of all images and their color variants, and the
states of their captions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tools.starter_models.image import colors, encoder
from tools.starter_models.image.captions import caption
from tools.starter_models.image.icons import Icon
from tools.starter_models.image.items import Item, is_held_out
from tools.starter_models.image.profile import COLORS, SEED, Profile

_CAPTIONS = 24
"""A image; a color variant has a third of them."""
PLAIN, RECOLORED, COMPOSED = range(3)
SHARES = {RECOLORED: 0.35, COMPOSED: 0.62}
"""Of the samples, each of what the ones after it leave; the rest are images as they are."""


def items(
    icons: list[Icon], images: NDArray[np.uint8], profile: Profile
) -> Iterator[tuple[Item, NDArray[np.uint8]]]:
    """Yield all items with their images, RGB on white, (side, side, 3)."""
    chance = Random(SEED)
    for number, (icon, image) in enumerate(zip(icons, images, strict=True)):
        now = colors.dominant(image)
        word = now.word if now else ""
        yield (
            Item(number, word, False, _captions(icon, word, False, chance)),
            colors.on_white(image),
        )
        for other in COLORS if now else ():
            if now and other != word and not is_held_out(icon.key, other, profile.held_out):
                variant = colors.recolored(image, now, other)
                yield (
                    Item(number, other, True, _captions(icon, other, True, chance)),
                    colors.on_white(variant),
                )


def everything(
    icons: list[Icon], images: NDArray[np.uint8], profile: Profile
) -> Iterator[tuple[Item, NDArray[np.uint8]]]:
    """Yield `items`, and then the composed images."""
    from tools.starter_models.image.compose import composed

    yield from items(icons, images, profile)
    yield from composed(icons, images, profile)


def _captions(icon: Icon, color: str, recolored: bool, chance: Random) -> tuple[str, ...]:
    return tuple(
        caption(icon, color, recolored, chance)
        for _ in range(_CAPTIONS // 3 if recolored else _CAPTIONS)
    )


def build(folder: Path, icons: list[Icon], images: NDArray[np.uint8], profile: Profile) -> None:
    """Write `latents.pt`: latents (items, 4, side/4, side/4), caption states, and which captions an
    item has.
    """
    import torch

    vae = _autoencoder(folder)
    made: list[Item] = []
    latents, batch = [], []
    for item, image in everything(icons, images, profile):
        made.append(item)
        batch.append(image)
        if len(batch) == 128:
            latents.append(encode(vae, batch))
            batch = []
    if batch:
        latents.append(encode(vae, batch))
    texts = ["", *dict.fromkeys(text for item in made for text in item.captions)]
    place = {text: number for number, text in enumerate(texts)}
    caption_of = torch.tensor(
        [[place[item.captions[k % len(item.captions)]] for k in range(_CAPTIONS)] for item in made]
    )
    torch.save(
        {
            "latents": torch.cat(latents).half(),
            "states": encoder.encode(folder, texts),
            "captions": caption_of,
            "kinds": torch.tensor([_kind(item) for item in made]),
        },
        folder / "latents.pt",
    )
    (folder / "items.json").write_bytes(msgspec.json.encode(made))


def _kind(item: Item) -> int:
    if item.objects:
        return COMPOSED
    return RECOLORED if item.recolored else PLAIN


def _autoencoder(folder: Path) -> Any:
    from diffusers import AutoencoderTiny

    return AutoencoderTiny.from_pretrained(folder / "vae").eval()


def to_tensor(images: list[NDArray[np.uint8]] | NDArray[np.uint8]) -> Any:
    """Return images (n, side, side, 3), 0 to 255, as a tensor (n, 3, side, side), -1 to 1."""
    import torch

    return torch.from_numpy(np.stack(list(images))).permute(0, 3, 1, 2).float() / 127.5 - 1


def encode(vae: Any, images: list[NDArray[np.uint8]]) -> Any:
    """Return the latents of images (n, side, side, 3), (n, 4, side/4, side/4)."""
    import torch

    with torch.inference_mode():
        return vae.encode(to_tensor(images)).latents.clone()
