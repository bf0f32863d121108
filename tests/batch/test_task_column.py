"""The column `task` of a batch file: a guided task writes the prompt of a row."""

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest

from studio.batch.output.finish import write_report
from studio.batch.output.finished_batch import FinishedBatch
from studio.batch.plan import plan, read_batch
from studio.models.card import fake_card

OWN_TASK = """
title = "Motto"
[[field]]
name = "subject"
title = "Subject"
required = true
[prompt.en]
chat = "A motto for {subject}"
complete = "The motto of {subject}:"
"""


def read(tmp_path, rows, *, chat=True, **more):
    """Read rows of JSON lines, or the text of a CSV."""
    card = msgspec.structs.replace(fake_card("text"), chat=chat)
    path = tmp_path / ("a.csv" if isinstance(rows, str) else "a.jsonl")
    text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return read_batch(path, lambda kind, _name: card if kind == "text" else fake_card(kind), **more)


def test_rows_have_constraints(tmp_path):
    (tmp_path / "cat.json").write_text('{"type": "object"}', encoding="utf-8")
    batch = read(
        tmp_path,
        [
            {"prompt": "a", "json_schema": {"type": "integer"}},
            {"prompt": "b", "json_schema": "cat.json"},
            {"prompt": "c", "choices": ["yes", "no, never"]},
            {"prompt": "d", "regex": "[a-z"},
        ],
    )
    first, second, third = (row.request for row in batch.good)
    assert (first.json_schema, second.json_schema) == ('{"type": "integer"}', '{"type": "object"}')
    assert third.choices == ("yes", "no, never")
    (bad,) = batch.bad
    assert bad.line == 4
    assert "unclosed character class" in bad.message


def test_rows_use_the_prompt_settings_and_fields_of_their_tasks(tmp_path):
    batch = read(
        tmp_path,
        "task,prompt,style,sentences\n"
        "headline,a flood,lively,\nsummary,Long text.,,7\n,just this,,\n",
    )
    assert [row.message for row in batch.bad] == []
    headline, summary, plain = (row.request for row in batch.good)
    assert headline.prompt == "Write a lively news headline about a flood"
    assert (headline.max_new_tokens, headline.temperature) == (32, 0.6)
    assert "headlines of at most 14 words" in headline.system_prompt
    assert "7" in summary.prompt
    assert plain.prompt == "just this"
    assert [row.task for row in batch.good] == ["headline", "summary", ""]


def test_settings_of_a_row_and_its_candidates_beat_those_of_the_task(tmp_path):
    rows = [
        {"task": "headline", "prompt": "rain", "temperature": 0.2, "candidates": 3},
        {"task": "headline", "text": "snow"},
    ]
    own, default = (row.request for row in read(tmp_path, rows).good)
    assert (own.temperature, own.result_count, own.num_return_sequences) == (0.2, 3, 9)
    assert (default.temperature, default.result_count) == (0.6, 5)
    assert own.task.name == "headline"
    assert own.task.main_text == "rain"
    assert default.prompt.endswith("about snow")


def test_model_without_chat_completes_with_beams(tmp_path):
    rows = [{"task": "headline", "prompt": "rain", "candidates": count} for count in (2, 8)]
    row, many = read(tmp_path, rows, chat=False).good
    assert (row.request.num_return_sequences, row.request.result_count) == (5, 2)
    assert (many.request.num_return_sequences, many.request.num_beams) == (8, 8)
    assert row.request.prompt.startswith("This is a news article about rain")
    assert (row.request.mode, row.request.num_beams) == ("complete", 5)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"task": "sonata", "prompt": "x"}, ("task:", "sonata", "headline", "summary")),
        ({"task": "headline", "prompt": "x", "mood": "sad"}, ("mood:", "style", "words")),
        ({"task": "headline", "prompt": "x", "style": "odd"}, ("style:", "factual, question")),
        ({"task": "headline", "prompt": "x", "words": 1}, ("words:", "3 to 40")),
        ({"task": "headline", "prompt": "x", "candidates": 99}, ("candidates:", "32")),
        ({"task": "headline", "prompt": "x", "num_beams": "many"}, ("num_beams:",)),
        ({"task": "headline", "prompt": ["x"]}, ("prompt:",)),
        ({"task": "headline"}, ("prompt:",)),
        ({"task": "headline", "prompt": "x", "text": "y"}, ("prompt:", "text")),
        ({"kind": "image", "task": "headline", "prompt": "x"}, ("task:",)),
        ({"prompt": "x", "style": "lively"}, ("style:",)),
    ],
)
def test_what_a_row_cannot_have_is_named_with_its_line(tmp_path, row, words):
    batch = read(tmp_path, [{"prompt": "good"}, row])
    assert len(batch.good) == 1
    (bad,) = batch.bad
    assert bad.line == 2
    assert all(word in bad.message for word in words), bad.message


def test_own_tasks_are_found_in_the_data_folder(tmp_path, data):
    data.tasks.mkdir(parents=True, exist_ok=True)
    (data.tasks / "motto.toml").write_text(OWN_TASK, encoding="utf-8")
    rows = [{"task": "motto", "prompt": "a club"}]
    (row,) = read(tmp_path, rows, data_folder=data).good
    assert row.request.prompt == "A motto for a club"
    assert "motto" in read(tmp_path, rows).bad[0].message


def test_names_of_files_and_the_report_have_the_task(tmp_path):
    rows = [{"task": "headline", "prompt": "rain", "style": "lively"}, {"prompt": "plain"}]
    name = "{row} {task} {style}"
    batch = read(tmp_path, rows, name_template=name)
    assert "lively" in batch.good[0].request.prompt
    planned, jobs = plan(batch, tmp_path / "out", name)
    assert jobs[0].target.stem == "1-headline-lively"
    (tmp_path / "out").mkdir()
    write_report(FinishedBatch(planned, jobs))
    report = (tmp_path / "out" / "report.csv").read_text("utf-8-sig")
    assert [row["task"] for row in csv.DictReader(io.StringIO(report))] == ["headline", ""]


def test_example_of_the_documentation_can_run(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "batch.md").read_text("utf-8")
    section = page.partition("## Guided tasks")[2].partition("\n## ")[0]
    lines = [line.strip() for line in section.split("\n") if line.startswith("    ")]
    batch = read(tmp_path, "\n".join(lines))
    assert [row.task for row in batch.good] == ["headline", "summary", ""]


def test_a_column_task_that_the_template_uses_is_a_plain_column(tmp_path):
    batch = read(tmp_path, [{"task": "tidy up"}], template="A list to {{task}}")
    assert [row.request.prompt for row in batch.good] == ["A list to tidy up"]
    assert batch.good[0].task == ""


def test_alternatives_in_the_prompt_of_a_task_are_drawn_by_seed(tmp_path):
    rows = [{"task": "headline", "prompt": "{rain|snow}"}]
    batch = read(tmp_path, rows, combine="all")
    assert [row.request.prompt.split()[-1] for row in batch.good] == ["rain", "snow"]
    (drawn,) = read(tmp_path, rows, first_seed=3, seeds="fixed").good
    assert drawn.redraw.prompt_prefix == ""
    assert drawn.redraw.request(drawn.request.seed) == drawn.request
