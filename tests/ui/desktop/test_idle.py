"""Jobs that run only while the computer is idle."""

import os
import shutil
import subprocess
import sys

import pytest

from studio.core.jobs import JobState, new_job
from studio.core.requests import TextRequest
from studio.jobs.queue import IN_USE
from studio.ui.desktop.idle import ANSWER_SECONDS, IDLE_SECONDS, IdleWatch, seconds_since_input
from tests.bus import HAS_BUS, message_bus
from tests.ui.conftest import PATIENCE


class Desk:
    """A fake idle time."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def look(watch, qtbot):
    with qtbot.waitSignal(watch.checked, timeout=PATIENCE):
        watch.check()


@pytest.fixture
def watched(qtbot, open_studio, data):
    studio = open_studio()
    desk = Desk()
    watch = IdleWatch(studio.shared.queue, studio.window, desk)
    with qtbot.waitSignal(watch.checked, timeout=PATIENCE):
        watch.set_enabled(True)
    job = new_job(TextRequest(prompt="x", seed=1, max_new_tokens=3), str(data.outputs))
    with qtbot.waitSignal(studio.shared.queue.jobs_added, timeout=PATIENCE):
        studio.shared.queue.submit([job])
    return studio, watch, desk, job.id


def test_jobs_wait_until_the_computer_is_idle(qtbot, watched):
    studio, watch, desk, job_id = watched
    queue = studio.shared.queue
    assert queue.paused == IN_USE
    qtbot.waitUntil(
        lambda: (
            IN_USE in studio.window.queue_banner.message and studio.window.queue_banner.isVisible()
        ),
        timeout=PATIENCE,
    )
    desk.seconds = IDLE_SECONDS - 1
    look(watch, qtbot)
    assert queue.paused == IN_USE
    desk.seconds = IDLE_SECONDS
    look(watch, qtbot)
    qtbot.waitUntil(lambda: queue.job(job_id).state is JobState.COMPLETED, timeout=PATIENCE)
    desk.seconds = 0
    look(watch, qtbot)
    assert queue.paused == IN_USE
    assert not studio.window.queue_banner.isVisible()  # nothing waits


def test_resume_by_the_user_holds_until_idle(qtbot, watched):
    studio, watch, desk, job_id = watched
    queue = studio.shared.queue
    queue.resume()
    look(watch, qtbot)
    qtbot.waitUntil(lambda: queue.job(job_id).state is JobState.COMPLETED, timeout=PATIENCE)
    assert not queue.paused
    desk.seconds = IDLE_SECONDS
    look(watch, qtbot)
    desk.seconds = 0
    look(watch, qtbot)
    assert queue.paused == IN_USE


def test_pause_by_the_user_is_kept(qtbot, watched):
    studio, watch, desk, _job_id = watched
    queue = studio.shared.queue
    queue.pause()
    desk.seconds = IDLE_SECONDS
    look(watch, qtbot)
    assert queue.paused
    watch.set_enabled(False)
    assert queue.paused


def test_unknown_idle_time_pauses_nothing(qtbot, watched):
    studio, watch, desk, job_id = watched
    desk.seconds = None
    look(watch, qtbot)
    qtbot.waitUntil(
        lambda: studio.shared.queue.job(job_id).state is JobState.COMPLETED, timeout=PATIENCE
    )


def test_menu_setting_is_saved(qtbot, open_studio):
    studio = open_studio()
    studio.window.queue_dock.show()
    menu = studio.window.queue_dock.panel.pause_menu
    menu.aboutToShow.emit()
    can = seconds_since_input() is not None
    qtbot.waitUntil(lambda: menu.only_idle.isVisible() is can, timeout=PATIENCE)
    menu.only_idle.setChecked(True)
    assert studio.settings.only_idle
    assert studio._idle_watch._timer.isActive()
    menu.only_idle.setChecked(False)
    assert not studio._idle_watch._timer.isActive()


TELL = """
import os, subprocess, time
from studio.ui.desktop.idle import seconds_since_input
def press():
    subprocess.run(["xdotool", "key", "a"], check=True)
deadline = time.monotonic() + 60
press()
while (before := seconds_since_input()) is not None and before < 0.3 and time.monotonic() < deadline:
    pass
press()
print(before, seconds_since_input())
"""  # noqa: E501


@pytest.mark.display
@pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool"
)
def test_key_press_on_a_real_display_resets_the_idle_time():
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end)], pass_fds=[write_end], stderr=subprocess.DEVNULL
    )
    os.close(write_end)
    try:
        with os.fdopen(read_end) as pipe:
            environment = {**os.environ, "DISPLAY": f":{pipe.readline().strip()}"}
        environment.pop("WAYLAND_DISPLAY", None)
        done = subprocess.run(
            [sys.executable, "-c", TELL],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    finally:
        server.kill()
        server.wait()
    before, after = done.stdout.split()
    if before == "None":
        pytest.skip("libXss is not there")
    assert float(before) >= 0.3 > float(after)


SILENT = """
import time
from PySide6.QtCore import QElapsedTimer
from PySide6.QtTest import QTest
from studio.app import Studio
from studio.core.paths import data_folder
from studio.jobs.queue import IN_USE
from studio.ui.desktop import idle

studio = Studio(data_folder(), fake=True)
studio.window.show()
studio.start_background()
answers, looked = [], []
ask = idle.seconds_since_input
watch = idle.IdleWatch(studio.session.queue, studio.window, lambda: answers.append(ask()) or answers[-1])
watch.checked.connect(lambda: looked.append(True))
clock = QElapsedTimer()
clock.start()
watch.set_enabled(True)
studio.window.queue_dock.panel.pause_menu.aboutToShow.emit()
print("asked after", clock.elapsed(), flush=True)
assert studio.session.queue.paused == IN_USE
while not looked:
    QTest.qWait(20)
print("answer", answers, "after", clock.elapsed(), "paused", repr(studio.session.queue.paused), flush=True)
studio.window._may_close = lambda _waiting: True
studio.window.close()
studio.close()
"""  # noqa: E501


@pytest.mark.skipif(not HAS_BUS, reason="needs dbus-daemon")
def test_unresponsive_desktop_does_not_block_the_window(data):
    from jeepney import message_bus as bus
    from jeepney.io.blocking import open_dbus_connection

    with message_bus() as address:
        silent = open_dbus_connection(address)
        for name in ("org.gnome.Mutter.IdleMonitor", "org.freedesktop.ScreenSaver"):
            silent.send_and_get_reply(bus.RequestName(name))
        environment = {
            **os.environ,
            "DBUS_SESSION_BUS_ADDRESS": address,
            "WAYLAND_DISPLAY": "wayland-0",
        }
        done = subprocess.run(
            [sys.executable, "-c", SILENT],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        silent.close()
    assert done.returncode == 0, done.stderr
    asked, answer = done.stdout.splitlines()
    assert "answer [None] after" in answer
    assert "paused ''" in answer
    at_once, at_last = int(asked.split()[-1]), int(answer.split("after ")[1].split()[0])
    assert at_last >= 2_000 * ANSWER_SECONDS  # both services were waited for,
    assert at_once < at_last / 2  # and not by the window
