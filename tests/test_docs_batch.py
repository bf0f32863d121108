"""docs/batch.md says what is so: every table and every command on the page is run."""

import re
import shlex
from pathlib import Path

import pytest

from studio.batch.a1111 import TAGS, read_line
from studio.batch.axes import read_axis
from studio.batch.plan import read_batch
from studio.cli.app import run as studio
from studio.core import file_names
from studio.core.requests import TextRequest
from studio.models.card import fake_card

PAGE = (Path(__file__).parents[1] / "docs/batch.md").read_text(encoding="utf-8")


def table(first_column):
    """Return the cells of the page's table whose first column has this title."""
    lines = PAGE.split("\n")
    start = (
        next(number for number, line in enumerate(lines) if line.startswith(f"| {first_column} |"))
        + 2
    )
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
        rows.append([cell.strip().replace("\\|", "|") for cell in cells])
    return rows


def texts(cell):
    """Return what stands between the marks of code in a cell; the cell itself where there are
    none.
    """
    return re.findall(r"`([^`]*)`", cell) or [cell]


def read(path, **options):
    return read_batch(path, lambda kind, _name: fake_card(kind), **options)


def test_prompts_from_columns(tmp_path):
    template = re.search(r"columns: `([^`]+)`", PAGE).group(1)
    rows = table("topic")
    (tmp_path / "a.csv").write_text(
        "topic,city\n" + "".join(f"{texts(topic)[0]},{city}\n" for topic, city, _made in rows),
        encoding="utf-8",
    )
    found = read(tmp_path / "a.csv", template=template)
    assert [row.request.prompt for row in found.good] == [texts(made)[0] for *_cells, made in rows]
    assert len(rows) == 3


@pytest.mark.parametrize(("written", "becomes"), table("written"))
def test_texts_that_stand_for_several(tmp_path, written, becomes):
    (tmp_path / "wildcards").mkdir()
    (tmp_path / "wildcards/animal.txt").write_text("cat\ndog\nfox\n")
    (tmp_path / "a.txt").write_text(texts(written)[0])
    found = read(tmp_path / "a.txt", combine="all", variables={"style": "{oil|ink}"})
    assert [row.request.prompt for row in found.good] == texts(becomes)
    drawn = read(tmp_path / "a.txt", variables={"style": "{oil|ink}"})
    assert {row.request.prompt for row in drawn.good} <= set(texts(becomes))
    assert len(drawn.good) == (len(texts(becomes)) if "[" in written else 1)


@pytest.mark.parametrize(("axis", "values"), table("axis"))
def test_axes(axis, values):
    assert list(read_axis(texts(axis)[0]).values) == texts(values)


@pytest.mark.parametrize(("template", "name"), table("template"))
def test_names_of_files(template, name):
    template = texts(template)[0]
    problem = file_names.check_template(template, ["city"])
    assert (problem is not None) == (name == "refused")
    if problem is None:
        request = TextRequest(prompt="A cat, asleep?", seed=5, model="fake-text")
        values = file_names.values_of(request, row=7, job_id="j", columns={"city": "../北京"})
        assert file_names.render(template, values) == texts(name)[0]


def test_every_name_token_is_documented():
    words = re.search(r"There are (.*?), the file's own columns", PAGE, re.DOTALL).group(1)
    assert tuple(re.findall(r"{(\w+)}", words)) == file_names.TOKENS


COMMANDS = [line.strip() for line in PAGE.split("\n") if line.startswith("    studio batch ")]


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--watch" not in command])
def test_commands(tmp_path, data, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "headlines.csv").write_text(
        "topic,city\nrain,Berlin\n下雪,北京\n", encoding="utf-8"
    )
    (tmp_path / "pictures.csv").write_text("prompt\na cat\n")
    (tmp_path / "prompts.txt").write_text("a cat in $style\n" if "--set" in command else "a cat\n")
    (tmp_path / "settings.toml").write_text("steps = 4\nmax_new_tokens = 4\n")
    assert studio(["--fake", *shlex.split(command)[1:]]) == 0, capsys.readouterr().err
    if "--collect" in command:
        assert (tmp_path / "headlines/collected.docx").exists()
    if "--axis" in command:
        made = sorted(path.name for path in (data.outputs / "pictures").glob("2-*.png"))
        assert len(made) == 9
        assert made[0] == "2-12-2.png"


def test_page_contains_commands():
    assert len(COMMANDS) == 7


def test_a1111_tags():
    section = PAGE.partition("## A1111 lines")[2]
    read_as, ignored = (
        set(" ".join(part.split()).split()) for part in re.findall(r"`([^`]+)`", section)[:2]
    )
    assert read_as | ignored == TAGS
    assert len(TAGS) == 24
    for tag in ignored:
        assert read_line(f"--prompt x --{tag} 1")[1] == (tag,)
