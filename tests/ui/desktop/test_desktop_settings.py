"""Settings that follow the desktop, with its services on a real message bus and real commands."""

import contextlib

import pytest

from studio.core.events import Progress
from studio.core.jobs import JobState, new_job
from studio.core.requests import TextRequest
from studio.core.settings_store import update
from studio.jobs.queue import IN_USE
from studio.ui.desktop import idle
from tests.bus import HAS_BUS, PowerManager, ScreenSaver, message_bus
from tests.cli.programs import studio as command
from tests.ui.conftest import PATIENCE

pytestmark = pytest.mark.skipif(not HAS_BUS, reason="needs dbus-daemon")


@contextlib.contextmanager
def desktop_service(monkeypatch, kind):
    with message_bus() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        service = kind(address)
        yield service
    service.close()


@pytest.fixture
def power(monkeypatch):
    with desktop_service(monkeypatch, PowerManager) as service:
        yield service


@pytest.fixture
def screen_saver(monkeypatch):
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")  # else the X server is asked
    monkeypatch.setattr(idle, "CHECK_MS", 20)
    with desktop_service(monkeypatch, ScreenSaver) as service:
        yield service


def add_jobs(studio, qtbot, data, count=1):
    queue = studio.shared.queue
    jobs = [
        new_job(TextRequest(prompt="x", seed=n, max_new_tokens=3), str(data.outputs))
        for n in range(count)
    ]
    with qtbot.waitSignal(queue.jobs_added, timeout=PATIENCE):
        queue.submit(jobs)
    return [job.id for job in jobs]


def wait_completed(studio, qtbot, ids):
    queue = studio.shared.queue
    qtbot.waitUntil(
        lambda: all(queue.job(one).state is JobState.COMPLETED for one in ids), timeout=PATIENCE
    )


def wait_queries(screen_saver, qtbot, count):
    target = len(screen_saver.calls) + count
    qtbot.waitUntil(lambda: len(screen_saver.calls) >= target, timeout=PATIENCE)


def test_jobs_wait_while_the_desktop_is_in_use_until_a_command_lets_them_run(
    qtbot, data, screen_saver, open_studio
):
    data.create()
    update(data, {"only_idle": True, "keep_awake": False})
    studio = open_studio()
    queue = studio.shared.queue
    first = add_jobs(studio, qtbot, data)
    wait_queries(screen_saver, qtbot, 3)
    assert queue.paused == IN_USE
    assert queue.job(first[0]).state is JobState.QUEUED
    screen_saver.seconds = int(idle.IDLE_SECONDS) - 1
    wait_queries(screen_saver, qtbot, 3)
    assert queue.job(first[0]).state is JobState.QUEUED

    screen_saver.seconds = int(idle.IDLE_SECONDS)
    wait_completed(studio, qtbot, first)
    screen_saver.seconds = 0
    qtbot.waitUntil(lambda: queue.paused == IN_USE, timeout=PATIENCE)
    second = add_jobs(studio, qtbot, data)
    wait_queries(screen_saver, qtbot, 3)
    assert queue.job(second[0]).state is JobState.QUEUED

    assert command("settings", "set", "only_idle", "off", data=data).returncode == 0
    wait_completed(studio, qtbot, second)
    assert not queue.paused


def test_sleep_is_inhibited_until_a_command_turns_it_off(qtbot, data, power, open_studio):
    studio = open_studio(step_seconds=0.01)
    queue = studio.shared.queue
    during = []
    queue.job_event.connect(
        lambda _id, event: during.append(list(power.calls)) if isinstance(event, Progress) else None
    )
    wait_completed(studio, qtbot, add_jobs(studio, qtbot, data))
    qtbot.waitUntil(lambda: power.calls == ["Inhibit", "UnInhibit"], timeout=PATIENCE)
    assert during
    assert all(calls == ["Inhibit"] for calls in during)

    done = command("settings", "set", "keep_awake", "off", data=data)
    assert done.stdout == "keep_awake: off\n"
    qtbot.waitUntil(lambda: not studio.settings.keep_awake, timeout=PATIENCE)
    wait_completed(studio, qtbot, add_jobs(studio, qtbot, data))
    assert power.calls == ["Inhibit", "UnInhibit"]


def test_sleep_is_allowed_again_at_the_next_job_after_the_setting_changed(
    qtbot, data, power, open_studio
):
    studio = open_studio(step_seconds=0.01)
    studio.session.queue.batch_jobs = False
    queue, first, calls = studio.shared.queue, [], []

    def follow(job_id, event):
        if isinstance(event, Progress):
            if not first:
                first.append(job_id)
                studio.shared.change_settings(keep_awake=False)
            if job_id != first[0]:
                calls.append(list(power.calls))

    queue.job_event.connect(follow)
    wait_completed(studio, qtbot, add_jobs(studio, qtbot, data, 3))
    assert calls
    assert all(held == ["Inhibit", "UnInhibit"] for held in calls)
