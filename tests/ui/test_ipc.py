"""Test commands while a window is open: they run in it and report the same as without it."""

import json
import signal
import subprocess
import sys
import time

import pytest
from PySide6.QtNetwork import QLocalSocket

from studio.cli.context import Context
from studio.cli.queue.remote import RemoteSession
from studio.cli.queue.runner import QueueRunner
from studio.core.events import TextDelta
from studio.core.jobs import JobState, new_job
from studio.core.requests import TextRequest
from studio.jobs.ipc.address import server_names
from studio.jobs.ipc.client import connect_to_window
from studio.jobs.ipc.messages import Activate, Reader, ToWindow, packed
from tests.ui.conftest import PATIENCE, close_studio

LONG = 60_000


@pytest.fixture
def command(qtbot):
    """Return a function that runs a command and returns its exit code, stdout and stderr."""
    begun = []

    def start(*arguments):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        begun.append(
            subprocess.Popen(
                [sys.executable, "-m", "studio", "--fake", *arguments], text=True, **pipes
            )
        )
        return begun[-1]

    def run(*arguments):
        process = start(*arguments)
        qtbot.waitUntil(lambda: process.poll() is not None, timeout=LONG)
        return process.returncode, process.stdout.read(), process.stderr.read()

    run.start = start
    yield run
    for process in begun:
        process.kill()
        process.communicate()


def test_command_runs_in_the_open_window(qtbot, open_studio, command, data, tmp_path):
    studio = open_studio()
    target = tmp_path / "out.txt"
    code, out, err = command(
        "text", "hi", "--seed", "3", "--max-new-tokens", "5", "-o", str(target)
    )
    assert code == 0, err
    (job,) = studio.shared.queue.jobs()
    assert job.state is JobState.COMPLETED
    assert out.strip() == target.read_text(encoding="utf-8").strip()
    code, out, err = command("image", "a cat", "--width", "64", "--height", "64", "--json")
    assert code == 0, err
    assert json.loads(out)["state"] == "completed"


def test_batch_runs_in_the_window_and_names_its_report(qtbot, open_studio, command, data, tmp_path):
    studio = open_studio()
    file = tmp_path / "rows.csv"
    file.write_text("prompt,max_new_tokens\none,3\ntwo,3\nthree,zzz\n")
    code, out, err = command("batch", str(file), "-o", str(tmp_path / "made"))
    assert code == 1, err
    assert len(out.splitlines()) == 2
    assert (tmp_path / "made" / "report.csv").exists()
    assert "line 4" in err
    assert len(studio.shared.queue.jobs()) == 2


def test_window_applies_variables_axes_and_report_options_of_a_batch(
    qtbot, open_studio, command, data, tmp_path
):
    open_studio(step_seconds=0)
    file, made = tmp_path / "rows.txt", tmp_path / "made"
    file.write_text("a $style poem\n")
    options = (
        "--set",
        "style=small",
        "--axis",
        "max_new_tokens=2,3",
        "--collect",
        "md",
        "--report",
        str(tmp_path / "mine.jsonl"),
    )
    code, out, err = command("batch", str(file), *options, "-o", str(made))
    assert code == 0, err
    assert len(out.splitlines()) == 2
    assert (made / "collected.md").read_text(encoding="utf-8").count("a small poem") == 2
    assert (made / "contact-sheet.md").exists()
    lines = [json.loads(line) for line in (tmp_path / "mine.jsonl").read_text().splitlines()]
    assert [line["state"] for line in lines] == ["completed", "completed"]
    next(made.glob("0*.txt")).unlink()
    code, out, err = command("batch", str(file), *options[:4], "-o", str(made), "--resume")
    assert code == 0, err
    assert len(out.splitlines()) == 1


def test_rows_already_queued_in_the_window_are_not_run_twice(
    qtbot, open_studio, command, data, tmp_path
):
    studio = open_studio(step_seconds=0)
    studio.shared.queue.pause()
    file = tmp_path / "rows.txt"
    file.write_text("one\ntwo\n")
    process = command.start("batch", str(file), "-o", str(tmp_path / "made"))
    qtbot.waitUntil(lambda: len(studio.shared.queue.jobs()) == 2, timeout=LONG)
    process.kill()
    code, _out, err = command("batch", str(file), "-o", str(tmp_path / "made"), "--resume")
    assert code == 0, err
    assert "2 more wait in the queue of the open window" in err
    assert len(studio.shared.queue.jobs()) == 2


def test_command_ends_when_its_rows_are_cancelled_or_removed_in_the_window(
    qtbot, open_studio, command, data, tmp_path
):
    studio = open_studio(step_seconds=0)
    queue = studio.shared.queue
    queue.pause()
    file = tmp_path / "rows.txt"
    file.write_text("one\ntwo\n")
    process = command.start("batch", str(file), "-o", str(tmp_path / "made"))
    qtbot.waitUntil(lambda: len(queue.jobs()) == 2, timeout=LONG)
    queue.cancel([queue.jobs()[0].id])
    queue.remove([queue.jobs()[1].id])
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=LONG)
    assert process.returncode == 1, process.stderr.read()


def test_command_cannot_limit_the_queue_of_an_open_window(open_studio, command, data, tmp_path):
    studio = open_studio()
    file = tmp_path / "rows.txt"
    file.write_text("one\n")
    code, _out, err = command("batch", str(file), "--at-most", "1")
    assert code == 2
    assert "a command cannot limit it" in err
    assert not studio.shared.queue.jobs()


def test_ctrl_c_cancels_only_the_commands_own_job(qtbot, open_studio, command, data):
    studio = open_studio(step_seconds=0.05)
    process = command.start("text", "slow", "--max-new-tokens", "40")
    received = []
    studio.shared.queue.job_event.connect(lambda _id, event: received.append(event))
    qtbot.waitUntil(lambda: any(isinstance(event, TextDelta) for event in received), timeout=LONG)
    process.send_signal(signal.SIGINT)
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=LONG)
    assert process.returncode == 130
    assert studio.shared.queue.jobs()[0].state is JobState.CANCELLED


def test_job_of_a_killed_command_stays_in_the_window(qtbot, open_studio, command, data):
    studio = open_studio(step_seconds=0.02)
    process = command.start("text", "slow", "--max-new-tokens", "40")
    qtbot.waitUntil(lambda: bool(studio.shared.queue.jobs()), timeout=LONG)
    process.kill()
    qtbot.waitUntil(lambda: studio.shared.queue.jobs()[0].state is JobState.COMPLETED, timeout=LONG)


def test_closing_the_window_ends_the_command_with_a_message(qtbot, open_studio, command, data):
    studio = open_studio(step_seconds=0.1)
    process = command.start("text", "slow", "--max-new-tokens", "40")
    qtbot.waitUntil(
        lambda: any(job.state is JobState.RUNNING for job in studio.shared.queue.jobs()),
        timeout=LONG,
    )
    close_studio(studio)
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=LONG)
    assert process.returncode == 1
    assert "wait in its queue" in process.stderr.read()


def test_queue_run_is_refused_while_the_window_is_open(open_studio, command, data):
    open_studio()
    code, _out, err = command("queue", "run")
    assert code == 2
    assert "The open window runs the queue." in err


def test_invalid_message_closes_the_connection(qtbot, open_studio, data):
    studio = open_studio()
    for garbage in (
        b"\x00\x00\x00\x05hello",
        b"\xff\xff\xff\xff",
        packed(Activate())[:3],
        b"GET / HTTP/1.1\r\n\r\n",
    ):
        socket = QLocalSocket()
        socket.connectToServer(next(server_names(data)))
        qtbot.waitUntil(
            lambda s=socket: s.state() is QLocalSocket.LocalSocketState.ConnectedState,
            timeout=PATIENCE,
        )
        socket.write(garbage)
        socket.flush()
        if len(garbage) > 3:
            qtbot.waitUntil(
                lambda s=socket: s.state() is QLocalSocket.LocalSocketState.UnconnectedState,
                timeout=PATIENCE,
            )
        else:
            socket.disconnectFromServer()
    assert connect_to_window(data) is not None
    assert studio.window.isVisible()


def test_reader_joins_messages_split_at_any_byte():
    data = packed(Activate()) * 3
    for size in (1, 2, 5, len(data)):
        reader = Reader(ToWindow)
        found = [
            message
            for at in range(0, len(data), size)
            for message in reader.feed(data[at : at + size])
        ]
        assert found == [Activate()] * 3


def test_command_reports_a_window_that_closed_before_it_started(qtbot, open_studio, data):
    studio = open_studio()
    session = RemoteSession(connect_to_window(data))
    close_studio(studio)
    qtbot.waitUntil(
        lambda: session._socket.state() is QLocalSocket.LocalSocketState.UnconnectedState,
        timeout=LONG,
    )
    reasons = []
    session.queue.failed.connect(lambda sentence, _job_ids: reasons.append(sentence))
    session.start()
    assert reasons == ["The window was closed. Unfinished jobs wait in its queue."]


def test_run_that_ends_before_its_event_loop_returns_at_once(qtbot, data):
    run = QueueRunner(Context(data, fake=True))
    job = new_job(TextRequest(prompt="hi", seed=1), str(data.outputs))
    begun = time.monotonic()
    (outcome,) = run._run([job], lambda: run._end(1))
    assert time.monotonic() - begun < 30
    assert outcome.state == "queued"
