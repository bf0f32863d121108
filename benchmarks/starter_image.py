"""An image of the starter model, 12 steps, through the child process, model loaded."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.measure import report

ROUNDS = 9


def main() -> None:
    """Measure and print."""
    from studio.core.events import Finished, JobEvent
    from studio.core.jobs import new_job
    from studio.core.paths import DataFolder
    from studio.engine.process.engine import ProcessEngine
    from studio.models.card import request_for
    from studio.models.catalog import entry_named

    card = entry_named("starter-image").card
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(root=Path(folder))
        data.create()
        engine = ProcessEngine(data)
        times: list[float] = []
        for number in range(ROUNDS + 1):
            job = new_job(
                request_for(card, {"prompt": "a red apple", "seed": number}), str(data.outputs)
            )
            events: list[JobEvent] = []
            start = time.perf_counter()
            engine.run([job], events.append, lambda _job_id: False)
            times.append(time.perf_counter() - start)
            assert isinstance(events[-1].event, Finished), events[-1]
        engine.close()
    warm = statistics.median(times[1:])
    report(
        "starter image, 12 steps, warm, s",
        "<= 2.5",
        warm,
        warm <= 2.5,
        first_s=round(times[0], 2),
    )


if __name__ == "__main__":
    main()
