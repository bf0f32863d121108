"""Test a database that refuses changes: full disk, locked, unencodable names.

Nothing hangs and nothing is lost.
"""

import sqlite3
import time

import pytest

from studio.core.artifact import Artifact
from studio.core.errors import StudioError
from studio.core.events import Finished, Progress
from studio.core.jobs import Batch, JobState, new_job
from studio.core.requests import TextRequest
from studio.engine.fake import FakeEngine
from studio.jobs import journal as journal_module
from studio.jobs import queue as queue_module
from studio.jobs import store_connection as store_module
from studio.jobs.session import Session
from studio.jobs.store import JobStore

PATIENCE = 60_000
NOT_UTF8 = "/x\udcff"


@pytest.fixture
def session(qapp, data):
    made = Session(data, FakeEngine(data))
    yield made
    if not made.queue._journal.is_closed:
        made.close()


@pytest.fixture
def impatient(monkeypatch):
    """What takes a minute in real life takes a moment."""
    monkeypatch.setattr(queue_module, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr(store_module, "LOCK_POLL_MS", 20)
    monkeypatch.setattr(journal_module, "RETRY_SECONDS", 0.05)


def text_job(folder, **values):
    return new_job(
        TextRequest(**{"prompt": "hi", "seed": 1, "max_new_tokens": 2, **values}), str(folder)
    )


def fill(session):
    """Let SQLite find its disk full: the database may not grow by a page."""
    connection = session.queue._store._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    session.queue._journal.submit(connection.execute, f"PRAGMA max_page_count = {pages}").result()


def make_room(session):
    connection = session.queue._store._connection
    session.queue._journal.submit(connection.execute, "PRAGMA max_page_count = 1000000").result()


def failures(session):
    reported = []
    session.queue.failed.connect(lambda sentence, job_ids: reported.append((sentence, job_ids)))
    return reported


def large_batch(folder):
    jobs = [
        new_job(
            TextRequest(prompt="long " * 200, seed=n, max_new_tokens=2),
            str(folder),
            f"r{n}",
            batch="b",
            row=n,
        )
        for n in range(1, 40)
    ]
    return jobs, Batch(id="b", source="x.txt", folder=str(folder))


def test_jobs_that_cannot_be_stored_are_reported(qtbot, session, tmp_path):
    session.start()
    fill(session)
    reported, (jobs, batch) = failures(session), large_batch(tmp_path)
    session.queue.submit(jobs, batch)
    qtbot.waitUntil(lambda: bool(reported), timeout=PATIENCE)
    assert reported == [
        ("The queue could not be stored: the disk is full.", [job.id for job in jobs])
    ]
    assert session.queue.jobs() == []
    make_room(session)
    with qtbot.waitSignal(session.queue.batch_finished, timeout=PATIENCE):
        session.queue.submit(jobs, batch)
    assert {job.state for job in session.queue.jobs()} == {JobState.COMPLETED}


def test_unencodable_target_name_is_reported(qtbot, session):
    session.start()
    reported = failures(session)
    job, fine = text_job(NOT_UTF8), text_job(session.data.outputs)
    session.queue.submit([job])
    session.queue.submit([fine])
    qtbot.waitUntil(
        lambda: fine.id in session.queue._mirror and session.queue.job(fine.id).state.over,
        timeout=PATIENCE,
    )
    assert reported == [
        (
            "The queue could not be stored: the name of a file or folder is not valid UTF-8.",
            [job.id],
        )
    ]


def test_ballast_file_is_freed_for_a_job_on_a_full_disk(tmp_path):
    ballast = tmp_path / "ballast"
    ballast.write_bytes(b"\0" * 1000)
    store = JobStore.open(tmp_path / "studio.db", ballast)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")

    class Disk(type(ballast)):
        def unlink(self, missing_ok=False):
            super().unlink(missing_ok)
            store._connection.execute("PRAGMA max_page_count = 1000000")

    store._ballast = Disk(ballast)
    assert len(store.add([text_job(tmp_path, prompt="long " * 2_000)])) == 1
    assert not ballast.exists()
    store.close()


def test_submit_waits_for_a_locked_database(qtbot, impatient, session, data):
    reported, jobs = failures(session), [text_job(data.outputs) for _ in range(3)]
    session.queue.batch_jobs = False
    with qtbot.waitSignal(session.queue.jobs_added, timeout=PATIENCE):
        session.queue.submit(jobs)
    other = sqlite3.connect(data.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    session.start()
    qtbot.waitUntil(lambda: bool(reported), timeout=PATIENCE)
    assert reported == [
        (
            "The queue could not be stored: another program has locked the database. Studio "
            "keeps trying.",
            [],
        )
    ]
    other.execute("ROLLBACK")
    qtbot.waitUntil(
        lambda: all(session.queue.job(job.id).state is JobState.COMPLETED for job in jobs),
        timeout=PATIENCE,
    )
    assert len(reported) == 1
    other.close()


def test_job_end_is_stored_after_the_lock_is_released(qtbot, impatient, data, qapp):
    other = sqlite3.connect(data.database, isolation_level=None)

    def lock(_job):
        other.execute("BEGIN IMMEDIATE")

    session = Session(data, FakeEngine(data, fail_on=lock))
    other = sqlite3.connect(data.database, isolation_level=None, check_same_thread=False)
    reported, job = failures(session), text_job(data.outputs)
    session.queue.submit([job])
    session.start()
    qtbot.waitUntil(lambda: bool(reported), timeout=PATIENCE)
    assert session.queue.job(job.id).state is JobState.RUNNING
    other.execute("ROLLBACK")
    qtbot.waitUntil(lambda: session.queue.job(job.id).state is JobState.COMPLETED, timeout=PATIENCE)
    other.close()
    session.close()


def test_close_ignores_a_lock_and_the_next_start_recovers_the_job(qtbot, data, qapp):
    locks = []

    def lock(_job):
        other = sqlite3.connect(data.database, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        locks.append(other)

    session = Session(data, FakeEngine(data, fail_on=lock))
    job = text_job(data.outputs)
    session.queue.submit([job])
    session.start()
    path = data.outputs / f"{job.target.stem}.txt"
    qtbot.waitUntil(path.exists, timeout=PATIENCE)
    begun = time.monotonic()
    session.close()
    assert time.monotonic() - begun < 8
    for other in locks:
        other.close()
    again = Session(data, FakeEngine(data))
    assert [job.state for job in again.recovered] == [JobState.COMPLETED]
    again.close()


def test_job_ends_even_if_its_end_cannot_be_stored(qtbot, session, data):
    reported, job = failures(session), text_job(data.outputs)
    with qtbot.waitSignal(session.queue.jobs_added, timeout=PATIENCE):
        session.queue.submit([job])
    (running,) = session.queue.take_next()
    odd = Artifact(
        job_id=job.id, path=f"{NOT_UTF8}.txt", media_type="text/plain", size=1, sha256=""
    )
    with qtbot.waitSignal(session.queue.job_event, timeout=PATIENCE):
        session.queue.handle_event(running, Finished(artifacts=(odd,)))
    assert session.queue.job(job.id).state is JobState.FAILED
    assert "could not be stored" in session.queue.job(job.id).failure.message
    assert len(reported) == 1
    next_one = text_job(data.outputs)
    session.queue.submit([next_one])
    session.start()
    qtbot.waitUntil(
        lambda: next_one.id in session.queue._mirror and session.queue.job(next_one.id).state.over,
        timeout=PATIENCE,
    )


def test_unwritable_report_is_written_at_the_next_start(qtbot, session, data, tmp_path):
    session.start()
    out = tmp_path / "out"
    reported = failures(session)
    jobs = [
        new_job(TextRequest(prompt="x", seed=1, max_new_tokens=2), str(out), "r", batch="b", row=1)
    ]
    report = tmp_path / "taken"
    report.write_text("a file where the report's folder should be")
    with qtbot.waitSignal(session.queue.batch_finished, timeout=PATIENCE):
        session.queue.submit(
            jobs, Batch(id="b", source="x.txt", folder=str(out), report=str(report / "mine.csv"))
        )
    assert "could be written" in reported[0][0]
    session.close()
    report.unlink()
    again = Session(data, FakeEngine(data))
    qtbot.waitUntil((report / "mine.csv").exists, timeout=PATIENCE)
    again.close()
    assert sorted(path.name for path in out.glob("report*")) == ["report.csv", "report.jsonl"]
    last = Session(data, FakeEngine(data))
    last.close()
    assert len(list(report.iterdir())) == 1


def test_start_with_a_locked_database_is_refused(qapp, data, monkeypatch):
    monkeypatch.setattr(store_module, "START_LOCK_SECONDS", 0.1)
    store = JobStore.open(data.database)
    store.add([text_job(data.outputs)])
    store.take_next()
    store.close()
    other = sqlite3.connect(data.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StudioError, match="another program has locked the database"):
        Session(data, FakeEngine(data))
    other.execute("ROLLBACK")
    other.close()
    session = Session(data, FakeEngine(data))
    assert [job.state for job in session.recovered] == [JobState.QUEUED]
    session.close()


def test_cancel_reaches_the_running_job_without_the_database(qtbot, impatient, data, qapp):
    session = Session(data, FakeEngine(data, step_seconds=0.05))
    reported, job = failures(session), text_job(data.outputs, max_new_tokens=40)
    with qtbot.waitSignal(
        session.queue.job_event,
        timeout=PATIENCE,
        check_params_cb=lambda _id, e: isinstance(e, Progress),
    ):
        session.queue.submit([job])
        session.start()
    other = sqlite3.connect(data.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    session.queue.cancel([job.id])
    qtbot.waitUntil(
        lambda: len(reported) == 2, timeout=PATIENCE
    )  # of the cancel, and of the end that it brought
    other.execute("ROLLBACK")
    other.close()
    qtbot.waitUntil(lambda: session.queue.job(job.id).state is JobState.CANCELLED, timeout=PATIENCE)
    session.close()


def test_closed_queue_ignores_a_late_question(qapp, session):
    """A background read may end after the window was closed."""
    answers = []
    session.close()
    session.queue.find_artifacts("1", answers.append)
    session.queue.find_batch_source("1", answers.append)
    qapp.processEvents()
    assert answers == []
