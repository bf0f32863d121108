"""The usable window against an empty PySide6 window: CPU time and memory, alternating processes.

Studio is started as the command `studio` starts it. Both windows are measured in the turn of the
event loop that follows their first paint event. By then Studio's window is usable: the prompt has
the focus, the menus are filled, the queue is there.
"""

from __future__ import annotations

import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import studio
from benchmarks.measure import report

ROUNDS = 11
MAX_CPU_RATIO = 4.0
MAX_MEMORY_RATIO = 2.0
_MEASURE = """
import os, sys, time

def measure():
    seconds = time.process_time()
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm") as file:
            memory = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    else:
        import psutil
        memory = psutil.Process().memory_info().rss
    import json
    print(json.dumps([seconds, memory]), flush=True)
"""
EMPTY = f"""{_MEASURE}
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, lambda: (measure(), self.close()))

application = QApplication(sys.argv)
window = Window()
window.resize(1280, 800)
window.show()
application.exec()
"""
STUDIO = f"""{_MEASURE}
from studio import app

def measure_usable(window):
    prompt = window.current().prompt
    assert prompt.isVisible() and window.focusWidget() is prompt, "the prompt lacks the focus"
    assert all(entry.menu().actions() for entry in window.menuBar().actions()), "an empty menu"
    assert window.queue_dock.parent() is window, "the queue is missing"
    measure()
    window.close()  # after an unclean end, the next start would repair the queue

class Window(app.MainWindow):
    is_painted = False

    def paintEvent(self, event):
        super().paintEvent(event)
        if not self.is_painted:
            self.is_painted = True
            app.QTimer.singleShot(0, lambda: measure_usable(self))

app.MainWindow = Window
sys.argv = ["studio"]
from studio.cli import main
main()
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HOME": folder, "XDG_DATA_HOME": folder}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        # An installed program has its bytecode.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment.pop("STUDIO_DATA_DIR", None)
        compileall.compile_dir(str(Path(studio.__file__).parent), quiet=1)
        empty, usable = [], []
        for _ in range(ROUNDS):
            empty.append(_run(EMPTY, environment))
            usable.append(_run(STUDIO, environment))
    for index, quantity, unit, limit in (
        (0, "CPU time", "seconds", MAX_CPU_RATIO),
        (1, "memory", "bytes", MAX_MEMORY_RATIO),
    ):
        base, value = (statistics.median(run[index] for run in runs) for runs in (empty, usable))
        report(
            f"usable window, {quantity} / empty window",
            f"<= {limit:g}",
            value / base,
            value / base <= limit,
            **{unit: value, "empty": base},
        )


def _run(script: str, environment: dict[str, str]) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    numbers: list[float] = json.loads(done.stdout)
    return numbers


if __name__ == "__main__":
    main()
