"""Test the options of `studio batch` with the real program."""

import datetime
import json
import os
import signal
import sys

import pytest

from studio.cli.batch.options import pairs, read_limit, read_time, report_path
from studio.core.errors import StudioError
from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.jobs.folder_lock import acquire, holder_of
from studio.jobs.store import JobStore
from studio.jobs.store_rows import read_jobs_readonly
from studio.library.artifacts import read_recipe
from tests.cli.programs import Program, studio


@pytest.fixture
def batch(data):
    return lambda *arguments, **more: studio("--fake", "batch", *arguments, data=data, **more)


@pytest.fixture
def start(data):
    begun = []

    def start_one(*arguments):
        begun.append(Program("--fake", *arguments, data=data))
        return begun[-1]

    yield start_one
    for program in begun:
        program.kill()


def prompts(folder):
    return sorted(read_recipe(path).request.prompt for path in folder.glob("*.txt"))


def test_variables_wildcards_mapping_and_combinations(batch, tmp_path):
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "animal.txt").write_text("cat\ndog\n")
    file = tmp_path / "a.csv"
    file.write_text("What,Len,Note\na $style __animal__,3,mine\n")
    more = ("--set", "style=small", "--wildcards", tmp_path / "words", "--combine", "all")
    more += (
        "--map",
        "What=prompt",
        "--map",
        "Len=max_new_tokens",
        "--map",
        "Note=",
        "-o",
        tmp_path / "out",
    )
    done = batch(file, *more)
    assert done.returncode == 0, done.stderr
    assert prompts(tmp_path / "out") == ["a small cat", "a small dog"]


def test_grid_writes_contact_sheet_collected_texts_and_second_report(batch, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("a poem\n")
    more = (
        "--axis",
        "max_new_tokens=2,4",
        "--axis",
        "temperature=[0.5..1 step 0.5]",
        "--first-seed",
        7,
        "--seed-policy",
        "fixed",
    )
    done = batch(
        file,
        *more,
        "--collect",
        "jsonl",
        "--report",
        tmp_path / "reports" / "mine.csv",
        "-o",
        tmp_path / "out",
    )
    assert done.returncode == 0, done.stderr
    made = [read_recipe(path).request for path in sorted((tmp_path / "out").glob("0*.txt"))]
    assert {(request.max_new_tokens, request.temperature, request.seed) for request in made} == {
        (2, 0.5, 7),
        (2, 1.0, 7),
        (4, 0.5, 7),
        (4, 1.0, 7),
    }
    assert "temperature 0.5" in (tmp_path / "out" / "contact-sheet.md").read_text()
    lines = [
        json.loads(line)
        for line in (tmp_path / "out" / "collected.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len(lines) == 4
    assert all(
        line["text"] == (tmp_path / "out" / line["file"]).read_text(encoding="utf-8")
        for line in lines
    )
    assert (tmp_path / "reports" / "mine.csv").read_bytes() == (
        tmp_path / "out" / "report.csv"
    ).read_bytes()


def test_sheet_option_selects_a_sheet(batch, tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["prompt"])
    book.active.append(["first"])
    book.create_sheet("More").append(["prompt"])
    book["More"].append(["second"])
    book.save(tmp_path / "a.xlsx")
    done = batch(tmp_path / "a.xlsx", "--sheet", "More", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert prompts(tmp_path / "out") == ["second"]


def test_check_shows_guided_tasks_also_own_ones(batch, data, tmp_path):
    data.tasks.mkdir(parents=True, exist_ok=True)
    own = (
        'title = "Motto"\n[[field]]\nname = "subject"\ntitle = "Subject"\n'
        '[prompt.en]\nchat = "A motto for {subject}"\ncomplete = "The motto of {subject}:"\n'
    )
    (data.tasks / "motto.toml").write_text(own)
    file = tmp_path / "a.csv"
    file.write_text("task,prompt\nmotto,a club\n,plain\nsonata,x\n")
    done = batch(file, "--check")
    assert "motto" in done.stdout.splitlines()[0]
    assert "line 4: task" in done.stderr
    assert "headline, headlines, motto, poem" in done.stderr
    rows = json.loads(batch(file, "--check", "--json").stdout)["rows"]
    assert [row["task"] for row in rows] == ["motto", "", ""]
    assert "otto" in rows[0]["request"]["prompt"]


def test_check_prints_resolved_rows_without_running(batch, data, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("prompt,max_new_tokens\na {red|red} cat,3\ntwo,many\nthree,4\n")
    done = batch(file, "--check", "--name", "{row}-{prompt}", "-o", tmp_path / "out")
    assert done.returncode == 2
    assert "max_new_tokens 3 → 2-a-red-cat: a red cat\n" in done.stdout
    assert "line 3: max_new_tokens" in done.stderr
    assert not (tmp_path / "out").exists()
    rows = json.loads(batch(file, "--check", "--json").stdout)["rows"]
    assert [(row["line"], row["state"]) for row in rows] == [
        (2, "to run"),
        (3, "cannot run"),
        (4, "to run"),
    ]
    assert rows[0]["request"]["prompt"] == "a red cat"
    assert rows[1]["problems"][0]["field"] == "max_new_tokens"
    assert not read_jobs_readonly(data)


def test_lora_tag_of_an_unknown_adapter_is_reported(batch, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("a cat <lora:grain:1>\na dog\n")
    done = batch(file, "--kind", "image", "--check")
    assert done.returncode == 2
    assert "<lora:grain:1> in the prompt: There is no adapter 'grain'" in done.stderr
    assert "a dog" in done.stdout


def test_resume_runs_missing_rows_only(batch, tmp_path):
    file, out = tmp_path / "a.txt", tmp_path / "out"
    file.write_text("one\ntwo {a|b|c}\nthree\n")
    assert batch(file, "-o", out).returncode == 0
    kept = {path: path.read_bytes() for path in out.glob("*.txt") if "one" not in path.name}
    next(out.glob("*one*")).unlink()
    checked = batch(file, "-o", out, "--resume", "--check").stdout.splitlines()
    assert [("done or waiting" in line) for line in checked] == [False, True, True]
    done = batch(file, "-o", out, "--resume", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (len(report["jobs"]), report["done_before"]) == (1, 2)
    assert {path: path.read_bytes() for path in kept} == kept
    assert len(list(out.glob("*.txt"))) == 3
    again = batch(file, "-o", out, "--resume")
    assert again.returncode == 0
    assert again.stdout == ""
    assert "3 of 3 rows done, 3 of them earlier" in again.stderr


def test_resume_continues_a_limited_run(batch, data, tmp_path):
    file, out = tmp_path / "a.csv", tmp_path / "out"
    file.write_text("prompt,max_new_tokens\n" + "".join(f"row {n},1\n" for n in range(5)))
    done = batch(file, "-o", out, "--at-most", 2)
    assert done.returncode == 0, done.stderr
    assert "2 of 5 rows done" in done.stderr
    assert "3 rows wait in the queue" in done.stderr
    assert [job.state for job in read_jobs_readonly(data)] == ["completed"] * 2 + ["queued"] * 3
    done = batch(file, "-o", out, "--resume")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert [job.state for job in read_jobs_readonly(data)] == ["completed"] * 5
    assert prompts(out) == [f"row {n}" for n in range(5)]
    assert (out / "report.csv").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process there")
def test_resume_completes_a_batch_after_ctrl_c(start, batch, data, tmp_path):
    file, out = tmp_path / "a.csv", tmp_path / "out"
    file.write_text(
        "prompt,steps,count\none,1,1\n" + "".join(f"long {n},500,64\n" for n in range(20))
    )
    program = start(
        "batch", file, "--kind", "image", "--defaults", _small(tmp_path), "-o", out, "--set", "x=1"
    )
    while not _states(data) & {"running"}:
        assert program.process.poll() is None
    code, _out = program.end(signal.SIGINT)
    assert code == 130, program.errors
    assert not _states(data) & {"queued", "running"}
    file.write_text(file.read_text().replace(",500,64", ",1,1"))
    assert (
        batch(
            file, "--kind", "image", "--defaults", _small(tmp_path), "-o", out, "--resume"
        ).returncode
        == 0
    )
    assert len(list(out.glob("*.png"))) == 21


def _small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text("width = 64\nheight = 64\n")
    return path


def _states(data):
    return {str(job.state) for job in read_jobs_readonly(data)}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_resume_completes_a_killed_batch_without_duplicates(start, batch, data, tmp_path):
    file, out = tmp_path / "a.csv", tmp_path / "out"
    file.write_text("prompt,max_new_tokens\n" + "".join(f"row {n},1\n" for n in range(300)))
    program = start("batch", file, "-o", out)
    while len(list(out.glob("0*.txt"))) < 20:
        assert program.process.poll() is None
    program.end(signal.SIGKILL)
    assert len(list(out.glob("0*.txt"))) < 300
    done = batch(file, "-o", out, "--resume")
    assert done.returncode == 0, done.stderr
    assert prompts(out) == sorted(f"row {n}" for n in range(300))
    assert len(read_jobs_readonly(data)) == 300


def test_batch_pauses_until_its_folder_is_available(start, tmp_path):
    file, out = tmp_path / "a.txt", tmp_path / "out"
    file.write_text("one\ntwo\n")
    out.symlink_to(tmp_path / "drive" / "out")  # of a drive that is not mounted
    program = start("batch", file, "-o", out)
    program.wait_for("could not be saved")
    (tmp_path / "drive" / "out").mkdir(parents=True)
    code, printed = program.end()
    assert code == 0, program.errors
    assert [read_recipe(tmp_path / line).request.prompt for line in printed.splitlines()] == [
        "one",
        "two",
    ]


@pytest.mark.parametrize("place", ["out.csv", "out.csv/below/it"])
def test_output_folder_that_is_a_file_is_refused_before_the_run(batch, data, tmp_path, place):
    file = tmp_path / "a.txt"
    file.write_text("one\n")
    (tmp_path / "out.csv").write_text("mine")
    done = batch(file, "-o", tmp_path / place)
    assert done.returncode == 2
    assert "is a file, not a folder" in done.stderr
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert not read_jobs_readonly(data)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_batch_file_with_a_non_utf8_name_runs(batch, tmp_path):
    file = tmp_path / os.fsdecode(b"\xcc\xe1\xca\xbe.txt")  # the GBK bytes of two characters
    file.write_text("one\ntwo\n")
    done = batch(file, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert len(prompts(tmp_path / "out")) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
@pytest.mark.parametrize("option", ["-o", "--report"])
def test_non_utf8_output_names_are_refused_with_a_message(batch, tmp_path, option):
    file = tmp_path / "a.txt"
    file.write_text("one\n")
    done = batch(file, option, os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv"))
    assert done.returncode == 2
    assert "not valid UTF-8" in done.stderr
    assert "Traceback" not in done.stderr


def test_rows_with_the_same_name_get_distinct_files(batch, tmp_path):
    file, out = tmp_path / "a.csv", tmp_path / "out"
    file.write_text(
        "prompt,kind,count,width,height,steps\ncat,image,2,64,64,1\ncat-2,image,1,64,64,1\ncat,image,1,64,64,1\n"
    )
    done = batch(file, "--name", "{prompt}", "-o", out)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.glob("*.png")) == [
        "cat (2).png",
        "cat-1.png",
        "cat-2 (2).png",
        "cat-2.png",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Pass either a file"),
        (("FILE", "--watch", "FOLDER"), "Pass either a file"),
        (("FILE", "--set", "style"), "not NAME=VALUE"),
        (("FILE", "--set", "a=1", "--set", "a=2"), "twice"),
        (("FILE", "--map", "=prompt"), "not NAME=VALUE"),
        (("FILE", "--map", "nowhere=prompt"), "no column 'nowhere'"),
        (("FILE", "--axis", "steps"), "not NAME=VALUES"),
        (("FILE", "--combine", "both"), "not a way to combine"),
        (("FILE", "--collect", "odt"), "not a format for collected texts"),
        (("FILE", "--report", "x.pdf"), "x.pdf cannot be"),
        (("FILE", "--until", "soon"), "is not a time"),
        (("FILE", "--until", "2020-01-01T00:00"), "in the past"),
        (("FILE", "--at-most", "-1"), "--at-most cannot be"),
        (("--watch", "nowhere"), "does not exist"),
        (("--watch", "FOLDER", "--check"), "--watch cannot be combined"),
        (("--watch", "FOLDER", "--report", "FOLDER"), "it would run as a batch file"),
    ],
)
def test_invalid_options_end_with_a_message(capsys, data, tmp_path, arguments, words):
    from studio.cli.app import run

    file = tmp_path / "a.txt"
    file.write_text("x\n")
    names = {"FILE": str(file), "FOLDER": str(tmp_path)}
    assert run(["--fake", "batch", *(names.get(argument, argument) for argument in arguments)]) == 2
    assert words in capsys.readouterr().err
    assert not read_jobs_readonly(data)


def test_read_time_and_limit():
    now = datetime.datetime(2026, 11, 24, 22, 30)
    assert read_time("23:00", now) == datetime.datetime(2026, 11, 24, 23, 0).timestamp()
    assert read_time("07:30", now) == datetime.datetime(2026, 11, 25, 7, 30).timestamp()
    assert read_time("2026-12-24T18:00", now) == datetime.datetime(2026, 12, 24, 18, 0).timestamp()
    with pytest.raises(StudioError, match="in the past"):
        read_time("2026-11-24 10:00", now)
    assert read_limit("", None) is None
    assert read_limit("", 3).jobs == 3


def test_pairs_are_split_at_the_first_equals_sign():
    assert pairs("--set", ["a=b=c", " d = e", "f="]) == {"a": "b=c", "d": " e", "f": ""}


def test_report_path_of_a_folder_gets_a_file_name(tmp_path):
    assert report_path(tmp_path) == tmp_path / "report.csv"
    assert report_path(tmp_path / "new") == tmp_path / "new" / "report.csv"
    assert report_path(tmp_path / "x.jsonl") == tmp_path / "x.jsonl"


def test_default_file_format_applies_to_rows_of_its_kind(batch, tmp_path):
    file, out = tmp_path / "a.csv", tmp_path / "out"
    file.write_text("kind,prompt,format\nspeech,one,\nspeech,two,wav\nspeech,three,\nimage,four,\n")
    done = batch(file, "--kind", "speech", "--format", "flac", "--name", "{row}", "-o", out)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir() if path.stem.isdecimal()} == {
        "2.flac",
        "3.wav",
        "4.flac",
        "5.png",
    }


@pytest.mark.parametrize(
    ("kind", "file_format"), [("speech", "png"), ("text", "wav"), ("image", "tiff")]
)
def test_file_format_the_kind_does_not_support_is_refused(batch, tmp_path, kind, file_format):
    file = tmp_path / "a.txt"
    file.write_text("one\n")
    done = batch(file, "--kind", kind, "--format", file_format, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert f"not a file format of {kind}" in done.stderr
    assert not (tmp_path / "out").exists()


def test_jobs_of_a_killed_program_are_listed_as_queued(data, tmp_path):
    store = JobStore.open(data.database)
    request = TextRequest(prompt="was running", seed=1)
    store.add([new_job(request, str(tmp_path)), new_job(request, str(tmp_path))])
    store.take_next()
    store.close()
    listed = studio("queue", "list", data=data)
    assert [line.split()[1] for line in listed.stdout.splitlines()] == ["queued", "queued"]
    assert "1 queued job was running when Studio ended" in listed.stderr
    held = acquire(data)
    assert holder_of(data) == os.getpid()
    listed = studio("queue", "list", data=data)
    assert [line.split()[1] for line in listed.stdout.splitlines()] == ["running", "queued"]
    held.lock.unlock()
    assert holder_of(data) == 0
