"""The window's banner that offers models and installs those of the catalog."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from studio.core.kinds import STARTER_KIND
from studio.core.translation import tr
from studio.ui.app_state import AppState
from studio.ui.models.larger_model_card import LargerModelCard
from studio.ui.models.starter_card import StarterCard
from studio.ui.models.starter_models import LARGER_TITLES, SMALL_TEXT_MODELS, purpose_of, title_of
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
    """The offers of models, and banner and progress bar of one installation at a time.

    What the user asked for is a setting until it is there, so that it goes on at the next start.
    """

    model_tried = Signal(object)
    """ModelCard: the user wants to try a model that was installed."""

    def __init__(self, shared: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self._shared = shared
        self.installer: WorkThread | None = None
        """The running installation."""
        self._installed: ModelCard | None = None
        """What was installed, until the list of models is read again."""
        self._is_done = False
        """The installation succeeded, and the next one may begin."""
        self._is_started = False
        self._is_closing = False
        shared.models_changed.connect(self._offer_installed)
        shared.larger_requested.connect(self._on_larger_requested)
        shared.install_requested.connect(self.install)
        self._name = STARTER_KIND.starter
        self._pace = InstallPace("")
        self.offer = StarterCard(shared)
        self.offer.install_requested.connect(self.install)
        self.larger = LargerModelCard(shared)
        self.larger.install_requested.connect(self.install)
        self.banner = Notice("banner")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name_control(self.bar, tr("Install progress"), tr("Progress of the model's installation"))
        self.bar.hide()

    @property
    def notices(self) -> tuple[QWidget, ...]:
        """What the window shows above its tabs, at most one at a time."""
        return self.offer, self.larger, self.banner

    def start(self) -> None:
        """Go on with what the user asked for, else offer a model; when the window is painted."""
        self._is_started = True
        if not self._install_next():
            self.offer_starter()

    def offer_starter(self) -> None:
        """Offer the starter models if no text model is installed, else a larger one."""
        if self.installer is None:
            self.offer.offer()
            if self._is_started:
                self.larger.offer()

    def install_starter(self) -> None:
        """Install the starter text model."""
        self.install(STARTER_KIND.starter)

    def install(self, name: str) -> None:
        """Install a catalog model, with progress in the banner, or after the one that runs."""
        self._shared.change_settings(pending_installs={name: True})
        if self.installer is None:
            self._install(name)
        elif name != self._name:
            self._shared.post_toast(tr("{title} is installed next", title=title_of(name)))

    def _install_next(self) -> bool:
        """Install the first model that is waited for; return whether there is one."""
        name = next(iter(self._shared.settings.pending_installs), "")
        if name:
            self._install(name)
        return bool(name)

    def _install(self, name: str) -> None:
        from studio.models import catalog
        from studio.models.install.catalog_install import install
        from studio.ui.models.download_thread import WorkThread

        self._name, self._pace, self._is_done = name, InstallPace(title_of(name)), False
        data = self._shared.data
        self.installer = WorkThread(
            lambda report, cancelled: install(data, catalog.entry_named(name), report, cancelled)
        )
        self.installer.progressed.connect(self._on_progressed)
        self.installer.done.connect(self._on_installed)
        self.installer.failed.connect(self._on_failed)
        self.installer.finished.connect(self._on_finished)
        cancel = button(
            tr("Cancel"),
            tr("Cancel the installation; it can continue later"),
            self.installer.stop,
            "stop",
        )
        self.offer.hide()
        self.larger.clear()
        self.banner.show_message(
            tr("{title} · Starting…", title=self._pace.title), _advice(name), [cancel]
        )
        self.bar.setRange(0, 0)
        self.bar.show()
        self.installer.begin()

    def stop(self) -> None:
        """Stop the installation and wait for its thread; the next start goes on with it."""
        self._is_closing = True
        if self.installer is not None:
            self.installer.stop()
            self.installer.wait()

    def _on_progressed(self, progress: InstallProgress) -> None:
        self.bar.setRange(0, 1000 if progress.total else 0)
        self.bar.setValue(1000 * progress.done // progress.total if progress.total else 0)
        self.banner.set_text(self._pace.describe(progress, time.monotonic()))

    def _on_installed(self, card: ModelCard) -> None:
        self._shared.change_settings(pending_installs={self._name: None})
        self._installed, self._is_done = card, True
        self._shared.reload_models()

    def _offer_installed(self) -> None:
        """Offer to try the installed model, now that the forms list it."""
        card, self._installed = self._installed, None
        if card is None:
            return
        self._use_for_text(card)
        # The list may be read before the thread has ended.
        is_next = self.installer is not None and not self._is_done
        if is_next or self._shared.settings.pending_installs:  # the banner is the next one's
            self._shared.post_toast(tr("{title} is ready.", title=card.title))
            return

        def try_it() -> None:
            self.banner.clear()
            self.model_tried.emit(card)

        attempt = button(
            tr("Try it"), tr("Show examples for this model"), try_it, "play", primary=True
        )
        close = button(tr("Close"), tr("Hide this"), self._on_closed)
        self.banner.show_message(tr("{title} is ready.", title=card.title), "", [attempt, close])

    def _use_for_text(self, card: ModelCard) -> None:
        """Let the form use a new default instead of a small model, with Undo."""
        cards = self._shared.cards("text")
        small = [one for one in cards if one.name in SMALL_TEXT_MODELS and one.name != card.name]
        if not small or cards[0].name != card.name:
            return

        def undo() -> None:
            self._shared.change_settings(default_models={"text": small[0].name})
            self._shared.replace_model("text", card.name, small[0].name)

        self._shared.replace_model("text", small[0].name, card.name)
        text = tr("Text is now written by {title}", title=card.title)
        self._shared.post_toast(text, tr("Undo"), undo)

    def _on_larger_requested(self) -> None:
        if self.installer is not None and self._name in LARGER_TITLES:
            text = tr("{title} is still being installed", title=self._pace.title)
            self._shared.post_toast(text)
        else:
            self.larger.show_asked()

    def _on_failed(self, error: StudioError) -> None:
        if self._is_closing:
            return
        self._shared.change_settings(pending_installs={self._name: None})
        retry = button(
            tr("Try again"), tr("Install again"), lambda: self.install(self._name), "retry"
        )
        close = button(tr("Close"), tr("Hide this"), self._on_closed)
        problem = tr("{title}: {problem}", title=self._pace.title, problem=error.message)
        self.banner.show_message(problem, error.cure, [retry, close])

    def _on_closed(self) -> None:
        self.banner.clear()
        if not self._install_next():
            self.offer_starter()

    def _on_finished(self) -> None:
        self.bar.hide()
        self.installer = None
        if self._is_done and not self._is_closing:
            self._install_next()


def _advice(name: str) -> str:
    """Return what the model is for, and what can be done meanwhile."""
    advice = tr("You can keep working meanwhile. After a restart, the installation goes on.")
    purpose = purpose_of(name)
    return tr("It {purpose}. {advice}", purpose=purpose, advice=advice) if purpose else advice
