"""How late a 16 ms timer of the window is while a batch of 10 000 rows is read, shown and submitted, against the idle window."""

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
IDLE_MS = 8_000


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QCoreApplication, Qt, QTimer

    from studio.app import Studio
    from studio.core.paths import DataFolder
    from studio.ui.dialogs.batch import BatchDialog

    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(DataFolder(root=Path(folder)), fake=True)
        studio.build_now()
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
            look.start(50)
            QTimer.singleShot(0, begin)
            delays.clear()
            last[0] = time.perf_counter()
            QCoreApplication.exec()
            return np.array(delays)

        def idle() -> NDArray[np.float64]:
            end = time.perf_counter() + IDLE_MS / 1000
            return watch(lambda: None, lambda: time.perf_counter() > end)

        file = Path(folder) / "rows.csv"
        file.write_text("prompt,seed\n" + "".join(f"a headline about number {n},{n}\n" for n in range(ROWS)))
        dialogs: list[BatchDialog] = []

        def open_file() -> None:
            dialogs.append(BatchDialog(studio.shared, file, parent=studio.window))
            dialogs[0].show()

        idle()
        before = idle()
        reading = watch(open_file, lambda: bool(dialogs) and dialogs[0].run_button.isEnabled())
        begun = time.perf_counter()
        submitting = watch(lambda: dialogs[0].run(), lambda: len(queue.jobs()) == ROWS)
        seconds = time.perf_counter() - begun
        still = np.concatenate([before, idle()])
        studio.window._may_close = lambda _waiting: True  # type: ignore[method-assign]
        studio.window.close()
        studio.close()
    report("a batch of 10 000 rows from Run to the queue, s", "<= 2", seconds, seconds <= 2)
    for name, seen in (("read", reading), ("submitted", submitting)):
        for what, limit, of in (
            ("p99", 1.2, lambda one: float(np.percentile(one, 99))),
            ("max", 1.5, lambda one: float(one.max())),
        ):
            ratio = of(seen) / of(still)
            numbers = {"busy_ms": round(of(seen), 2), "idle_ms": round(of(still), 2), "ticks": len(seen)}
            title = f"UI timer interval {what} while 10 000 rows are {name} / idle"
            report(title, f"<= {limit}", ratio, ratio <= limit, **numbers)


if __name__ == "__main__":
    main()
