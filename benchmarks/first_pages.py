"""CPU time of the GUI thread when a page or dialog of the window is shown for the first time.

Each page is shown in a new process with an empty data folder and the fake engine, 1.5 s after the
start, when everything behind the window runs. The time ends when the page is painted.
"""

from __future__ import annotations

import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

import studio
from benchmarks.measure import report
from studio import app
from studio.core.paths import DataFolder
from studio.ui.main_window import MainWindow

ROUNDS = 5
MAX_MILLISECONDS = 100
PATIENCE = 60.0
_SETTLED_MS = 1_500


def _show_task(window: MainWindow) -> None:
    tasks = window.text_tab.tasks
    tasks.write("report")
    _wait_for(lambda: tasks.panel is not None)


def _show_batch(window: MainWindow) -> None:
    rows = window.shared.data.root / "rows.csv"
    rows.write_text("prompt\na cat\na dog\n")
    window.dialogs.show_batch(rows, "text", "")
    _wait_for(lambda: QApplication.activeModalWidget() is not None)


PAGES: dict[str, Callable[[MainWindow], object]] = {
    "image tab": lambda window: window.show_tab("image"),
    "audio tab": lambda window: window.show_tab("audio"),
    "video tab": lambda window: window.show_tab("video"),
    "library tab": lambda window: window.show_tab("library"),
    "library panel": lambda window: window.window_library.toggle_panel(),
    "queue": lambda window: window.queue_dock.open(),
    "chat": lambda window: window.text_tab.show_view("chat"),
    "document": lambda window: window.text_tab.show_view("document"),
    "story": lambda window: window.text_tab.views.show_view("story"),
    "form of a task": _show_task,
    "batch dialog": _show_batch,
    "models dialog": lambda window: window.dialogs.show_models(),
    "settings": lambda window: window.dialogs.show_settings(),
}


def _wait_for(is_done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_done():
        if time.monotonic() > end:
            raise TimeoutError
        QApplication.processEvents()
        time.sleep(0.002)


def _measure(page: str, folder: str) -> None:
    """Print the seconds that one page takes."""
    program = app.Studio(DataFolder(Path(folder)), fake=True)

    def show() -> None:
        begin = time.thread_time()
        PAGES[page](program.window)
        QApplication.processEvents()
        sys.stdout.write(json.dumps(time.thread_time() - begin) + "\n")
        sys.stdout.flush()
        os._exit(0)  # a dialog may be open, and an error would open one

    program.start()
    QTimer.singleShot(_SETTLED_MS, show)
    program.application.exec()


def main() -> None:
    """Measure and print."""
    environment = {**os.environ}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(str(Path(studio.__file__).parent), quiet=1)
    for page in PAGES:
        seconds = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run(
                    [sys.executable, "-m", "benchmarks.first_pages", page, folder],
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                    env=environment,
                    timeout=2 * PATIENCE,
                )
            seconds.append(float(json.loads(done.stdout)))
        value = statistics.median(seconds) * 1000
        report(
            f"first showing: {page}, ms of CPU",
            f"<= {MAX_MILLISECONDS}",
            value,
            value <= MAX_MILLISECONDS,
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _measure(*sys.argv[1:])
    else:
        main()
