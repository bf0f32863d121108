"""Test the window's process: no torch, no leaked references, one window per data folder."""

import subprocess
import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QProgressBar

from studio import app

PROGRAM = """
import sys
from PySide6.QtCore import QTimer
from studio.app import Studio
from studio.core.paths import data_folder

def main():
    studio = Studio(data_folder())
    studio.start()
    QTimer.singleShot(1500, studio.application.quit)
    studio.application.exec()
    heavy = {"torch", "transformers", "diffusers", "onnxruntime"} & set(sys.modules)
    studio.window.close()
    studio.close()
    print("heavy:", sorted(heavy))

if __name__ == "__main__":
    main()
"""


def test_the_window_imports_nothing_heavy(tmp_path, data):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "heavy: []" in done.stdout


def test_qt_takes_no_references_of_none_true_and_false(qapp):
    class Source(QObject):
        fired = Signal(bool)

    source, bar = Source(), QProgressBar()
    received = []
    source.fired.connect(received.append)
    before = [sys.getrefcount(value) for value in (None, True, False)]
    for number in range(20_000):
        source.fired.emit(True)
        received.clear()
        bar.setValue(number % 100)
    after = [sys.getrefcount(value) for value in (None, True, False)]
    assert all(abs(now - then) < 200 for now, then in zip(after, before, strict=True)), (
        before,
        after,
    )


def test_a_second_start_brings_the_first_window_to_the_front(open_studio, data, qtbot):
    studio = open_studio()
    studio.window.hide()
    second = subprocess.Popen(
        [sys.executable, "-m", "studio", "--fake"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=60_000)
    assert second.returncode == 0, second.stderr.read()
    second.stdout.close()
    second.stderr.close()
    qtbot.waitUntil(studio.window.isVisible, timeout=60_000)


def test_a_lock_left_by_a_killed_program_is_taken_over(open_studio, data):
    script = (
        "import sys, os, signal\nfrom PySide6.QtCore import QCoreApplication\nfrom "
        "studio.jobs.session import lock_folder\n"
    )
    script += (
        "from studio.core.paths import data_folder\nlock = lock_folder(data_folder())\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert data.lock.exists()
    open_studio()


def test_an_unexpected_error_is_shown(qapp, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "studio.app.show_message",
        lambda _parent, title, text, details="": shown.append((title, text, details)),
    )
    try:
        raise RuntimeError("boom")
    except RuntimeError as error:
        app.show_uncaught(type(error), error, error.__traceback__)
    assert "boom" in shown[0][1]
    assert "Traceback" in shown[0][2]
