"""The outline and each scene of a story are the best of several."""

import itertools

from studio.text_tasks.loader import find_task
from studio.text_tasks.requests import TaskInput, read_values, text_task
from studio.text_tasks.story import chapter_of, numbered_lines
from studio.text_tasks.story_choice import plan_faults, scene_faults
from studio.text_tasks.writer import Written
from tests.text_tasks.test_story import OUTLINE, Novelist, prepared

PLANS = (
    "1. Chapter one\n2. Chapter two",
    "I'm sorry, I cannot help.",
    OUTLINE,
)
SCENES = ("She ran. She ran home. " * 40, "Ada finds the letter below the clock.", "雨下了。")


class Undecided(Novelist):
    """A model whose first two answers of three are bad."""

    def write(self, requests, done=lambda _number, _text: None):
        answers = super().write(requests)
        other = {"Plan this story": PLANS, "Write only this scene": SCENES}
        for part, texts in other.items():
            if part in requests[0].prompt:
                turned = itertools.cycle(texts)
                return [Written(text=next(turned)) for _request in requests]
        return answers


def task_for(data, premise="A clockmaker finds a letter."):
    task = find_task(data, "story")
    return text_task(task, read_values(task, TaskInput(prompt=premise, fields={"words": 40})))


def faults_of(text, data, count=2):
    chapters = [chapter_of(line) for line in numbered_lines(text)]
    return plan_faults(text, chapters, count, task_for(data))


def test_the_best_of_three_plans_and_scenes_is_taken(data):
    novelist = Undecided()
    story = prepared(data, novelist)[1].write()
    assert [chapter.title for chapter in story.chapters] == ["The Letter", "The Sea"]
    assert story.chapters[0].scenes[0].text == SCENES[1]
    assert sorted(set(novelist.choices)) == [1, 3], "people, plans of chapters and recaps need one"


def test_one_is_written_where_all_would_be_equal(data):
    novelist = Novelist()
    settings = {"temperature": 0, "seed": 5}
    request, writer = prepared(data, novelist, settings=settings)
    assert request.num_return_sequences == 1
    writer.write()
    assert set(novelist.choices) == {1}


def test_a_plan_is_worse_with_less_of_the_story(data):
    good = "1. The letter: The clockmaker finds it.\n2. The sea: He sails away."
    worse = [
        "1. The letter: The clockmaker finds it.",
        "1. The letter: The clockmaker finds it.\n2. The letter: The clockmaker finds it.",
        "1. The letter\n2. The sea",
        "1. The inbox: Sarah checks it.\n2. The sea: He sails away.",
        "1. 信：他找到了一封信。\n2. 海：他出海了。",
    ]
    for text in worse:
        assert faults_of(text, data) > faults_of(good, data), text


def test_a_scene_is_worse_if_it_repeats_or_leaves_its_subject(data):
    task, outline = task_for(data), "Ada opens the old clock and finds a letter."
    good = "Ada opens the old clock. Dust falls on the table, and a letter lies between the wheels."
    before = ["It rains. Dust falls on the table, and a letter lies between the wheels."]

    def faults(text, earlier=(), complete=True):
        return scene_faults(Written(text=text, complete=complete), outline, earlier, task)

    full = f"{good} She reads it twice by the window before she puts it into her coat."
    assert faults(full) < faults(full, complete=False)
    assert faults(full) < faults(f"{good} {good}")
    assert faults(full) < faults("The bus drives on through the rain. Nobody turns round. " * 3)
    assert faults(full) < faults("Ada.")
    repeats = (
        "Ada opens the old clock. Dust falls on the table, and a letter lies between the wheels."
    )
    assert faults(repeats) < faults(repeats, before)
