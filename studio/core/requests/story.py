"""A story as it is planned and written: premise, people and places, chapters, scenes.

Each level can be edited, or written again, without the others.
"""

from __future__ import annotations

import msgspec


class StoryEntry(msgspec.Struct, frozen=True, gc=False):
    """A person, place or fact that the story keeps to."""

    name: str
    note: str = ""


class StoryScene(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One scene."""

    outline: str
    """A sentence about what happens."""
    text: str = ""
    recap: str = ""
    """A sentence about what happened, for the scenes after it."""


class StoryChapter(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One chapter."""

    title: str
    outline: str = ""
    scenes: tuple[StoryScene, ...] = ()


class Story(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A story so far."""

    premise: str
    bible: tuple[StoryEntry, ...] = ()
    """People, places and facts; they are part of every scene's prompt."""
    chapters: tuple[StoryChapter, ...] = ()


class StoryPrompts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What a model is asked at each step.

    `{name}` stands for a field of the task, or for `outline`, `bible`, `number`, `chapter`,
    `scene`, `before` and `ending`. A line whose names are all empty is left out.
    """

    outline: str
    bible: str
    scenes: str
    scene: str
    recap: str


def story_size(story: Story) -> int:
    """Return about how many characters a story has."""
    scenes = (scene for chapter in story.chapters for scene in chapter.scenes)
    return sum(len(scene.text) + len(scene.outline) + len(scene.recap) for scene in scenes)
