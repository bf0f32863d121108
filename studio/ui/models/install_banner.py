"""A model of the catalogue is installed from the window: the welcome that offers it, its progress,
what went wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QProgressBar

from studio.ui.app_state import AppState
from studio.ui.widgets.factory import Notice, button, name_control

if TYPE_CHECKING:
    from studio.core.errors import StudioError
    from studio.models.install.wheel_download import InstallProgress
    from studio.ui.models.download_thread import WorkThread


class InstallBanner(QObject):
    """Banner and bar for one installation at a time."""

    progressed = Signal(str)
    """What is done now."""

    def __init__(self, shared: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self._shared = shared
        self.installer: WorkThread | None = None
        """While one runs."""
        self._name = "starter"
        self.banner = Notice("banner")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name_control(self.bar, "Install progress", "How far the model's installation is")
        self.bar.hide()

    def offer_starter(self) -> None:
        """Welcome a person who has no text model yet."""
        if self.installer is not None:
            return
        if self._shared.cards("text") or self._shared.settings.starter_declined:
            self.banner.clear()
            return
        get = button(
            "Get the starter text model (99 MB)",
            "Download a small text model",
            lambda: self.install("starter"),
            "save",
            primary=True,
        )
        later = button("Not now", "Hide this", self._decline_starter)
        self.banner.show_message(
            "Welcome to Studio. Pictures and sound work already; for text, a model is missing.",
            "",
            [get, later],
        )

    def _decline_starter(self) -> None:
        self._shared.change_settings(starter_declined=True)
        self.banner.clear()

    def install(self, name: str) -> None:
        """Install a model of the catalogue, with progress in the banner."""
        if self.installer is not None:
            self._shared.said.emit("One model at a time; the first is still being installed")
            return
        from studio.models import catalog
        from studio.models.install.catalog_install import install
        from studio.ui.models.download_thread import WorkThread

        self._name = name
        data = self._shared.data
        self.installer = WorkThread(
            lambda say, stopped: install(data, catalog.entry_named(name), say, stopped)
        )
        self.installer.progressed.connect(self._on_progressed)
        self.installer.done.connect(lambda card: self._on_installed(card.title))
        self.installer.failed.connect(self._on_failed)
        self.installer.finished.connect(self._on_finished)
        stop = button("Stop", "Stop; it can go on later", self.installer.stop, "stop")
        self.banner.show_message("Getting the model…", "You can go on working meanwhile.", [stop])
        self.bar.setRange(0, 0)
        self.bar.show()
        self.installer.begin()

    def stop(self) -> None:
        """Stop what runs, and wait until it has ended."""
        if self.installer is not None:
            self.installer.stop()
            self.installer.wait()

    def _on_progressed(self, now: InstallProgress) -> None:
        self.bar.setRange(0, 1000 if now.total else 0)
        self.bar.setValue(1000 * now.done // now.total if now.total else 0)
        self.progressed.emit(now.phase)

    def _on_installed(self, title: str) -> None:
        self.banner.clear()
        self._shared.said.emit(f"{title} is ready")
        self._shared.reload_models()

    def _on_failed(self, error: StudioError) -> None:
        again = button(
            "Try again", "Start the installation again", lambda: self.install(self._name), "retry"
        )
        close = button("Close", "Hide this", self.banner.clear)
        self.banner.show_message(error.message, error.cure, [again, close])

    def _on_finished(self) -> None:
        self.bar.hide()
        self.installer = None
