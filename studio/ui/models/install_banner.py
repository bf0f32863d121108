"""The window's banner that offers the starter models and installs catalog models."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QProgressBar

from studio.core.kinds import STARTER_KIND
from studio.core.translation import tr
from studio.ui.app_state import AppState
from studio.ui.models.starter_card import StarterCard
from studio.ui.models.starter_models import STARTER_MODELS
from studio.ui.queue.job_text import format_duration
from studio.ui.widgets.factory import Notice, button, name_control, size_text

if TYPE_CHECKING:
    from studio.core.errors import StudioError
    from studio.models.card import ModelCard
    from studio.models.install.wheel_download import InstallProgress
    from studio.ui.models.download_thread import WorkThread

MIN_SECONDS = 2.0
"""Of a download before its time left is estimated."""


class InstallPace:
    """Describes an installation: the model, the phase, how much is there and how long it takes."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._started: tuple[float, int] | None = None
        """When the first progress came, and how many bytes were there."""

    def describe(self, progress: InstallProgress, now: float) -> str:
        """Return a line about the progress; `now` is in seconds."""
        parts = [self.title, progress.phase]
        if progress.total:
            parts.append(
                tr(
                    "{done} of {total}",
                    done=size_text(progress.done),
                    total=size_text(progress.total),
                )
            )
            self._started = self._started or (now, progress.done)
            seconds, done = now - self._started[0], progress.done - self._started[1]
            if seconds >= MIN_SECONDS and done > 0 and progress.done < progress.total:
                left = (progress.total - progress.done) * seconds / done
                parts.append(tr("about {duration} left", duration=format_duration(left)))
        return " · ".join(parts)


class InstallBanner(QObject):
    """The offer of starter models, and banner and progress bar of one installation at a time."""

    model_tried = Signal(object)
    """ModelCard: the user wants to try a model that was installed."""

    def __init__(self, shared: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self._shared = shared
        self.installer: WorkThread | None = None
        """The running installation."""
        self._installed: ModelCard | None = None
        """What was installed, until the list of models is read again."""
        shared.models_changed.connect(self._offer_installed)
        self._name = STARTER_KIND.starter
        self._pace = InstallPace("")
        self.offer = StarterCard(shared)
        self.offer.install_requested.connect(self.install)
        self.banner = Notice("banner")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name_control(self.bar, tr("Install progress"), tr("Progress of the model's installation"))
        self.bar.hide()

    def offer_starter(self) -> None:
        """Offer the starter models if no text model is installed."""
        if self.installer is None:
            self.offer.offer()

    def install_starter(self) -> None:
        """Install the starter text model."""
        self.install(STARTER_KIND.starter)

    def install(self, name: str) -> None:
        """Install a catalog model, with progress in the banner."""
        if self.installer is not None:
            self._shared.post_toast(tr("Another model is still being installed"))
            return
        from studio.models import catalog
        from studio.models.install.catalog_install import install
        from studio.ui.models.download_thread import WorkThread

        titles = {model.alias: model.title for model in STARTER_MODELS}
        self._name, self._pace = name, InstallPace(titles.get(name, name))
        data = self._shared.data
        self.installer = WorkThread(
            lambda report, cancelled: install(data, catalog.entry_named(name), report, cancelled)
        )
        self.installer.progressed.connect(self._on_progressed)
        self.installer.done.connect(self._on_installed)
        self.installer.failed.connect(self._on_failed)
        self.installer.finished.connect(self._on_finished)
        stop = button(
            tr("Stop"),
            tr("Stop the installation; it can continue later"),
            self.installer.stop,
            "stop",
        )
        self.offer.hide()
        self.banner.show_message(
            tr("{title} · Starting…", title=self._pace.title),
            tr("You can keep working meanwhile."),
            [stop],
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
        self.banner.set_text(self._pace.describe(progress, time.monotonic()))

    def _on_installed(self, card: ModelCard) -> None:
        self._installed = card
        self._shared.reload_models()

    def _offer_installed(self) -> None:
        """Offer to try the installed model, now that the forms list it."""
        card, self._installed = self._installed, None
        if card is None:
            return

        def try_it() -> None:
            self.banner.clear()
            self.model_tried.emit(card)

        attempt = button(
            tr("Try it"), tr("Show examples for this model"), try_it, "play", primary=True
        )
        close = button(tr("Close"), tr("Hide this"), self._on_closed)
        self.banner.show_message(tr("{title} is ready.", title=card.title), "", [attempt, close])

    def _on_failed(self, error: StudioError) -> None:
        retry = button(
            tr("Try again"), tr("Install again"), lambda: self.install(self._name), "retry"
        )
        close = button(tr("Close"), tr("Hide this"), self._on_closed)
        self.banner.show_message(error.message, error.cure, [retry, close])

    def _on_closed(self) -> None:
        self.banner.clear()
        self.offer_starter()

    def _on_finished(self) -> None:
        self.bar.hide()
        self.installer = None
