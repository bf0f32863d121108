"""Test invalid input and a changing environment during a batch: nothing is lost or doubled."""

import csv
import io
import os
import subprocess
import sys

import pytest

from studio.batch.plan import plan, read_batch
from studio.batch.reader import MAX_LINE_CHARACTERS
from studio.batch.resume import resume
from studio.core.errors import StudioError
from studio.core.files import can_write
from studio.core.jobs import JobState
from studio.engine.fake import FakeEngine
from studio.jobs.session import Session
from studio.jobs.store import JobStore
from studio.library.artifacts import read_recipe
from studio.models.card import fake_card

PATIENCE = 60_000


def read(tmp_path, name, data, **more):
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_batch(path, lambda kind, _name: fake_card(kind), **more)


# The file
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "row", "field"),
    [
        ("a.csv", "prompt,seed\ngood,1\nbad,99999999999\n", "seed"),
        ("a.csv", "prompt,seed\ngood,1\nbad,-2\n", "seed"),
        ("a.csv", "prompt,width\ngood,64\nbad,100000\n", "width"),
        ("a.csv", "prompt,width\ngood,64\nbad,65\n", "width"),
        ("a.csv", "prompt,steps\ngood,1\nbad,0\n", "steps"),
        ("a.csv", "prompt,steps\ngood,1\nbad,1e9\n", "steps"),
        ("a.csv", "prompt,guidance\ngood,1\nbad,nan\n", "guidance"),
        ("a.csv", "prompt,guidance\ngood,1\nbad,inf\n", "guidance"),
        ("a.tsv", "prompt\tguidance\ngood\t1\nbad\tmuch\n", "guidance"),
        ("a.jsonl", '{"prompt": "good"}\n{"prompt": "bad", "steps": 1.5}\n', "steps"),
        ("a.jsonl", '{"prompt": "good"}\n{"prompt": "bad", "steps": true}\n', "steps"),
        ("a.jsonl", '{"prompt": "good"}\n{"prompt": "bad", "steps": [1]}\n', "steps"),
        ("a.jsonl", '{"prompt": "good"}\n{"prompt": "bad", "steps": "4 \\udc00"}\n', "steps"),
        ("a.jsonl", '{"prompt": "good"}\n{"prompt": "bad", "seed": "4 \\udc00"}\n', "seed"),
        ("a.jsonl", '{"prompt": "good"}\n{"prompt": null}\n', "prompt"),
        ("a.jsonl", '{"prompt": "good"}\n{"prompt": "bad", "colour": 1}\n', "colour"),
    ],
)
def test_invalid_value_is_reported_and_the_other_row_runs(tmp_path, name, row, field):
    batch = read(tmp_path, name, row, kind="image")
    assert [good.request.prompt for good in batch.good] == ["good"]
    (bad,) = batch.bad
    assert bad.line == (3 if name != "a.jsonl" else 2)
    assert field in bad.message


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_a_nul_in_a_prompt_is_an_error(tmp_path, name):
    good, bad = '{"prompt": "good"}', '{"prompt": "b\\u0000d"}'
    batch = read(tmp_path, name, f"{good}\n{bad}" if name == "a.jsonl" else f"[{good},\n{bad}]")
    assert [row.request.prompt for row in batch.good] == ["good"]
    assert [row.line for row in batch.bad] == [2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_nul_in_a_table_is_an_error(tmp_path, encoding):
    with pytest.raises(StudioError, match="not text"):
        read(tmp_path, "a.csv", "prompt\ngood\nb\0d\n".encode(encoding))


def test_a_cell_of_a_megabyte_is_an_error_with_its_line(tmp_path):
    huge = "x" * (MAX_LINE_CHARACTERS + 1)
    batch = read(tmp_path, "a.csv", f"prompt,seed\ngood,1\n{huge},2\n")
    assert [row.request.prompt for row in batch.good] == ["good"]
    assert [row.line for row in batch.bad] == [3]
    batch = read(
        tmp_path, "a.jsonl", f'{{"prompt": "good"}}\n{{"prompt": "{huge}"}}\n{{"prompt": "too"}}\n'
    )
    assert [row.request.prompt for row in batch.good] == ["good", "too"]


def test_unclosed_quote_is_reported_where_it_opened_and_later_rows_run(tmp_path):
    batch = read(tmp_path, "a.csv", 'prompt,seed\ngood,1\n"never closed,2\n' + "more,3\n" * 100)
    assert [row.request.prompt for row in batch.good] == ["good"] + ["more"] * 100
    assert [row.line for row in batch.good] == [2, *range(4, 104)]
    assert [(row.line, "quote" in row.message) for row in batch.bad] == [(3, True)]


def test_lines_possibly_inside_a_long_cell_are_errors(tmp_path):
    one_column = read(tmp_path, "a.csv", 'prompt\ngood\n"never closed\nmore\nand more\n')
    assert [row.request.prompt for row in one_column.good] == ["good"]
    assert [(row.line, "lines to 6" in row.message) for row in one_column.bad] == [(3, True)]
    long_cell = 'prompt,seed\n"first line\nsecond "quoted" line\nthird",5\nfine,6\n'
    batch = read(tmp_path, "a.csv", long_cell)
    assert [row.request.prompt for row in batch.good] == ["fine"]
    assert [(row.line, "lines to 4" in row.message) for row in batch.bad] == [(2, True)]


@pytest.mark.parametrize(
    "bad", ['"big" cat,5', '"a" and "b",5', 'x,"5" and more', '"a"b"c",5', '"""a" b,5']
)
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_misplaced_quote_invalidates_its_own_row_only(tmp_path, bad, suffix):
    text = f'prompt,seed\nfirst,1\n{bad}\nsecond,2\n"third ""with"" quotes",3\n'
    batch = read(tmp_path, f"a.{suffix}", text.replace(",", "\t") if suffix == "tsv" else text)
    assert [row.request.prompt for row in batch.good] == ["first", "second", 'third "with" quotes']
    assert [row.line for row in batch.bad] == [3]


def test_too_long_row_is_reported(tmp_path):
    from studio.batch.tables.delimited import MAX_RECORD_CHARACTERS

    batch = read(tmp_path, "a.csv", f"prompt\ngood\n{',' * MAX_RECORD_CHARACTERS}\n")
    assert [row.request.prompt for row in batch.good] == ["good"]
    assert [(row.line, "more than 4,000,000 characters" in row.message) for row in batch.bad] == [
        (3, True)
    ]


def test_many_opening_quotes_take_linear_time(tmp_path):
    import time

    begun = time.process_time()
    batch = read(tmp_path, "a.csv", "prompt,seed\n" + '"open,1\nx,"2\n"y" z,3\nfine,4\n' * 2000)
    assert time.process_time() - begun < 5
    assert {row.request.prompt for row in batch.good} <= {"fine", "x"}
    named = sum(1 for row in batch.bad)
    assert named >= 1


def test_missing_template_column_is_reported(tmp_path):
    batch = read(tmp_path, "a.csv", "topic\ncats\ndogs\n", template="{{topic}} in {{city}}")
    assert not batch.good
    assert [(row.line, "'city'" in row.message) for row in batch.bad] == [(2, True), (3, True)]
    with pytest.raises(StudioError, match="No row of the file can run"):
        plan(batch, tmp_path / "out")


def test_the_error_for_a_table_without_prompts_mentions_templates(tmp_path):
    batch = read(tmp_path, "a.csv", "topic,city\ncats,Rome\n")
    with pytest.raises(StudioError) as refused:
        plan(batch, tmp_path / "out")
    assert "{{topic}}" in refused.value.cure


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1"])
def test_formula_like_prompt_is_escaped_in_reports(qtbot, open_session, tmp_path, cell):
    output = io.StringIO(newline="")
    csv.writer(output).writerows([["prompt", "max_new_tokens"], [cell, 1]])
    batch, jobs = plan(read(tmp_path, "a.csv", output.getvalue()), tmp_path / "out", collect="csv")
    (job,) = jobs
    assert job.request.prompt == cell.strip()
    finish(qtbot, open_session(), batch, jobs)
    for name in ("report.csv", "collected.csv"):
        (row,) = csv.DictReader(
            io.StringIO((tmp_path / "out" / name).read_text(encoding="utf-8-sig"), newline="")
        )
        assert row["prompt"] == f"'{cell.strip()}"
    assert read_recipe(next((tmp_path / "out").glob("0*.txt"))).request.prompt == cell.strip()


# The run
# ----------------------------------------------------------------------


@pytest.fixture
def open_session(qapp, data):
    opened = []

    def open_one(at=None):
        """`at`: row → what happens before it runs, in the worker thread."""
        happens = at or {}

        def before(job):
            happens.get(job.row, lambda: None)()

        session = Session(data, FakeEngine(data, fail_on=before))
        session.queue.batch_jobs = False
        session.queue.ends.pause_on_disk = True
        opened.append(session)
        return session

    yield open_one
    for session in opened:
        if not session.queue._journal.is_closed:
            session.close()


def finish(qtbot, session, batch, jobs):
    with qtbot.waitSignal(session.queue.batch_finished, timeout=PATIENCE):
        session.queue.submit(jobs, batch)
        session.start()


ROWS = "prompt,max_new_tokens\n" + "".join(f"row {n},1\n" for n in range(2, 10))


def made_prompts(out):
    return sorted(read_recipe(path).request.prompt for path in out.glob("0*.txt"))


ALL = sorted(f"row {n}" for n in range(2, 10))


def test_batch_file_may_change_or_disappear_during_the_run(qtbot, open_session, tmp_path):
    out = tmp_path / "out"
    batch, jobs = plan(read(tmp_path, "a.csv", ROWS), out)
    path = tmp_path / "a.csv"
    happens = {4: lambda: path.write_text("prompt\nsomething else\n"), 6: path.unlink}
    finish(qtbot, open_session(happens), batch, jobs)
    assert made_prompts(out) == ALL


def test_removed_output_folder_is_recreated_and_resumed(qtbot, open_session, tmp_path):
    import shutil

    out = tmp_path / "out"
    found = read(tmp_path, "a.csv", ROWS)
    batch, jobs = plan(found, out)
    finish(qtbot, open_session({5: lambda: shutil.rmtree(out)}), batch, jobs)
    assert made_prompts(out) == ALL[3:]
    again, missing = plan(found, out, resumed=resume(found, out))
    assert [job.request.prompt for job in missing] == ALL[:3]
    assert len(again.done) == 5


def paused(qtbot, session, batch, jobs):
    """Run until the queue pauses; return the sentence."""
    with qtbot.waitSignal(session.queue.pause_changed, timeout=PATIENCE) as signal:
        session.queue.submit(jobs, batch)
        session.start()
    qtbot.waitUntil(
        lambda: not any(job.state is JobState.RUNNING for job in session.queue.jobs()),
        timeout=PATIENCE,
    )
    return signal.args[0]


def go_on(qtbot, session, out):
    with qtbot.waitSignal(session.queue.batch_finished, timeout=PATIENCE):
        session.queue.resume()
    assert made_prompts(out) == ALL
    qtbot.waitUntil(
        lambda: {job.state for job in session.queue.jobs()} == {JobState.COMPLETED},
        timeout=PATIENCE,
    )
    assert len(session.queue.jobs()) == len(ALL)
    assert (out / "report.csv").exists()


def test_file_in_place_of_the_output_folder_pauses_the_batch(qtbot, open_session, tmp_path):
    out, aside = tmp_path / "out", tmp_path / "aside"

    def put_a_file_there():
        out.rename(aside)
        out.write_text("mine")

    batch, jobs = plan(read(tmp_path, "a.csv", ROWS), out)
    session = open_session({5: put_a_file_there})
    assert "could not be saved" in paused(qtbot, session, batch, jobs)
    assert [job.state for job in session.queue.jobs()] == [JobState.COMPLETED] * 3 + [
        JobState.QUEUED
    ] * 5
    assert not can_write(out)
    assert out.read_text() == "mine"
    out.unlink()
    aside.rename(out)
    session.engine._fail_on = lambda _job: None
    assert can_write(out)
    go_on(qtbot, session, out)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 60 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(place)]
    if (
        sys.platform != "linux"
        or os.geteuid() != 0
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("only root can mount a disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_full_disk_pauses_the_batch_until_space_is_free(qtbot, open_session, small_disk, tmp_path):
    out, filler = small_disk / "out", small_disk / "filler"

    def fill():
        with filler.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(b"\0" * 4096)
                except OSError:
                    return

    batch, jobs = plan(read(tmp_path, "a.csv", ROWS), out)
    session = open_session({6: fill})
    assert "No space left" in paused(qtbot, session, batch, jobs)
    assert made_prompts(out) == ALL[:4]
    assert not [path for path in out.rglob("*") if path.name.endswith(".part")]
    assert not can_write(out)
    filler.unlink()
    assert can_write(out)
    session.engine._fail_on = lambda _job: None
    go_on(qtbot, session, out)


def test_read_only_disk_pauses_the_batch_until_it_is_writable(
    qtbot, open_session, small_disk, tmp_path
):
    def remount(how):
        subprocess.run(["mount", "-o", f"remount,{how}", str(small_disk)], check=True)

    out = small_disk / "out"
    batch, jobs = plan(read(tmp_path, "a.csv", ROWS), out)
    session = open_session({3: lambda: remount("ro")})
    assert "Read-only" in paused(qtbot, session, batch, jobs)
    assert not can_write(out)
    remount("rw")
    session.engine._fail_on = lambda _job: None
    go_on(qtbot, session, out)


def test_taken_file_name_fails_only_its_row(qtbot, open_session, tmp_path):
    out = tmp_path / "out"
    batch, jobs = plan(read(tmp_path, "a.csv", ROWS), out)
    taken = out / f"{jobs[2].target.stem}.txt"
    session = open_session({3: lambda: taken.write_text("mine")})
    finish(qtbot, session, batch, jobs)
    assert [job.state for job in session.queue.jobs()].count(JobState.FAILED) == 1
    assert taken.read_text() == "mine"
    assert session.queue.paused == ""


def be_killed():
    code = (
        "import os; from studio.core.paths import data_folder; from studio.jobs.session import "
        "lock_folder\n"
    )
    subprocess.run(
        [sys.executable, "-c", code + "lock = lock_folder(data_folder()); os._exit(0)"],
        check=True,
    )


def test_report_of_a_killed_program_is_written_by_the_next(qtbot, open_session, data, tmp_path):
    out = tmp_path / "out"
    batch, jobs = plan(read(tmp_path, "a.csv", ROWS), out)
    session = open_session()
    finish(qtbot, session, batch, jobs)
    session.close()
    (out / "report.csv").unlink()
    store = JobStore.open(data.database)
    store.reopen_batch(batch.id)
    store.close()
    be_killed()
    session = open_session()
    assert session.unclean
    qtbot.waitUntil((out / "report-2.csv").exists, timeout=PATIENCE)
    session.close()
    be_killed()
    open_session()
    assert not (out / "report-3.csv").exists()


def test_batch_completes_when_the_clock_is_set_back(qtbot, open_session, tmp_path, monkeypatch):
    import time

    out, now = tmp_path / "out", time.time()
    clock = iter(range(10**6))
    monkeypatch.setattr(
        time, "time", lambda: now - 3600 * next(clock)
    )  # each call returns one hour less
    found = read(tmp_path, "a.csv", ROWS)
    batch, jobs = plan(found, out)
    assert len({job.id for job in jobs}) == len(jobs)
    session = open_session()
    finish(qtbot, session, batch, jobs)
    assert made_prompts(out) == ALL
    assert [job.row for job in session.queue.jobs()] == list(range(2, 10))
    rows = list(csv.DictReader((out / "report.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row["state"] for row in rows] == ["completed"] * 8
    assert not any(row["seconds"].startswith("-") for row in rows)
    assert session.queue.estimates.seconds(jobs[0].request) >= 0
    monkeypatch.undo()
    assert not plan(found, out, resumed=resume(found, out))[1]


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * 100_000) + "=1",
        "x={" + '"a b" . ' * 40_000 + "c=1}",
        "[" + "a." * 99_000 + "b]",
    ],
)
def test_deeply_nested_defaults_are_refused(tmp_path, text):
    import time

    from studio.cli.batch.options import read_defaults

    path = tmp_path / "a.toml"
    path.write_text(text)
    begun = time.process_time()
    with pytest.raises(StudioError, match="cannot be read"):
        read_defaults(path)
    assert time.process_time() - begun < 5
    path.write_text('prompt = "a. b... c.d and ' + "x." * 20 + '"\n[variables]\nstyle = "oil"\n')
    assert read_defaults(path)["variables"] == {"style": "oil"}
