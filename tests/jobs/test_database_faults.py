"""Test damaged, foreign and newer databases: each is recovered or reported, nothing is lost."""

import multiprocessing
import os
import shutil
import sqlite3
import sys

import pytest

from studio.core.errors import StudioError
from studio.core.jobs import JobState
from studio.core.paths import DataFolder
from studio.engine.fake import FakeEngine
from studio.jobs.folder_lock import acquire
from studio.jobs.session import Session
from studio.jobs.store import JobStore
from studio.jobs.store_rows import read_jobs_readonly, read_rows_readonly
from studio.library.database import MIGRATIONS, open_database
from tests.jobs.test_store import make_artifact, make_job

VERSION = len(MIGRATIONS)
posix = pytest.mark.skipif(sys.platform == "win32", reason="FIFOs and devices")


@pytest.fixture
def jobs(data, tmp_path):
    """Six jobs in the database of the data folder: one is over, five wait."""
    store = JobStore.open(data.database)
    added = store.add([make_job(tmp_path) for _ in range(6)])
    store.take_next()
    store.end(added[0].id, JobState.COMPLETED, artifacts=[make_artifact(added[0])])
    store.close()
    return added


def change(data, *statements):
    connection = sqlite3.connect(data.database)
    with connection:
        for statement in statements:
            connection.execute(*([statement] if isinstance(statement, str) else statement))
    connection.close()


def ids(jobs):
    return [job.id for job in jobs]


@pytest.mark.parametrize("version", [0, 1, 2, -7])
def test_wrong_version_number_loses_no_jobs(data, jobs, version):
    change(data, f"PRAGMA user_version = {version}")
    assert ids(read_jobs_readonly(data)) == ids(jobs)
    store = JobStore.open(data.database)
    assert ids(store.jobs()) == ids(jobs)
    assert store._connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
    store.close()


@pytest.mark.parametrize("table", ["artifacts", "batches", "past_runs"])
def test_missing_table_is_recreated_after_a_backup(data, jobs, table):
    change(data, f"DROP TABLE {table}")
    assert ids(read_jobs_readonly(data)) == ids(jobs)
    store = JobStore.open(data.database)
    assert ids(store.jobs()) == ids(jobs)
    store.take_next()
    assert (
        store.end(jobs[1].id, JobState.COMPLETED, artifacts=[make_artifact(jobs[1])]).state
        is JobState.COMPLETED
    )
    copy = sqlite3.connect(store.repaired_copy)
    assert copy.execute("SELECT count(*) FROM jobs").fetchone()[0] == len(jobs)
    copy.close()
    store.close()


def test_missing_jobs_table_keeps_the_other_tables(data, jobs):
    change(data, "DROP TABLE jobs")
    with pytest.raises(StudioError, match="table of jobs is missing"):
        read_jobs_readonly(data)
    store = JobStore.open(data.database)
    assert store.jobs() == []
    assert len(store.artifacts(jobs[0].id)) == 1
    assert store.repaired_copy.is_file()
    store.close()


def test_missing_indexes_are_recreated(data, jobs):
    connection = sqlite3.connect(data.database)
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
        )
    ]
    connection.close()
    assert len(names) > 4
    change(data, *(f"DROP INDEX {name}" for name in names))
    store = JobStore.open(data.database)
    assert ids(store.take_next(("text", ""))) == [jobs[1].id]
    there = {
        row[0]
        for row in store._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")
    }
    assert there >= set(names)
    assert store.repaired_copy is None
    store.close()


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE jobs (id INTEGER PRIMARY KEY, title TEXT)",
        "CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')",
        "CREATE TABLE jobs (id TEXT); PRAGMA user_version = 3",
    ],
)
def test_database_of_another_program_is_not_modified(data, script):
    connection = sqlite3.connect(data.database)
    connection.executescript(script)
    before = list(connection.iterdump())
    connection.close()
    with pytest.raises(StudioError, match="not a queue of Studio"):
        JobStore.open(data.database)
    with pytest.raises(StudioError, match="not a queue of Studio"):
        read_jobs_readonly(data)
    connection = sqlite3.connect(data.database)
    assert list(connection.iterdump()) == before
    connection.close()


def test_the_queue_of_an_older_version_can_be_listed(data):
    connection = sqlite3.connect(data.database)
    connection.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
    names = (
        "id, position, kind, state, batch, row, crashes, created, started, ended, request, "
        "folder, stem"
    )
    request = '{"kind":"text","prompt":"old"}'
    values = ("1", 1, "text", "queued", "", 0, 0, 1.0, 0.0, 0.0, request, str(data.outputs), "s")
    with connection:
        connection.execute(f"INSERT INTO jobs ({names}) VALUES ({', '.join('?' * 13)})", values)
    connection.close()
    (job,) = read_jobs_readonly(data)
    assert job.request.prompt == "old"


def test_queue_of_a_newer_version_is_not_listed_as_empty(data, jobs):
    change(data, "PRAGMA user_version = 99")
    with pytest.raises(StudioError, match="newer Studio"):
        read_jobs_readonly(data)


@pytest.mark.parametrize("size", [100, 4_096, 3 * 4_096])
def test_truncated_database_is_reported_and_kept(data, jobs, size):
    os.truncate(data.database, size)
    with pytest.raises(StudioError, match="is damaged"):
        read_jobs_readonly(data)
    store = JobStore.open(data.database)
    assert store.jobs() == []
    assert store.damaged_copy.stat().st_size == size
    store.close()


UNREADABLE = {
    "a kind of another "
    "version": "UPDATE jobs SET request = json_set(request, '$.kind', 'hologram') WHERE id = ?",
    "a field of another "
    "version": "UPDATE jobs SET request = json_set(request, '$.smell', 1) WHERE id = ?",
    "a value out of "
    "range": "UPDATE jobs SET request = json_set(request, '$.seed', -5) WHERE id = ?",
    "no JSON": "UPDATE jobs SET request = '{' WHERE id = ?",
    "deep JSON": f"UPDATE jobs SET request = '{'[' * 5_000}' WHERE id = ?",
    "bytes that are no text": "UPDATE jobs SET request = CAST(x'7b22ff22' AS TEXT) WHERE id = ?",
    "a state of another version": "UPDATE jobs SET state = 'frozen' WHERE id = ?",
    "a failure of another version": "UPDATE jobs SET failure = 'x', state = 'failed' WHERE id = ?",
    "a name that leads out": "UPDATE jobs SET stem = '../../up' WHERE id = ?",
    "an invalid folder": "UPDATE jobs SET folder = 'relative/x' WHERE id = ?",
    "a folder with a NUL": "UPDATE jobs SET folder = '/tmp/' || char(0) WHERE id = ?",
    "an invalid time": "UPDATE jobs SET created = 9e300 WHERE id = ?",
}


@pytest.mark.parametrize("statement", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_job_is_kept_and_shown_while_the_others_run(data, jobs, statement):
    spoilt = jobs[1].id  # would be the next one
    change(data, (statement, (spoilt,)))
    row = _row(data, spoilt)
    rows = read_rows_readonly(data)
    assert ids(rows.jobs) == ids(job for job in jobs if job.id != spoilt)
    (unreadable,) = rows.unreadable
    assert unreadable.id == spoilt
    assert unreadable.reason
    store = JobStore.open(data.database)
    assert ids(store.take_next()) == [jobs[2].id]
    store.jobs()
    assert set(store.unreadable) == {spoilt}
    store.close()
    now = _row(data, spoilt)
    assert now.pop("state") == f"unreadable:{row.pop('state')}"
    assert now == row
    (again,) = read_rows_readonly(data).unreadable
    assert again == unreadable


def test_job_readable_again_is_queued_again(data, jobs):
    change(
        data,
        ("UPDATE jobs SET request = json_set(request, '$.smell', 1) WHERE id = ?", (jobs[1].id,)),
    )
    store = JobStore.open(data.database)
    store.jobs()
    store.close()
    change(
        data,
        ("UPDATE jobs SET request = json_remove(request, '$.smell') WHERE id = ?", (jobs[1].id,)),
    )
    store = JobStore.open(data.database)
    (job,) = store.take_next()
    assert job.id == jobs[1].id
    assert job.request == jobs[1].request
    store.close()


def test_unreadable_job_is_removed_only_by_the_user(data, jobs):
    change(data, ("UPDATE jobs SET request = '{' WHERE id = ?", (jobs[1].id,)))
    store = JobStore.open(data.database)
    assert store.cancel([jobs[2].id])[0]
    assert not store.remove_unreadable(jobs[3].id)  # can be read
    assert store.remove_unreadable(jobs[1].id)
    assert not store.remove_unreadable(jobs[1].id)
    store.close()
    assert ids(read_rows_readonly(data).jobs) == ids(job for job in jobs if job.id != jobs[1].id)


def test_unreadable_rows_of_other_tables_do_not_stop_the_queue(data, jobs):
    change(
        data,
        "UPDATE artifacts SET body = '['",
        "INSERT INTO batches (id, body) VALUES ('b', '{}')",
        ("UPDATE jobs SET batch = 'b' WHERE id = ?", (jobs[0].id,)),
        "INSERT INTO past_runs VALUES (1, 'text', '', 9e999, 1)",
        "INSERT INTO past_runs VALUES (1, 'text', '', 1, -9e999)",
    )
    store = JobStore.open(data.database)
    assert store.artifacts(jobs[0].id) == []
    assert store.ended_batch("b") is None
    assert store.past_runs() == []
    store.close()


def test_a_session_reports_repairs(data, jobs, qapp):
    change(
        data, ("UPDATE jobs SET request = '{' WHERE id = ?", (jobs[1].id,)), "DROP TABLE artifacts"
    )
    session = Session(data, FakeEngine())
    assert "This version of Studio cannot read" in session.damage
    assert "before-repair" in session.damage
    session.close()


@posix
@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize(
    "make",
    [os.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")],
    ids=["folder", "fifo", "device"],
)
def test_database_that_is_not_a_regular_file_is_reported(data, jobs, suffix, make):
    path = data.database.with_name(data.database.name + suffix)
    path.unlink(missing_ok=True)
    make(path)
    for attempt in (lambda: read_jobs_readonly(data), lambda: JobStore.open(data.database)):
        with pytest.raises(StudioError, match="is not a file"):
            attempt()


@posix
@pytest.mark.parametrize(
    "make",
    [os.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")],
    ids=["folder", "fifo", "device"],
)
def test_lock_that_is_not_a_regular_file_is_reported(data, make):
    make(data.lock)
    with pytest.raises(StudioError, match=r"lock file .* cannot be used: it is not a file"):
        acquire(data)


@posix
@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"{pid}\n{name}\n{host}\n", b"1\n"])
def test_stale_lock_is_taken_over(data, content):
    # What a power cut leaves, and a process id that another program has by now: here that of this
    # very test.
    held = acquire(data)
    process_id, host, name = held.lock.getLockInfo()
    held.lock.unlock()
    for word, value in ((b"{pid}", process_id), (b"{name}", name), (b"{host}", host)):
        content = content.replace(word, str(value).encode())
    data.lock.write_bytes(content)
    held = acquire(data)
    assert held is not None
    assert held.unclean
    assert acquire(data) is None
    held.lock.unlock()


@posix
def test_lock_of_another_computer_is_respected(data):
    data.lock.write_text("1\nstudio\nanother-computer\n")
    assert acquire(data) is None


@posix
def test_lock_held_by_another_program_is_respected(data):
    held = acquire(data)
    assert acquire(data) is None
    held.lock.unlock()


@posix
def test_running_job_with_fifos_for_files_is_requeued(data, jobs, tmp_path):
    (tmp_path / ".studio").mkdir()
    job = jobs[1]
    os.mkfifo(tmp_path / f"{job.target.stem}.txt")
    os.mkfifo(tmp_path / ".studio" / f"{job.target.stem}.txt.json")
    change(data, ("UPDATE jobs SET state = 'running', started = 1 WHERE id = ?", (job.id,)))
    from studio.library.artifacts import find_complete

    store = JobStore.open(data.database)
    (now,) = store.recover(find_complete)
    assert now.state is JobState.QUEUED
    store.close()


@posix
def test_jobs_are_listed_with_a_leftover_journal(data, jobs):
    data.database.with_name("studio.db-journal").write_bytes(os.urandom(9_000))
    assert ids(read_jobs_readonly(data)) == ids(jobs)


def test_copy_of_a_valid_database_needs_no_repair(data, jobs, tmp_path):
    other = DataFolder(tmp_path / "other")
    other.create()
    shutil.copy(data.database, other.database)
    store = JobStore.open(other.database)
    assert (store.repaired_copy, store.damaged_copy, store.unreadable) == (None, None, {})
    store.close()
    assert sorted(path.name for path in other.root.glob("studio.db*")) == ["studio.db"]


def _row(data, job_id):
    connection = sqlite3.connect(data.database)
    connection.text_factory = bytes
    connection.row_factory = sqlite3.Row
    row = dict(connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone())
    connection.close()
    return {
        name: value.decode(errors="surrogateescape") if isinstance(value, bytes) else value
        for name, value in row.items()
    }


@posix  # fork
def test_queue_is_read_while_another_program_creates_it(tmp_path):
    """A reader sees an empty queue or a complete one, never a half-made one."""
    context = multiprocessing.get_context("fork")
    for number in range(60):
        folder = DataFolder(tmp_path / str(number))
        folder.root.mkdir()
        creator = context.Process(target=_create, args=(folder.database,))
        creator.start()
        while creator.is_alive():
            assert read_jobs_readonly(folder) == []
        creator.join()
        assert creator.exitcode == 0


def _create(path):
    open_database(path).close()
