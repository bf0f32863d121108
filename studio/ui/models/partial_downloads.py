"""Downloads that were paused, or cut off by a kill: which there are, and going on with one or
deleting what lies there.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.models.catalog import meant_by
from studio.models.hub.download import discard, unfinished
from studio.models.hub.repository import Repository
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import button, confirm, label, name_control, row, size_text


class PartialDownloads(QWidget):
    """Hidden where there is none."""

    wanted = Signal(str)
    """Go on with this repository; with @revision where the catalogue names one."""
    failed = Signal(object)
    """StudioError: what lies there could not be deleted."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self._shared = shared
        self._running: AbstractSet[str] = frozenset()
        self.choice = QComboBox()
        self.choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.choice.setMinimumContentsLength(16)
        name_control(self.choice, "Unfinished downloads", "Downloads that were paused or cut off")
        self.go_on_button = button(
            "Go on", "Look at this one again, and fetch what is missing", self._go_on
        )
        self.delete_button = button(
            "Delete", "Delete what lies there of this one", self._delete, "trash"
        )
        for made in (self.go_on_button, self.delete_button):
            made.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label("Not finished yet", "muted"))
        layout.addWidget(row(self.choice, self.go_on_button, self.delete_button))
        self.hide()

    def reload(self, running: AbstractSet[str] = frozenset()) -> None:
        """Look again at what lies there; what runs in another dialog is not offered."""
        self._running = running
        data = self._shared.data
        background.run(self, lambda: unfinished(data), self._on_found)

    def _on_found(self, found: dict[str, int]) -> None:
        self.choice.clear()
        for repo, size in found.items():
            if repo not in self._running:
                self.choice.addItem(f"{repo}, {size_text(size)} are there", repo)
        self.setVisible(self.choice.count() > 0)

    def _go_on(self) -> None:
        self.wanted.emit(meant_by(str(self.choice.currentData())))

    def _delete(self) -> None:
        repo, data = str(self.choice.currentData()), self._shared.data
        if not confirm(
            self,
            "Delete the download?",
            f"What lies there of {repo} is deleted; it would be fetched anew.",
            "Delete",
        ):
            return
        background.run(
            self,
            lambda: discard(data, Repository(repo)),
            lambda _size: self.reload(self._running),
            self._on_failed,
        )

    def _on_failed(self, error: Exception) -> None:
        if not isinstance(error, StudioError):
            raise error
        self.failed.emit(error)
