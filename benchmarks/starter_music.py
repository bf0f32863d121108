"""24 s of music of the starter model through the child process, model loaded.

The limit is for CPU seconds of the child, which other programs do not change.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.measure import report

ROUNDS = 5
PROMPTS = ("calm piano in D minor", "happy jazz with saxophone", "epic orchestral battle")


def main() -> None:
    """Measure and print."""
    from studio.core.events import Finished, JobEvent
    from studio.core.jobs import new_job
    from studio.core.paths import DataFolder
    from studio.engine.process.engine import ProcessEngine
    from studio.models.card import request_for
    from studio.models.catalog import entry_named

    card = entry_named("starter-music").card
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(root=Path(folder))
        data.create()
        engine = ProcessEngine(data)
        times: list[float] = []
        cpu: list[float] = []
        for number in range(ROUNDS + 1):
            values = {"prompt": PROMPTS[number % len(PROMPTS)], "seed": number, "seconds": 24}
            job = new_job(request_for(card, values), str(data.outputs))
            events: list[JobEvent] = []
            start, used = time.perf_counter(), _children_cpu()
            engine.run([job], events.append, lambda _job_id: False)
            times.append(time.perf_counter() - start)
            cpu.append(_children_cpu() - used)
            assert isinstance(events[-1].event, Finished), events[-1]
        engine.close()
    used = statistics.median(cpu[1:])
    warm = round(statistics.median(times[1:]), 2)
    report(
        "starter music, 24 s, warm, CPU s",
        "<= 6",
        used,
        used <= 6,
        wall_s=warm,
        first_s=round(times[0], 2),
    )


def _children_cpu() -> float:
    children = psutil.Process().children(recursive=True)
    return sum(times.user + times.system for times in (child.cpu_times() for child in children))


if __name__ == "__main__":
    main()
