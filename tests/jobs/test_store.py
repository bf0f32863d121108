"""Test the job store with real SQLite files, killed programs and damage."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from studio.core.artifact import Artifact
from studio.core.errors import Failure, StudioError
from studio.core.jobs import (
    NO_SOURCES,
    Batch,
    Job,
    JobState,
    SkippedRow,
    Sources,
    Target,
    new_id,
    new_job,
)
from studio.core.requests import ImageRequest, TextRequest
from studio.jobs.store import JobStore


def make_job(folder: Path, **changes: object) -> Job:
    job_id = new_id()
    job = Job(
        id=job_id,
        request=TextRequest(prompt="a cat", seed=7),
        target=Target(folder=str(folder), stem=job_id),
    )
    return msgspec.structs.replace(job, **changes)


def make_artifact(job: Job, ordinal: int = 0, *, partial: bool = False) -> Artifact:
    path = f"{job.target.folder}/{job.target.stem}-{ordinal}.txt"
    return Artifact(
        job_id=job.id,
        path=path,
        media_type="text/plain",
        size=3,
        sha256="00",
        ordinal=ordinal,
        partial=partial,
    )


@pytest.fixture
def store(tmp_path):
    store = JobStore.open(tmp_path / "studio.db", tmp_path / "ballast")
    yield store
    store.close()


def test_jobs_are_taken_in_order_and_read_back_unchanged(store, tmp_path):
    jobs = store.add(
        [make_job(tmp_path), make_job(tmp_path, request=ImageRequest(prompt="一只猫", seed=1))]
    )
    assert store.jobs() == jobs
    (taken,) = store.take_next()
    assert taken.id == jobs[0].id
    assert taken.state is JobState.RUNNING
    assert taken.request == jobs[0].request
    assert store.take_next()[0].id == jobs[1].id
    assert store.take_next() == []


def test_failure_is_stored_with_its_artifacts(store, tmp_path):
    (job,) = store.add([make_job(tmp_path)])
    store.take_next()
    artifact = make_artifact(job)
    failure = Failure(cause="disk", message="full", unsaved=True)
    assert (
        store.end(job.id, JobState.FAILED, failure=failure, artifacts=[artifact]).failure == failure
    )
    assert store.artifacts(job.id) == [artifact]


def test_cancel_ends_queued_jobs_and_returns_the_running_one(store, tmp_path):
    jobs = store.add([make_job(tmp_path) for _ in range(3)])
    store.take_next()
    cancelled, running = store.cancel([jobs[0].id, jobs[2].id])
    assert [job.id for job in cancelled] == [jobs[2].id]
    assert running == [jobs[0].id]
    assert [job.state for job in store.jobs()] == [
        JobState.RUNNING,
        JobState.QUEUED,
        JobState.CANCELLED,
    ]


def test_retry_keeps_the_seed_and_clears_the_failure(store, tmp_path):
    (job,) = store.add([make_job(tmp_path, crashes=2)])
    store.take_next()
    store.end(job.id, JobState.FAILED, failure=Failure(cause="crash", message="x"))
    (again,) = store.retry([job.id], folder="/elsewhere")
    assert (again.state, again.crashes, again.failure, again.request.seed) == (
        JobState.QUEUED,
        0,
        None,
        7,
    )
    assert again.target == Target(folder="/elsewhere", stem=job.target.stem)
    assert store.retry([job.id]) == []


@pytest.mark.parametrize(
    ("found", "cancelled", "state"),
    [
        (lambda job: [make_artifact(job)], False, JobState.COMPLETED),
        (lambda job: [make_artifact(job)], True, JobState.COMPLETED),
        (lambda job: [], False, JobState.QUEUED),
        (lambda job: [], True, JobState.CANCELLED),
        (lambda job: [make_artifact(job, partial=True)], False, JobState.CANCELLED),
    ],
)
def test_recovery_settles_jobs_by_their_files(store, tmp_path, found, cancelled, state):
    (job,) = store.add([make_job(tmp_path)])
    store.take_next()
    if cancelled:
        store.cancel([job.id])
    (settled,) = store.recover(found)
    assert settled.state is state
    assert settled.crashes == 0
    assert store.artifacts(job.id) == (found(job) if state is not JobState.QUEUED else [])


def test_recovery_requeues_a_job_with_missing_images(store, tmp_path):
    store.add(
        [make_job(tmp_path, request=ImageRequest(prompt="x", num_images_per_prompt=2, seed=1))]
    )
    store.take_next()
    (settled,) = store.recover(lambda job: [make_artifact(job)])
    assert settled.state is JobState.QUEUED


def test_batch_is_finished_once(store, tmp_path):
    batch = Batch(
        id="b", source="x.txt", folder=str(tmp_path), skipped=(SkippedRow(3, "prompt is empty"),)
    )
    jobs = store.add([make_job(tmp_path, batch="b", row=row) for row in (1, 2)], batch)
    assert store.ended_batch("b") is None
    for job in jobs:
        store.take_next()
        store.end(job.id, JobState.COMPLETED)
    assert store.ended_batch("b") == batch
    assert store.unreported_batches() == ["b"], "not finished before its files are on disk"
    store.mark_finished("b")
    assert store.ended_batch("b") is None
    assert store.unreported_batches() == []
    store.reopen_batch("b")
    assert store.ended_batch("b") == batch


def test_cleared_jobs_are_kept_until_their_batch_report(tmp_path):
    path = tmp_path / "studio.db"
    store = JobStore.open(path)
    jobs = [make_job(tmp_path, batch="b", row=n) for n in (1, 2)]
    store.add([*jobs, make_job(tmp_path)], Batch(id="b", source="x", folder=str(tmp_path)))
    for _ in range(3):
        (job,) = store.take_next()
        if job.row != 2:
            store.end(job.id, JobState.COMPLETED)
    assert len(store.remove_over()) == 2
    assert [job.row for job in store.jobs()] == [2]
    assert [job.row for job in store.jobs("WHERE batch = 'b'")] == [1, 2]
    store.close()
    store = JobStore.open(path)
    assert [job.row for job in store.jobs("WHERE batch = 'b'")] == [1, 2]
    store.end(jobs[1].id, JobState.COMPLETED)
    assert store.ended_batch("b") is not None
    store.mark_finished("b")
    store.remove_over()
    store.close()
    store = JobStore.open(path)
    assert store.jobs("WHERE 1") == []
    store.close()


def test_a_full_disk_still_records_the_failure(tmp_path):
    ballast = tmp_path / "ballast"
    ballast.write_bytes(b"\0" * 1024)
    store = JobStore.open(tmp_path / "studio.db", ballast)
    (job,) = store.add([make_job(tmp_path)])
    store.take_next()
    connection = store._connection
    connection.execute(
        f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}"
    )
    failure = Failure(cause="disk", message="full", details="x" * 50_000)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.end(job.id, JobState.FAILED, failure=failure)
    assert not ballast.exists(), "the ballast is given up before the end is"
    connection.execute("PRAGMA max_page_count = 100000")
    assert store.end(job.id, JobState.FAILED, failure=failure).state is JobState.FAILED
    store.close()


def test_damaged_database_is_renamed_and_kept(tmp_path):
    path = tmp_path / "studio.db"
    path.write_bytes(b"not a database, but the user's only copy" * 100)
    store = JobStore.open(path)
    assert store.jobs() == []
    store.close()
    (kept,) = tmp_path.glob("studio.db.damaged-*")
    assert kept.read_bytes().startswith(b"not a database")


def test_a_newer_database_is_refused(tmp_path):
    path = tmp_path / "studio.db"
    JobStore.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StudioError, match="newer"):
        JobStore.open(path)


class QueueMachine(RuleBasedStateMachine):
    """Any order of what can happen: each job is in exactly one state, and none is lost or
    doubled.
    """

    ids = Bundle("ids")

    def __init__(self):
        super().__init__()
        self.store = JobStore(_memory())
        self.known: dict[str, JobState] = {}
        self.running = ""

    @rule(target=ids)
    def submit(self):
        (job,) = self.store.add([make_job(Path("/x"), batch="b" if len(self.known) % 2 else "")])
        self.known[job.id] = JobState.QUEUED
        return job.id

    @rule()
    def take(self):
        if self.running:
            return
        job = next(iter(self.store.take_next()), None)
        waiting = [i for i, state in self.known.items() if state is JobState.QUEUED]
        assert (job is None) == (not waiting)
        if job:
            self.running = job.id
            self.known[job.id] = JobState.RUNNING

    @rule(state=st.sampled_from([JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED]))
    def end(self, state):
        if self.running:
            self.store.end(self.running, state)
            self.known[self.running] = state
            self.running = ""

    @rule()
    def crash(self):
        if self.running:
            self.store.requeue(self.running, crashed=True)
            self.known[self.running] = JobState.QUEUED
            self.running = ""

    @rule()
    def kill_program(self):
        self.store.recover(lambda job: [])
        cancelled = self.running and self.store.job(self.running).state is JobState.CANCELLED
        if self.running:
            self.known[self.running] = JobState.CANCELLED if cancelled else JobState.QUEUED
            self.running = ""

    @rule(job_id=ids)
    def cancel(self, job_id):
        cancelled, running = self.store.cancel([job_id])
        assert bool(cancelled) == (self.known[job_id] is JobState.QUEUED)
        assert running == ([job_id] if self.known[job_id] is JobState.RUNNING else [])
        if cancelled:
            self.known[job_id] = JobState.CANCELLED

    @rule(job_id=ids)
    def retry(self, job_id):
        again = self.store.retry([job_id])
        assert bool(again) == (self.known[job_id] in (JobState.FAILED, JobState.CANCELLED))
        if again:
            self.known[job_id] = JobState.QUEUED

    @rule(job_id=ids)
    def remove_and_undo(self, job_id):
        job = self.store.job(job_id)
        removed = self.store.remove([job_id])
        assert bool(removed) == (job.state is not JobState.RUNNING)
        assert (job_id in {one.id for one in self.store.jobs()}) == (job.state is JobState.RUNNING)
        assert self.store.restore(removed) == removed
        assert self.store.restore(removed) == []

    @invariant()
    def states_agree(self):
        assert {job.id: job.state for job in self.store.jobs()} == self.known

    def teardown(self):
        self.store.close()


def _memory() -> sqlite3.Connection:
    from studio.library.database import open_database

    return open_database(Path(":memory:"))


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = hypothesis_settings(
    max_examples=60, stateful_step_count=30, deadline=None
)


def texts(tmp_path, *models, **values):
    return [
        make_job(
            tmp_path,
            request=TextRequest(
                **{"prompt": str(n), "model": model, "seed": n, "max_new_tokens": 9, **values}
            ),
        )
        for n, model in enumerate(models)
    ]


def test_jobs_with_equal_model_and_settings_are_batched(store, tmp_path):
    same = store.add(texts(tmp_path, "a", "b", "a", "a"))
    other = store.add(texts(tmp_path, "a", temperature=0.2) + texts(tmp_path, "a", num_beams=2))
    first = store.take_next(("", ""), 16)
    assert [job.id for job in first] == [same[0].id, same[2].id, same[3].id]
    assert all(job.state is JobState.RUNNING for job in first)
    rest = [[job.id for job in store.take_next(("text", "a"), 16)] for _ in range(3)]
    assert rest == [[other[0].id], [other[1].id], [same[1].id]]


def test_a_batch_of_jobs_has_a_maximum_size(store, tmp_path):
    jobs = store.add(texts(tmp_path, *"aaaaa"))
    assert [job.id for job in store.take_next(("", ""), 3)] == [job.id for job in jobs[:3]]
    assert len(store.take_next(("", ""), 1)) == 1


def test_only_adjacent_jobs_are_batched_without_ordering_by_model(store, tmp_path):
    jobs = store.add(texts(tmp_path, "a", "a", "b", "a"))
    assert [job.id for job in store.take_next(None, 16)] == [job.id for job in jobs[:2]]
    assert [job.id for job in store.take_next(None, 16)] == [jobs[2].id]


def test_job_that_crashed_the_engine_runs_alone(store, tmp_path):
    jobs = store.add(texts(tmp_path, "a", "a", "a"))
    store.take_next(("", ""), 1)
    store.requeue(jobs[0].id, crashed=True)
    assert [job.id for job in store.take_next(("", ""), 16)] == [jobs[0].id]
    assert [job.id for job in store.take_next(("", ""), 16)] == [jobs[1].id, jobs[2].id]


def test_jobs_are_not_batched_across_a_manually_placed_job(store, tmp_path):
    jobs = store.add(texts(tmp_path, "a", "a", "b", "a"))
    store.place({jobs[2].id: (jobs[2].position, True)})
    assert [job.id for job in store.take_next(("", ""), 16)] == [jobs[0].id, jobs[1].id]


def test_sources_of_a_job_survive_a_restart(tmp_path):
    store = JobStore.open(tmp_path / "studio.db")
    request = TextRequest(prompt="a story", model="m", seed=1)
    sources = Sources(prompt="a" * 64)
    store.add([new_job(request, str(tmp_path), sources=sources), new_job(request, str(tmp_path))])
    store.close()
    store = JobStore.open(tmp_path / "studio.db")
    assert [job.sources for job in store.jobs()] == [sources, NO_SOURCES]
    store.close()


def test_an_older_database_is_copied_and_upgraded(tmp_path):
    from studio.library.database import MIGRATIONS

    path = tmp_path / "studio.db"
    old = sqlite3.connect(path)
    old.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
    values = (
        "1",
        1,
        "text",
        "queued",
        "",
        0,
        0,
        0,
        0.0,
        0.0,
        0.0,
        '{"kind":"text","prompt":"hi","model":"m","seed":1}',
        "/x",
        "s",
    )
    names = (
        "id, position, kind, state, batch, row, crashes, cancel_requested, created, started, "
        "ended, request, folder, stem"
    )
    old.execute(f"INSERT INTO jobs ({names}) VALUES ({', '.join('?' * 14)})", values)
    old.commit()
    old.close()
    store = JobStore.open(path)
    (job,) = store.take_next(("text", "m"))
    assert job.request.prompt == "hi"
    store.close()
    for version in range(2, len(MIGRATIONS) + 1):  # one before each step
        copy = sqlite3.connect(tmp_path / f"studio.db.before-{version}")
        assert copy.execute("PRAGMA user_version").fetchone()[0] == version - 1
        assert copy.execute("SELECT count(*) FROM jobs").fetchone()[0] == 1
        copy.close()


def test_a_failed_upgrade_step_leaves_the_database_unchanged(tmp_path, monkeypatch):
    from studio.library import database

    path = tmp_path / "studio.db"
    JobStore.open(path).close()
    before = path.read_bytes()
    steps = (*database.MIGRATIONS, "CREATE TABLE half (x); INSERT INTO nothing VALUES (1);")
    monkeypatch.setattr(database, "MIGRATIONS", steps)
    with pytest.raises(StudioError, match="could not be migrated"):
        JobStore.open(path)
    monkeypatch.undo()
    store = JobStore.open(path)
    assert (
        store._connection.execute(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"
        ).fetchone()[0]
        == 0
    )
    store.close()
    assert path.read_bytes() == before
