"""Progress and notifications on a real message bus."""

import os
import subprocess
import sys

import pytest

from studio.core.events import Progress
from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.ui.desktop.notifications import Notifier
from tests.bus import HAS_BUS, message_bus
from tests.ui.conftest import PATIENCE

TELL = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
from studio.ui.desktop import taskbar
application = QApplication(["studio", "-platform", "minimal"])
window = QWidget()
taskbar.show_progress(window, 0.25)
taskbar.show_progress(window, None)
taskbar.notify("Studio", "All jobs are done.")
QTimer.singleShot(200, application.quit)
application.exec()
"""


@pytest.mark.skipif(not HAS_BUS, reason="needs a message bus")
def test_progress_and_notifications_are_sent_over_dbus():
    with message_bus() as address:
        monitor = subprocess.Popen(
            ["dbus-monitor", "--address", address], stdout=subprocess.PIPE, text=True
        )
        assert monitor.stdout.readline(), "it listens"
        environment = {
            **os.environ,
            "DBUS_SESSION_BUS_ADDRESS": address,
            "QT_QPA_PLATFORM": "minimal",
        }
        subprocess.run(
            [sys.executable, "-c", TELL], env=environment, check=True, timeout=PATIENCE / 1000
        )
        monitor.terminate()
        signals, _errors = monitor.communicate(timeout=PATIENCE / 1000)
    progress = [
        part for part in signals.split("\nsignal") if "com.canonical.Unity.LauncherEntry" in part
    ]
    assert "double 0.25" in progress[0]
    assert "boolean true" in progress[0]
    assert "boolean false" in progress[1]
    assert "application://studio.desktop" in progress[0]
    message = signals.partition("org.freedesktop.portal.Notification")[2]
    assert "member=AddNotification" in message
    assert "All jobs are done." in message


def test_run_progress(qtbot, open_studio, data):
    studio = open_studio(step_seconds=0.05)
    notifier = studio.window.findChild(Notifier)
    queue = studio.shared.queue
    assert notifier.run_progress is None
    jobs = [
        new_job(TextRequest(prompt="x", seed=n, max_new_tokens=20), str(data.outputs))
        for n in range(2)
    ]
    queue.batch_jobs = False
    seen = []
    queue.job_event.connect(
        lambda _id, event: (
            seen.append(notifier.run_progress) if isinstance(event, Progress) else None
        )
    )
    queue.submit(jobs)
    qtbot.waitUntil(
        lambda: all((now := queue.job(job.id)) and now.state.over for job in jobs), timeout=PATIENCE
    )
    shares = [share for share in seen if share is not None]
    assert shares == sorted(shares)
    assert min(shares) < 0.2
    assert 0.9 < max(shares) <= 1
    qtbot.waitUntil(lambda: notifier.run_progress is None, timeout=PATIENCE)
