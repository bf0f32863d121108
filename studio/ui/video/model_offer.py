"""What the video tab shows in place of its form while no video model is installed."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.core.kinds import KINDS
from studio.core.translation import tr, tr_marked
from studio.models.card import ModelCard
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import FittedScrollArea
from studio.ui.widgets.factory import button, label, row, size_text

MAX_MODELS = 4
MIN_HEIGHT = 80
"""Less than the text needs; it scrolls in a low window."""
KIND = "video"


class ModelOffer(QWidget):
    """Describes what a video model would add, and which of the catalog can run on this computer."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self._was_shown = False
        self.models = label("", wrap=True)
        """The models that fit, one a line; empty until they are known."""
        self.models.hide()
        self.show_button = button(
            tr("Choose a video model…"),
            tr("Show the video models that can run on this computer"),
            lambda: shared.models_requested.emit(KINDS[KIND].task),
            "models",
            primary=True,
        )
        rest = tr(
            "Videos that you made before stay in the library and are played here. Their frames "
            "can start an image."
        )
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        layout.addWidget(label(tr("No video model is installed."), "title", wrap=True))
        layout.addWidget(label(tr_marked(KINDS[KIND].needs_model_note), wrap=True))
        layout.addWidget(self.models)
        layout.addWidget(row(self.show_button, None))
        layout.addWidget(label(rest, "muted", wrap=True))
        layout.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(FittedScrollArea(content, MIN_HEIGHT, grows=True))

    def showEvent(self, event: QShowEvent) -> None:
        """Find the models that fit when the page is shown for the first time."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            background.run(self, fitting_models, self._on_found)

    def _on_found(self, cards: list[ModelCard]) -> None:
        self.models.show()
        if not cards:
            self.models.setText(
                tr("None of the catalog's models fits into the memory of this computer.")
            )
            return
        lines = [
            tr("• {title}, about {size}", title=card.title, size=size_text(_likely(card)))
            for card in cards[:MAX_MODELS]
        ]
        self.models.setText("\n".join([tr("These can run on this computer:"), *lines]))


def fitting_models() -> list[ModelCard]:
    """Return the catalog's video models that fit this computer, small ones first."""
    from studio.models.catalog import catalog_entries, why_not_run
    from studio.models.memory.choose_plan import fits
    from studio.models.memory.hardware import quick_machine
    from studio.ui.models.hardware_probe import HardwareProbe

    machine = HardwareProbe.known or quick_machine()
    cards = [entry.card for entry in catalog_entries() if entry.card.kind == KIND]
    # A size that nobody knows is no promise, and a motion adapter needs an image model, too.
    known = [card for card in cards if _likely(card) and not card.base and not why_not_run(card)]
    fitting = [card for card in known if fits(card, machine)]
    return sorted(fitting, key=_likely)


def _likely(card: ModelCard) -> int:
    """Return the bytes that a model takes on the disk, or about so many."""
    return card.size or card.parameters * 2
