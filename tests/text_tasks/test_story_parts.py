"""The parts of a story as a person edits them."""

import pytest

from studio.core.requests.story import Story, StoryChapter, StoryEntry, StoryScene, story_size
from studio.text_tasks.story import read_step
from studio.text_tasks.story_parts import (
    missing_parts,
    part_text,
    step_of,
    with_part_text,
    with_recap,
)

STORY = Story(
    premise="A letter arrives.",
    bible=(StoryEntry("Ada", "a keeper"), StoryEntry("The island")),
    chapters=(
        StoryChapter(
            "The Letter",
            "Ada reads.",
            (StoryScene("She opens it.", "It was old.", "It is old."), StoryScene("She sails.")),
        ),
        StoryChapter("The Sea", "Ada sails."),
    ),
)


@pytest.mark.parametrize("step", ["outline", "bible", "1", "1.1", "2"])
def test_a_part_that_is_not_changed_leaves_the_story_as_it_is(step):
    assert with_part_text(STORY, step, part_text(STORY, step)) == STORY
    assert step_of(read_step(step, STORY)) == step


def test_chapters_keep_their_scenes_when_lines_move_or_change():
    moved = with_part_text(STORY, "outline", "New: A storm.\n2. The Letter: Ada burns it.")
    assert [one.title for one in moved.chapters] == ["New", "The Letter"]
    assert moved.chapters[0].scenes == ()
    assert moved.chapters[1].scenes == STORY.chapters[0].scenes
    renamed = with_part_text(STORY, "outline", "1. A Note: Ada reads.\n2. The Sea: Ada sails.")
    assert renamed.chapters[0].scenes == STORY.chapters[0].scenes


def test_people_and_scenes_are_lines():
    people = with_part_text(STORY, "bible", "- Ada： 守灯人\n\nBo: a dog")
    assert people.bible == (StoryEntry("Ada", "守灯人"), StoryEntry("Bo", "a dog"))
    fewer = with_part_text(STORY, "1", "1. She opens it.")
    assert fewer.chapters[0].scenes == STORY.chapters[0].scenes[:1]


def test_a_changed_text_loses_its_summary_and_a_person_can_write_one():
    changed = with_part_text(STORY, "1.1", "It was new.")
    assert changed.chapters[0].scenes[0] == StoryScene("She opens it.", "It was new.")
    summed = with_recap(changed, "1.1", " It is new. ")
    assert summed.chapters[0].scenes[0].recap == "It is new."


def test_what_is_missing_is_counted():
    assert missing_parts(STORY) == 2
    assert missing_parts(Story(premise="x")) == 0
    assert story_size(STORY) == len("She opens it.It was old.It is old.She sails.")
