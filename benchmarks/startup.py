"""First painted window, against an empty PySide6 window: CPU time and memory, alternating
processes.

Studio is started as the command `studio` starts it. Both windows are measured in the turn of the
event loop that follows their first paint event, before Studio does anything more. Then Studio goes
on until it is usable; those figures have no limit, but are printed.
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
_PROBE = """
import os, sys, time

def measured():
    seconds = time.process_time()
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm") as file:
            return [seconds, int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")]
    import psutil
    return [seconds, psutil.Process().memory_info().rss]

def end(*found):
    print(json_of(found), flush=True)
    os._exit(0)

def json_of(found):
    import json
    return json.dumps(found)
"""
EMPTY = f"""{_PROBE}
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, lambda: end(measured()))

application = QApplication(sys.argv)
window = Window()
window.resize(1280, 800)
window.show()
application.exec()
"""
STUDIO = f"""{_PROBE}

class Hook:
    '''Puts the probe into the window's class as soon as that is there, without importing anything earlier.'''

    def find_spec(self, name, path=None, target=None):
        if name == "studio.jobs.folder_lock":  # imported by studio.app before its window; the window's class comes after it
            sys.meta_path.remove(self)
            probe()

def probe():
    from studio.ui.window_shell import WindowShell
    paint, first = WindowShell.paintEvent, []

    def painted(window, event):
        if not first:
            first.append(None)
            from PySide6.QtCore import QTimer
            QTimer.singleShot(0, lambda: first.append(measured()))  # before the window's own, which goes on with the start
            window.whole.connect(lambda: usable(window, first[1]))
        paint(window, event)

    WindowShell.paintEvent = painted

def usable(window, first):
    prompt = window.current().prompt
    assert prompt.isVisible() and window.focusWidget() is prompt, "the prompt has not the focus"
    assert all(menu.actions() for menu in window._menus.values()), "a menu is empty"
    assert window.queue_dock.parent() is window, "there is no queue"
    end(first, measured())

sys.meta_path.insert(0, Hook())
sys.argv = ["studio"]
from studio.cli import main
main()
"""  # noqa: E501


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HOME": folder, "XDG_DATA_HOME": folder}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        for name in (
            "STUDIO_DATA_DIR",
            "PYTHONDONTWRITEBYTECODE",
        ):  # an installed program has its bytecode
            environment.pop(name, None)
        compileall.compile_dir(str(Path(studio.__file__).parent), quiet=1)
        empties, firsts, usables = [], [], []
        for _ in range(ROUNDS):
            empties += _run(EMPTY, environment)
            first, usable = _run(STUDIO, environment)
            firsts.append(first)
            usables.append(usable)
    for part, what, unit in ((0, "CPU time", "seconds"), (1, "memory", "bytes")):
        empty, seen, whole = (
            statistics.median(run[part] for run in runs) for runs in (empties, firsts, usables)
        )
        numbers = {unit: seen, "empty": empty}
        report(
            f"start-up {what} / empty window",
            "<= 1.5",
            seen / empty,
            seen / empty <= 1.5,
            **numbers,
        )
        report(
            f"start-up {what} until it is usable / empty window",
            "-",
            whole / empty,
            True,
            **{unit: whole, "empty": empty},
        )


def _run(script: str, environment: dict[str, str]) -> list[list[float]]:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    found: list[list[float]] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
