"""How late a 16 ms timer of the window is while a child imports, loads, generates and is killed,
against the idle window.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import report

IDLE_SECONDS = 8.0


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QCoreApplication, Qt, QTimer

    from studio.app import Studio
    from studio.core.events import TERMINAL, Progress
    from studio.core.jobs import new_job
    from studio.core.paths import DataFolder
    from studio.core.requests import ImageRequest

    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(DataFolder(root=Path(folder)))
        studio.window.show()
        delays: list[float] = []
        last = [time.perf_counter()]

        def tick() -> None:
            now = time.perf_counter()
            delays.append((now - last[0]) * 1000 - 16)
            last[0] = now

        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(tick)
        timer.start(16)

        def watch(until) -> np.ndarray:
            delays.clear()
            last[0] = time.perf_counter()
            while not until():
                QCoreApplication.processEvents()
                time.sleep(0.0005)
            return np.array(delays)

        def idle() -> np.ndarray:
            end = time.perf_counter() + IDLE_SECONDS
            return watch(lambda: time.perf_counter() > end)

        watch(lambda: len(delays) > 60)
        before = idle()
        over = threading.Event()
        killed = [0]

        def heard(_job_id: str, event: object) -> None:
            if isinstance(event, Progress) and event.step == 30 and killed[0] < 2:
                killed[0] += 1
                child = studio.session.engine._child
                if child is not None:
                    child.process.kill()
            if isinstance(event, TERMINAL):
                jobs = studio.shared.queue.jobs()
                if jobs and all(job.state.over for job in jobs):
                    over.set()

        studio.shared.queue.job_event.connect(heard)
        studio.start_background()
        studio.prepare_first_jobs()
        requests = [
            ImageRequest(prompt="a red apple", width=64, height=64, num_inference_steps=120, seed=n)
            for n in range(4)
        ]
        studio.shared.queue.submit(
            [new_job(request, str(studio.data.outputs)) for request in requests]
        )
        busy = watch(over.is_set)
        after = idle()
        studio.window.close()
        studio.close()
    still = np.concatenate([before, after])
    p99, most = np.percentile(busy, 99) + 16, busy.max() + 16
    p99_idle, most_idle = np.percentile(still, 99) + 16, still.max() + 16
    numbers = {
        "busy_ms": round(float(p99), 2),
        "idle_ms": round(float(p99_idle), 2),
        "ticks": len(busy),
    }
    report(
        "UI timer interval p99, busy / idle",
        "<= 1.2",
        p99 / p99_idle,
        p99 / p99_idle <= 1.2,
        **numbers,
    )
    numbers = {
        "busy_ms": round(float(most), 2),
        "idle_ms": round(float(most_idle), 2),
        "kills": killed[0],
    }
    report(
        "UI timer interval max, busy / idle",
        "<= 1.5",
        most / most_idle,
        most / most_idle <= 1.5,
        **numbers,
    )


if __name__ == "__main__":
    sys.exit(main())
