"""The card of the first start: what works at once, and which small models can be fetched."""

from __future__ import annotations

import functools

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QVBoxLayout

from studio.core.kinds import KINDS
from studio.core.translation import tr, tr_marked
from studio.ui.app_state import AppState
from studio.ui.models.starter_models import STARTER_MODELS, StarterModel
from studio.ui.widgets.elided_label import elided
from studio.ui.widgets.factory import button, label, row, size_text


class StarterCard(QFrame):
    """Offers the starter models that are not installed; hidden when all are, or it is declined."""

    install_requested = Signal(str)
    """Name of a catalog model."""
    kind_requested = Signal(str)
    """The user wants to see the form of a kind that works already."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self._shared = shared
        self.setProperty("role", "banner")
        self.setAccessibleName(tr("Welcome to Studio"))
        self.kind_buttons = {
            name: button(
                tr_marked(kind.title),
                tr("Show the form, with examples to try: {noun}", noun=tr_marked(kind.noun)),
                functools.partial(self.kind_requested.emit, name),
            )
            for name, kind in KINDS.items()
            if kind.tab and not kind.is_optional
        }
        self.later_button = button(
            tr("Not now"), tr("Hide this; Models… has them later"), self._decline
        )
        self.get_buttons = {model.alias: self._get_button(model) for model in STARTER_MODELS}
        self._rows = {
            model.alias: row(
                elided(f"{model.title} {tr_marked(model.purpose)}"),
                _cost_label(model),
                self.get_buttons[model.alias],
                spacing=12,
            )
            for model in STARTER_MODELS
        }
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        welcome = label(tr("Welcome to Studio. These work at once:"))
        layout.addWidget(row(welcome, *self.kind_buttons.values(), None, self.later_button))
        for widget in self._rows.values():
            layout.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def _get_button(self, model: StarterModel) -> QPushButton:
        made = button(
            tr("Get it ({size})", size=size_text(model.download)),
            tr(
                "Download {title}, which {purpose}",
                title=model.title,
                purpose=tr_marked(model.purpose),
            ),
            functools.partial(self.install_requested.emit, model.alias),
            "save",
            primary=model.kind == "text",
        )
        made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        return made

    def offer(self) -> None:
        """Show the models that are missing, and the kinds that have a model."""
        installed = {card.name for card in self._shared.all_cards()}
        missing = [model for model in STARTER_MODELS if model.name not in installed]
        for model in STARTER_MODELS:
            self._rows[model.alias].setVisible(model in missing)
        for name, kind_button in self.kind_buttons.items():
            kind_button.setVisible(bool(self._shared.cards(name)))
        first_start = not self._shared.cards("text")
        self.setVisible(
            first_start and bool(missing) and not self._shared.settings.starter_declined
        )

    def _decline(self) -> None:
        self._shared.change_settings(starter_declined=True)
        self.hide()


def _cost_label(model: StarterModel) -> QLabel:
    result = label(cost_text(model), "muted")
    result.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
    return result


def cost_text(model: StarterModel) -> str:
    """Return what a model costs: its download, and its place on the disk."""
    return tr(
        "{download} to download · {disk} of disk space",
        download=size_text(model.download),
        disk=size_text(model.disk),
    )
