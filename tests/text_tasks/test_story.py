"""A story is written step by step, and each step can be written again alone."""

import msgspec
import pytest

from studio.core.artifact import Recipe
from studio.core.errors import InvalidRequestError
from studio.core.requests.story import Story, StoryChapter
from studio.models.card import fake_card
from studio.text_tasks.loader import find_task
from studio.text_tasks.requests import TaskInput, build_requests
from studio.text_tasks.story import (
    StoryWriter,
    chapter_of,
    numbered_lines,
    outline_of,
    read_step,
    story_text,
)
from studio.text_tasks.story_parts import with_part_text
from studio.text_tasks.writer import Written

OUTLINE = "1. **The Letter**: Ada finds a letter.\n2. The Sea: Ada sails to the island.\nGood luck!"
BIBLE = "- Ada: a clockmaker\n- The island: grey and far away"


class Novelist:
    """A model that answers each kind of step, and keeps what it was asked."""

    chat = True
    encoder_decoder = False
    limit = 2_048

    def __init__(self, outline=OUTLINE):
        self.outline = outline
        self.asked = []
        self.choices = []

    def count_tokens(self, text):
        return len(text.split())

    def write(self, requests, done=lambda _number, _text: None):
        self.asked.append(requests[0])
        self.choices.append(len(requests))
        assert len({one.seed for one in requests}) == len(requests)
        return [Written(text=self.answer(one.prompt)) for one in requests]

    def answer(self, prompt):
        if "Plan this story" in prompt:
            return self.outline
        if "List the people" in prompt:
            return BIBLE
        if "Split only chapter" in prompt:
            number = prompt.partition("Split only chapter ")[2][0]
            return f"1. Scene {number}a happens.\n2. Scene {number}b happens."
        if "Write only this scene" in prompt:
            return f"Text {len(self.asked)} of a scene. It ends well. And then she"
        return f"Recap {len(self.asked)}."


def prepared(data, novelist, story=None, language="en", settings=None, **fields):
    card = msgspec.structs.replace(fake_card("text"), chat=True)
    inputs = TaskInput(
        prompt="A clockmaker finds a letter.",
        fields={"chapters": "2", "scenes": "2", "language": language, **fields},
        settings=settings or {"seed": 5},
        story=story,
    )
    (request,) = build_requests(find_task(data, "story"), inputs, card)
    return request, StoryWriter(request, request.task, request.task.story_prompts, novelist)


@pytest.fixture
def story(data):
    return prepared(data, Novelist())[1].write()


def test_story_has_chapters_people_and_scenes(story):
    assert [chapter.title for chapter in story.chapters] == ["The Letter", "The Sea"]
    assert story.chapters[1].outline == "Ada sails to the island."
    assert [entry.name for entry in story.bible] == ["Ada", "The island"]
    scenes = [scene for chapter in story.chapters for scene in chapter.scenes]
    assert [scene.outline for scene in scenes] == [
        "Scene 1a happens.",
        "Scene 1b happens.",
        "Scene 2a happens.",
        "Scene 2b happens.",
    ]
    assert all(scene.text.endswith("It ends well.") for scene in scenes), "a cut end is left out"
    assert all(scene.recap.startswith("Recap") for scene in scenes)
    text = story_text(story, "en")
    assert text.startswith("## 1. The Letter\n\nText")
    assert text.count("* * *") == 2
    assert "## 第2章 The Sea" in story_text(story, "zh")


def test_scene_knows_people_what_came_before_and_its_last_sentences(data):
    novelist = Novelist()
    prepared(data, novelist)[1].write()
    scenes = [one.prompt for one in novelist.asked if "Write only this scene" in one.prompt]
    assert "What happened before" not in scenes[0]
    assert "Ada: a clockmaker" in scenes[3]
    recaps = [line for line in scenes[3].splitlines() if "Recap" in line]
    assert len(recaps) == 3
    assert recaps == sorted(recaps, key=lambda line: int(line.rpartition("Recap ")[2].strip(".")))
    assert "It ends well." in scenes[3]
    assert "about 200 words: Scene 2b happens." in scenes[3]
    assert len({one.seed for one in novelist.asked}) == len(novelist.asked)


def test_each_step_is_written_again_alone(data, story):
    again, writer = prepared(data, Novelist(), story, step="2.1")
    changed = writer.write()
    assert changed.chapters[0] == story.chapters[0]
    assert changed.chapters[1].scenes[1] == story.chapters[1].scenes[1]
    assert changed.chapters[1].scenes[0].text != story.chapters[1].scenes[0].text
    assert len(writer.writer.asked) == 2, "the scene and its recap"
    assert again.task.story == story

    novelist = Novelist(outline="1. Smoke: A fire.\n2. Ash: The end.")
    planned = prepared(data, novelist, story, step="outline")[1].write()
    assert [chapter.title for chapter in planned.chapters] == ["Smoke", "Ash"]
    assert planned.bible == story.bible
    assert len(novelist.asked) == 1


def test_what_a_person_edits_is_kept_and_only_missing_scenes_are_written(data, story):
    first = story.chapters[0]
    empty = msgspec.structs.replace(first.scenes[1], text="", recap="")
    own = msgspec.structs.replace(first.scenes[0], text="My own words.", recap="I wrote.")
    edited = msgspec.structs.replace(
        story, chapters=(msgspec.structs.replace(first, scenes=(own, empty)), story.chapters[1])
    )
    novelist = Novelist()
    found = prepared(data, novelist, edited)[1].write()
    assert found.chapters[0].scenes[0] == own
    assert found.chapters[0].scenes[1].text
    assert found.chapters[1] == story.chapters[1]
    assert len(novelist.asked) == 2
    assert "I wrote." in novelist.asked[0].prompt
    assert "My own words." in novelist.asked[0].prompt


@pytest.mark.parametrize("step", ["3", "1.9", "chapter", "0", "-1", "1.0", "3.scenes"])
def test_unknown_steps_are_refused(data, story, step):
    with pytest.raises(InvalidRequestError, match="a chapter such as 2"):
        read_step(step, story)
    with pytest.raises(InvalidRequestError, match="step"):
        prepared(data, Novelist(), None, step="2")


def test_model_that_plans_nothing_still_gets_chapters(data):
    novelist = Novelist(outline="I'm sorry, but I cannot plan.")
    found = prepared(data, novelist)[1].write()
    assert [chapter.title for chapter in found.chapters] == ["1", "2"]
    assert len([one for one in novelist.asked if "Plan this" in one.prompt]) == 3


def test_lines_are_read_with_their_numbers_in_both_languages():
    text = "Here it is:\n1. One\n2) Two\nChapter 3: Three\n第四章：四\n5、五\n- no number"
    assert numbered_lines(text) == ["One", "Two", "Three", "四", "五"]


def test_what_follows_the_number_of_a_chapter_belongs_to_it():
    text = "1. Chapter 1: The Letter: Ada reads.\n2. **Chapter 2**\nAda sails.\n3. The End:\nRain."
    assert numbered_lines(text) == ["The Letter: Ada reads.", "Ada sails.", "The End: Rain."]
    assert numbered_lines("1. 第一章 信：她读信。\n2. 第二章\n她出海。") == [
        "信：她读信。",
        "她出海。",
    ]
    long = "Ada finds the letter that her mother wrote forty years ago in the lamp room"
    assert chapter_of(long) == StoryChapter("", long)
    assert chapter_of("The Sea") == StoryChapter("The Sea")
    assert chapter_of("《信》：她读信。") == StoryChapter("信", "她读信。")


def test_answers_begin_as_a_list_and_lines_without_a_plan_are_asked_again(data):
    class Terse(Novelist):
        def answer(self, prompt):
            if "Split only chapter" in prompt and len(self.asked) < 4:
                return "1. (5)\n2. Chapter 2:"
            return super().answer(prompt)

    novelist = Terse()
    found = prepared(data, novelist)[1].write()
    assert found.chapters[0].scenes[0].outline == "Scene 1a happens."
    plans = [one for one in novelist.asked if "in this form" in one.prompt]
    assert {one.prefix for one in plans} == {"1. "}
    scenes = [one for one in novelist.asked if "Write only this scene" in one.prompt]
    assert {one.prefix for one in scenes} == {""}


def test_story_is_part_of_the_recipe(data, story):
    request, _writer = prepared(data, Novelist(), story)
    recipe = Recipe(studio="1", job_id="j", request=request)
    back = msgspec.json.decode(msgspec.json.encode(recipe), type=Recipe)
    assert back.request.task.story == story
    assert outline_of(Story(premise="x")) == ""


def test_plan_of_a_chapter_is_written_alone(data, story):
    novelist = Novelist()
    changed = prepared(data, novelist, story, step="2.scenes")[1].write()
    assert [bool(scene.text) for scene in changed.chapters[1].scenes] == [False, False]
    assert changed.chapters[0] == story.chapters[0]
    assert len(novelist.asked) == 1
    assert read_step("all", None) == read_step("", None)


def test_texts_of_a_person_are_summed_up_for_the_scenes_after_them(data, story):
    own = with_part_text(story, "1.1", "The boat sank.")
    assert own.chapters[0].scenes[0].recap == ""
    novelist = Novelist()
    found = prepared(data, novelist, own, step="1.2")[1].write()
    assert "The boat sank." in novelist.asked[0].prompt
    assert found.chapters[0].scenes[0].recap.startswith("Recap")
    assert found.chapters[0].scenes[0].recap in novelist.asked[1].prompt
