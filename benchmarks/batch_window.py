"""How late a 16 ms timer of the window is while batches of 10 000 rows are read, shown and
submitted, against the idle window.

Also how long the window's thread is busy at a time, in CPU time, which says the same on a machine
that others use.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import report

ROWS = 10_000
TIMES = 5
IDLE_MS = 8_000
BUSY_MS = 10.0
"""What may be done in the window's thread at a time."""


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QCoreApplication, Qt, QTimer

    from studio.app import Studio
    from studio.core.paths import DataFolder
    from studio.ui.batch.dialog import BatchDialog

    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(DataFolder(root=Path(folder)), fake=True)
        studio.start()
        queue = studio.shared.queue
        queue.pause()
        studio.window.queue_dock.show()
        delays: list[float] = []
        last = [time.perf_counter()]

        def tick() -> None:
            now = time.perf_counter()
            delays.append((now - last[0]) * 1000)
            last[0] = now

        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(tick)
        timer.start(16)

        def watch(begin: Callable[[], object], is_over: Callable[[], bool]) -> NDArray[np.float64]:
            look = QTimer()
            look.timeout.connect(lambda: QCoreApplication.quit() if is_over() else None)
            look.start(20)
            QTimer.singleShot(0, begin)
            delays.clear()
            last[0] = time.perf_counter()
            QCoreApplication.exec()
            return np.array(delays)

        def busy(begin: Callable[[], object], is_over: Callable[[], bool]) -> float:
            """Return the longest CPU time of one turn of the event loop."""
            timer.stop()
            begin()
            longest = 0.0
            while not is_over():
                before = time.thread_time()
                QCoreApplication.processEvents()
                longest = max(longest, (time.thread_time() - before) * 1000)
                time.sleep(0.0005)
            timer.start(16)
            return longest

        def idle() -> NDArray[np.float64]:
            end = time.perf_counter() + IDLE_MS / 1000
            return watch(lambda: None, lambda: time.perf_counter() > end)

        file = Path(folder) / "rows.csv"
        file.write_text(
            "prompt,seed\n" + "".join(f"a headline about number {n},{n}\n" for n in range(ROWS))
        )
        idle()
        before = idle()
        begun = time.thread_time()
        dialog = BatchDialog(studio.shared, file, parent=studio.window)
        dialog.show()
        opened = (time.thread_time() - begun) * 1000
        watch(lambda: None, dialog.run_button.isEnabled)
        dialog.only_missing.setChecked(False)  # the same rows again
        submitted = 0

        def listed() -> bool:
            return len(queue.jobs()) == submitted

        def submit() -> None:
            nonlocal submitted
            submitted += ROWS
            dialog.run()

        seconds, reads, submits = [], [], []
        for _ in range(TIMES):
            reads.append(watch(dialog.read, dialog.run_button.isEnabled))
            begun = time.perf_counter()
            submits.append(watch(submit, listed))
            seconds.append(time.perf_counter() - begun)
        busiest = {
            "read": busy(dialog.read, dialog.run_button.isEnabled),
            "submitted": busy(submit, listed),
        }
        still = np.concatenate([before, idle()])
        studio.window._may_close = lambda _waiting: True  # type: ignore[method-assign]
        studio.window.close()
        studio.close()
    report(
        "a batch of 10 000 rows from Run to the queue, s", "<= 2", max(seconds), max(seconds) <= 2
    )
    for name, seen in (("read", np.concatenate(reads)), ("submitted", np.concatenate(submits))):
        for what, limit, of in (
            ("p99", 1.2, lambda one: float(np.percentile(one, 99))),
            ("max", 1.5, lambda one: float(one.max())),
        ):
            ratio = of(seen) / of(still)
            numbers = {
                "busy_ms": round(of(seen), 2),
                "idle_ms": round(of(still), 2),
                "ticks": len(seen),
            }
            title = f"UI timer interval {what} while 10 000 rows are {name} / idle"
            report(title, f"<= {limit}", ratio, ratio <= limit, **numbers)
        title = f"window's thread busy at a time while 10 000 rows are {name}, CPU ms"
        report(title, f"<= {BUSY_MS:g}", busiest[name], busiest[name] <= BUSY_MS)
    report("opening the batch dialog (without its import), CPU ms", "", opened, True)


if __name__ == "__main__":
    main()
