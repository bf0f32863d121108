"""Which adapter fits which model, and what a request's adapters are: told before the job runs, from cards alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.core import adapters
from studio.core.errors import Problem, StudioError
from studio.core.requests import ImageRequest, Request
from studio.models.card import ADAPTER, ModelCard
from studio.models.headers import HeaderError
from studio.models.safety import read_json

FindCard = Callable[[str, str], ModelCard]
"""(kind, name) → card; raises StudioError."""
NAMES = {
    "lora": "a LoRA", "textual-inversion": "a textual inversion", "vae": "a VAE", "controlnet": "a ControlNet",
    "ip-adapter": "an IP-Adapter",
}  # fmt: skip
"""What an adapter is, for a person."""
# The first that is in the pipeline's name → the family's, as `layouts.py` calls it.
_FAMILIES = (
    ("StableDiffusionXL", "SDXL"), ("StableDiffusion3", "Stable Diffusion 3"), ("StableDiffusion", "Stable Diffusion 1.x"),
    ("LatentConsistencyModel", "Stable Diffusion 1.x"), ("Flux2", "FLUX.2"), ("Flux", "FLUX.1"), ("Chroma", "Chroma"),
    ("QwenImage21", "Qwen-Image 2.1"), ("QwenImage", "Qwen-Image"), ("ZImage", "Z-Image"), ("Lumina2", "Lumina 2"),
    ("Sana", "Sana"), ("PixArt", "PixArt"), ("AuraFlow", "AuraFlow"), ("HiDream", "HiDream"), ("HunyuanDiT", "HunyuanDiT"),
    ("Wan", "Wan"), ("LTX", "LTX-Video"), ("HunyuanVideo", "HunyuanVideo"), ("CogView4", "CogView4"), ("Kolors", "Kolors"),
)  # fmt: skip
_SHARED = {  # what a file of several families is called → these
    "Stable Diffusion or SDXL": {"Stable Diffusion 1.x", "Stable Diffusion 2.x", "SDXL"},
    "FLUX.1": {"Chroma"},  # which has its layers; whether it has those of a LoRA is seen when that is put on
    "FLUX.1 or Stable Diffusion 3": {"FLUX.1", "Stable Diffusion 3", "Chroma", "Z-Image", "Lumina 2"},
}


def architecture(card: ModelCard) -> str:
    """Return the family of a model in the words that adapters name theirs with; Stable Diffusion's two are told by width."""
    family = next((name for part, name in _FAMILIES if part in card.family), card.family.removesuffix("Pipeline"))
    if family == "Stable Diffusion 1.x" and card.path and not card.base and _context(card.folder) == 1024:
        return "Stable Diffusion 2.x"
    return family


@functools.lru_cache(maxsize=64)
def _context(folder: Path) -> int:
    try:
        width = read_json(folder / "unet" / "config.json").get("cross_attention_dim")
    except (OSError, HeaderError):
        return 0
    return width if type(width) is int else 0


def why_no_fit(adapter: ModelCard, model: ModelCard) -> str:
    """Return why an adapter does not fit a model, as a sentence; empty where it fits."""
    made_for = architecture(adapter) if adapter.base else adapter.family
    has = architecture(model)
    if has == made_for or has in _SHARED.get(made_for, ()):
        return ""
    what = NAMES.get(adapter.adapter, "an adapter")
    return f"{adapter.title} is {what} for {made_for or 'a model that is not known'}; {model.title} is {has}."


def fitting(adapters_there: list[ModelCard], model: ModelCard) -> list[ModelCard]:
    """Return the adapters that fit a model; its own is none of them."""
    return [card for card in adapters_there if card.adapter and card.name != model.name and not why_no_fit(card, model)]


class Wanted(msgspec.Struct, frozen=True):
    """An adapter that a job runs with."""

    card: ModelCard
    scale: float


def wanted(find_card: FindCard, model: ModelCard, request: Request) -> tuple[Wanted, ...]:
    """Return what a job runs with beside its model: what makes the model of its base first, then what the request names.

    Raises StudioError where one is not there, does not fit, or lacks the picture that it works with.
    """
    named = adapters.read(request.adapters) if isinstance(request, ImageRequest) else ()
    own = (Wanted(model, 1.0),) if model.base and model.adapter else ()
    found = tuple(Wanted(find_card(ADAPTER, one.name), one.scale) for one in named)
    for one in found:
        why = why_no_fit(one.card, model)
        if why or one.card.name == model.name:
            raise StudioError(
                why or f"{model.title} has that already.", cause="invalid", cure="Take it out, or choose a model that it fits."
            )
    if isinstance(request, ImageRequest):
        _check_pictures(request, [one.card for one in found])
    return own + found


def _check_pictures(request: ImageRequest, cards: list[ModelCard]) -> None:
    """Raise StudioError where a picture and the adapter that works with it are not both there."""
    for kind, picture, field in (
        ("controlnet", request.control_image, "control picture"),
        ("ip-adapter", request.ip_adapter_image, "example picture"),
    ):
        titles = [card.title for card in cards if card.adapter == kind]
        if len(titles) > 1:
            raise StudioError(f"{titles[0]} and {titles[1]} cannot act at once.", cause="invalid", cure="Choose one of them.")
        if titles and not picture:
            raise StudioError(f"{titles[0]} works with a picture.", cause="invalid", cure=f"Choose a {field}.")
        if picture and not titles:
            raise StudioError(
                f"The {field} needs {NAMES[kind]}, and none is chosen.",
                cause="invalid",
                cure="Choose one under Adapters, in a shell with --lora.",
            )
        if picture and not Path(picture).is_file():
            raise StudioError(f"The {field} is gone: {picture}.", cause="invalid", cure="Choose another one.")
    for card in cards:
        if card.adapter == "textual-inversion" and card.trigger_words[0] not in request.prompt + request.negative_prompt:
            raise StudioError(
                f"{card.title} acts where its word is in the prompt, and it is in none.",
                cause="invalid",
                cure=f"Write {card.trigger_words[0]} into the prompt or the negative prompt.",
            )
    vaes = [card.title for card in cards if card.adapter == "vae"]
    if len(vaes) > 1:
        raise StudioError(f"{vaes[0]} and {vaes[1]} cannot act at once.", cause="invalid", cure="Choose one of them.")


def check_adapters(find_card: FindCard, model: ModelCard, request: Request) -> Problem | None:
    """Return why a request cannot run with its adapters; None where it can."""
    try:
        wanted(find_card, model, request)
    except StudioError as error:
        return Problem("adapters", f"{error.message} {error.cure}".strip())
    return None
