"""The card that offers a larger text model while the small starter is the only one."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import Signal

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.translation import current_language, tr, tr_marked
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.models.starter_models import LARGER_TITLES, STARTER_MODELS
from studio.ui.queue.job_text import format_duration
from studio.ui.widgets.factory import Notice, button, size_text

SMALL = STARTER_MODELS[0]
MEGABITS = 100
"""Per second, of the connection for which the card names the time."""


class _Content(NamedTuple):
    """What the card shows."""

    name: str
    message: str
    advice: str
    size: str


class LargerModelCard(Notice):
    """Offers the larger text model that fits this computer, with its costs."""

    install_requested = Signal(str)
    """Name of a catalog model."""

    def __init__(self, shared: AppState) -> None:
        super().__init__("banner")
        self._shared = shared
        self._is_asked = False
        """The user asked for the card, so that a toast explains why there is nothing to offer."""

    def offer(self) -> None:
        """Show the card if the small starter is the only text model, unless it was declined."""
        names = [card.name for card in self._shared.cards("text")]
        if names == [SMALL.name] and not self._shared.settings.larger_declined:
            self._find()
        else:
            self.clear()

    def show_asked(self) -> None:
        """Show the card because the user asked for a larger model."""
        self._is_asked = True
        self._find()

    def _find(self) -> None:
        data = self._shared.data
        background.run(self, lambda: _content(data), self._on_found, self._on_none_found)

    def _on_found(self, content: _Content) -> None:
        if self._shared.settings.pending_installs and not self._is_asked:
            return  # an installation began meanwhile
        self._is_asked = False
        get = button(
            tr("Get it ({size})", size=content.size),
            tr("Download the model in the background, and use it for text when it is there"),
            lambda: self._get(content.name),
            "save",
            primary=True,
        )
        later = button(tr("Not now"), tr("Hide this; Models… has it later"), self._decline)
        self.show_message(content.message, content.advice, [get, later])

    def _on_none_found(self, error: Exception) -> None:
        if not isinstance(error, StudioError):
            raise error
        if self._is_asked:
            self._is_asked = False
            self._shared.post_toast(f"{error.message} {error.cure}")

    def _get(self, name: str) -> None:
        self.clear()
        self.install_requested.emit(name)

    def _decline(self) -> None:
        self._shared.change_settings(larger_declined=True)
        self.clear()


def _content(data: DataFolder) -> _Content:
    """Return what the card shows. Reads the catalog and tasks. Raises StudioError if none fits."""
    from studio.models.larger import SMALL_PARAMETERS, offer_for
    from studio.text_tasks.loader import load_tasks

    offer = offer_for(data, current_language()[:2])
    tasks = [
        tr_marked(task.title)
        for task in load_tasks(data).values()
        if task.is_too_small(SMALL_PARAMETERS)
    ]
    cost = tr(
        "{download} to download, about {duration} at {speed} Mbit/s · {disk} of disk space.",
        download=size_text(offer.download),
        duration=format_duration(offer.download * 8 / (MEGABITS * 10**6)),
        speed=MEGABITS,
        disk=size_text(offer.disk),
    )
    limits = tr(
        "{small} is too small for: {tasks}.",
        small=SMALL.title,
        tasks=tr(", ", context="list").join(tasks),
    )
    return _Content(
        offer.name,
        tr(
            "This computer can run a better text model: {title}. {description}",
            title=LARGER_TITLES[offer.name],
            description=tr_marked(offer.description),
        ),
        f"{limits} {cost}",
        size_text(offer.download),
    )
