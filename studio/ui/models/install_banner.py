"""The window's banner that offers the starter model and installs catalog models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QProgressBar

from studio.core.kinds import STARTER_KIND
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import Notice, button, name_control

if TYPE_CHECKING:
    from studio.core.errors import StudioError
    from studio.models.install.wheel_download import InstallProgress
    from studio.ui.models.download_thread import WorkThread


class InstallBanner(QObject):
    """Banner and progress bar of one installation at a time."""

    progressed = Signal(str)
    """The current phase of the installation."""

    def __init__(self, shared: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self._shared = shared
        self.installer: WorkThread | None = None
        """The running installation."""
        self._name = STARTER_KIND.starter
        self.banner = Notice("banner")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name_control(self.bar, "Install progress", "Progress of the model's installation")
        self.bar.hide()

    def offer_starter(self) -> None:
        """Offer the starter model if no text model is installed."""
        if self.installer is not None:
            return
        if self._shared.cards(STARTER_KIND.name) or self._shared.settings.starter_declined:
            self.banner.clear()
            return
        get = button(
            "Get the starter text model (99 MB)",
            STARTER_KIND.starter_note,
            self.install_starter,
            "save",
            primary=True,
        )
        later = button("Not now", "Hide this", self._decline_starter)
        self.banner.show_message(
            "Welcome to Studio. Images and audio work already; text needs a model.",
            "",
            [get, later],
        )

    def _decline_starter(self) -> None:
        self._shared.change_settings(starter_declined=True)
        self.banner.clear()

    def install_starter(self) -> None:
        """Install the starter text model."""
        self.install(STARTER_KIND.starter)

    def install(self, name: str) -> None:
        """Install a catalog model, with progress in the banner."""
        if self.installer is not None:
            self._shared.post_toast("Another model is still being installed")
            return
        from studio.models import catalog
        from studio.models.install.catalog_install import install
        from studio.ui.models.download_thread import WorkThread

        self._name = name
        data = self._shared.data
        self.installer = WorkThread(
            lambda report, cancelled: install(data, catalog.entry_named(name), report, cancelled)
        )
        self.installer.progressed.connect(self._on_progressed)
        self.installer.done.connect(lambda card: self._on_installed(card.title))
        self.installer.failed.connect(self._on_failed)
        self.installer.finished.connect(self._on_finished)
        stop = button(
            "Stop", "Stop the installation; it can continue later", self.installer.stop, "stop"
        )
        self.banner.show_message(
            "Downloading the model…", "You can keep working meanwhile.", [stop]
        )
        self.bar.setRange(0, 0)
        self.bar.show()
        self.installer.begin()

    def stop(self) -> None:
        """Stop the installation and wait for its thread."""
        if self.installer is not None:
            self.installer.stop()
            self.installer.wait()

    def _on_progressed(self, progress: InstallProgress) -> None:
        self.bar.setRange(0, 1000 if progress.total else 0)
        self.bar.setValue(1000 * progress.done // progress.total if progress.total else 0)
        self.progressed.emit(progress.phase)

    def _on_installed(self, title: str) -> None:
        self.banner.clear()
        self._shared.post_toast(f"{title} is ready")
        self._shared.reload_models()

    def _on_failed(self, error: StudioError) -> None:
        retry = button("Try again", "Install again", lambda: self.install(self._name), "retry")
        close = button("Close", "Hide this", self.banner.clear)
        self.banner.show_message(error.message, error.cure, [retry, close])

    def _on_finished(self) -> None:
        self.bar.hide()
        self.installer = None
