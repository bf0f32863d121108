"""First painted window, against an empty PySide6 window: CPU time and memory, alternating processes."""

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

ROUNDS = 7
_MEASURE = """
    import time
    seconds = time.process_time()
    import json, os, psutil
    print(json.dumps([seconds, psutil.Process().memory_info().rss]), flush=True)
    os._exit(0)
"""
EMPTY = f"""
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication(sys.argv)
window = QMainWindow()
window.resize(1280, 800)
window.show()
def painted():{_MEASURE}
QTimer.singleShot(0, painted)
application.exec()
"""
STUDIO = f"""
import sys
from PySide6.QtCore import QTimer
from studio.app import Studio
from studio.core.paths import data_folder
studio = Studio(data_folder())
studio.window.show()
def painted():{_MEASURE}
QTimer.singleShot(0, painted)
studio.application.exec()
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HOME": folder, "XDG_DATA_HOME": folder, "QT_QPA_PLATFORM": "offscreen"}
        environment.pop("STUDIO_DATA_DIR", None)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode
        compileall.compile_dir(str(Path(studio.__file__).parent), quiet=1)
        runs: dict[str, list[list[float]]] = {"empty": [], "studio": []}
        for _ in range(ROUNDS):
            for name, script in (("empty", EMPTY), ("studio", STUDIO)):
                done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
                runs[name].append(json.loads(done.stdout))
    (empty_cpu, empty_memory), (cpu, memory) = (
        [statistics.median(run[part] for run in runs[name]) for part in (0, 1)] for name in ("empty", "studio")
    )
    report(
        "start-up CPU time / empty window", "<= 1.5", cpu / empty_cpu, cpu / empty_cpu <= 1.5, cpu_seconds=cpu, empty=empty_cpu
    )
    report(
        "start-up memory / empty window",
        "<= 1.5",
        memory / empty_memory,
        memory / empty_memory <= 1.5,
        bytes=memory,
        empty=empty_memory,
    )


if __name__ == "__main__":
    main()
