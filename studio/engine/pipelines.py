"""Loaded models, kept warm: the one used last is not loaded again, and the oldest goes when memory runs low."""

from __future__ import annotations

import gc
import importlib
import sys
import time
from collections import OrderedDict
from typing import Any

import psutil

from studio.core.events import Loading
from studio.engine.protocol import Emit
from studio.models.card import ModelCard

MAX_WARM = 3
LOW_MEMORY_SHARE = 0.25
"""Below this share of free memory only one model stays."""


class Pipelines:
    """The warm models of one engine. Loading and running happen in one thread only: loaders patch torch while they work."""

    def __init__(self) -> None:
        self._warm: OrderedDict[tuple[str, ...], Any] = OrderedDict()

    def load(self, card: ModelCard, emit: Emit) -> tuple[Any, float]:
        """Return the pipeline for the card and the seconds that loading took; 0 where it was warm."""
        key = (card.name, card.path, card.base_path)
        if key in self._warm:
            self._warm.move_to_end(key)
            return self._warm[key], 0.0
        emit(Loading(phase=f"Loading {card.title}"))
        self._make_room()
        begun = time.monotonic()
        pipeline = importlib.import_module(f"studio.engine.{card.kind}").load(card)
        self._warm[key] = pipeline
        return pipeline, time.monotonic() - begun

    def forget_all(self) -> None:
        """Free every model."""
        self._warm.clear()
        _free()

    def _make_room(self) -> None:
        memory = psutil.virtual_memory()
        keep = MAX_WARM - 1 if memory.available > LOW_MEMORY_SHARE * memory.total else 0
        while len(self._warm) > keep:
            self._warm.popitem(last=False)
            _free()


def _free() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
