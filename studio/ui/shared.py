"""What every part of the window shares: the data folder, the queue, the settings, the models."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from studio.core.paths import DataFolder
from studio.core.settings import Settings, save_settings
from studio.jobs.session import Session
from studio.models.card import ModelCard
from studio.models.installed import among, default_first, is_of, list_installed
from studio.ui import background

SAVE_DELAY_MS = 800


class Shared(QObject):
    """Shared state of one window, and signals that say when it changed."""

    models_changed = Signal()
    """The list of installed models is another one."""
    starter_wanted = Signal()
    """The person pressed a button that installs the starter model."""
    only_idle_changed = Signal(bool)
    """Whether jobs begin only while nobody uses the computer."""
    said = Signal(str)
    """A short sentence for the status bar."""

    def __init__(self, data: DataFolder, session: Session, settings: Settings, *, fake: bool = False) -> None:
        super().__init__()
        self.data = data
        self.session = session
        self.queue = session.queue
        self.settings = settings
        self.fake = fake
        self._cards = self._list_cards()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_DELAY_MS)
        self._timer.timeout.connect(self._save_later)

    def cards(self, kind: str) -> list[ModelCard]:
        """Return the installed models of a kind, the default first."""
        chosen = self.settings.default_models.get(kind)
        return default_first([card for card in self._cards if is_of(card, kind)], chosen)

    def find_card(self, kind: str, name: str) -> ModelCard:
        """Return an installed model or adapter by its name. Raises StudioError."""
        return among(self.cards(kind), kind, name)

    def all_cards(self) -> list[ModelCard]:
        """Return all installed models."""
        return list(self._cards)

    def reload_models(self) -> None:
        """Look again at what is installed; `models_changed` follows."""
        background.run(self, self._list_cards, self._on_cards)

    def output_folder(self) -> str:
        """Return where new artifacts go."""
        return self.settings.output_folder or str(self.data.outputs)

    def settings_changed(self) -> None:
        """Write the settings soon."""
        self._timer.start()

    def save_now(self) -> None:
        """Write the settings now; when the window closes."""
        self._timer.stop()
        save_settings(self.data, self.settings)

    def remember_prompt(self, prompt: str) -> None:
        """Keep a prompt in the history."""
        recent = [other for other in self.settings.recent_prompts if other != prompt]
        self.settings.recent_prompts = [prompt, *recent][:100]
        self.settings_changed()

    def _list_cards(self) -> list[ModelCard]:
        if self.fake:
            from studio.core.requests import KINDS
            from studio.engine.fake import fake_card

            return [fake_card(kind) for kind in KINDS]
        return list_installed(self.data)

    def _on_cards(self, cards: list[ModelCard]) -> None:
        self._cards = cards
        self.models_changed.emit()

    def _save_later(self) -> None:
        background.run(self, lambda: save_settings(self.data, self.settings), lambda _none: None)
