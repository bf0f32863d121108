"""Test the window with its real engine while the child or the window is stopped."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from studio.app import Studio
from studio.core.events import TERMINAL, Finished, Progress
from studio.core.jobs import JobState, new_job
from studio.core.requests import ImageRequest
from studio.jobs.store_rows import read_jobs_readonly
from tests.ui.conftest import PATIENCE, close_studio

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")
END_SECONDS = 8


@pytest.fixture
def studio(qapp, data):
    studio = Studio(data)
    studio.start_background()
    yield studio
    close_studio(studio)


def run_job(studio, data, qtbot, steps):
    """Submit a job and return (its id, the events that it gets)."""
    request = ImageRequest(
        prompt="a red apple", width=64, height=64, num_inference_steps=steps, seed=1
    )
    job, events = new_job(request, str(data.outputs)), []
    studio.session.queue.job_event.connect(
        lambda job_id, event: events.append(event) if job_id == job.id else None
    )
    studio.session.queue.submit([job])
    return job.id, events


def running_child(studio, events, qtbot):
    qtbot.waitUntil(lambda: any(isinstance(event, Progress) for event in events), timeout=PATIENCE)
    return psutil.Process(studio.session.engine._child.process.pid)


def test_cancel_ends_a_job_in_a_stopped_child(studio, data, qtbot):
    job_id, events = run_job(studio, data, qtbot, 400)
    running_child(studio, events, qtbot).suspend()
    begun = time.monotonic()
    studio.session.queue.cancel([job_id])
    qtbot.waitUntil(lambda: any(isinstance(event, TERMINAL) for event in events), timeout=PATIENCE)
    assert time.monotonic() - begun < END_SECONDS
    assert studio.session.queue.job(job_id).state is JobState.CANCELLED
    _id, following = run_job(studio, data, qtbot, 2)
    qtbot.waitUntil(
        lambda: any(isinstance(event, Finished) for event in following), timeout=PATIENCE
    )
    assert sum(isinstance(event, TERMINAL) for event in events) == 1


def test_window_closes_while_its_child_is_stopped(studio, data, qtbot):
    job_id, events = run_job(studio, data, qtbot, 400)
    child = running_child(studio, events, qtbot)
    child.suspend()
    begun = time.monotonic()
    close_studio(studio)
    assert time.monotonic() - begun < END_SECONDS
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert {job.id: job.state for job in read_jobs_readonly(data)} == {job_id: JobState.QUEUED}


def test_ctrl_c_ends_a_command_of_a_stopped_window(data, qtbot):
    program = [sys.executable, "-m", "studio", "--fake"]
    window = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        qtbot.waitUntil(data.socket.exists, timeout=PATIENCE)
        command = subprocess.Popen(
            [*program, "text", "hello", "--max-new-tokens", "2000"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        qtbot.waitUntil(
            lambda: [job.state for job in read_jobs_readonly(data)] == [JobState.RUNNING],
            timeout=PATIENCE,
        )
        os.kill(window.pid, signal.SIGSTOP)
        begun = time.monotonic()
        command.send_signal(signal.SIGINT)
        _out, err = command.communicate(timeout=60)
        assert time.monotonic() - begun < END_SECONDS
        assert command.returncode == 130
        assert "The window does not answer" in err
    finally:
        window.kill()
        window.wait()
