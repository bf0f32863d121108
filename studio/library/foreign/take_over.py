"""Turns another program's settings into those of an image request, as far as Studio has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from studio.core.errors import InvalidRequestError
from studio.core.requests import ImageRequest, build_request
from studio.core.requests.adapter_list import MAX_ADAPTERS, AdapterChoice, write
from studio.core.requests.image import MAX_PIXELS
from studio.core.requests.scheduler_names import scheduler_named, split_schedule
from studio.core.translation import tr, tr_marked
from studio.library.foreign.draft import file_stem
from studio.library.foreign.metadata import TITLES, ForeignMetadata
from studio.models.card import ModelCard

MIN_HASH = 10
"""Digits of a SHA-256 that programs write; shorter hashes are of another kind."""
_FIELDS = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "seed": "seed",
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
}
"""Field of the metadata → field of the request, for those that are checked one by one."""
_USUAL_SCHEDULES = ("", "automatic", "normal", "discrete", "default", "native", "uniform")
"""Spacings that mean the scheduler's own."""
_OWN_SAMPLER = "model default"
"""Studio's own word in a `parameters` text."""
_NOT_IN_NAMES = re.compile(r"[\W_]+")


class Taken(msgspec.Struct, frozen=True):
    """A setting in the file, and what became of it."""

    name: str
    value: str
    reason: str = ""
    """Why it was not taken over; empty if it was."""


class TakenOver(msgspec.Struct, frozen=True, kw_only=True):
    """What an image form can use."""

    values: dict[str, object]
    """Field of `ImageRequest` → value, each valid."""
    settings: tuple[Taken, ...] = ()

    @property
    def taken(self) -> list[Taken]:
        """The settings that were taken over."""
        return [setting for setting in self.settings if not setting.reason]

    @property
    def left(self) -> list[Taken]:
        """The settings that were not taken over."""
        return [setting for setting in self.settings if setting.reason]


def take_over(metadata: ForeignMetadata, cards: Iterable[ModelCard] = ()) -> TakenOver:
    """Return the values for a request. `cards`: the installed models and adapters."""
    taker = _Taker(metadata, list(cards))
    taker.take_fields()
    taker.take_size()
    taker.take_scheduler()
    taker.take_strength()
    taker.take_model()
    taker.take_loras()
    taker.leave_others()
    return TakenOver(values=taker.values, settings=tuple(taker.settings))


class _Taker:
    def __init__(self, metadata: ForeignMetadata, cards: list[ModelCard]) -> None:
        self._metadata = metadata
        self._models = [card for card in cards if card.makes_images]
        self._adapters = [card for card in cards if card.adapter]
        self.values: dict[str, object] = {}
        self.settings: list[Taken] = []

    def _add(self, name: str, value: object, reason: str = "") -> None:
        text = f"{value:g}" if isinstance(value, float) else str(value)
        self.settings.append(Taken(name, text, reason))

    def take_fields(self) -> None:
        """Take prompts and numbers, each if a request may have it."""
        for field, name in _FIELDS.items():
            value = getattr(self._metadata, field)
            if value not in (None, ""):
                problem = _problem(name, value)
                self._add(tr_marked(TITLES[field]), value, problem)
                if not problem:
                    self.values[name] = value

    def take_size(self) -> None:
        """Take width and height together."""
        width, height = self._metadata.width, self._metadata.height
        if width is None or height is None:
            return
        problem = _problem("width", width) or _problem("height", height)
        if width * height > MAX_PIXELS:
            problem = tr("more than {limit:,} pixels", limit=MAX_PIXELS)
        self._add(tr("Size"), f"{width} × {height}", problem)
        if not problem:
            self.values |= {"width": width, "height": height}

    def take_scheduler(self) -> None:
        """Take the sampler if Studio has it. Studio has no choice of spacing."""
        name, schedule = self._metadata.sampler, self._metadata.schedule
        if not name or name == _OWN_SAMPLER:
            return
        sampler, in_name = split_schedule(name)
        scheduler = scheduler_named(sampler)
        self._add(
            tr_marked(TITLES["sampler"]),
            name,
            "" if scheduler else tr("Studio does not have this sampler"),
        )
        if scheduler:
            self.values["scheduler"] = scheduler
        spacing = in_name if schedule.lower() in _USUAL_SCHEDULES else schedule
        if spacing:
            self._add(
                tr_marked(TITLES["schedule"]),
                spacing,
                tr("Studio uses the scheduler's own spacing"),
            )

    def take_strength(self) -> None:
        """Take the strength of an image that was made from another one."""
        strength = self._metadata.strength
        if strength is None or strength >= 1:
            return
        problem = _problem("strength", strength)
        self._add(tr_marked(TITLES["strength"]), strength, problem)
        if not problem:
            self.values["strength"] = strength

    def take_model(self) -> None:
        """Take the model if it is installed, found by hash or name."""
        name, digest = self._metadata.model, self._metadata.model_hash
        card = find_card(self._models, name, digest)
        if card is not None:
            self.values["model"] = card.name
            self._add(tr_marked(TITLES["model"]), name or digest)
        elif name or digest:
            self._add(tr_marked(TITLES["model"]), name or digest, tr("not installed"))

    def take_loras(self) -> None:
        """Take the LoRAs that are installed."""
        chosen: dict[str, AdapterChoice] = {}
        for lora in self._metadata.loras:
            card = find_card(self._adapters, lora.name)
            reason = "" if card is not None else tr("not installed")
            if card is not None:
                choice = AdapterChoice(card.name, lora.weight)
                reason = _problem("adapters", str(choice))
                if len(chosen) >= MAX_ADAPTERS:
                    reason = tr("more than {limit} adapters", limit=MAX_ADAPTERS)
                if not reason:
                    chosen[card.name] = choice
            self._add(f"LoRA {lora.name}", lora.weight, reason)
        if chosen:
            self.values["adapters"] = write(chosen.values())

    def leave_others(self) -> None:
        """List what has no field in a request."""
        if self._metadata.vae:
            self._add(
                tr_marked(TITLES["vae"]),
                self._metadata.vae,
                tr("choose it as an adapter, if installed"),
            )
        skip = self._metadata.clip_skip
        if skip is not None and skip > 1:
            self._add(tr_marked(TITLES["clip_skip"]), skip, tr("Studio does not have this setting"))
        for other in self._metadata.others:
            self._add(other.name, other.value, tr("Studio does not have this setting"))


def _problem(field: str, value: object) -> str:
    """Return why a request cannot have this value; empty if it can."""
    try:
        build_request(ImageRequest, {"prompt": "-", field: value})
    except InvalidRequestError as error:
        return error.problems[0].message
    return ""


def find_card(cards: Sequence[ModelCard], name: str, digest: str = "") -> ModelCard | None:
    """Return the card of a model file, by the beginning of its SHA-256 or by its name."""
    if len(digest) >= MIN_HASH:
        for card in cards:
            if card.sha256.startswith(digest):
                return card
    folded = _fold(name)
    if not folded:
        return None
    return next((card for card in cards if folded in _names_of(card)), None)


def _names_of(card: ModelCard) -> set[str]:
    """Return the names of a card, and of the file that it was added from."""
    return {_fold(name) for name in (card.name, card.title, file_stem(card.source)) if name}


def _fold(name: str) -> str:
    return _NOT_IN_NAMES.sub("", name).lower()
