"""The warm models of all kinds, within a budget of bytes: the one used last is not loaded again,
the one unused longest leaves.

How a model is loaded is chosen by `models/memory/load_plan.py` from what is free when it is loaded,
and what could leave for it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import psutil

from studio.core.events import Loading
from studio.core.settings import LoadPreference, LoadStrategy
from studio.engine.protocol import EmitEvent
from studio.engine.registry import runner_of
from studio.engine.runtime.device import look
from studio.engine.runtime.memory import give_back, is_out_of_memory, weights_of
from studio.models.card import ModelCard
from studio.models.files.complete_weights import require_complete_weights
from studio.models.memory.hardware import Machine
from studio.models.memory.load_plan import Footprint, LoadPlan, choose, facts_of

Key = tuple[str, ...]


class Loaded(NamedTuple):
    """A model that is ready to run. `seconds`: what loading took; 0 where it was warm."""

    pipeline: Any
    plan: LoadPlan
    seconds: float = 0.0


@dataclass
class _Entry:
    """One warm model."""

    pipeline: Any
    plan: LoadPlan
    wish: LoadPreference
    holds: Footprint
    """Its weights, measured."""
    used: float


class Pipelines:
    """The warm models of one engine. Loading and running happen in one thread only: loaders patch
    torch while they work.

    `wish_for` says how a person wants a model to be loaded, `machine` what there is; tests have
    smaller ones.
    """

    def __init__(
        self,
        wish_for: Callable[[str], LoadPreference] = lambda _model: "auto",
        machine: Callable[[], Machine] = look,
    ) -> None:
        self._wish_for = wish_for
        self._machine = machine
        self._warm: OrderedDict[Key, _Entry] = OrderedDict()

    def load(self, card: ModelCard, emit: EmitEvent, below: LoadStrategy | None = None) -> Loaded:
        """Return the model, loaded where it is not warm. `below`: the rung of the memory ladder
        that turned out to be too much.

        Raises StudioError with the numbers where it does not fit.
        """
        key, wish = _key(card), self._wish_for(card.name)
        entry = self._warm.get(key)
        if entry is not None and entry.wish == wish and below is None:
            self._warm.move_to_end(key)
            entry.used = time.monotonic()
            self._make_room(entry.plan.takes, key)
            return Loaded(entry.pipeline, entry.plan)
        if entry is not None:
            del self._warm[key], entry
            give_back()
        begun = time.monotonic()
        while True:
            plan = choose(
                card, self._machine(), facts=facts_of(card), warm=self.held, wish=wish, below=below
            )
            self._make_room(plan.takes)
            emit(Loading(phase=": ".join(filter(None, (f"Loading {card.title}", plan.words)))))
            pipeline = self._load(card, plan, wish)
            if pipeline is not None:
                return Loaded(pipeline, plan, time.monotonic() - begun)
            self.forget_all()
            below = plan.rung

    def forget_all(self) -> None:
        """Free every model."""
        self._warm.clear()
        give_back()

    def forget_others(self, card: ModelCard) -> None:
        """Free every model but this one, which runs."""
        for key in [key for key in self._warm if key != _key(card)]:
            del self._warm[key]
        give_back()

    def forget_unused(self, seconds: float) -> float | None:
        """Free the models that were not used for so long. Return in how many seconds the next is
        due; None where none is left.
        """
        now = time.monotonic()
        unused = [key for key, entry in self._warm.items() if now - entry.used >= seconds]
        for key in unused:
            del self._warm[key]
        if unused:
            give_back()
        return min((seconds - (now - entry.used) for entry in self._warm.values()), default=None)

    @property
    def held(self) -> Footprint:
        """The bytes that the warm models' weights take."""
        return sum((entry.holds for entry in self._warm.values()), Footprint())

    def _load(self, card: ModelCard, plan: LoadPlan, wish: LoadPreference) -> Any:
        """Return the model loaded by a plan, and keep it warm; None where memory ran out over
        it.
        """
        before = psutil.Process().memory_info().rss
        try:
            with _complete_weights(card):
                pipeline = runner_of(card.kind).load(card, plan)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            return None
        holds = weights_of(pipeline)
        if not holds.gpu and not holds.memory:  # no torch: what the program grew by
            holds = Footprint(memory=max(0, psutil.Process().memory_info().rss - before))
        self._warm[_key(card)] = _Entry(pipeline, plan, wish, holds, time.monotonic())
        return pipeline

    def _make_room(self, takes: Footprint, stays: Key | None = None) -> None:
        """Let the models leave that were not used longest, until there is room. `stays`: the one
        that it is made for.
        """
        left = [key for key in self._warm if key != stays]
        own = self._warm[stays].holds if stays is not None else Footprint()
        freed = False
        while left and not self._has_room(
            Footprint(takes.gpu - own.gpu, takes.memory - own.memory)
        ):
            del self._warm[left.pop(0)]
            give_back()
            freed = True
        if freed:
            give_back()

    def _has_room(self, more: Footprint) -> bool:
        """True where so much more fits: into what is free now, and beside all that is warm into
        what models may have at all.

        Weights that are mapped from a file are not missing from what the system calls free, so both
        count.
        """
        machine, held = self._machine(), self.held
        gpu = min(machine.gpu_room(), machine.at_rest.gpu_room() - held.gpu)
        memory = min(machine.memory_room(), machine.at_rest.memory_room() - held.memory)
        return more.gpu <= max(0, gpu) and more.memory <= max(0, memory)


def _complete_weights(card: ModelCard) -> AbstractContextManager[None]:
    """Return the context that refuses missing tensors; the other runners' libraries refuse them
    themselves.
    """
    if card.runner not in ("transformers", "diffusers"):
        return nullcontext()
    return require_complete_weights(card.title, diffusers=card.runner == "diffusers")


def _key(card: ModelCard) -> Key:
    """Return what tells weights apart, also those that took the place of others in the same folder:
    a GGUF that is converted.
    """
    return card.name, card.path, card.base_path, card.runner, card.sha256
