"""Test rows with some of their results present: only the missing ones are generated."""

import msgspec
import pytest

from studio.batch.plan import plan, read_batch
from studio.batch.resume import resume
from studio.core.files import part_path
from studio.core.jobs import Batch, JobState, new_job
from studio.core.requests import ImageRequest
from studio.engine.fake import FakeEngine
from studio.engine.process.engine import ProcessEngine
from studio.jobs.session import Session
from studio.library.artifacts import read_recipe
from studio.models.card import fake_card
from studio.models.card_store import card_folder, write_card
from tests.checkpoints.image import make_sd
from tests.faults import build_kill_at

PATIENCE = 60_000
ROWS = "prompt,seed,count\nfirst,5,3\nsecond,,2\nthird,7,1\n"


@pytest.fixture
def run(qtbot, qapp, data):
    def run_one(batch, jobs):
        session = Session(data, FakeEngine(data))
        with qtbot.waitSignal(session.queue.batch_finished, timeout=PATIENCE):
            session.queue.submit(jobs, batch)
            session.start()
        states = [session.queue.job(job.id).state for job in jobs]
        session.close()
        return states

    return run_one


def read(tmp_path, text=ROWS):
    path = tmp_path / "a.csv"
    path.write_text(text)
    options = {"kind": "image", "defaults": {"width": 64, "height": 64, "steps": 1}}
    return read_batch(path, lambda kind, _name: fake_card(kind), **options)


def images_in(out):
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in out.glob("*.png")}


@pytest.mark.parametrize("lost", [["-1"], ["-2"], ["-1", "-3"]])
def test_missing_results_are_generated_under_the_same_names(run, tmp_path, lost):
    out, found = tmp_path / "out", read(tmp_path)
    run(*plan(found, out))
    before = images_in(out)
    assert len(before) == 6
    gone = [
        name
        for name in before
        if name.startswith("0002") and any(name.endswith(f"{part}.png") for part in lost)
    ]
    for name in gone:
        (out / name).unlink()
    again, jobs = plan(found, out, resumed=resume(found, out))
    assert [job.row for job in jobs] == [2]
    assert len(again.done) == 2
    assert run(again, jobs) == [JobState.COMPLETED]
    after = images_in(out)
    assert after.keys() == before.keys()
    recipes = [read_recipe(out / name) for name in gone]
    assert [(recipe.job_id, recipe.ordinal) for recipe in recipes] == [
        (jobs[0].id, int(name[-5]) - 1) for name in gone
    ]
    assert all(after[name] == before[name] for name in before if name not in gone), (
        "what was there was not written again"
    )
    assert not plan(found, out, resumed=resume(found, out))[1]


def test_resume_keeps_the_drawn_seed(run, tmp_path):
    out, found = tmp_path / "out", read(tmp_path)
    run(*plan(found, out))
    seeds = {path.name: read_recipe(path).request.seed for path in out.glob("0003*.png")}
    (out / sorted(seeds)[1]).unlink()
    again, jobs = plan(found, out, resumed=resume(found, out))
    run(again, jobs)
    assert {path.name: read_recipe(path).request.seed for path in out.glob("0003*.png")} == seeds


def test_report_lists_all_results_of_a_resumed_row(run, tmp_path):
    import json

    out, found = tmp_path / "out", read(tmp_path)
    run(*plan(found, out))
    next(out.glob("0002*-2.png")).unlink()
    again, jobs = plan(found, out, resumed=resume(found, out))
    run(again, jobs)
    lines = [json.loads(line) for line in (out / "report-2.jsonl").read_text().splitlines()]
    assert [len(line["files"]) for line in lines] == [3, 2, 1]


def test_row_already_queued_is_not_duplicated(qtbot, qapp, data, run, tmp_path):
    out, found = tmp_path / "out", read(tmp_path)
    batch, jobs = plan(found, out)
    run(batch, jobs)
    next(out.glob("0002*-2.png")).unlink()
    session = Session(data, FakeEngine(data))
    session.queue.retry([jobs[0].id])
    again, missing = plan(found, out, resumed=resume(found, out))
    assert [job.id for job in missing] == [jobs[0].id]
    with qtbot.waitSignal(session.queue.jobs_changed, timeout=PATIENCE):
        session.queue.submit(missing, again)
    assert sorted(job.row for job in session.queue.jobs()) == [2, 3, 4]
    assert [job.row for job in session.queue.waiting()] == [2]
    still = resume(found, out, session.queue.jobs())
    assert still.waiting == {0}
    assert not still.partial
    session.close()


def test_partial_files_of_a_dead_process_are_removed_at_the_next_start(
    qapp, data, tmp_path, monkeypatch
):
    import os
    import subprocess
    import sys

    out = tmp_path / "out"
    out.mkdir()
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        check=True,
        text=True,
    )
    monkeypatch.setattr(os, "getpid", lambda: int(dead.stdout))
    left = part_path(out / "a.png")
    monkeypatch.setattr(os, "getpid", os.getppid)
    foreign = part_path(out / "b.png")
    monkeypatch.undo()
    for part in (left, foreign):
        part.write_bytes(b"half")
    session = Session(data, FakeEngine(data))
    job = new_job(
        ImageRequest(prompt="x", seed=1, width=64, height=64), str(out), "x", batch="b", row=1
    )
    session.queue._journal.submit(
        session.queue._store.add, [job], Batch(id="b", source="a", folder=str(out))
    ).result()
    session.queue._journal.submit(session.queue._store.take_next).result()
    session.close()
    Session(data, FakeEngine(data)).close()
    assert not left.exists()
    assert foreign.exists(), "a process that lives may be writing it"


def test_file_names_of_queued_rows_are_reserved(qtbot, qapp, data, tmp_path):
    out, found = tmp_path / "out", read(tmp_path)
    first, again = plan(found, out), plan(found, out)  # neither sees a file of the other
    session = Session(data, FakeEngine(data))
    session.queue.submit(first[1], first[0])
    with qtbot.waitSignal(
        session.queue.batch_finished,
        timeout=PATIENCE,
        check_params_cb=lambda batch: batch.id == again[0].id,
    ):
        session.queue.submit(again[1], again[0])
        session.start()
    assert [job.state for job in session.queue.jobs()] == [JobState.COMPLETED] * 6
    assert len({job.target.stem for job in session.queue.jobs()}) == 6
    session.close()
    assert len(images_in(out)) == 12


def test_images_saved_before_two_crashes_are_not_generated_again(
    qtbot, qapp, data, tmp_path, monkeypatch
):
    card = make_sd(data.root / "sd")
    write_card(card, card_folder(data, "sd"))
    path, out = tmp_path / "a.csv", tmp_path / "out"
    path.write_text("prompt,seed,count,width,height,steps,model\na cat,5,2,32,32,1,sd\n")
    found = read_batch(
        path, lambda _kind, _name: msgspec.structs.replace(card, name="sd"), kind="image"
    )

    def run(batch, jobs):
        session = Session(
            data, ProcessEngine(data, "spawn")
        )  # a fork server would keep the environment
        try:
            with qtbot.waitSignal(session.queue.batch_finished, timeout=3 * PATIENCE):
                session.queue.submit(jobs, batch)
                session.start()
            return session.queue.jobs()[0]
        finally:
            session.close()

    with monkeypatch.context() as faults:
        faults.setenv("LD_PRELOAD", str(build_kill_at(tmp_path)))
        faults.setenv("KILL_AT", "1")
        faults.setenv("KILL_PATH", "-2.png")  # before the second image gets its name, in each child
        first = run(*plan(found, out))
    assert first.set_aside
    (kept,) = out.glob("*.png")
    before = kept.stat().st_ino
    assert not list(out.rglob("*.part")), "what a dead child was writing is removed"
    batch, jobs = plan(found, out, resumed=resume(found, out))
    again = run(batch, jobs)
    assert again.id == first.id
    assert again.state is JobState.COMPLETED
    assert sorted(path.name for path in out.glob("*.png")) == [
        f"{first.target.stem}-1.png",
        f"{first.target.stem}-2.png",
    ]
    assert kept.stat().st_ino == before
