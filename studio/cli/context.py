"""The context of every command: data folder, engine, models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from studio.cli import output
from studio.core import environment
from studio.core.errors import StudioError
from studio.core.paths import DataFolder, data_folder
from studio.core.settings import LoadPreference, load_preference
from studio.core.settings_store import load_settings, set_aside_damaged
from studio.core.translation import tr
from studio.engine.factory import make_engine
from studio.engine.protocol import Engine
from studio.models.card import ModelCard, fake_card
from studio.models.registry import ModelRegistry, among


@dataclass
class Context:
    """The options before the command."""

    data: DataFolder
    in_process: bool = False
    fake: bool = False
    memory: LoadPreference | None = None
    """How this run loads models; None for the settings' preference."""

    def engine(self) -> Engine:
        """Create the engine."""
        environment.prepare()
        return make_engine(
            self.data, in_process=self.in_process, fake=self.fake, memory=self.memory
        )

    def report_damage(self) -> None:
        """Move damaged settings aside, and tell the user."""
        damage = set_aside_damaged(self.data)
        if damage:
            output.note(damage)

    def load_preference(self, model: str) -> LoadPreference:
        """Return how a model is loaded."""
        return load_preference(model, load_settings(self.data), self.memory)

    @cached_property
    def registry(self) -> ModelRegistry:
        """The installed models."""
        return ModelRegistry(self.data)

    def find_card(self, kind: str, name: str) -> ModelCard:
        """Return the model for a request. Raises StudioError."""
        return among([fake_card(kind)], kind, name) if self.fake else self.registry.find(kind, name)


def make_context(
    data_dir: Path | None, in_process: bool, fake: bool, memory: LoadPreference | None = None
) -> Context:
    """Return the context for the options. Raises StudioError for an invalid data folder."""
    data = data_folder(data_dir)
    data.check()
    return Context(data, in_process, fake, memory)


def unsaved(error: OSError) -> StudioError:
    """Return the error for settings that could not be saved."""
    return StudioError(
        tr("The settings cannot be saved: {reason}.", reason=error.strerror or error),
        cause="disk",
        cure=tr("Check the disk's free space and the data folder's permissions."),
    )
