"""Pairs of latents and large images: the same items as the denoiser's, drawn four times as large.

An item has two latents: those of its image, and those that the finished denoiser makes from its
caption. The denoiser knows its things so well that the second are near the first, which shows the
decoder what it will have to draw from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.starter_models.image import colors, icon_sets, latents
from tools.starter_models.image.captions import article
from tools.starter_models.image.compose import composed
from tools.starter_models.image.denoiser import say
from tools.starter_models.image.icons import Icon
from tools.starter_models.image.items import is_held_out
from tools.starter_models.image.profile import COLORS, LATENT_CHANNELS, LATENT_FACTOR, SEED, Profile

ENLARGEMENT = 4
"""Side of the large images, in sides of the small ones."""
_STEPS = 10
_GUIDANCE = 3.0
_BATCH = 32
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Pairs:
    """Arrays of one row an item."""

    real: NDArray[np.float16]
    """Latents of the images."""
    made: NDArray[np.float16]
    """Latents that the denoiser made from the captions; NaN where it has not yet."""
    images: Pixels
    """(n, side, side, 3), read from the disk as they are needed."""


def read(folder: Path) -> Pairs:
    """Return what `build` wrote."""
    return Pairs(
        np.load(folder / "real.npy"),
        np.load(folder / "made.npy"),
        np.load(folder / "targets.npy", mmap_mode="r"),
    )


def build(work: Path, packages: Path, profile: Profile, model: Path) -> None:
    """Write the pairs to `work/detail`; go on where an interrupted call stopped."""
    folder = work / "detail"
    folder.mkdir(exist_ok=True)
    icons, small = icon_sets.read(work)
    chosen = replace(profile, composed=profile.detail.composed)
    if not (folder / "prompts.txt").exists():
        large = _large(folder, packages, profile)
        _write_images(folder, icons, small, large, chosen, model)
    _write_made(folder, model)


def _large(folder: Path, packages: Path, profile: Profile) -> Pixels:
    """Return the icons in large, RGBA."""
    path = folder / "large.npy"
    if not path.exists():
        wanted = replace(profile, side=profile.side * ENLARGEMENT)
        _save(path, icon_sets.build(packages, wanted)[1])
    return np.asarray(np.load(path))


def items(
    icons: list[Icon], small: Pixels, large: Pixels, profile: Profile
) -> Iterator[tuple[str, Pixels, Pixels]]:
    """Yield caption, small image and large image of each item."""
    for icon, image, whole in zip(icons, small, large, strict=True):
        name = icon.names[0]
        yield f"{article(name)} {name}", colors.on_white(image), colors.on_white(whole)
        now = colors.dominant(image)
        for word in COLORS if now else ():
            if now and word != now.word and not is_held_out(icon.key, word, profile.held_out):
                yield (
                    f"{article(word)} {word} {name}",
                    colors.on_white(colors.recolored(image, now, word)),
                    colors.on_white(colors.recolored(whole, now, word)),
                )
    both = zip(composed(icons, small, profile), composed(icons, large, profile), strict=True)
    for (item, image), (_same, whole) in both:
        yield item.captions[0], image, whole


def _write_images(
    folder: Path, icons: list[Icon], small: Pixels, large: Pixels, profile: Profile, model: Path
) -> None:
    from diffusers import AutoencoderTiny

    vae = AutoencoderTiny.from_pretrained(model / "vae").eval()
    prompts, real, batch = [], [], []
    part = folder / "targets.raw"
    with part.open("wb") as file:
        for prompt, image, whole in items(icons, small, large, profile):
            prompts.append(prompt)
            batch.append(image)
            file.write(whole.tobytes())
            if len(batch) == _BATCH:
                real.append(latents.encode(vae, batch))
                batch = []
    if batch:
        real.append(latents.encode(vae, batch))
    side = large.shape[1]
    raw = np.memmap(part, np.uint8, "r", shape=(len(prompts), side, side, 3))
    _save(folder / "targets.npy", raw)
    part.unlink()
    _save(folder / "real.npy", np.concatenate([one.numpy() for one in real]).astype(np.float16))
    # Written last: shows that the others are whole.
    (folder / "prompts.txt").write_text("\n".join(prompts) + "\n", encoding="utf-8")
    say(f"{len(prompts)} pairs")


def _write_made(folder: Path, model: Path) -> None:
    """Let the denoiser make latents from the prompts, in an order that mixes all kinds."""
    import torch

    prompts = (folder / "prompts.txt").read_text(encoding="utf-8").splitlines()
    path = folder / "made.npy"
    side = np.load(folder / "real.npy", mmap_mode="r").shape[-1]
    made = (
        np.load(path)
        if path.exists()
        else np.full((len(prompts), LATENT_CHANNELS, side, side), np.nan, np.float16)
    )
    order = list(range(len(prompts)))
    Random(SEED).shuffle(order)
    pipe = _pipeline(model)
    for at in range(0, len(order), _BATCH):
        rows = order[at : at + _BATCH]
        if not np.isnan(made[rows]).any():
            continue
        with torch.inference_mode():
            output = pipe(
                [prompts[row] for row in rows],
                width=side * LATENT_FACTOR,
                height=side * LATENT_FACTOR,
                num_inference_steps=_STEPS,
                guidance_scale=_GUIDANCE,
                generator=[torch.Generator().manual_seed(row) for row in rows],
                output_type="latent",
            )
        made[rows] = output.images.float().numpy()
        _save(path, made)
        say(f"latents of {at + len(rows)} of {len(order)} prompts")


def _pipeline(model: Path) -> Any:
    import torch
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(model, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _save(path: Path, array: NDArray[Any]) -> None:
    part = path.with_name("part.npy")
    np.save(part, array)
    part.replace(path)
