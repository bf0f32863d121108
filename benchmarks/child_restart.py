"""From the kill of a child to the next job's first event, and to its first step; heavy modules
known to the fork server.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.measure import report

ROUNDS = 9


def main() -> None:
    """Measure and print."""
    from studio.core.events import JobEvent, Loading, Progress
    from studio.core.jobs import new_job
    from studio.core.paths import DataFolder
    from studio.core.requests import ImageRequest
    from studio.engine.process.engine import ProcessEngine

    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(root=Path(folder))
        data.create()
        engine = ProcessEngine(data)
        request = ImageRequest(
            prompt="a red apple", width=64, height=64, num_inference_steps=2, seed=1
        )
        times: list[tuple[float, float]] = []
        for _ in range(ROUNDS + 1):
            seen: dict[str, float] = {}
            begun = time.perf_counter()

            def emit(job_event: JobEvent, seen: dict[str, float] = seen) -> None:
                event = job_event.event
                # the first event of the child itself
                if isinstance(event, Loading) and event.phase == "Preparing":
                    seen.setdefault("first", time.perf_counter())
                if isinstance(event, Progress):
                    seen.setdefault("step", time.perf_counter())

            engine.run([new_job(request, str(data.outputs))], emit, lambda _job_id: False)
            times.append((seen["first"] - begun, seen["step"] - begun))
            assert engine._child is not None
            engine._child.process.kill()
            engine._child.process.join()
        engine.close()
    first = statistics.median(time_[0] for time_ in times[1:])
    step = statistics.median(time_[1] for time_ in times[1:])
    report(
        "child killed -> next job's first event, s",
        "<= 0.3",
        first,
        first <= 0.3,
        first_step_s=round(step, 3),
    )


if __name__ == "__main__":
    main()
