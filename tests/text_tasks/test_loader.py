"""Task files: those of Studio, the user's own, and hostile ones."""

import os
import tomllib

import pytest

from studio.core.errors import StudioError
from studio.core.resources import resources
from studio.text_tasks.loader import find_task, load_tasks, read_task

GOOD = """
title = "Slogan"
clean = ["first_line"]

[[field]]
name = "text"
title = "Product"
required = true

[[field]]
name = "words"
title = "Words"
type = "number"
default = 8
at_least = 1
at_most = 20

[prompt.en]
chat = "A slogan for {text} of {words} words"
complete = "The slogan for {text} is:"

[generation]
max_new_tokens = 30

[[check]]
use = "length"
at_most = "words"
"""


def test_every_task_of_studio_is_valid_and_has_both_languages(data):
    tasks = load_tasks(data)
    files = {path.stem for path in (resources() / "tasks").glob("*.toml")}
    assert set(tasks) == files
    assert files == {
        *("ad", "article", "bullets", "code", "commentary", "headline", "poem", "prose"),
        *("headlines", "report", "rewrite", "story", "summary", "title", "translate"),
    }
    for task in tasks.values():
        assert set(task.prompt) == {"en", "zh"}, task.name


def test_own_task_is_found_and_replaces_one_of_studio(data):
    data.tasks.mkdir()
    (data.tasks / "slogan.toml").write_text(GOOD)
    (data.tasks / "headline.toml").write_text(GOOD)
    assert find_task(data, "slogan").title == "Slogan"
    assert find_task(data, "headline").title == "Slogan"
    with pytest.raises(StudioError, match="no task rhyme") as caught:
        find_task(data, "rhyme")
    assert "slogan" in caught.value.cure


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Slogan"', 'titel = "Slogan"', "titel"),
        ('title = "Slogan"', "title = 7", r"\$\.title"),
        ('title = "Slogan"', 'title = ""', "title: must have"),
        ('title = "Slogan"', 'name = "x"\ntitle = "S"', "name: is the file's name"),
        ('type = "number"', 'type = "colour"', r"field\[1\]\.type"),
        ('name = "words"', 'name = "text"', r"field\[1\]\.name: is used twice"),
        ('name = "words"', 'name = "language"', r"field\[1\]\.name"),
        ("default = 8", "default = 80", r"field\[1\]\.default"),
        ("{words} words", "{wrods} words", "prompt.en.chat: there is no field wrods"),
        ("for {text} is", "is", "must contain {text}"),
        ("[prompt.en]", "[prompt.xx]", "prompt: needs en"),
        (
            "max_new_tokens = 30",
            "max_new_tokens = 0",
            "generation.max_new_tokens: must be at least",
        ),
        ("max_new_tokens = 30", 'model = "x"', "generation.model: cannot be set here"),
        ("max_new_tokens = 30", "temprature = 1", "generation.temprature: is not a setting"),
        ('use = "length"', 'use = "os.system"', r"check\[0\]\.use"),
        ('at_most = "words"', 'at_most = "text"', r"check\[0\]\.at_most"),
        ('at_most = "words"', 'at_most = "words"\nfield = "text"', r"field: is no parameter"),
        ("first_line", "run_code", r"clean\[0\]"),
        (
            'title = "Slogan"',
            'title = "Slogan"\nregex = "a{text}"',
            "regex: there is no number text",
        ),
        ("[[field]]", "[[field", "at line"),
    ],
)
def test_invalid_file_is_refused_with_file_and_field(tmp_path, old, new, words):
    path = tmp_path / "slogan.toml"
    path.write_text(GOOD)
    assert read_task(path).name == "slogan"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(StudioError, match=words) as caught:
        read_task(path)
    assert "slogan.toml" in caught.value.message
    assert str(path) in caught.value.cure


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"x" * 70_000,
        b"a = " + b"[" * 20_000,
        b'title = "\x1b[31m"',
        b"",
        b"title = 1979-05-27T07:32:00Z",
    ],
)
def test_hostile_content_is_refused_with_a_sentence(tmp_path, content):
    path = tmp_path / "evil.toml"
    path.write_bytes(content)
    with pytest.raises(StudioError, match=r"The task file evil\.toml is invalid: .+\.$") as caught:
        read_task(path)
    assert "\x1b" not in caught.value.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_pipe_in_the_folder_of_tasks_is_refused_at_once(data):
    data.tasks.mkdir()
    os.mkfifo(data.tasks / "slow.toml")
    with pytest.raises(StudioError, match=r"slow\.toml"):
        load_tasks(data)


def test_too_many_fields_are_refused(tmp_path):
    path = tmp_path / "slogan.toml"
    more = "".join(f'[[field]]\nname = "f{n}"\ntitle = "F"\n' for n in range(30))
    path.write_text(GOOD + more)
    tomllib.loads(path.read_text())
    with pytest.raises(StudioError, match="1 to 20 fields"):
        read_task(path)
