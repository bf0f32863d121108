"""Lists paused and interrupted downloads, to continue or delete them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.models.catalog import meant_by
from studio.models.hub.download_folder import discard_partial_download, partial_downloads
from studio.models.hub.repository import Repository
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import button, confirm, label, name_control, row, size_text


class PartialDownloads(QWidget):
    """A choice of unfinished downloads; hidden if there are none."""

    continue_requested = Signal(str)
    """The repository, with @revision if the catalog pins one."""
    failed = Signal(object)
    """StudioError: a download could not be deleted."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self._shared = shared
        self._running: AbstractSet[str] = frozenset()
        self.choice = QComboBox()
        self.choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.choice.setMinimumContentsLength(16)
        name_control(
            self.choice, tr("Unfinished downloads"), tr("Downloads that were paused or interrupted")
        )
        self.continue_button = button(
            tr("Continue"), tr("Look up this model again, to download the rest"), self._continue
        )
        self.delete_button = button(
            tr("Delete"), tr("Delete the downloaded part"), self._delete, "trash"
        )
        for control in (self.continue_button, self.delete_button):
            control.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label(tr("Unfinished downloads"), "muted"))
        layout.addWidget(row(self.choice, self.continue_button, self.delete_button))
        self.hide()

    def reload(self, running: AbstractSet[str] = frozenset()) -> None:
        """List the unfinished downloads again, without those in `running`."""
        self._running = running
        data = self._shared.data
        background.run(self, lambda: partial_downloads(data), self._on_listed)

    def _on_listed(self, sizes: dict[str, int]) -> None:
        self.choice.clear()
        for repo, size in sizes.items():
            if repo not in self._running:
                self.choice.addItem(
                    tr("{repository}, {size} downloaded", repository=repo, size=size_text(size)),
                    repo,
                )
        self.setVisible(self.choice.count() > 0)

    def _continue(self) -> None:
        self.continue_requested.emit(meant_by(str(self.choice.currentData())))

    def _delete(self) -> None:
        repo, data = str(self.choice.currentData()), self._shared.data
        if not confirm(
            self,
            tr("Delete the download?"),
            tr("The downloaded part of {repository} is deleted.", repository=repo),
            tr("Delete"),
        ):
            return
        background.run(
            self,
            lambda: discard_partial_download(data, Repository(repo)),
            lambda _size: self.reload(self._running),
            self._on_failed,
        )

    def _on_failed(self, error: Exception) -> None:
        if not isinstance(error, StudioError):
            raise error
        self.failed.emit(error)
