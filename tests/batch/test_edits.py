"""Rows of a batch file that a person changes or skips in the window; kinds by columns."""

import pytest

from studio.batch.batch_file import unknown_columns
from studio.batch.edits import Edit, Edits
from studio.batch.plan import plan, read_batch, read_row
from studio.batch.row import SKIPPED
from studio.batch.tables.columns import guess_kind
from studio.core.errors import StudioError
from studio.models.card import fake_card


def find_card(kind, _name):
    return fake_card(kind)


@pytest.fixture
def write(tmp_path):
    def write(text, name="rows.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def prompts(batch):
    return [row.request.prompt if row.request else None for row in batch.rows]


def test_changed_row_is_read_with_its_new_values(write):
    path = write("prompt,max-new-tokens\na cat,many\na dog,20\n")
    before = read_row(path, 2)
    assert before == {"prompt": "a cat", "max-new-tokens": "many"}
    edits = Edits({2: Edit(before, {"prompt": "一只猫", "max-new-tokens": "30"})})
    batch = read_batch(path, find_card, edits=edits)
    assert prompts(batch) == ["一只猫", "a dog"]
    assert batch.rows[0].request.max_new_tokens == 30


def test_row_that_cannot_be_parsed_is_changed_too(write):
    path = write('a cat --steps\n"a dog" --prompt\n', "rows.txt")
    batch = read_batch(path, find_card, kind="image")
    bad = next(row for row in batch.rows if row.request is None)
    before = read_row(path, bad.line)
    edits = Edits({bad.line: Edit(before, {"prompt": "a dog"})})
    changed = read_batch(path, find_card, kind="image", edits=edits)
    assert "a dog" in prompts(changed)


def test_change_ends_when_the_file_has_other_values(write):
    path = write("prompt\na cat\n")
    edits = Edits({2: Edit({"prompt": "a cat"}, {"prompt": "changed"})})
    write("prompt\na bird\n")
    assert prompts(read_batch(path, find_card, edits=edits)) == ["a bird"]


def test_skipped_row_stays_visible_and_is_reported(write, tmp_path):
    path = write("prompt\na cat\na dog\n")
    batch = read_batch(path, find_card, edits=Edits(skipped=frozenset({2})), repeat=2)
    assert prompts(batch) == [None, "a dog", "a dog"]
    assert (batch.rows[0].problems, batch.rows[0].text) == (SKIPPED, "a cat")
    assert batch.skipped == 1
    planned, jobs = plan(batch, tmp_path / "out")
    assert len(jobs) == 2
    assert [(row.line, row.message) for row in planned.skipped] == [(2, "row: is skipped")]


def test_skipped_row_does_not_change_the_seeds_of_others(write):
    path = write("prompt\na\nb\nc\n")
    options = {"seeds": "step", "first_seed": 5}
    every = read_batch(path, find_card, **options)
    some = read_batch(path, find_card, edits=Edits(skipped=frozenset({3})), **options)
    assert [row.request.seed for row in some.good] == [
        every.rows[0].request.seed,
        every.rows[2].request.seed,
    ]


def test_problem_is_shown_next_to_the_prompt(write):
    batch = read_batch(write("prompt,steps\na cat,many\n"), find_card, kind="image")
    assert (batch.rows[0].text, batch.rows[0].request) == ("a cat", None)
    assert batch.rows[0].message.startswith("steps: ")
    unparsed = read_batch(write('{"prompt": "x"\n', "rows.jsonl"), find_card)
    assert unparsed.rows[0].text == '{"prompt": "x"'


def test_row_without_a_prompt_shows_its_values(write):
    batch = read_batch(write("topic,city\ncats,Rome\n"), find_card)
    assert batch.rows[0].text == "cats, Rome"


def test_missing_row_cannot_be_changed(write):
    with pytest.raises(StudioError, match="no row in line 9"):
        read_row(write("prompt\na\n"), 9)


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (["prompt", "width", "height", "steps"], "image"),
        (["Prompt", "Negative prompt", "CFG Scale"], "text"),  # of images, music and videos
        (["prompt", "voice"], "speech"),
        (["prompt", "seconds", "lyrics"], "music"),
        (["prompt", "frames", "fps"], "video"),
        (["prompt", "temperature", "top_p"], "text"),
        (["prompt"], "text"),
        (["topic", "city"], "text"),
        ([], "text"),
    ],
)
def test_kind_is_guessed_from_columns_that_only_one_kind_has(columns, kind):
    assert guess_kind(columns, "text") == kind


def test_current_kind_stays_if_the_columns_fit_it(write):
    assert guess_kind(["prompt", "seed"], "image") == "image"


def test_columns_without_a_meaning_are_named_once(write):
    batch = read_batch(write("prompt,mood,style\na,b,c\nd,e,f\n"), find_card)
    assert unknown_columns(batch) == ["mood", "style"]
    ignored = read_batch(batch.path, find_card, mapping={"mood": "", "style": ""})
    assert unknown_columns(ignored) == []
    assert len(ignored.good) == 2
