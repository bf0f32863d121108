"""Test `studio queue` with the real program on damaged and unreadable queues."""

import json
import os
import sqlite3
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("needs fork and FIFOs", allow_module_level=True)

from studio.jobs.store import JobStore
from tests.cli.fork_server import Call, ForkServer
from tests.jobs.test_store import make_job


@pytest.fixture(scope="module")
def server():
    with ForkServer() as running:
        yield running


@pytest.fixture
def run(server, tmp_path, data):
    def run_one(*arguments):
        return server.run(
            Call(
                arguments=["--fake", "--data-dir", str(data.root), *arguments], folder=str(tmp_path)
            )
        )

    return run_one


@pytest.fixture
def jobs(data, tmp_path):
    """Three jobs that wait; this version cannot read the second."""
    store = JobStore.open(data.database)
    added = store.add([make_job(tmp_path / "out") for _ in range(3)])
    store.close()
    connection = sqlite3.connect(data.database)
    with connection:
        connection.execute(
            "UPDATE jobs SET request = json_set(request, '$.kind', 'hologram') WHERE id = ?",
            (added[1].id,),
        )
    connection.close()
    return added


def test_unreadable_job_is_listed_and_kept_while_the_others_run(run, jobs, tmp_path):
    listed = run("queue", "list")
    assert listed.code == 0
    (line,) = [line for line in listed.out.splitlines() if "unreadable" in line]
    assert line.startswith(jobs[1].id)
    assert "hologram" in line
    ran = run("queue", "run")
    assert ran.code == 0, ran.err
    assert "This version of Studio cannot read" in ran.err
    assert len(list((tmp_path / "out").glob("*.txt"))) == 2
    table = json.loads(run("queue", "list", "--json").out)
    assert [job["state"] for job in table["jobs"]] == ["completed", "completed"]
    assert [(row["id"], row["state"]) for row in table["unreadable"]] == [(jobs[1].id, "queued")]


def test_unreadable_job_can_be_removed(run, jobs):
    assert run("queue", "cancel", jobs[1].id).code == 0
    assert "unreadable" not in run("queue", "list").out
    assert run("queue", "cancel", jobs[1].id).code == 2


def test_queued_job_can_be_cancelled_next_to_an_unreadable_one(run, jobs):
    ended = run("queue", "cancel", jobs[0].id)
    assert ended.code == 0
    assert "1 job cancelled" in ended.err


@pytest.mark.parametrize("name", [os.fsdecode(b"\xff"), "", "%s", "'", "no such id"])
def test_cancel_of_an_unknown_job_is_reported(run, jobs, name):
    ended = run("queue", "cancel", name)
    assert ended.code == 2, ended.err
    assert ended.err.strip()


@pytest.mark.parametrize(
    "command", [("queue", "list"), ("queue", "run"), ("queue", "clear"), ("text", "hello")]
)
@pytest.mark.parametrize("fault", ["garbage", "fifo", "wal", "foreign", "newer", "lock"])
def test_no_command_hangs_or_crashes_on_an_invalid_database(run, data, command, fault):
    if fault == "garbage":
        data.database.write_bytes(b"\0" * 9_000)
    elif fault == "fifo":
        os.mkfifo(data.database)
    elif fault == "wal":
        JobStore.open(data.database).close()
        os.mkfifo(data.root / "studio.db-wal")
    elif fault == "lock":
        os.mkfifo(data.lock)
    else:
        with sqlite3.connect(data.database) as connection:
            connection.execute(
                "CREATE TABLE notes (x)" if fault == "foreign" else "PRAGMA user_version = 99"
            )
        connection.close()
    ended = run(*command)
    assert ended.code in (0, 1, 2), ended.err
    assert not ended.hung
    assert "Traceback" not in ended.err
    if fault not in ("garbage", "lock"):
        assert ended.code, "it must not look like an empty queue"
    assert ended.cpu < 2
