"""Evaluates the model: fixed prompts and seeds, judged by the classifier."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from studio.engine.image.load import DETAIL_FOLDER
from studio.preflight.vocabulary import Vocabulary, with_known_words
from tools.starter_models.image import colors
from tools.starter_models.image.captions import article
from tools.starter_models.image.classifier import Classifier
from tools.starter_models.image.compose import Made, Maker, pair_is_held_out
from tools.starter_models.image.detail.training import autoencoder_of
from tools.starter_models.image.icon_sets import together
from tools.starter_models.image.icons import Icon
from tools.starter_models.image.items import Item, is_held_out
from tools.starter_models.image.profile import COLORS, LATENT_FACTOR, Profile

Pixels = NDArray[np.uint8]
Judged = tuple["Question", Pixels, bool]
"""A question, its image, and whether it is right."""
STEPS = 12
GUIDANCE = 3.0
_SEED = 7


class Question(msgspec.Struct, frozen=True):
    """A prompt, and what its image must show."""

    prompt: str
    things: tuple[str, ...]
    color: str = ""


def questions(
    icons: list[Icon], images: Pixels, known: set[str], profile: Profile, words: Vocabulary
) -> dict[str, list[Question]]:
    """Return the prompts of each group: 60 as in training, 60 composed, 60 held out, unseen words.

    Prompts with unseen words come twice: unchanged, and as Studio translates them.
    """
    chance = Random(_SEED)
    once = {icon.key: (icon, image) for icon, image in zip(icons, images, strict=True)}
    plain = [once[key][0] for key in sorted(once)]
    asked = json.loads(
        (files(__package__) / "concepts" / "unseen.json").read_text(encoding="utf-8")
    )
    unseen = {
        word: key
        for word, key in asked.items()
        if key in once and not set(re.findall("[a-z0-9]+", word)) & known
    }
    return {
        "as in training": [
            Question(_one(icon), (icon.key,)) for icon in chance.sample(plain, min(60, len(plain)))
        ],
        "composed": _composed(icons, images, 60, (Maker.pair,), profile),
        "backgrounds and scenes": _composed(
            icons, images, 30, (Maker.background, Maker.scene), profile
        ),
        "held-out colors": _held_out_colors(once, 30, chance, profile),
        "held-out pairs": _held_out_pairs(plain, 60, chance, profile),
        "unseen words": [Question(word, (key,)) for word, key in unseen.items()],
        "unseen words as read": [
            Question(with_known_words(word, words), (key,)) for word, key in unseen.items()
        ],
    }


def words_of(items: Sequence[Item]) -> set[str]:
    """Return every word of the captions."""
    return {
        word for item in items for text in item.captions for word in re.findall("[a-z0-9]+", text)
    }


def _one(icon: Icon) -> str:
    return f"{article(icon.names[0])} {icon.names[0]}"


def _composed(
    icons: list[Icon],
    images: Pixels,
    count: int,
    kinds: Sequence[Callable[[Maker], Made]],
    profile: Profile,
) -> list[Question]:
    maker = Maker(icons, images, Random(_SEED + 1), profile.held_out, together(profile))
    made = [kinds[number % len(kinds)](maker) for number in range(count)]
    return [
        Question(text, tuple(icons[number].key for number in chosen))
        for text, chosen, _image in made
    ]


def _held_out_colors(
    once: dict[str, tuple[Icon, Pixels]], count: int, chance: Random, profile: Profile
) -> list[Question]:
    found: list[Question] = []
    for key in sorted(once):
        icon, image = once[key]
        now = colors.dominant(image)
        found += [
            Question(f"a {word} {icon.names[0]}", (key,), word)
            for word in COLORS
            if now
            and word != now.word
            and word not in icon.names[0]
            and is_held_out(key, word, profile.held_out)
        ]
    return chance.sample(found, min(count, len(found)))


def _held_out_pairs(
    plain: list[Icon], count: int, chance: Random, profile: Profile
) -> list[Question]:
    wanted = together(profile)
    several = [icon for icon in plain if not wanted or icon.key in wanted]
    pairs = [
        pair
        for pair in combinations(several, 2)
        if pair_is_held_out(pair[0].key, pair[1].key, profile.held_out)
    ]
    return [
        Question(f"{_one(one)} next to {_one(other)}", (one.key, other.key))
        for one, other in chance.sample(pairs, min(count, len(pairs)))
    ]


def draw(model: Path, prompts: list[str], side: int, batch: int = 16) -> list[Pixels]:
    """Return the images of prompts, each with the same seed, (side, side, 3), as large as it can.

    `side`: of the images of the denoiser's training.
    """
    import torch

    pipe = pipeline_of(model)
    side *= pipe.vae_scale_factor // LATENT_FACTOR
    made: list[Pixels] = []
    for start in range(0, len(prompts), batch):
        part = prompts[start : start + batch]
        noise = [torch.Generator().manual_seed(_SEED) for _ in part]
        with torch.inference_mode():
            shown = pipe(
                part,
                num_inference_steps=STEPS,
                guidance_scale=GUIDANCE,
                width=side,
                height=side,
                generator=noise,
                output_type="np",
            ).images
        made += list((shown * 255).round().astype(np.uint8))
    return made


def pipeline_of(model: Path) -> Any:
    """Return the pipeline as Studio loads it."""
    import torch
    from diffusers import AutoPipelineForText2Image

    parts: dict[str, Any] = {}
    if (model / DETAIL_FOLDER).exists():
        parts["vae"] = autoencoder_of(model)
    pipe: Any = AutoPipelineForText2Image.from_pretrained(
        model, dtype=torch.float32, local_files_only=True, **parts
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def is_right(question: Question, found: Sequence[str], image: Pixels) -> bool:
    """True if the likeliest things are those of the question, with its color."""
    if set(map(_thing, found[: len(question.things)])) != set(map(_thing, question.things)):
        return False
    if not question.color:
        return True
    seen = colors.dominant(_with_alpha(image))
    return seen is not None and seen.word == question.color


def _thing(key: str) -> str:
    return key.removesuffix("-face")  # who asks for a cat has got one where its face is drawn


def _with_alpha(image: Pixels) -> Pixels:
    alpha = np.where((image > 235).all(-1), 0, 255).astype(np.uint8)
    return np.concatenate([image, alpha[..., None]], axis=-1)


def judge(
    model: Path, judge_by: Classifier, asked: dict[str, list[Question]], side: int
) -> dict[str, list[tuple[Question, Pixels, bool]]]:
    """Generate the image of every question and judge it."""
    result = {}
    for name, group in asked.items():
        if not group:
            continue
        shown = draw(model, [question.prompt for question in group], side)
        best = judge_by.best([_small(image, side) for image in shown], 3)
        result[name] = [
            (q, image, is_right(q, found, image))
            for q, image, found in zip(group, shown, best, strict=True)
        ]
    return result


def _small(image: Pixels, side: int) -> Pixels:
    from PIL import Image

    size = (side, side)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def grid(judged: Sequence[Judged], path: Path, columns: int = 10, side: int = 96) -> None:
    """Write the images with their prompts as one PNG or WebP, wrong ones with a red line."""
    from PIL import Image, ImageDraw

    size = max(9, side // 14)
    rows, cell, text = -(-len(judged) // columns), side + 8, 3 * size - 1
    page = Image.new("RGB", (columns * cell, rows * (cell + text)), "white")
    pen = ImageDraw.Draw(page)
    for number, (question, image, right) in enumerate(judged):
        left, top = number % columns * cell + 4, number // columns * (cell + text) + 4
        shown = Image.fromarray(image)
        if shown.width != side:
            shown = shown.resize((side, side), Image.Resampling.LANCZOS)
        page.paste(shown, (left, top))
        words = question.prompt
        middle = words.rfind(" ", 0, 18) if len(words) > 18 else len(words)
        lines = f"{words[:middle]}\n{words[middle + 1 : middle + 19]}"
        pen.text(
            (left, top + side + 1), lines, fill="black" if right else "#c02020", font_size=size
        )
        if not right:
            pen.rectangle((left - 1, top - 1, left + side, top + side), outline="#c02020")
    if path.suffix == ".webp":
        page.save(path, quality=80, method=6)
    else:
        page.quantize(128).save(path, optimize=True)
