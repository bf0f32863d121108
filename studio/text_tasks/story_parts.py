"""The parts of a story as texts that a person edits: plan, people and places, scenes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from studio.core.errors import InvalidRequestError
from studio.core.requests.story import Story, StoryEntry, StoryScene
from studio.text_tasks.story import (
    BIBLE,
    OUTLINE,
    Place,
    chapter_of,
    numbered_line,
    outline_of,
    read_step,
)

T = TypeVar("T")


def step_of(place: Place) -> str:
    """Return the step that writes a place again, which `read_step` reads."""
    if place.chapter is None:
        return place.step
    chapter = str(place.chapter + 1)
    return chapter if place.scene is None else f"{chapter}.{place.scene + 1}"


def has_part(story: Story, step: str) -> bool:
    """Return True if a story has the part that a step writes."""
    try:
        read_step(step, story)
    except InvalidRequestError:
        return False
    return True


def part_text(story: Story, step: str) -> str:
    """Return the text of a part: the chapters, people, scenes of a chapter, or a scene."""
    place = read_step(step, story)
    if place.step == OUTLINE:
        return outline_of(story)
    if place.step == BIBLE:
        return "\n".join(f"{one.name}: {one.note}".rstrip(": ") for one in story.bible)
    assert place.chapter is not None
    chapter = story.chapters[place.chapter]
    if place.scene is None:
        lines = enumerate(chapter.scenes, start=1)
        return "\n".join(f"{number}. {scene.outline}" for number, scene in lines)
    return chapter.scenes[place.scene].text


def with_part_text(story: Story, step: str, text: str) -> Story:
    """Return the story with a part as edited.

    Chapters and scenes whose lines stay, or change in their place, keep what belongs to them.
    """
    place = read_step(step, story)
    lines = [numbered_line(line) for line in text.splitlines() if line.strip()]
    if place.step == OUTLINE:
        made = [chapter_of(line) for line in lines]
        kept = _matched(made, story.chapters, lambda one: one.title or one.outline)
        chapters = tuple(
            msgspec.structs.replace(one, scenes=old.scenes) if old is not None else one
            for one, old in zip(made, kept, strict=True)
        )
        return msgspec.structs.replace(story, chapters=chapters)
    if place.step == BIBLE:
        pairs = (line.replace("：", ":").partition(":") for line in text.splitlines())
        entries = (StoryEntry(name.strip(" -*"), note.strip()) for name, _colon, note in pairs)
        return msgspec.structs.replace(story, bible=tuple(one for one in entries if one.name))
    assert place.chapter is not None
    scenes = story.chapters[place.chapter].scenes
    if place.scene is None:
        planned = [StoryScene(line) for line in lines]
        old_scenes = _matched(planned, scenes, lambda one: one.outline)
        scenes = tuple(
            msgspec.structs.replace(old, outline=one.outline) if old is not None else one
            for one, old in zip(planned, old_scenes, strict=True)
        )
    else:
        was = scenes[place.scene]
        recap = was.recap if text == was.text else ""  # it is of another text
        one_scene = msgspec.structs.replace(was, text=text, recap=recap)
        scenes = (*scenes[: place.scene], one_scene, *scenes[place.scene + 1 :])
    return _with_scenes(story, place.chapter, scenes)


def with_recap(story: Story, step: str, recap: str) -> Story:
    """Return the story with what later scenes learn about a scene."""
    place = read_step(step, story)
    assert place.chapter is not None
    assert place.scene is not None
    scenes = list(story.chapters[place.chapter].scenes)
    scenes[place.scene] = msgspec.structs.replace(scenes[place.scene], recap=recap.strip())
    return _with_scenes(story, place.chapter, tuple(scenes))


def missing_parts(story: Story) -> int:
    """Return how many scenes have no text; a chapter without scenes counts as one."""
    return sum(
        sum(not scene.text for scene in chapter.scenes) if chapter.scenes else 1
        for chapter in story.chapters
    )


def _with_scenes(story: Story, number: int, scenes: tuple[StoryScene, ...]) -> Story:
    chapter = msgspec.structs.replace(story.chapters[number], scenes=scenes)
    chapters = (*story.chapters[:number], chapter, *story.chapters[number + 1 :])
    return msgspec.structs.replace(story, chapters=chapters)


def _matched(made: Sequence[T], old: Sequence[T], name: Callable[[T], str]) -> list[T | None]:
    """Return the old entry that each one continues: of the same name, or else at its place."""
    names = [name(one) for one in made]
    by_name = {name(one): one for one in reversed(old)}
    found: list[T | None] = []
    for place, one in enumerate(names):
        if one in by_name:
            found.append(by_name.pop(one))
        elif place < len(old) and name(old[place]) not in names:
            found.append(old[place])
        else:
            found.append(None)
    return found
