"""Test children and fork servers that stop, die or send invalid data: each job ends once."""

import contextlib
import sys
import threading
import time

import psutil
import pytest

from studio.core.events import Cancelled, Failed, Finished, Progress
from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from studio.engine.process import engine as process
from studio.engine.process import message_pipe
from studio.engine.process.engine import OBEY_SECONDS, ProcessEngine
from studio.engine.process.messages import UNREADABLE
from tests.engine.process import bad_children
from tests.engine.runs import run_one
from tests.engine.test_engines import PATIENCE, EventLog, generate_in_thread, image_job

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="signals, and pipes that can be cut"
)
CANCEL_SECONDS = 8


@pytest.fixture
def engine(data):
    made = ProcessEngine(data)
    yield made
    made.close()


def with_bad_child(engine, data, what):
    engine._child = bad_children.start(what, str(data.logs / "bad.log"))
    return engine._child


def large_job(data):
    """A job that fills the pipe to a child that does not read."""
    return new_job(TextRequest(prompt="好" * MAX_PROMPT_CHARACTERS, seed=1), str(data.outputs))


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def next_job_works(engine, data):
    log = EventLog()
    run_one(engine, image_job(data), log)
    return isinstance(log.last, Finished)


@pytest.mark.parametrize(
    "what",
    [
        "an impossible length",
        "another type",
        "half a message",
        "an end in mid message",
        "a pipe that stays open",
    ],
)
def test_invalid_message_of_a_child_fails_its_job_once(what, engine, data, monkeypatch):
    monkeypatch.setattr(message_pipe, "STALL_SECONDS", 0.5)
    child, log = with_bad_child(engine, data, what), EventLog()
    run_one(engine, image_job(data), log)
    assert log.ends_once()
    assert isinstance(log.last, Failed)
    assert log.last.failure.cause == "crash"
    code = {"an end in mid message": "exit code 3", "a pipe that stays open": "exit code 4"}.get(
        what
    )
    assert (code or "cannot be read") in log.last.failure.message
    assert gone(child.process.pid)
    assert engine._child is None


@pytest.mark.parametrize(
    "what", ["half a message", "half a message, then stopped", "reads nothing"]
)
def test_cancel_ends_a_job_in_a_stuck_child(what, engine, data):
    child, log, cancelled = with_bad_child(engine, data, what), EventLog(), threading.Event()
    thread = generate_in_thread(engine, large_job(data), log, cancelled.is_set)
    begun = time.monotonic()
    cancelled.set()
    thread.join(PATIENCE)
    assert OBEY_SECONDS <= time.monotonic() - begun < CANCEL_SECONDS
    assert log.ends_once()
    assert isinstance(log.last, Cancelled)
    assert gone(child.process.pid)
    assert next_job_works(engine, data)


@pytest.mark.parametrize("what", ["half a message, then stopped", "reads nothing"])
def test_close_does_not_wait_for_a_stuck_child(what, engine, data):
    child, log = with_bad_child(engine, data, what), EventLog()
    thread = generate_in_thread(engine, image_job(data), log, lambda: False)
    begun = time.monotonic()
    engine.close()
    thread.join(PATIENCE)
    assert time.monotonic() - begun < CANCEL_SECONDS
    assert log.ends_once()
    assert isinstance(log.last, Cancelled)
    assert gone(child.process.pid)


def test_ended_child_leaves_no_thread_or_descriptor(engine, data):
    assert next_job_works(engine, data)
    threads, files = threading.active_count(), psutil.Process().num_fds()
    for _ in range(3):
        engine._child.kill()
        assert next_job_works(engine, data)
    assert threading.active_count() <= threads + 1  # that which starts the next child
    assert psutil.Process().num_fds() <= files + 6


@pytest.mark.parametrize("message", [b"\x93\x01garbage", b"", b"\x80"])
def test_undecodable_message_ends_the_child_with_a_logged_error(message, engine, data):
    assert next_job_works(engine, data)
    child = engine._child
    child.pipe.send(message)
    child.process.join(PATIENCE)
    assert child.process.exitcode == UNREADABLE
    assert "cannot be decoded" in child.log_tail()
    assert next_job_works(engine, data)


def test_undecodable_message_during_a_job_fails_it(engine, data):
    log = EventLog()
    thread = generate_in_thread(
        engine, image_job(data, num_inference_steps=400), log, lambda: False
    )
    log.wait_for(Progress)
    engine._child.pipe.send(b"\xc1")
    thread.join(PATIENCE)
    assert log.ends_once()
    assert isinstance(log.last, Failed)
    assert log.last.failure.cause == "crash"
    assert f"exit code {UNREADABLE}" in log.last.failure.message
    assert "DecodeError" in log.last.failure.details


def fork_servers():
    found = []
    for one in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it is a zombie, or gone
            found += [one] if "forkserver import main" in " ".join(one.cmdline()) else []
    return found


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="there is no fork server")
def test_stopped_or_killed_fork_server_is_replaced(engine, data, monkeypatch):
    log = EventLog()
    thread = generate_in_thread(
        engine, image_job(data, num_inference_steps=100), log, lambda: False
    )
    log.wait_for(Progress)
    (first,) = fork_servers()
    first.kill()
    thread.join(PATIENCE)
    assert isinstance(log.last, Finished), "the child goes on without it"
    monkeypatch.setattr(process, "START_SECONDS", 1)
    failed = EventLog()
    thread = generate_in_thread(engine, image_job(data), failed, lambda: False)
    wait_until(lambda: [one for one in fork_servers() if one.pid != first.pid])
    (second,) = fork_servers()
    second.suspend()
    thread.join(PATIENCE)
    assert isinstance(failed.last, Failed)
    assert "could not be started" in failed.last.failure.message
    wait_until(lambda: gone(second.pid))
    monkeypatch.undo()
    again = EventLog()
    thread = generate_in_thread(engine, image_job(data), again, lambda: False)
    wait_until(lambda: [one for one in fork_servers() if one.pid != second.pid])
    fork_servers()[0].kill()
    thread.join(PATIENCE)
    assert again.ends_once()
    assert isinstance(again.last, Finished)
