"""`studio batch --watch FOLDER`, with the real program."""

import json
import signal
import sys

import pytest

from studio.jobs.store_rows import read_jobs_readonly
from studio.jobs.watch_folder import Ledger
from studio.library.artifacts import read_recipe
from tests.cli.programs import Program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process there")


@pytest.fixture
def watch(data, tmp_path):
    begun = []
    (tmp_path / "in").mkdir()

    def start(*arguments):
        program = Program(
            "--fake",
            "batch",
            "--watch",
            tmp_path / "in",
            "-o",
            tmp_path / "out",
            "--json",
            *arguments,
            data=data,
        )
        begun.append(program)
        program.wait_for("Watching")
        return program

    yield start
    for program in begun:
        program.kill()


def results_of(printed):
    return [json.loads(line) for line in printed.splitlines()]


def test_watch_runs_new_files_and_continues_after_an_invalid_one(watch, tmp_path):
    there = tmp_path / "in"
    (there / "a.txt").write_text("one\ntwo\n")
    program = watch()
    program.wait_for("2 of 2 rows done")
    (there / "bad.csv").write_text("prompt,prompt\nx,y\n")
    program.wait_for("has the column")
    (there / "a.csv").write_text("prompt,max_new_tokens\nthree,2\nfour,zzz\n")
    program.wait_for("1 of 2 rows done")
    code, printed = program.end(signal.SIGINT)
    assert code == 1
    assert "line 3: max_new_tokens" in "\n".join(program.errors)
    assert "Traceback" not in "\n".join(program.errors)
    first, second = results_of(printed)
    assert (first["file"], first["folder"]) == (str(there / "a.txt"), str(tmp_path / "out" / "a"))
    assert (second["file"], second["folder"]) == (
        str(there / "a.csv"),
        str(tmp_path / "out" / "a-2"),
    )
    assert len(list((tmp_path / "out" / "a").glob("*.txt"))) == 2


def test_changed_file_runs_only_its_new_rows(watch, data, tmp_path):
    file = tmp_path / "in" / "a.txt"
    file.write_text("one\n")
    program = watch()
    program.wait_for("1 of 1 rows done")
    assert program.end(signal.SIGINT)[0] == 0
    program = watch()
    (tmp_path / "in" / "b.txt").write_text("other\n")
    program.wait_for("b.txt:")
    program.wait_for("1 of 1 rows done")
    assert not any("a.txt:" in line for line in program.errors)
    file.write_text("one\nand two\n")
    program.wait_for("2 of 2 rows done, 1 of them earlier")
    assert program.end(signal.SIGINT)[0] == 0
    assert sorted(job.request.prompt for job in read_jobs_readonly(data)) == [
        "and two",
        "one",
        "other",
    ]


def test_watch_resumes_a_killed_run(watch, data, tmp_path):
    rows = [f"row {n}" for n in range(200)]
    (tmp_path / "in" / "a.csv").write_text(
        "prompt,max_new_tokens\n" + "".join(f"{row},1\n" for row in rows)
    )
    program = watch()
    made = tmp_path / "out" / "a"
    while len(list(made.glob("0*.txt"))) < 10:
        assert program.process.poll() is None
    program.end(signal.SIGKILL)
    assert len(list(made.glob("0*.txt"))) < 200
    program = watch()
    program.wait_for("200 of 200 rows done")
    assert program.end(signal.SIGINT)[0] == 0
    assert sorted(read_recipe(path).request.prompt for path in made.glob("0*.txt")) == sorted(rows)
    assert len(read_jobs_readonly(data)) == 200


def test_ctrl_c_keeps_finished_results(watch, data, tmp_path):
    (tmp_path / "in" / "a.csv").write_text(
        "prompt,steps,width,height,count\n" + "x,500,64,64,64\n" * 3
    )
    program = watch("--kind", "image")
    while not any(job.state == "running" for job in read_jobs_readonly(data)):
        assert program.process.poll() is None
    code, _printed = program.end(signal.SIGINT)
    assert code == 130, program.errors
    ledger = Ledger(data, tmp_path / "in")
    assert not ledger.find(tmp_path / "in" / "a.csv").over
    ledger.close()
