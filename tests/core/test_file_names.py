"""File names: safe everywhere, never outside the folder."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core import file_names
from studio.core.jobs import new_job
from studio.core.requests import TextRequest

DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    "conin$",
    "conout$",
    *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³"),
}
RESERVED = ["con", "NUL", "com1", "LPT9", "com¹", "CONIN$", "aux.txt"]


def is_safe(name: str) -> bool:
    stem = name.partition(".")[0].lower()
    return (
        not any(
            character in '<>:"/\\|?*' or ord(character) < 32 or ord(character) == 127
            for character in name
        )
        and not name.endswith((" ", "."))
        and not name.startswith((" ", "."))
        and stem not in DEVICES
    )


@given(st.text(), st.integers(1, 200))
def test_a_slug_is_safe_and_short(text, size):
    made = file_names.slug(text, size)
    assert is_safe(made) or not made
    assert len(made.encode()) <= size + 1  # the one for a reserved name


@pytest.mark.parametrize(
    "text",
    [
        *RESERVED,
        "../../etc/passwd",
        "a/b\\c",
        "\u202egnp.exe",
        "x\ny",
        "trail. ",
        "~",
        "...",
        "a:b",
    ],
)
def test_known_traps(text):
    made = file_names.slug(text)
    assert is_safe(made) or not made
    assert "\u202e" not in made


@given(st.text(), st.text(max_size=30))
def test_rendered_names_stay_in_the_folder(tmp_path_factory, prompt, column):
    folder = tmp_path_factory.getbasetemp()
    request = TextRequest(
        prompt=prompt.replace("\0", "").encode(errors="ignore").decode().strip() or "x", seed=1
    )
    values = file_names.values_of(request, row=3, job_id="id", columns={"city": column})
    made = file_names.render("{row:04} {prompt:40} {city}", values)
    assert made.startswith("0003")
    assert is_safe(made)
    assert (folder / f"{made}.txt").resolve().parent == folder.resolve()


BAD_TEMPLATES = {
    "../{row}": "not a path",
    "a/{row}": "not a path",
    "{rows}": "is unknown",
    "{row": "brace",
    "{0.__class__}": "is unknown",
    "": "empty",
    "con": "Windows",
    "a:b": "cannot have",
    "{row!r}": "is unknown",
    "{prompt:>2000000000}": "brace",
}


@pytest.mark.parametrize(("template", "words"), BAD_TEMPLATES.items())
def test_errors_name_bad_templates(template, words):
    problem = file_names.check_template(template)
    assert problem is not None
    assert words in problem.message


def test_good_templates():
    assert file_names.check_template(file_names.DEFAULT_TEMPLATE) is None
    assert file_names.check_template("{city} {row:02}", ["city"]) is None


def test_collisions_are_numbered_also_where_case_does_not_count(tmp_path):
    (tmp_path / "Cat.png").touch()
    (tmp_path / "dog-1.png").touch()
    made = file_names.number_collisions(["cat", "CAT", "dog", "bird", "bird"], tmp_path)
    assert made == ["cat (2)", "CAT (3)", "dog (2)", "bird", "bird (2)"]


@given(st.lists(st.text(alphabet="aA猫", min_size=1, max_size=3)))
def test_names_are_unique(stems):
    from pathlib import Path

    made = file_names.number_collisions(stems, Path("/nowhere"))
    assert len({stem.lower() for stem in made}) == len(stems)


def test_a_single_job_is_named_by_prompt_and_id():
    job = new_job(TextRequest(prompt="一只 猫/…", seed=1), "/x")
    assert job.target.stem == f"一只-猫-…-{job.id}"


@pytest.mark.parametrize(
    ("encoding", "made"), [("utf-8", "提示-naïve"), ("latin-1", "-naïve"), ("ascii", "-nave")]
)
def test_characters_that_the_system_cannot_write_are_left_out(encoding, made):
    assert file_names._encodable("提示-naïve", encoding) == made


@pytest.mark.skipif(os.name == "nt", reason="Windows does not know ~")
def test_the_home_folder_is_shown_as_a_tilde(monkeypatch):
    monkeypatch.setenv("HOME", "/home/王 ann")
    assert file_names.home_path("/home/王 ann/Studio/models/a") == "~/Studio/models/a"
    assert file_names.home_path("/home/王 anna/models") == "/home/王 anna/models"
    assert file_names.home_path("/srv/models") == "/srv/models"
    assert file_names.home_path("relative/models") == "relative/models"
