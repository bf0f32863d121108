"""Test a batch's output: grids with contact sheets, collected texts, the report, and resuming."""

import csv
import io
import json
import sys

import msgspec
import pytest
from PIL import Image

from studio.batch.output.collected import FORMATS
from studio.batch.output.finish import write_report
from studio.batch.output.finished_batch import FinishedBatch
from studio.batch.plan import plan, read_batch
from studio.batch.resume import find_earlier_jobs, read_resumed, resume
from studio.batch.row import key_of
from studio.core.errors import Failure, StudioError
from studio.core.events import Finished
from studio.core.jobs import JobState
from studio.engine.fake import FakeEngine
from studio.library.artifacts import read_recipe
from studio.models.card import fake_card
from tests.engine.runs import run_one


def read(tmp_path, name, data, **more):
    path = tmp_path / name
    path.write_text(data, encoding="utf-8")
    return read_batch(path, lambda kind, _name: fake_card(kind), **more)


def run(batch, jobs, fail=()):
    """Run jobs with the engine that needs no weights, in the order of the queue; return them as
    they end, with their files.
    """
    engine, over, artifacts = FakeEngine(), [], {}
    for number, job in enumerate(jobs):
        if number in fail:
            failure = Failure(cause="unknown", message="No luck.")
            over.append(msgspec.structs.replace(job, state=JobState.FAILED, failure=failure))
            continue
        events = []
        run_one(engine, job, events.append)
        assert isinstance(events[-1], Finished), events[-1]
        artifacts[job.id] = list(events[-1].artifacts)
        over.append(msgspec.structs.replace(job, state=JobState.COMPLETED, started=1.0, ended=2.5))
    return batch, over, artifacts


def finish(batch, jobs, fail=()):
    return write_report(FinishedBatch(*run(batch, jobs, fail)))


GRID = {"kind": "image", "defaults": {"width": 64, "height": 48}}


def test_axes_expand_to_a_grid_of_rows(tmp_path):
    found = read(
        tmp_path, "a.txt", "a cat\n", axes=["steps=1,2,3", "guidance=[5..9 step 2]"], **GRID
    )
    values = [(row.request.num_inference_steps, row.request.guidance_scale) for row in found.good]
    assert values == [(steps, guidance) for steps in (1, 2, 3) for guidance in (5, 7, 9)]
    assert len({row.request.seed for row in found.good}) == 1  # what a grid compares is its axes
    assert [row.place for row in found.rows][:4] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    batch, jobs = plan(found, tmp_path / "out")
    assert [(axis.name, axis.values) for axis in batch.axes] == [
        ("steps", ("1", "2", "3")),
        ("guidance", ("5", "7", "9")),
    ]
    assert batch.rows[jobs[4].id].place == (1, 1)


def test_axes_may_be_prompts_variables_and_seeds(tmp_path):
    found = read(
        tmp_path,
        "a.txt",
        "x\n",
        axes=["prompt=a $style cat, sitting|a dog", "style=oil,ink", "seed=3,4"],
    )
    assert [row.request.prompt for row in found.good][::2] == [
        "a oil cat, sitting",
        "a ink cat, sitting",
        "a dog",
        "a dog",
    ]
    assert [row.request.seed for row in found.good] == [3, 4] * 4
    templated = read(
        tmp_path, "a.csv", "city\nKöln\n", template="{{prompt}} in {{city}}", axes=["prompt=a|b"]
    )
    assert [row.request.prompt for row in templated.good] == ["a in Köln", "b in Köln"]
    replaced = read(tmp_path, "a.csv", "city\nKöln\n", template="in {{city}}", axes=["prompt=a|b"])
    assert [row.request.prompt for row in replaced.good] == ["a", "b"]


def test_settings_of_a_tool_are_axes_in_its_own_batches(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    found = read(
        tmp_path,
        "a.csv",
        "tool,image\nupscale,a.png\n",
        kind="image-tool",
        axes=["scale=2,3", "format=png,jpg"],
    )
    assert [(row.request.scale, row.request.format) for row in found.good] == [
        (2, "png"),
        (2, "jpg"),
        (3, "png"),
        (3, "jpg"),
    ]


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        (["steps"], "not NAME=VALUES"),
        (["=1,2"], "not NAME=VALUES"),
        (["steps=1,,2"], "empty"),
        (["steps=1,1"], "twice"),
        (["steps=[1..x]"], "not a sweep"),
        (["steps=[1..2000]"], "more than 1,000"),
        (["stpes=1,2"], "no prompt contains $stpes"),
        (["a=1", "b=1", "c=1", "d=1"], "at most 3"),
        (["a=1,2", "a=3"], "two axes"),
        (["a=[1..1000]", "b=[1..1000]"], "more than 100,000 cells"),
    ],
)
def test_invalid_axes_are_refused(tmp_path, axes, words):
    with pytest.raises(StudioError) as caught:
        read(tmp_path, "a.txt", "x\n", axes=axes)
    assert words in caught.value.message


def test_cell_file_name_contains_its_position(tmp_path):
    name = "{row} {steps} {mood} {x}"
    more = {**GRID, "template": "{{prompt}} $mood", "name_template": name}
    batch = read(
        tmp_path, "a.csv", "prompt,x\na cat,1\n", axes=["steps=4,8", "mood=calm|../sad"], **more
    )
    _batch, jobs = plan(batch, tmp_path / "out", name)
    assert [job.target.stem for job in jobs] == [
        "2-4-calm-1",
        "2-4-sad-1",
        "2-8-calm-1",
        "2-8-sad-1",
    ]


def test_a_contact_sheet_shows_every_cell(tmp_path):
    found = read(
        tmp_path,
        "a.txt",
        "一只猫\na dog\n",
        axes=["steps=1,2,3", "guidance=5,7", "seed=1,200"],
        **GRID,
    )
    batch, jobs = plan(found, tmp_path / "out")
    assert len(jobs) == 24
    paths = finish(batch, jobs, fail={0})
    sheets = [path for path in paths if path.suffix == ".png"]
    assert [path.name for path in sheets] == ["contact-sheet.png", "contact-sheet-2.png"]
    with Image.open(sheets[0]) as sheet:
        sheet.load()
        assert sheet.info["Title"] == "一只猫"
        assert sheet.width > 3 * 96
        assert sheet.height > 4 * 72
        blue = {pixel[2] for _count, pixel in sheet.convert("RGB").getcolors(10**6)}
    assert {1, 200} <= blue  # the fake image's blue is the seed


def test_grid_of_texts_is_a_markdown_table(tmp_path):
    found = read(tmp_path, "a.txt", "a | <b>\n", axes=["max_new_tokens=2,3", "temperature=0.5,1"])
    batch, jobs = plan(found, tmp_path / "out")
    (table,) = (path for path in finish(batch, jobs, fail={3}) if path.suffix == ".md")
    lines = table.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# a \\| &lt;b>"
    assert lines[2] == "|  | max_new_tokens 2 | max_new_tokens 3 |"
    assert lines[4].startswith("| temperature 0.5 | ")
    assert lines[5].endswith("| (No luck.) |")
    text = (tmp_path / "out" / f"{jobs[0].target.stem}.txt").read_text(encoding="utf-8")
    assert text in lines[4]


def test_a_batch_without_axes_has_no_contact_sheet(tmp_path):
    batch, jobs = plan(read(tmp_path, "a.txt", "x\n"), tmp_path / "out")
    assert [path.name for path in finish(batch, jobs)] == ["report.csv", "report.jsonl"]


@pytest.mark.parametrize("wanted", FORMATS)
def test_texts_are_collected_into_one_document(tmp_path, wanted):
    found = read(
        tmp_path,
        "a.csv",
        "topic,n\n=cmd(),x\n海,y\n",
        template="on {{topic}} {{n}}",
        name_template="{row}",
    )
    batch, jobs = plan(found, tmp_path / "out", "{row}", collect=wanted)
    paths = finish(batch, jobs, fail={1})
    path = next(path for path in paths if path.name == f"collected.{wanted}")
    text = (tmp_path / "out" / "2.txt").read_text(encoding="utf-8")
    if wanted == "csv":
        first, second = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        assert (first["topic"], first["n"], first["text"], first["file"]) == (
            "'=cmd()",
            "x",
            text,
            "2.txt",
        )
        assert (second["prompt"], second["state"], second["error"]) == (
            "on 海 y",
            "failed",
            "No luck.",
        )
    elif wanted == "jsonl":
        first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        assert (first["topic"], first["text"], second["text"]) == ("=cmd()", text, "")
    elif wanted == "md":
        assert (
            path.read_text(encoding="utf-8")
            == f"## 2. on =cmd() x\n\n{text}\n\n## 3. on 海 y\n\n(No luck.)\n"
        )
    else:
        from docx import Document

        paragraphs = [paragraph.text for paragraph in Document(path).paragraphs]
        assert paragraphs == ["2. on =cmd() x", text, "3. on 海 y", "(No luck.)"]


def test_docx_accepts_control_characters(tmp_path):
    found = read(tmp_path, "a.txt", "a\x1bb\n")
    batch, jobs = plan(found, tmp_path / "out", collect="docx")
    assert any(path.suffix == ".docx" for path in finish(batch, jobs))


def test_invalid_collect_option_is_an_error_before_the_run(tmp_path, monkeypatch):
    found = read(tmp_path, "a.txt", "x\n")
    with pytest.raises(StudioError, match="not a format for collected texts"):
        plan(found, tmp_path / "out", collect="odt")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(StudioError) as caught:
        plan(found, tmp_path / "out", collect="docx")
    assert "studio[office]" in caught.value.cure


def test_report_contains_finish_reasons(tmp_path):
    def table(folder, number=""):
        text = (folder / f"report{number}.csv").read_text(encoding="utf-8-sig")
        return [row["finish"] for row in csv.DictReader(io.StringIO(text))]

    out = tmp_path / "out"
    found = read(tmp_path, "a.csv", "prompt,max_new_tokens\none,5\ntwo,100\n")
    batch, jobs = plan(found, out)
    finish(batch, jobs)
    assert table(out) == ["length", "stop"]
    assert [read_recipe(path).finish_reason for path in sorted(out.glob("*.txt"))] == [
        "length",
        "stop",
    ]
    longer = read(tmp_path, "b.csv", "prompt,max_new_tokens\none,5\ntwo,100\nthree,6\n")
    batch, jobs = plan(longer, out, resumed=resume(longer, out))
    assert len(jobs) == 1
    finish(batch, jobs)
    assert table(out, "-2") == ["length", "stop", "length"]  # of earlier runs too


def test_duplicate_candidates_complete_a_row(tmp_path):
    from studio.library import artifacts
    from studio.library.results import TextResult

    found = read(tmp_path, "a.csv", "prompt,candidates\none,3\n")
    _batch, jobs = plan(found, tmp_path / "out")
    for ordinal in (0, 2):
        result = TextResult(text=f"text {ordinal}", ordinal=ordinal, seed=1, distinct=2)
        artifacts.save(result, job=jobs[0], card=fake_card("text"), versions={})
    assert set(resume(found, tmp_path / "out").done) == {0}


def test_report_is_written_to_a_second_path(tmp_path):
    found = read(tmp_path, "a.txt", "x\n")
    batch, jobs = plan(found, tmp_path / "out", report=tmp_path / "else" / "mine.jsonl")
    assert (tmp_path / "else" / "mine.jsonl") in finish(batch, jobs)
    line = json.loads((tmp_path / "else" / "mine.jsonl").read_text())
    assert (line["key"], line["job"]) == (key_of(jobs[0].request), jobs[0].id)
    with pytest.raises(StudioError, match=r"x\.txt cannot be"):
        plan(found, tmp_path / "out", report=tmp_path / "x.txt")


@pytest.mark.skipif(sys.platform == "win32", reason="rights work otherwise there")
def test_unwritable_folder_is_reported(tmp_path):
    batch, jobs = plan(read(tmp_path, "a.txt", "x\n"), tmp_path / "out", collect="csv")
    (tmp_path / "out").write_text("a file where the folder should be")
    with pytest.raises(StudioError, match="could be written"):
        write_report(FinishedBatch(batch, jobs))


# Resuming
# ----------------------------------------------------------------------

ROWS = "prompt,seed\none,\ntwo,7\ntwo,\n{a|b|c|d} five,\nsix [1..3],\none,\n"


def read_again(tmp_path, seeds="random"):
    return lambda first_seed: read(tmp_path, "a.csv", ROWS, seeds=seeds, first_seed=first_seed)


@pytest.mark.parametrize("seeds", ["random", "fixed", "step"])
@pytest.mark.parametrize(
    "survivors", [set(), {0}, {1}, {2}, {3}, {0, 4, 6}, {1, 2, 3, 5}, set(range(8))]
)
def test_resume_runs_missing_rows_only(tmp_path, seeds, survivors):
    out = tmp_path / "out"
    first = read_again(tmp_path, seeds)(None)
    _batch, jobs = plan(first, out)
    run(
        _batch, [job for index, job in enumerate(jobs) if index in survivors]
    )  # killed: there is no report
    found, resumed = read_resumed(read_again(tmp_path, seeds), out)
    batch, missing = plan(found, out, resumed=resumed)
    assert len(missing) == 8 - len(survivors)
    assert len(batch.done) == len(survivors)
    if seeds != "random" and survivors - {1}:
        assert {job.request.seed for job in missing} | {
            done.request.seed for done in batch.done
        } == {j.request.seed for j in jobs}
    finish(batch, missing)
    assert len(list(out.glob("*.txt"))) == 8
    lines = [
        json.loads(line) for line in (out / "report.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [line["state"] for line in lines] == ["completed"] * 8
    for line in lines:
        recipe = read_recipe(out / line["files"][0])
        assert (recipe.request.prompt, recipe.seed, recipe.job_id) == (
            line["prompt"],
            line["seed"],
            line["job"],
        )
    _found, resumed = read_resumed(read_again(tmp_path, seeds), out)
    assert resumed.rows == frozenset(range(8))


def test_failed_and_damaged_rows_run_again(tmp_path):
    out = tmp_path / "out"
    found = read(tmp_path, "a.txt", "one\ntwo\nthree\nfour\n")
    batch, jobs = plan(found, out)
    finish(batch, jobs, fail={1})
    (out / f"{jobs[2].target.stem}.txt").unlink()
    assert set(resume(found, out).done) == {0, 3}


def test_changed_setting_makes_a_row_run_again(tmp_path):
    out = tmp_path / "out"
    batch, jobs = plan(read(tmp_path, "a.txt", "one\ntwo\n"), out)
    finish(batch, jobs)
    assert not resume(
        read(tmp_path, "a.txt", "one\ntwo\n", defaults={"temperature": 1.5}), out
    ).rows
    assert set(resume(read(tmp_path, "a.txt", "zero\ntwo\n"), out).done) == {1}


def test_edited_text_counts_as_done_by_the_report(tmp_path):
    out = tmp_path / "out"
    found = read(tmp_path, "a.txt", "one\n")
    batch, jobs = plan(found, out)
    finish(batch, jobs)
    (out / f"{jobs[0].target.stem}.txt").write_text("mine now")
    assert set(resume(found, out).done) == {0}
    (out / "report.jsonl").write_text(
        '{"state": "completed", "files": ["../a.txt"], "job": "x", "key": "k", "seed": 1, '
        '"prompt": ""}\n{'
    )
    assert not resume(found, out).rows


def test_row_is_done_when_all_results_exist(tmp_path):
    out = tmp_path / "out"
    found = read(tmp_path, "a.csv", "prompt,count\na cat,3\n", **GRID)
    _batch, jobs = plan(found, out)
    run(_batch, jobs)
    assert [len(made.files) for made in resume(found, out).done.values()] == [3]
    next(out.glob("*-2.png")).unlink()
    assert not resume(found, out).rows


def test_queued_rows_are_not_run_twice(tmp_path):
    out = tmp_path / "out"
    found = read(tmp_path, "a.txt", "one\none\ntwo\n")
    batch, jobs = plan(found, out)
    run(batch, jobs[:1])
    resumed = resume(
        found, out, jobs
    )  # the first one is done on disk, though the queue does not know it yet
    assert (set(resumed.done), resumed.waiting) == ({0}, {1, 2})
    assert plan(found, out, resumed=resumed)[1] == []
    assert not resume(found, tmp_path / "other", jobs).rows


def test_unrelated_files_in_the_folder_are_ignored(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("a.txt", "b.png", "c.wav", "report.jsonl", "d.md"):
        (out / name).write_bytes(b"\x89PNG\r\n\x1a\n not one of ours")
    (out / "folder.txt").mkdir()
    assert find_earlier_jobs(out) == []
    assert find_earlier_jobs(tmp_path / "nowhere") == []


def test_many_rows_with_random_seeds_are_resumed(tmp_path):
    text = "".join(f"number {n} {{a|b|c|d|e}} of {{x|y|z}}\n" for n in range(150))
    found = read(tmp_path, "a.txt", text, repeat=2, defaults={"max_new_tokens": 1})
    batch, jobs = plan(found, tmp_path / "out")
    run(batch, jobs[::2])
    again = read(tmp_path, "a.txt", text, repeat=2, defaults={"max_new_tokens": 1})
    resumed = resume(again, tmp_path / "out")
    assert len(resumed.done) == 150
    assert {again.rows[index].line for index in resumed.done} == set(range(1, 151))
