"""Cache of loaded models of all kinds, bounded by memory; evicts the least recently used first.

`models/memory/choose_plan.py` chooses how a model is loaded, from the memory that is free and the
memory that evictions could free.
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
from studio.core.translation import tr
from studio.engine.protocol import EmitEvent
from studio.engine.registry import runner_of
from studio.engine.runtime.device import detect_machine
from studio.engine.runtime.memory import OutOfMemoryGuard, measure_weights, release_memory
from studio.models.card import ModelCard
from studio.models.files.complete_weights import require_complete_weights
from studio.models.memory.choose_plan import choose
from studio.models.memory.folder_facts import facts_of
from studio.models.memory.hardware import Machine
from studio.models.memory.load_plan import Footprint, LoadPlan

Key = tuple[str, ...]


class Loaded(NamedTuple):
    """A model that is ready to run. `seconds`: what loading took; 0 if it was cached."""

    pipeline: Any
    plan: LoadPlan
    seconds: float = 0.0


@dataclass
class _Entry:
    """One cached model."""

    pipeline: Any
    plan: LoadPlan
    preference: LoadPreference
    weights: Footprint
    """Measured."""
    last_used: float


class PipelineCache:
    """The loaded models of one engine. Not thread-safe: loaders patch torch while they work.

    `preference_of` returns how the user wants a model to be loaded, `machine` the free memory.
    """

    def __init__(
        self,
        preference_of: Callable[[str], LoadPreference] = lambda _model: "auto",
        machine: Callable[[], Machine] = detect_machine,
    ) -> None:
        self._preference_of = preference_of
        self._machine = machine
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()

    def load(
        self, card: ModelCard, emit: EmitEvent, less_than: LoadStrategy | None = None
    ) -> Loaded:
        """Return the model, from the cache or loaded now.

        `less_than`: the load strategy that needed too much memory; the next one needs less. Raises
        StudioError with the numbers if the model does not fit.
        """
        key, preference = _key(card), self._preference_of(card.name)
        entry = self._entries.get(key)
        if entry is not None and entry.preference == preference and less_than is None:
            self._entries.move_to_end(key)
            entry.last_used = time.monotonic()
            self._evict_until_fits(entry.plan.footprint, key)
            return Loaded(entry.pipeline, entry.plan)
        if entry is not None:
            del self._entries[key], entry
            release_memory()
        started = time.monotonic()
        while True:
            plan = choose(
                card,
                self._machine(),
                facts=facts_of(card),
                evictable=self.resident,
                preference=preference,
                less_than=less_than,
            )
            self._evict_until_fits(plan.footprint)
            loading = tr("Loading {model}", model=card.title)
            emit(Loading(phase=": ".join(filter(None, (loading, plan.details)))))
            pipeline = self._load(card, plan, preference)
            if pipeline is not None:
                return Loaded(pipeline, plan, time.monotonic() - started)
            self.evict_all()
            less_than = plan.strategy

    def evict_all(self) -> None:
        """Free every model."""
        self._entries.clear()
        release_memory()

    def evict_others(self, card: ModelCard) -> None:
        """Free every model but this one, which is running."""
        for key in [key for key in self._entries if key != _key(card)]:
            del self._entries[key]
        release_memory()

    def evict_unused(self, seconds: float) -> float | None:
        """Free the models that were not used for `seconds`.

        Returns the seconds until the next one is due, None if the cache is empty.
        """
        now = time.monotonic()
        unused = [key for key, entry in self._entries.items() if now - entry.last_used >= seconds]
        for key in unused:
            del self._entries[key]
        if unused:
            release_memory()
        remaining = (seconds - (now - entry.last_used) for entry in self._entries.values())
        return min(remaining, default=None)

    @property
    def resident(self) -> Footprint:
        """The bytes of the cached models' weights."""
        return sum((entry.weights for entry in self._entries.values()), Footprint())

    def _load(self, card: ModelCard, plan: LoadPlan, preference: LoadPreference) -> Any:
        """Load a model by a plan and cache it. Return None if memory ran out."""
        before = psutil.Process().memory_info().rss
        with OutOfMemoryGuard() as guard, _complete_weights(card):
            pipeline = runner_of(card.kind).load(card, plan)
        if guard.ran_out:
            return None
        weights = measure_weights(pipeline)
        if not weights.gpu and not weights.memory:  # not torch: use the growth of the process
            weights = Footprint(memory=max(0, psutil.Process().memory_info().rss - before))
        self._entries[_key(card)] = _Entry(pipeline, plan, preference, weights, time.monotonic())
        return pipeline

    def _evict_until_fits(self, needed: Footprint, keep: Key | None = None) -> None:
        """Evict least recently used models until `needed` fits. `keep`: the model that needs it."""
        candidates = [key for key in self._entries if key != keep]
        own = self._entries[keep].weights if keep is not None else Footprint()
        more = Footprint(needed.gpu - own.gpu, needed.memory - own.memory)
        evicted = False
        while candidates and not self._fits(more):
            del self._entries[candidates.pop(0)]
            release_memory()
            evicted = True
        if evicted:
            release_memory()

    def _fits(self, more: Footprint) -> bool:
        """True if `more` fits into the free memory and, with all cached models, into the budget.

        Both count, because the system calls memory free that holds weights mapped from a file.
        """
        machine, resident = self._machine(), self.resident
        gpu = min(machine.gpu_room(), machine.at_rest.gpu_room() - resident.gpu)
        memory = min(machine.memory_room(), machine.at_rest.memory_room() - resident.memory)
        return more.gpu <= max(0, gpu) and more.memory <= max(0, memory)


def _complete_weights(card: ModelCard) -> AbstractContextManager[None]:
    """Return a context that refuses missing tensors; other runners' libraries check them."""
    if card.runner not in ("transformers", "diffusers"):
        return nullcontext()
    return require_complete_weights(card.title, diffusers=card.runner == "diffusers")


def _key(card: ModelCard) -> Key:
    """Return a key that also distinguishes weights that replaced others in the same folder."""
    return card.name, card.path, card.base_path, card.runner, card.sha256
