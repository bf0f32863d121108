"""The progress of running jobs, from their events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from studio.core.events import TERMINAL, Event, Loading, Progress
from studio.core.translation import mark, tr, tr_marked
from studio.jobs.queue import JobQueue
from studio.ui.queue.job_text import format_duration


class Shown(NamedTuple):
    """The progress of one job."""

    share: float
    """0 to 1."""
    text: str


PREPARING = mark("Preparing")
RATES = {
    "step": mark("{rate:.1f} steps/s"),
    "token": mark("{rate:.1f} tokens/s"),
    "sample": mark("{rate:.1f} samples/s"),
    "bar": mark("{rate:.1f} bars/s"),
    "sentence": mark("{rate:.1f} sentences/s"),
    "tile": mark("{rate:.1f} tiles/s"),
}
"""Unit of `Progress` → the speed for the user."""


class JobProgress(QObject):
    """Follows the jobs that run."""

    changed = Signal(str)
    """Id of the job."""

    def __init__(self, queue: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shown: dict[str, Shown] = {}
        self._started: dict[str, tuple[float, int]] = {}
        """Job → when its first progress came, and with which step."""
        queue.job_event.connect(self._on_event)
        queue.cancel_requested.connect(
            lambda job_id: self._show(job_id, Shown(0.0, tr("Stopping…")))
        )

    def of(self, job_id: str) -> Shown:
        """Return the progress of a running job."""
        return self._shown.get(job_id) or Shown(0.0, tr_marked(PREPARING))

    def job_ids(self) -> Iterator[str]:
        """Yield the jobs with progress."""
        yield from self._shown

    def forget(self, job_id: str) -> None:
        """Forget a job that does not run any more."""
        self._shown.pop(job_id, None)
        self._started.pop(job_id, None)

    def _on_event(self, job_id: str, event: Event) -> None:
        if isinstance(event, Loading):
            self._show(job_id, Shown(0.0, event.phase))
        elif isinstance(event, Progress):
            self._show(job_id, self._describe(job_id, event))
        elif isinstance(event, TERMINAL):
            self.forget(job_id)

    def _describe(self, job_id: str, event: Progress) -> Shown:
        started, first = self._started.setdefault(job_id, (time.monotonic(), event.step))
        seconds, done = time.monotonic() - started, event.step - first
        rate = done / seconds if seconds > 0 and done else 0.0
        text = tr("{step} of {total}", step=event.step, total=event.total)
        if rate:
            left = format_duration((event.total - event.step) / rate)
            # An engine of another version may count something else; it is shown as it is.
            speed = tr_marked(RATES.get(event.unit, f"{{rate:.1f}} {event.unit}s/s"))
            text += f" · {speed.format(rate=rate)} · {tr('{duration} left', duration=left)}"
        return Shown(event.step / max(1, event.total), text)

    def _show(self, job_id: str, shown: Shown) -> None:
        self._shown[job_id] = shown
        self.changed.emit(job_id)
