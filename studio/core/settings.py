"""The settings as plain data; `settings_store` reads and changes them on disk."""

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
    "cpu",
]
"""A way to load a model; `models/memory/choose_plan.py` chooses one."""
LoadPreference = Literal["auto"] | LoadStrategy


class Settings(msgspec.Struct, kw_only=True):
    """All settings. `settings_store` keeps unknown keys of other versions in the file."""

    default_models: dict[str, str] = {}
    """Kind → name of the model."""
    output_folder: Annotated[str, Meta(pattern=r"^[^\0]*$")] = ""
    """Absolute; empty for `outputs` in the data folder."""
    theme: Literal["system", "light", "dark"] = "system"
    play_while_generating: bool = True
    """Play speech as soon as its first sentence is generated."""
    order_by_model: bool = True
    """Run waiting jobs of the same model one after the other."""
    batch_jobs: bool = True
    """Run waiting jobs that share model and settings as one batch."""
    keep_awake: bool = True
    """Keep the computer awake while jobs run."""
    only_idle: bool = False
    """Start jobs only while nobody uses the computer."""
    memory: LoadPreference = "auto"
    """How models are loaded, unless `model_memory` has an entry for the model."""
    model_memory: dict[str, LoadPreference] = {}
    """Model → how it is loaded."""
    unload_minutes: Annotated[float, Meta(ge=0, le=MAX_UNLOAD_MINUTES)] = 10
    """Evict a model that was unused for this long; 0 keeps it."""
    warm_start: bool = True
    """Load the model that was used last when the window opens."""
    notify: bool = True
    """Show a desktop notification at the end of a long run."""
    endpoint: str = ""
    """URL of the hub that models are downloaded from; empty for the default one."""
    offline: bool = False
    """Download nothing."""
    geometry: str = ""
    """`QWidget.saveGeometry` of the window, in base64."""
    window_state: str = ""
    """`QMainWindow.saveState` of the window, in base64."""
    last_tab: int = 0
    """Index of the tab that was shown last."""
    starter_declined: bool = False
    """The person declined to install the starter models."""


def load_preference(
    model: str, settings: Settings, override: LoadPreference | None = None
) -> LoadPreference:
    """Return how to load a model: `override`, else the model's own setting, else the general one.

    `override` holds for one run of the program.
    """
    if override is not None:
        return override
    preference = settings.model_memory.get(model, "auto")
    return settings.memory if preference == "auto" else preference
