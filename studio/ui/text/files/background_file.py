"""Work on a file in another thread, with its progress and Cancel in a message on the page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.formats.readers.progress import Progress
from studio.ui import background
from studio.ui.widgets.factory import Notice, button

SHOW_MS = 300
"""Short work shows no message."""


class FileCancelled(Exception):
    """The user cancelled it."""


class BackgroundFile(QObject):
    """Runs one piece of work at a time; the notice shows it, and what went wrong."""

    _progressed = Signal(int, int, int)
    """Number of the work, done, total; emitted in the other thread."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.notice = Notice()
        self._title = ""
        self._number = 0
        self._is_running = False
        self._cancelled = threading.Event()
        self._later = background.DelayedCall(self, self._show, SHOW_MS)
        self._progressed.connect(self._on_progressed)

    @property
    def is_running(self) -> bool:
        """True until the work has ended or was cancelled."""
        return self._is_running

    def start(
        self,
        title: str,
        work: Callable[[Progress, Callable[[], bool]], Any],
        done: Callable[[Any], None],
    ) -> None:
        """Call `work(on_progress, is_cancelled)` in another thread, then `done(result)` here.

        The work raises FileCancelled if it is cancelled, as its `on_progress` does.
        """
        self.cancel()
        self._number += 1
        self._title, self._is_running = title, True
        number, cancelled = self._number, threading.Event()
        self._cancelled = cancelled
        self._later.request()

        def report(done: int, total: int) -> None:
            if cancelled.is_set():
                raise FileCancelled
            self._progressed.emit(number, done, total)

        def receive(result: Any) -> None:
            if not cancelled.is_set():
                self._end()
                done(result)

        def fail(error: Exception) -> None:
            if not cancelled.is_set():
                self._end()
                self._show_error(error)

        background.run(self, lambda: work(report, cancelled.is_set), receive, fail)

    def cancel(self) -> None:
        """Stop the work that runs."""
        if self._is_running:
            self._cancelled.set()
            self._end()

    def _end(self) -> None:
        self._is_running = False
        self._later.stop()
        self.notice.clear()

    def _show(self) -> None:
        cancel = button(tr("Cancel"), tr("Stop this"), self.cancel, "stop")
        self.notice.show_message(self._title, "", [cancel], role="banner")

    def _on_progressed(self, number: int, done: int, total: int) -> None:
        if number == self._number and self._is_running and self.notice.isVisible():
            percent = 100 * done // max(1, total)
            self.notice.set_text(tr("{title} {percent} %", title=self._title, percent=percent))

    def show_notices(self, notices: tuple[str, ...]) -> None:
        """Show sentences for the user until they close them."""
        if notices:
            close = button(tr("OK"), tr("Close this message"), self.notice.clear)
            self.notice.show_message(" ".join(notices), "", [close], role="banner")

    def _show_error(self, error: Exception) -> None:
        if isinstance(error, OSError):
            reason = tr("The file cannot be written: {reason}.", reason=error.strerror or error)
            error = StudioError(reason, cause="disk", cure=tr("Choose another folder."))
        if not isinstance(error, StudioError):
            raise error
        close = button(tr("OK"), tr("Close this message"), self.notice.clear)
        self.notice.show_message(error.message, error.cure, [close])
