"""The queue's own cost: a batch of 10 000 jobs submitted, and run by an engine that does
nothing.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import cpu_seconds, report

JOBS = 10_000


class _Idle:
    """An engine whose jobs are done at once and leave no file."""

    def run(self, jobs: Any, emit: Any, _is_cancelled: Any) -> None:
        from studio.core.events import Finished, JobEvent

        for job in jobs:
            emit(JobEvent(job.id, Finished(artifacts=())))

    def warm_up(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def main() -> None:
    """Measure and print."""
    from PySide6.QtCore import QCoreApplication

    from studio.core.jobs import Batch, Job, new_job
    from studio.core.paths import DataFolder
    from studio.core.requests import TextRequest
    from studio.jobs.session import Session

    application = QCoreApplication([])
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(root=Path(folder))
        data.create()
        session = Session(data, _Idle())
        queue = session.queue
        queue.idle_reached.connect(application.quit)

        def rows(batch: str) -> list[Job]:
            return [
                new_job(TextRequest(prompt=f"row {n}", seed=n), folder, batch=batch, row=n)
                for n in range(JOBS)
            ]

        jobs = rows("a")
        # They are told in pieces: over when the last one is listed.
        queue.jobs_added.connect(
            lambda _jobs: application.quit() if len(queue.jobs()) % JOBS == 0 else None
        )
        begun = time.perf_counter()
        queue.submit(jobs, Batch(id="a", source="rows.csv", folder=folder))
        application.exec()
        submitted = time.perf_counter() - begun
        report("submitting 10 000 jobs, s", "<= 2", submitted, submitted <= 2)
        for together in (False, True):
            _drain(application, session, jobs, together, cpu_seconds)
            if not together:
                jobs = rows("b")
                queue.submit(jobs, Batch(id="b", source="rows.csv", folder=folder))
                application.exec()
        session.close()


def _drain(application: Any, session: Any, jobs: list[Any], together: bool, clock: Any) -> None:
    session.queue.batch_jobs = together
    begun = clock()
    if session.worker.isRunning():
        session.queue.resume()
    else:
        session.start()
    application.exec()
    seconds = clock() - begun
    assert all(session.queue.job(job.id).state.over for job in jobs)
    session.queue.pause()
    each = seconds / len(jobs) * 1000
    report(
        f"queue's own cost of a job{', 32 together' if together else ''}, ms",
        "<= 5",
        each,
        each <= 5,
    )


if __name__ == "__main__":
    main()
