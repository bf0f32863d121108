"""The journal thread: all database work of the queue, in order."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.jobs.queue_signals import GuiCalls
from studio.jobs.store_connection import reason_for

T = TypeVar("T")
log = logging.getLogger(__name__)
RETRY_SECONDS = 1.0
"""Interval between attempts at a change that the worker needs while the database refuses it."""
ReportFailure = Callable[[str, list[str]], object]
"""(message for the user, ids of jobs that will not run), called in the GUI thread."""


def no_jobs() -> list[str]:
    """Return no job ids: a failure that loses no job."""
    return []


class Journal:
    """Runs work in one thread; results and failures arrive in the GUI thread."""

    def __init__(self, gui: GuiCalls, report_failure: ReportFailure) -> None:
        self._gui = gui
        self._report_failure = report_failure
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self.closing = threading.Event()
        """Set from any thread when the session closes: nothing waits for the database any more."""
        self.is_closed = False

    def submit(self, work: Callable[..., T], *arguments: object) -> Future[T]:
        """Run work in the journal thread."""
        return self._executor.submit(work, *arguments)

    def post(self, work: Callable[[], Callable[[], object]], submitted: Sequence[str] = ()) -> None:
        """Run work in the journal thread, then the function that it returns in the GUI thread.

        `submitted`: ids of jobs that are lost if the work fails.
        """
        self.submit(work).add_done_callback(lambda future: self._on_done(future, submitted))

    def look_up(self, read: Callable[[], Callable[[], object]]) -> None:
        """Like `post`, but do nothing once the queue is closed: nobody waits for the answer."""
        if not self.is_closed:
            self.post(read)

    def _on_done(self, future: Future[Callable[[], object]], submitted: Sequence[str]) -> None:
        error = future.exception()
        if error is None:
            self._gui.post(future.result())
        else:
            self.report(error, lambda: list(submitted))

    def run_until_stored(self, work: Callable[..., T], *arguments: object) -> T:
        """Run work and wait for it; while the database refuses, report that once and retry.

        Raises sqlite3.OperationalError only when the queue closes.
        """
        is_reported = False
        while True:
            try:
                return self.submit(work, *arguments).result()
            except sqlite3.OperationalError as error:
                if not is_reported:
                    self.report(error, hint=tr("Studio keeps trying."))
                    is_reported = True
                if self.closing.wait(RETRY_SECONDS):
                    raise

    def report(
        self,
        error: BaseException,
        lost_jobs: Callable[[], list[str]] = no_jobs,
        *,
        hint: str = "",
    ) -> None:
        """Log an error and report it. `lost_jobs` is called in the GUI thread."""
        log.error("the queue could not store a change", exc_info=error)
        message = (
            f"{error}"
            if isinstance(error, StudioError)
            else tr("The queue could not be stored: {reason}.", reason=reason_for(error))
        )
        self._gui.post(lambda: self._report_failure(f"{message} {hint}".rstrip(), lost_jobs()))

    def close(self) -> None:
        """Wait for pending work and end the thread."""
        self._executor.shutdown(wait=True)
        self.is_closed = True
