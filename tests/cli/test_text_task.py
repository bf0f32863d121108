"""`studio text --task`: the real program, with the fake model and without any."""

import json

import pytest

from studio.library.artifacts import read_recipe
from tests.cli.programs import studio
from tests.text_tasks.test_summary import FACTS, long_text


@pytest.fixture
def fake(data):
    return lambda *arguments, **more: studio("--fake", *arguments, data=data, **more)


def test_task_makes_the_prompt_and_prints_ranked_texts(fake, data):
    own = (
        'title = "Words"\ncandidates = 2\novergenerate = 2\n[[field]]\nname = "text"\ntitle = "T"\n'
        '[prompt.en]\nchat = "{text}"\ncomplete = "Words about {text}:"\n[generation]\n'
        "max_new_tokens = 8\n"
    )
    data.tasks.mkdir()
    (data.tasks / "words.toml").write_text(own)
    done = fake("text", "rain", "--task", "words", "--seed", 1, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["task"], found["method"]) == ("words", "model")
    paths = sorted(data.outputs.glob("*.txt"))
    recipe = read_recipe(paths[0])
    assert recipe.request.prompt == "Words about rain:"
    assert recipe.request.num_return_sequences == 4, "twice as many are generated"
    results = [ranked["text"] for ranked in found["ranking"]["results"]]
    assert [path.read_text() for path in paths] == results
    assert 1 <= len(results) <= 2
    assert len(set(results)) == len(results)
    assert not any(text.startswith("Words about") for text in results)
    assert len(results) + len(found["ranking"]["omitted"]) == 4
    shown = fake("text", "rain", "--task", "words", "--seed", 1, "--candidates", 1)
    assert shown.stdout.strip() == results[0]
    assert "left out" in shown.stderr


def test_document_without_a_model_is_summarized_by_its_own_sentences(data, tmp_path):
    text, _places = long_text(1)
    document = tmp_path / "report.txt"
    document.write_text(text)
    command = ("text", "--task", "summary", "--file", document, "--field", "sentences=12")
    done = studio(*command, data=data)
    assert done.returncode == 0, done.stderr
    assert sum(fact in done.stdout for fact in FACTS) >= 8
    assert "No model wrote this" in done.stderr
    assert "the summary speaks of" in done.stderr
    found = json.loads(studio(*command, "--json", data=data).stdout)
    assert found["method"] == "extract"
    for sentence in found["coverage"]["sentences"]:
        place = sentence["source"]
        assert " ".join(text[place["start"] : place["end"]].split()) == sentence["text"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rain", "--task", "rhyme"), "There is no task rhyme"),
        (("rain", "--task", "headline", "--field", "style=angry"), "style: must be one of"),
        (("rain", "--task", "headline", "--field", "style"), "NAME=VALUE"),
        (("rain", "--task", "headline", "--candidates", "99"), "a whole number, 1 to 32"),
        (("--task", "headline"), "The prompt is missing"),
        (("--task", "headline", "--continue", "x.txt"), "cannot be used together"),
    ],
)
def test_wrong_use_is_explained_before_anything_runs(fake, data, arguments, words):
    done = fake("text", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(data.outputs.glob("*"))


def test_scene_of_a_story_is_written_again_from_its_file(fake, data):
    fields = ("--field", "chapters=1", "--field", "scenes=2", "--seed", 1)
    done = fake("text", "A clockmaker finds a letter", "--task", "story", *fields)
    assert done.returncode == 0, done.stderr
    (path,) = data.outputs.glob("*.txt")
    story = read_recipe(path).review.story
    assert [len(chapter.scenes) for chapter in story.chapters] == [2]
    again = fake(
        "text", "--task", "story", "--file", path, "--field", "step=1.2", "--seed", 2, "--json"
    )
    assert again.returncode == 0, again.stderr
    (other,) = set(data.outputs.glob("*.txt")) - {path}
    scenes = read_recipe(other).review.story.chapters[0].scenes
    assert scenes[0] == story.chapters[0].scenes[0]
    assert scenes[1].text != story.chapters[0].scenes[1].text
    wrong = fake("text", "--task", "story", "--file", path, "--field", "step=4")
    assert wrong.returncode == 2
    assert "a scene such as 2.1" in wrong.stderr


def test_file_of_300_mb_is_refused_with_a_sentence_before_it_is_read(fake, data, tmp_path):
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(300 * 2**20)
    done = fake("text", "--task", "summary", "--file", large)
    assert done.returncode == 2
    assert "large.txt cannot be read: it has more than 32 MB" in done.stderr
    assert not list(data.outputs.glob("*"))


def test_long_document_is_read_in_parts_by_the_model(fake, data, tmp_path):
    text, _places = long_text(2)
    document = tmp_path / "report.txt"
    document.write_text(text)
    command = ("text", "--task", "summary", "--file", document, "--field", "form=bullets")
    done = fake(*command, "--seed", 1, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["method"] == "model"
    (ranked,) = found["ranking"]["results"]
    assert len(ranked["notes"]) > 20
    assert all(note["extracted"] for note in ranked["notes"]), "the fake model knows no facts"
    assert len(found["coverage"]["sentences"]) == 5
    shown = fake(*command, "--seed", 1)
    assert "Read in " in shown.stderr
    assert "the summary speaks of: " in shown.stderr
    assert "a sentence of the text stands for" in shown.stderr


STRICT = (
    'title = "Long"\novergenerate = 2\n[[field]]\nname = "text"\ntitle = "T"\n'
    '[prompt.en]\nchat = "{text}"\ncomplete = "{text}"\n[generation]\nmax_new_tokens = 8\n'
    '[[check]]\nuse = "length"\nat_least = 900\nrequired = true\n'
)


def test_without_a_usable_text_the_command_fails_and_the_library_keeps_what_was_written(fake, data):
    data.tasks.mkdir()
    (data.tasks / "long.toml").write_text(STRICT)
    done = fake("text", "rain", "--task", "long", "--seed", 1)
    assert done.returncode == 1
    assert "None of the 2 texts that the model wrote can be used" in done.stderr
    (path,) = data.outputs.glob("*.txt")
    recipe = read_recipe(path)
    assert recipe.partial
    assert [omitted.reason for omitted in recipe.review.omitted] == ["failed_check"] * 2


def test_rows_of_a_batch_give_the_same_texts_as_the_command(fake, data, tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("task,prompt,candidates,seed,fix\nheadline,light falls on paper,2,7,1\n")
    done = fake("batch", rows, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    alone = fake(
        *("text", "light falls on paper", "--task", "headline", "--candidates", 2, "--seed", 7),
        *("--fix", 1, "--json"),
    )
    results = json.loads(alone.stdout)["ranking"]["results"] if alone.returncode == 0 else []
    made = sorted((tmp_path / "out").glob("*.txt"))
    assert made
    assert [path.read_text() for path in made] == [ranked["text"] for ranked in results]
    for path in made:
        assert read_recipe(path).request.task.name == "headline"
