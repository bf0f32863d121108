"""`studio text --task poem` and batches with the starter poem model, always installed."""

from __future__ import annotations

import csv

from studio.library.artifacts import read_recipe
from studio.text_checks.tones import check_tones
from studio.text_checks.verse import check_form
from tests.cli.programs import studio


def poem(data, *arguments):
    return studio("text", *arguments, "--task", "poem", "--seed", 1, data=data)


def test_the_command_writes_a_quatrain_without_another_model(data):
    done = poem(data, "秋天的月亮", "--field", "form=七言绝句")
    assert done.returncode == 0, done.stderr
    assert check_form(done.stdout, "七言绝句").passed
    assert check_tones(done.stdout, "七言绝句").passed
    assert "Read as: 秋、月." in done.stderr
    assert "Written by Starter poem (绝句); --model NAME chooses another model." in done.stderr
    (path,) = data.outputs.glob("*.txt")
    recipe = read_recipe(path)
    assert recipe.request.model == "starter-poem"
    assert recipe.review.checks


def test_what_it_does_not_write_needs_another_model(data):
    for field in ("form=七言律诗", "form=haiku"):
        done = poem(data, "秋天的月亮", "--field", field)
        assert done.returncode != 0
        assert "studio models install starter" in done.stderr
    done = poem(data, "autumn moon", "--field", "form=五言绝句", "--model", "starter-poem")
    assert done.returncode == 2
    assert "needs a subject in Chinese" in done.stderr
    chosen = ("--field", "form=五言绝句", "--field", "writer=chosen model")
    assert poem(data, "秋天的月亮", *chosen).returncode != 0


def test_a_batch_writes_quatrains(data, tmp_path):
    rows = tmp_path / "poems.csv"
    with rows.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["task", "prompt", "form"])
        table.writerow(["poem", "江南春雨", "五言绝句"])
        table.writerow(["poem", "雪夜", "七言绝句"])
    done = studio("batch", rows, "-o", tmp_path / "out", data=data)
    assert done.returncode == 0, done.stderr
    first, second = sorted((tmp_path / "out").glob("*.txt"))
    assert check_form(first.read_text(encoding="utf-8"), "五言绝句").passed
    assert check_form(second.read_text(encoding="utf-8"), "七言绝句").passed
    assert read_recipe(first).request.model == "starter-poem"
