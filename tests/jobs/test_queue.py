"""Test queue, worker and engine together with real SQLite, threads and files."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from PySide6.QtCore import QCoreApplication

from studio.core.errors import Failure
from studio.core.events import Cancelled, Failed, Finished, Loading, Progress, TextDelta
from studio.core.jobs import Batch, JobState, new_job
from studio.core.requests import ImageRequest, TextRequest
from studio.engine.fake import FakeEngine
from studio.engine.process.engine import ProcessEngine
from studio.jobs.pause import Limit
from studio.jobs.session import DataFolderInUseError, Session
from studio.jobs.store import JobStore
from studio.models.card_store import card_folder, write_card
from tests.checkpoints.text import make_gpt2
from tests.engine.runs import run_one

PATIENCE = 60_000


@pytest.fixture
def open_session(qapp, data):
    opened = []

    def open_one(**engine_values):
        session = Session(data, FakeEngine(data, **engine_values))
        opened.append(session)
        return session

    yield open_one
    for session in opened:
        if session.worker.isRunning() or not session.queue._journal.is_closed:
            session.close()


def text_job(data, **values):
    return new_job(
        TextRequest(**{"prompt": "hi", "seed": 1, "max_new_tokens": 5, **values}), str(data.outputs)
    )


def run_until_over(qtbot, session, jobs):
    ids = {job.id for job in jobs}
    qtbot.waitUntil(
        lambda: all(session.queue.job(i) and session.queue.job(i).state.over for i in ids),
        timeout=PATIENCE,
    )


def test_jobs_run_in_order_and_signal_changes(qtbot, open_session, data):
    session = open_session()
    order, events = [], []
    session.queue.jobs_changed.connect(
        lambda jobs: order.extend((job.id, job.state) for job in jobs)
    )
    session.queue.job_event.connect(lambda job_id, event: events.append((job_id, type(event))))
    jobs = [text_job(data), text_job(data)]
    session.queue.submit(jobs)
    session.start()
    run_until_over(qtbot, session, jobs)
    assert [entry for entry in order if entry[1] is JobState.COMPLETED] == [
        (job.id, JobState.COMPLETED) for job in jobs
    ]
    for job in jobs:
        mine = [kind for job_id, kind in events if job_id == job.id]
        assert mine.count(Finished) == 1
        assert mine[-1] is Finished
        assert TextDelta in mine
    assert len(list(data.outputs.glob("*.txt"))) == 2


def test_queued_and_running_jobs_can_be_cancelled(qtbot, open_session, data):
    session = open_session(step_seconds=0.05)
    first, second = text_job(data, max_new_tokens=40), text_job(data)
    with qtbot.waitSignal(
        session.queue.job_event,
        check_params_cb=lambda _id, event: isinstance(event, Progress),
        timeout=PATIENCE,
    ):
        session.queue.submit([first, second])
        session.start()
    session.queue.cancel([first.id, second.id])
    run_until_over(qtbot, session, [first, second])
    assert {session.queue.job(job.id).state for job in (first, second)} == {JobState.CANCELLED}
    found = []
    session.queue.find_artifacts(first.id, found.extend)
    qtbot.waitUntil(lambda: bool(found), timeout=PATIENCE)
    assert found[0].partial


def test_failed_job_does_not_stop_the_others_and_can_be_retried(qtbot, open_session, data):
    broken = {"on": True}
    session = open_session(
        fail_on=lambda job: (
            Failure(cause="model", message="no")
            if broken["on"] and job.request.seed == 13
            else None
        )
    )
    jobs = [text_job(data, seed=13), text_job(data)]
    session.queue.submit(jobs)
    session.start()
    run_until_over(qtbot, session, jobs)
    assert session.queue.job(jobs[0].id).failure.message == "no"
    assert session.queue.job(jobs[1].id).state is JobState.COMPLETED
    broken["on"] = False
    session.queue.retry([jobs[0].id])
    qtbot.waitUntil(
        lambda: session.queue.job(jobs[0].id).state is JobState.COMPLETED, timeout=PATIENCE
    )
    assert session.queue.job(jobs[0].id).request.seed == 13


def test_job_that_crashes_the_engine_twice_is_set_aside(qtbot, open_session, data):
    tries = []

    def crash(job):
        if job.request.seed != 13:
            return None
        tries.append(job.id)
        return Failure(cause="crash", message="The engine ended.")

    session = open_session(fail_on=crash)
    jobs = [text_job(data, seed=13), text_job(data)]
    session.queue.submit(jobs)
    session.start()
    run_until_over(qtbot, session, jobs)
    assert len(tries) == 2
    assert "set aside" in session.queue.job(jobs[0].id).failure.message
    assert session.queue.job(jobs[1].id).state is JobState.COMPLETED


def test_job_set_aside_has_the_childs_log(qtbot, data):
    write_card(make_gpt2(data.root / "gpt2", positions=4096), card_folder(data, "gpt2"))
    session = Session(data, ProcessEngine(data))
    jobs = [text_job(data, model="gpt2", max_new_tokens=2_000), text_job(data, model="gpt2")]
    session.queue.batch_jobs = False

    def abort(job_id, event):
        if (
            isinstance(event, Progress)
            and job_id == jobs[0].id
            and session.engine._child is not None
        ):
            os.kill(session.engine._child.process.pid, signal.SIGABRT)

    session.queue.job_event.connect(abort)
    session.queue.submit(jobs)
    session.start()
    run_until_over(qtbot, session, jobs)
    first, second = map(session.queue.job, (job.id for job in jobs))
    assert first.set_aside
    assert "2 times" in first.failure.message
    assert "Fatal Python error: Aborted" in first.failure.details
    assert second.state is JobState.COMPLETED
    session.close()


def test_close_requeues_the_running_job_for_the_next_session(qtbot, open_session, data):
    session = open_session(step_seconds=0.05)
    job = new_job(
        ImageRequest(prompt="x", width=64, height=64, num_inference_steps=100, seed=5),
        str(data.outputs),
    )
    with qtbot.waitSignal(
        session.queue.job_event,
        check_params_cb=lambda _id, event: isinstance(event, Progress),
        timeout=PATIENCE,
    ):
        session.queue.submit([job])
        session.start()
    session.close()
    store = JobStore.open(data.database)
    (waiting,) = store.jobs()
    store.close()
    assert waiting.state is JobState.QUEUED
    assert waiting.request == job.request
    again = open_session()
    again.start()
    qtbot.waitUntil(lambda: again.queue.job(job.id).state is JobState.COMPLETED, timeout=PATIENCE)
    again.close()


def test_batch_ends_with_a_report(qtbot, open_session, data, tmp_path):
    session = open_session()
    jobs = [
        new_job(
            TextRequest(prompt="x", seed=n, max_new_tokens=2),
            str(tmp_path),
            f"r{n}",
            batch="b",
            row=n,
        )
        for n in (1, 2, 3)
    ]
    with qtbot.waitSignal(session.queue.batch_finished, timeout=PATIENCE):
        session.queue.submit(jobs, Batch(id="b", source="x.txt", folder=str(tmp_path)))
        session.start()
    assert len((tmp_path / "report.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_one_data_folder_has_one_session(open_session, data):
    open_session()
    with pytest.raises(DataFolderInUseError):
        Session(data, FakeEngine(data))


def test_clearing_removes_finished_jobs(qtbot, open_session, data):
    session = open_session()
    job = text_job(data)
    session.queue.submit([job])
    session.start()
    run_until_over(qtbot, session, [job])
    with qtbot.waitSignal(session.queue.jobs_removed, timeout=PATIENCE):
        session.queue.remove([job.id])
    assert session.queue.jobs() == []
    assert len(list(data.outputs.glob("*.txt"))) == 1


def test_removed_rows_are_in_the_report(qtbot, open_session, data, tmp_path):
    session = open_session()
    jobs = [
        new_job(
            TextRequest(prompt=f"row {n}", seed=n, max_new_tokens=2),
            str(tmp_path),
            f"r{n}",
            batch="b",
            row=n,
        )
        for n in (1, 2, 3, 4)
    ]
    session.queue.set_limit(Limit(jobs=1))
    with qtbot.waitSignal(session.queue.pause_changed, timeout=PATIENCE):
        session.queue.submit(jobs, Batch(id="b", source="x.txt", folder=str(tmp_path)))
        session.start()
    qtbot.waitUntil(lambda: session.queue.jobs()[0].state is JobState.COMPLETED, timeout=PATIENCE)
    removed = session.queue.jobs()[:3]  # what is done, and two that wait
    with qtbot.waitSignal(session.queue.jobs_removed, timeout=PATIENCE):
        session.queue.remove([job.id for job in removed])
    with qtbot.waitSignal(session.queue.jobs_added, timeout=PATIENCE):
        session.queue.restore(removed[2:])  # undone for one of them
    assert [job.row for job in session.queue.jobs()] == [3, 4]
    with qtbot.waitSignal(session.queue.batch_finished, timeout=PATIENCE):
        session.queue.resume()
    lines = [
        json.loads(line)
        for line in (tmp_path / "report.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [(line["line"], line["state"]) for line in lines] == [
        (1, "completed"),
        (2, "cancelled"),
        (3, "completed"),
        (4, "completed"),
    ]
    assert lines[0]["files"] == ["r1.txt"]


def test_row_restored_after_the_report_is_reported_again(qtbot, open_session, data, tmp_path):
    session = open_session()
    session.queue.pause()
    session.start()
    (job,) = [
        new_job(
            TextRequest(prompt="x", seed=1, max_new_tokens=2), str(tmp_path), "r", batch="b", row=1
        )
    ]
    with qtbot.waitSignal(session.queue.jobs_added, timeout=PATIENCE):
        session.queue.submit([job], Batch(id="b", source="x.txt", folder=str(tmp_path)))
    (stored,) = session.queue.jobs()
    with qtbot.waitSignal(session.queue.batch_finished, timeout=PATIENCE):
        session.queue.remove([job.id])
    with qtbot.waitSignal(session.queue.batch_finished, timeout=PATIENCE):
        session.queue.restore([stored])
        session.queue.resume()
    assert '"cancelled"' in (tmp_path / "report.jsonl").read_text(encoding="utf-8")
    assert '"completed"' in (tmp_path / "report-2.jsonl").read_text(encoding="utf-8")


def test_damaged_database_is_kept_and_reported(open_session, data):
    data.database.write_bytes(b"nothing that SQLite knows" * 500)
    session = open_session()
    (kept,) = data.root.glob(f"{data.database.name}.damaged-*")
    assert kept.name in session.damage
    assert str(data.root) in session.damage
    session.close()
    assert open_session().damage == ""


def test_pause_now_keeps_the_child_and_its_model(qtbot, data):
    write_card(make_gpt2(data.root / "gpt2", positions=4096), card_folder(data, "gpt2"))
    session = Session(data, ProcessEngine(data))
    phases = []
    session.queue.job_event.connect(
        lambda _id, event: phases.append(event.phase) if isinstance(event, Loading) else None
    )
    job = text_job(data, model="gpt2", max_new_tokens=2_000)
    with qtbot.waitSignal(
        session.queue.job_event,
        check_params_cb=lambda _i, e: isinstance(e, Progress),
        timeout=PATIENCE,
    ):
        session.queue.submit([job])
        session.start()
    assert any("oading" in phase for phase in phases), "a model is loaded before the first token"
    child = session.engine._child.process.pid
    session.queue.pause(now=True)
    qtbot.waitUntil(lambda: session.queue.job(job.id).state is JobState.QUEUED, timeout=PATIENCE)
    phases.clear()
    with qtbot.waitSignal(
        session.queue.job_event,
        check_params_cb=lambda _i, e: isinstance(e, Progress),
        timeout=PATIENCE,
    ):
        session.queue.resume()
    assert session.engine._child.process.pid == child
    assert not any("oading" in phase for phase in phases), "nothing is loaded again"
    session.close()


def test_exception_of_the_engine_fails_only_its_job(qtbot, open_session, data):
    def burst(_job):
        raise RuntimeError("boom")

    session = open_session(fail_on=burst)
    job = text_job(data)
    session.queue.submit([job])
    session.start()
    run_until_over(qtbot, session, [job])
    assert "boom" in session.queue.job(job.id).failure.message


def test_cancel_at_any_time_ends_every_job_once(qtbot, open_session, data):
    session = open_session(step_seconds=0.002)
    terminal = []
    session.queue.job_event.connect(
        lambda job_id, event: (
            terminal.append(job_id) if isinstance(event, (Finished, Failed, Cancelled)) else None
        )
    )
    jobs = [text_job(data, max_new_tokens=10, seed=n) for n in range(40)]
    session.queue.submit(jobs)
    session.start()
    for job in jobs:
        threading.Timer(0.01 * jobs.index(job), session.queue.cancel, [[job.id]]).start()
        QCoreApplication.processEvents()
    run_until_over(qtbot, session, jobs)
    assert len(terminal) == len(set(terminal))
    assert all(
        session.queue.job(job.id).state in (JobState.CANCELLED, JobState.COMPLETED) for job in jobs
    )


def waits(session):
    return [job.request.prompt for job in session.queue.waiting()]


def test_run_next_can_be_undone(qtbot, open_session, data):
    session = open_session()
    jobs = [text_job(data, prompt=name) for name in "abcd"]
    with qtbot.waitSignal(session.queue.jobs_added, timeout=PATIENCE):
        session.queue.submit(jobs)
    with qtbot.waitSignal(session.queue.jobs_moved, timeout=PATIENCE):
        before = session.queue.move([jobs[2].id, jobs[3].id], jobs[0].id)
    assert waits(session) == ["c", "d", "a", "b"]
    with qtbot.waitSignal(session.queue.jobs_moved, timeout=PATIENCE):
        session.queue.place(before)
    assert waits(session) == ["a", "b", "c", "d"]
    assert not any(job.placed for job in session.queue.jobs())


def test_restored_jobs_return_to_their_position(qtbot, open_session, data):
    session = open_session()
    jobs = [text_job(data, prompt=name) for name in "abc"]
    with qtbot.waitSignal(session.queue.jobs_added, timeout=PATIENCE):
        session.queue.submit(jobs)
    gone = session.queue.job(jobs[1].id)
    with qtbot.waitSignal(session.queue.jobs_removed, timeout=PATIENCE):
        session.queue.remove([gone.id])
    assert waits(session) == ["a", "c"]
    with qtbot.waitSignal(session.queue.jobs_added, timeout=PATIENCE):
        session.queue.restore([gone])
    assert waits(session) == ["a", "b", "c"]


def test_pause_after_the_current_job_and_resume(qtbot, open_session, data):
    session = open_session(step_seconds=0.02)
    jobs = [text_job(data, max_new_tokens=20), text_job(data)]
    reasons = []
    session.queue.pause_changed.connect(reasons.append)
    with qtbot.waitSignal(
        session.queue.job_event,
        check_params_cb=lambda _i, e: isinstance(e, Progress),
        timeout=PATIENCE,
    ):
        session.queue.submit(jobs)
        session.start()
    session.queue.pause("lunch")
    run_until_over(qtbot, session, jobs[:1])
    assert session.queue.job(jobs[0].id).state is JobState.COMPLETED
    assert waits(session) == ["hi"]
    assert session.queue.paused == "lunch"
    session.queue.resume()
    run_until_over(qtbot, session, jobs)
    assert reasons == ["lunch", ""]


def test_pause_now_requeues_the_running_job_with_its_seed(qtbot, open_session, data):
    session = open_session(step_seconds=0.05)
    job = text_job(data, max_new_tokens=30, seed=5)
    with qtbot.waitSignal(
        session.queue.job_event,
        check_params_cb=lambda _i, e: isinstance(e, Progress),
        timeout=PATIENCE,
    ):
        session.queue.submit([job])
        session.start()
    session.queue.pause(now=True)
    qtbot.waitUntil(lambda: session.queue.job(job.id).state is JobState.QUEUED, timeout=PATIENCE)
    session.engine._step_seconds = 0
    session.queue.resume()
    run_until_over(qtbot, session, [job])
    assert session.queue.job(job.id).state is JobState.COMPLETED
    files = list(data.outputs.glob("*.txt"))
    assert len(files) == 1, files
    other = open_session_text(data)
    assert other.split()[:5] == files[0].read_text(encoding="utf-8").split()[:5]


def open_session_text(data):
    """Return what the same seed gives when nothing interrupts it."""
    engine = FakeEngine(data)
    job = text_job(data, max_new_tokens=30, seed=5)
    events = []
    run_one(engine, job, events.append)
    return (data.outputs / events[-1].artifacts[0].path).read_text(encoding="utf-8")


def test_limit_pauses_after_a_number_of_jobs(qtbot, open_session, data):
    session = open_session()
    jobs = [text_job(data) for _ in range(4)]
    session.queue.set_limit(Limit(jobs=2))
    with qtbot.waitSignal(session.queue.pause_changed, timeout=PATIENCE) as signal:
        session.queue.submit(jobs)
        session.start()
    assert signal.args == ["The limit of 2 jobs is reached."]
    assert [session.queue.job(job.id).state.over for job in jobs] == [True, True, False, False]
    session.queue.resume()
    run_until_over(qtbot, session, jobs)


def test_time_limit_starts_no_job_after_it(qtbot, open_session, data):
    session = open_session()
    session.queue.set_limit(Limit(until=1.0))
    job = text_job(data)
    with qtbot.waitSignal(session.queue.pause_changed, timeout=PATIENCE):
        session.queue.submit([job])
        session.start()
    qtbot.waitUntil(lambda: waits(session) == ["hi"], timeout=PATIENCE)


def test_request_of_a_queued_job_can_be_replaced(qtbot, open_session, data):
    session = open_session()
    job, other = text_job(data, prompt="old"), text_job(data, prompt="next")
    with qtbot.waitSignal(session.queue.jobs_added, timeout=PATIENCE):
        session.queue.submit([job, other])
    answers = []
    with qtbot.waitSignal(session.queue.jobs_changed, timeout=PATIENCE):
        session.queue.replace(
            job.id,
            TextRequest(prompt="new", seed=3),
            "/nowhere",
            lambda *answer: answers.append(answer),
        )
    assert [(answer.id, changed) for answer, changed in answers] == [(job.id, True)]
    assert waits(session) == ["new", "next"]
    session.start()
    run_until_over(qtbot, session, [job, other])
    assert session.queue.job(job.id).target.stem.startswith("new-")


def test_replacing_a_started_job_adds_a_new_one(qtbot, open_session, data):
    session = open_session()
    job = text_job(data, prompt="old")
    session.queue.submit([job])
    session.start()
    run_until_over(qtbot, session, [job])
    answers = []
    session.queue.replace(
        job.id,
        TextRequest(prompt="new", seed=3),
        "/nowhere",
        lambda *answer: answers.append(answer),
    )
    qtbot.waitUntil(lambda: bool(answers), timeout=PATIENCE)
    assert [entry.request.prompt for entry in session.queue.jobs()] == ["old", "new"]
    assert [(job.request.prompt, changed) for job, changed in answers] == [("new", False)]
    assert answers[0][0].target.folder == str(data.outputs)


def test_replacing_a_removed_job_adds_a_new_one(qtbot, open_session, data, tmp_path):
    session = open_session()
    job = text_job(data, prompt="old")
    with qtbot.waitSignal(session.queue.jobs_added, timeout=PATIENCE):
        session.queue.submit([job])
    with qtbot.waitSignal(session.queue.jobs_removed, timeout=PATIENCE):
        session.queue.remove([job.id])
    answers = []
    session.queue.replace(
        job.id,
        TextRequest(prompt="new", seed=3),
        str(tmp_path),
        lambda *answer: answers.append(answer),
    )
    qtbot.waitUntil(lambda: bool(answers), timeout=PATIENCE)
    assert answers == [(session.queue.jobs()[0], False)]
    assert answers[0][0].target.folder == str(tmp_path)


def test_past_runs_predict_the_next_duration(qtbot, open_session, data):
    session = open_session()
    job = text_job(data)
    assert session.queue.estimates.seconds(job.request) is None
    session.queue.submit([job])
    session.start()
    run_until_over(qtbot, session, [job])
    qtbot.waitUntil(
        lambda: session.queue.estimates.seconds(job.request) is not None, timeout=PATIENCE
    )
    once = session.queue.estimates.seconds(job.request)
    twice = session.queue.estimates.seconds(TextRequest(prompt="x", max_new_tokens=10))
    assert twice == pytest.approx(once * 2)
    session.close()
    again = open_session()
    assert again.queue.estimates.seconds(job.request) == pytest.approx(once)


def test_unsavable_batch_row_pauses_the_queue(qtbot, open_session, data):
    blocked = data.root / "blocked"
    blocked.write_text("a file where the folder should be")
    session = open_session()
    session.queue.ends.pause_on_disk = True
    batch = Batch(id="b", source="x.txt", folder=str(blocked))
    job = new_job(
        TextRequest(prompt="row", seed=1, max_new_tokens=3), str(blocked), batch="b", row=1
    )
    with qtbot.waitSignal(session.queue.pause_changed, timeout=PATIENCE) as signal:
        session.queue.submit([job], batch)
        session.start()
    assert "could not be saved" in signal.args[0]
    qtbot.waitUntil(lambda: session.queue.job(job.id).state is JobState.QUEUED, timeout=PATIENCE)
    blocked.unlink()
    session.queue.resume()
    run_until_over(qtbot, session, [job])
    assert session.queue.job(job.id).state is JobState.COMPLETED


def test_a_lock_left_by_a_killed_program_marks_the_session_unclean(open_session, data):
    session = open_session()
    assert not session.unclean
    session.close()
    code = (
        "import os; from studio.core.paths import data_folder; from studio.jobs.session import "
        "lock_folder\n"
    )
    subprocess.run(
        [sys.executable, "-c", code + "lock = lock_folder(data_folder()); os._exit(0)"],
        check=True,
    )
    session = open_session()
    assert session.unclean
    session.close()
    assert not open_session().unclean
