"""The settings, as plain data; `settings_store` reads and changes them on disk."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MAX_UNLOAD_MINUTES = 100_000
LoadStrategy = Literal[
    "resident",
    "16-bit",
    "model-offload",
    "group-offload",
    "sequential-offload",
    "8-bit",
    "4-bit",
    "processor",
]
"""A way to load a model, from the whole of it to what takes less memory;
`models/memory/load_plan.py` chooses.
"""
LoadPreference = Literal["auto"] | LoadStrategy


class Settings(msgspec.Struct, kw_only=True):
    """All settings. What another version of the program wrote stays in the file
    (`settings_store`).
    """

    default_models: dict[str, str] = {}
    """Kind → name of the model."""
    output_folder: Annotated[str, Meta(pattern=r"^[^\0]*$")] = ""
    """Absolute; empty takes the data folder's own."""
    theme: Literal["system", "light", "dark"] = "system"
    play_while_made: bool = True
    """Speech is played as soon as its first sentence is there."""
    order_by_model: bool = True
    """Waiting jobs that share a model run together."""
    run_together: bool = True
    """Waiting jobs that share model and settings run as one batch."""
    keep_awake: bool = True
    """The computer does not sleep while jobs run."""
    only_idle: bool = False
    """Jobs begin only while nobody uses the computer."""
    memory: LoadPreference = "auto"
    """How models are loaded, where `model_memory` says nothing else."""
    model_memory: dict[str, LoadPreference] = {}
    """Model → how it is loaded."""
    unload_minutes: Annotated[float, Meta(ge=0, le=MAX_UNLOAD_MINUTES)] = 10
    """A model that nobody has used for so long leaves the memory; 0 keeps it."""
    warm_start: bool = True
    """The model that was used last is loaded when the window is open."""
    notify: bool = True
    """The desktop says when a long run is over."""
    endpoint: str = ""
    """The hub that models are fetched from; empty takes the usual one."""
    offline: bool = False
    """Nothing is fetched, whatever is asked for."""
    geometry: str = ""
    """The window's place and docks, base64 of Qt's own form."""
    window_state: str = ""
    last_tab: int = 0
    starter_declined: bool = False


def load_preference(
    model: str, settings: Settings, run: LoadPreference | None = None
) -> LoadPreference:
    """Return how a model is loaded: as was said for this run of the program, for this model, for
    all.
    """
    wish = run or settings.model_memory.get(model, "auto")
    return settings.memory if wish == "auto" and run is None else wish
