"""The note below a prompt whose language the chosen text model does not know."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import Signal

from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import Notice, button


class _Gap(NamedTuple):
    """A language that a model does not know."""

    sentence: str
    better: ModelCard | None
    """The installed model that knows it."""
    can_be_fetched: bool
    """A model that knows it can be downloaded."""


class LanguageNote(Notice):
    """Names the language, and leads to a model that knows it; hidden if there is no problem."""

    model_chosen = Signal(str)
    """Name of an installed model."""

    def __init__(self, shared: AppState) -> None:
        super().__init__("banner")
        self._shared = shared
        self._checked: tuple[str, str] = ("", "")
        """Model and prompt of the latest check."""

    def check(self, card: ModelCard | None, prompt: str) -> None:
        """Check a prompt in the background, and show or hide the note."""
        self._checked = (card.name if card is not None else "", prompt)
        if card is None or not card.languages or not prompt:
            self.clear()
            return
        checked, cards = self._checked, self._shared.cards(card.kind)

        def show(gap: _Gap | None) -> None:
            if checked == self._checked:  # no later check is under way
                self._show(gap)

        background.run(self, lambda: _find_gap(card, prompt, cards), show)

    def _show(self, gap: _Gap | None) -> None:
        if gap is None:
            self.clear()
            return
        if gap.sentence == self.message and not self.isHidden():
            return  # a button may have the focus
        buttons = []
        if gap.better is not None:
            name = gap.better.name
            buttons.append(
                button(
                    tr("Use {title}", title=gap.better.title),
                    tr("Choose this model"),
                    lambda: self.model_chosen.emit(name),
                )
            )
        elif gap.can_be_fetched:
            buttons.append(
                button(
                    tr("Get a model that does…"),
                    tr("Show which model this computer can run, and what it costs"),
                    self._shared.larger_requested.emit,
                )
            )
        self.show_message(gap.sentence, "", buttons)


def _find_gap(card: ModelCard, prompt: str, cards: list[ModelCard]) -> _Gap | None:
    from studio.models.larger import LANGUAGES
    from studio.preflight.prompt_language import describe_gap, language_gap, model_that_knows

    language = language_gap(card, prompt)
    if not language:
        return None
    better = model_that_knows(language, cards)
    return _Gap(describe_gap(card, language), better, language in LANGUAGES)
