"""Writes a story step by step: outline, people and places, scenes of a chapter, text of a scene.

Every scene's prompt has the premise, the people and places, what happened before in a few
sentences, and the last sentences before it, each within a share of the tokens that the model takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeVar

import msgspec

from studio.core.errors import InvalidRequestError, Problem
from studio.core.requests import MAX_SEED, TextRequest
from studio.core.requests.story import Story, StoryChapter, StoryEntry, StoryPrompts, StoryScene
from studio.core.requests.text_task import TextTask
from studio.core.translation import tr
from studio.text_checks.length import count_words
from studio.text_checks.refusal import check_refusal
from studio.text_tasks.cleanup import clean
from studio.text_tasks.passages import split_sentences, without_cut_end
from studio.text_tasks.story_choice import Faults, plan_faults, scene_faults
from studio.text_tasks.templates import fill_lines
from studio.text_tasks.writer import Writer, Written

T = TypeVar("T")
OUTLINE, BIBLE, SCENES, ALL = "outline", "bible", "scenes", "all"
TRIES = 3
"""Times that a step is tried with other seeds until its text can be used."""
PLAN_TOKENS = 400
RECAP_TOKENS = 60
TOKENS_PER_WORD = 2
CONTEXT_TOKENS = 600
"""Of each of: people and places, what came before. Less if the model takes few tokens."""
LIST = "1. "
"""The answer to a plan begins so, which keeps a small model to the form of a list."""
MIN_WORDS = 3
"""Of a scene's plan; a line with fewer is no plan."""
LONG_TITLE = 12
"""Words of a chapter's title; a longer text is what happens. A Chinese character is a word."""
MAX_TITLE = 80
ENDING = 2
"""Sentences of the scene before that a scene continues."""
BREAK = "* * *"
_SEED_STEP = 31
_CHOICE_STEP = 7_919
_LINE = re.compile(
    r"^\W{0,6}(?:(?:chapter|scene)\s{0,3})?(?:第)?[\d一二三四五六七八九十]{1,3}\s?[章节场幕]?"
    r"[.:)、：\s-]{1,4}(?P<rest>\S.*)$",
    re.IGNORECASE,
)
_CHAPTER = re.compile(
    r"^(?:(?:chapter|scene)\s{0,3}\d{1,3}\b|第[\d一二三四五六七八九十]{1,3}[章节场幕])[.:)、：\s-]{0,4}",
    re.IGNORECASE,
)
_PAIR = re.compile(r"^[\W\d]{0,8}(?P<name>[^:：—]{1,60})[:：—]\s{0,4}(?P<note>\S.*)$")
_STEP = re.compile(r"(?P<chapter>\d{1,3})(?:\.(?P<scene>\d{1,3}|scenes))?")

Texts = Mapping[str, str]
"""Placeholder → its text."""
Report = Callable[[Story, str], None]
"""The story after a step, and the text of the step."""


class Place(msgspec.Struct, frozen=True):
    """What is written: all that is missing, a step, a chapter or a scene, from 0."""

    step: str = ""
    chapter: int | None = None
    scene: int | None = None


def read_step(text: str, story: Story | None) -> Place:
    """Return the place that a step names: `outline`, `bible`, `2.scenes` (the plan of a chapter),
    `2` or `2.1`; `all`, or empty, for all that is missing.

    Raises InvalidRequestError if it is none of these, or the story has no such place.
    """
    step = text.strip().lower()
    if step in ("", ALL, OUTLINE, BIBLE):
        return Place(step="" if step == ALL else step)
    found = _STEP.fullmatch(step)
    chapter = int(found["chapter"]) - 1 if found else -1
    part = found["scene"] if found else None
    scene = int(part) - 1 if part and part != SCENES else None
    chapters = story.chapters if story is not None else ()
    has_chapter = 0 <= chapter < len(chapters)
    if not has_chapter or (scene is not None and not 0 <= scene < len(chapters[chapter].scenes)):
        message = tr(
            "must be all, outline, bible, a chapter such as 2, its plan such as 2.scenes, or a "
            "scene such as 2.1 of the story"
        )
        raise InvalidRequestError([Problem("step", message)])
    return Place(step=SCENES if part == SCENES else "", chapter=chapter, scene=scene)


def story_text(story: Story, language: str) -> str:
    """Return the chapters as one document, in Markdown."""
    parts = []
    for number, chapter in enumerate(story.chapters, start=1):
        texts = [scene.text for scene in chapter.scenes if scene.text]
        if texts:
            beginning = f"第{number}章 " if language == "zh" else f"{number}. "
            heading = f"{beginning}{chapter.title}".strip()
            parts.append(f"## {heading}\n\n" + f"\n\n{BREAK}\n\n".join(texts))
    return "\n\n".join(parts)


@dataclass
class StoryWriter:
    """Writes the steps of one job."""

    request: TextRequest
    task: TextTask
    prompts: StoryPrompts
    writer: Writer
    report: Report = lambda _story, _text: None

    def write(self) -> Story:
        """Return the story with what the task's field `step` names; by default all it lacks."""
        story = self.task.story or Story(premise=self.task.main_text.strip())
        place = read_step(self.task.value("step"), self.task.story)
        if place.step == OUTLINE or not story.chapters:
            story = self._plan(story)
        if place.step == SCENES and place.chapter is not None:
            return self._split_chapter(story, place.chapter)
        if place.step != OUTLINE and (place.step == BIBLE or not story.bible):
            story = self._list_bible(story)
        if place.step:
            return story
        for chapter in range(len(story.chapters)):
            if place.chapter in (None, chapter):
                story = self._write_chapter(story, chapter, place)
        return story

    def _write_chapter(self, story: Story, number: int, place: Place) -> Story:
        again = place.chapter == number and place.scene is None
        if again or not story.chapters[number].scenes:
            story = self._split_chapter(story, number)
        for scene in range(len(story.chapters[number].scenes)):
            is_missing = not story.chapters[number].scenes[scene].text
            if place.scene == scene or (place.scene is None and (again or is_missing)):
                story = self._write_scene(story, number, scene)
        return story

    # Steps
    # ------------------------------------------------------------------

    def _plan(self, story: Story) -> Story:
        count = self.task.number("chapters") or 3

        def read(text: str) -> list[StoryChapter]:
            return [chapter_of(line) for line in numbered_lines(text)][:count]

        plans: list[tuple[Faults, list[StoryChapter]]] = []
        for attempt in range(TRIES):
            for one in self._ask(
                self.prompts.outline,
                {},
                PLAN_TOKENS,
                1 + 100_000 * attempt,
                LIST,
                self.request.num_return_sequences,
            ):
                found = read(one.text)
                plans.append((plan_faults(one.text, found, count, self.task), found))
            if any(len(found) >= count for _faults, found in plans):
                break
        chapters = min(plans, key=itemgetter(0))[1]
        while len(chapters) < count:  # the model gave too few: they are named by their numbers
            chapters.append(StoryChapter(str(len(chapters) + 1), story.premise))
        story = msgspec.structs.replace(story, chapters=tuple(chapters))
        self.report(story, outline_of(story))
        return story

    def _list_bible(self, story: Story) -> Story:
        def read(text: str) -> list[StoryEntry]:
            found = (_PAIR.match(line) for line in text.splitlines())
            entries = [StoryEntry(one["name"].strip(" *,，"), one["note"]) for one in found if one]
            named = {entry.name.casefold(): entry for entry in entries if entry.name}
            return list(named.values())[:20]

        entries = self._lines(self.prompts.bible, {"outline": outline_of(story)}, read, 1, 2)
        story = msgspec.structs.replace(story, bible=tuple(entries))
        self.report(story, _bible_text(story.bible))
        return story

    def _split_chapter(self, story: Story, number: int) -> Story:
        count = self.task.number("scenes") or 2
        chapter = story.chapters[number]

        def read(text: str) -> list[StoryScene]:
            lines = [line for line in numbered_lines(text) if count_words(line) >= MIN_WORDS]
            return [StoryScene(line) for line in lines][:count]

        texts = {
            "outline": outline_of(story),
            "number": str(number + 1),
            "chapter": chapter_line(chapter),
        }
        scenes = self._lines(self.prompts.scenes, texts, read, count, 10 + number)
        while len(scenes) < count:
            scenes.append(StoryScene(chapter.outline or chapter.title))
        story = _with_chapter(story, number, msgspec.structs.replace(chapter, scenes=tuple(scenes)))
        self.report(story, "\n".join(scene.outline for scene in scenes))
        return story

    def _write_scene(self, story: Story, chapter: int, scene: int) -> Story:
        story = self._fill_recaps(story, chapter, scene)
        words = self.task.number("words") or 200
        one = story.chapters[chapter].scenes[scene]
        before = _scenes_before(story, chapter, scene)
        recaps = [other.recap for other in before if other.recap]
        texts = {
            "bible": self._fitting(_relevant(story.bible, one.outline)),
            "before": self._fitting(recaps[::-1], reverse=True),
            "ending": _ending(before[-1].text) if before else "",
            "chapter": chapter_line(story.chapters[chapter]),
            "scene": one.outline,
            "number": str(scene + 1),
        }
        place = 1_000 * (chapter + 1) + 10 * scene
        earlier = [other.text for other in before]
        text = self._text(
            self.prompts.scene,
            texts,
            words * TOKENS_PER_WORD,
            place,
            lambda written: scene_faults(written, one.outline, earlier, self.task),
        )
        written = self._with_recap(msgspec.structs.replace(one, text=text), place)
        story = _with_scene(story, chapter, scene, written)
        self.report(story, text)
        return story

    def _fill_recaps(self, story: Story, chapter: int, scene: int) -> Story:
        """Sum up the scenes before one whose texts a person wrote or changed."""
        for number, part in enumerate(story.chapters[: chapter + 1]):
            end = scene if number == chapter else len(part.scenes)
            for place, one in enumerate(part.scenes[:end]):
                if one.text and not one.recap:
                    seed_place = 1_000 * (number + 1) + 10 * place
                    story = _with_scene(story, number, place, self._with_recap(one, seed_place))
        return story

    def _with_recap(self, scene: StoryScene, place: int) -> StoryScene:
        recap = self._text(self.prompts.recap, {"scene": scene.text}, RECAP_TOKENS, place + 5)
        first = next((sentence.text for sentence in split_sentences(recap)), scene.outline)
        return msgspec.structs.replace(scene, recap=first)

    # What the model is asked
    # ------------------------------------------------------------------

    def _lines(
        self,
        template: str,
        texts: Texts,
        read: Callable[[str], list[T]],
        count: int,
        place: int,
    ) -> list[T]:
        """Return the longest list of `TRIES` texts, the first that has `count` entries."""
        best: list[T] = []
        for attempt in range(TRIES):
            (one,) = self._ask(template, texts, PLAN_TOKENS, place + 100_000 * attempt, LIST)
            best = max(best, read(one.text), key=len)
            if len(best) >= count:
                break
        return best

    def _text(
        self,
        template: str,
        texts: Texts,
        tokens: int,
        place: int,
        faults: Callable[[Written], Faults] | None = None,
    ) -> str:
        """Return a text that is no refusal, without a last sentence that was cut off.

        `faults`: how bad a text is; then it is the best of several.
        """
        text = ""
        for attempt in range(TRIES):
            choices = self.request.num_return_sequences if faults is not None else 1
            found = self._ask(template, texts, tokens, place + 100_000 * attempt, "", choices)
            text = min(found, key=faults).text if faults is not None else found[0].text
            if check_refusal(text).passed and any(map(str.isalnum, text)):
                break
        return without_cut_end(text)

    def _ask(
        self,
        template: str,
        texts: Texts,
        tokens: int,
        place: int,
        beginning: str = "",
        choices: int = 1,
    ) -> list[Written]:
        """Return what the model writes, with the beginning that it goes on from."""
        known = dict.fromkeys(("outline", "bible", "number", "chapter", "scene"), "")
        known |= dict.fromkeys(("before", "ending"), "")
        known |= {field.name: field.value.strip() for field in self.task.fields}
        known |= texts
        prompt = fill_lines(template, known)
        seed = (self.request.seed or 0) + _SEED_STEP * place
        request = msgspec.structs.replace(
            self.request,
            task=None,
            prompt=prompt,
            prefix=beginning or self.request.prefix,
            num_beams=1,
            num_return_sequences=1,
            top_logprobs=0,
            max_new_tokens=tokens,
        )
        requests = [
            msgspec.structs.replace(request, seed=(seed + _CHOICE_STEP * choice) % (MAX_SEED + 1))
            for choice in range(choices)
        ]
        begin = (prompt if request.mode == "complete" else "") + request.prefix
        found = []
        for written in self.writer.write(requests):
            text = written.text.removeprefix(begin.rstrip(" \t"))
            text = clean(f"{beginning}{text.lstrip()}" if beginning else text, self.task.clean)
            found.append(msgspec.structs.replace(written, text=text))
        return found

    def _fitting(self, texts: Sequence[str], *, reverse: bool = False) -> str:
        """Return as many of the texts as fit, the first ones first; `reverse`: in turned order."""
        room = min(CONTEXT_TOKENS, self.writer.limit // 5 or CONTEXT_TOKENS)
        kept: list[str] = []
        for text in texts:
            room -= self.writer.count_tokens(text)
            if room < 0:
                break
            kept.append(text)
        return "\n".join(kept[::-1] if reverse else kept)


def numbered_lines(text: str) -> list[str]:
    """Return the lines that begin with a number, without it; the lines after one belong to it."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if match := _LINE.match(line.strip()):
            found.append([clean(match["rest"], ("strip_markdown",))])
        elif line.strip() and found and (len(found[-1]) > 1 or _is_title(found[-1][0])):
            found[-1].append(clean(line, ("strip_markdown",)))
    lines = [": ".join(_joined(one)) for one in found]
    return [_CHAPTER.sub("", line) or line for line in lines]


def _is_title(line: str) -> bool:
    """Return True if what happens comes on the lines after it."""
    return line.endswith((":", "：")) or not _CHAPTER.sub("", line)


def _joined(lines: Sequence[str]) -> list[str]:
    first, *rest = lines
    return [first.rstrip("：: "), " ".join(rest)] if rest else [first.rstrip("：: ")]


def numbered_line(line: str) -> str:
    """Return a line without its number, if it has one."""
    match = _LINE.match(line.strip())
    return match["rest"].strip() if match else line.strip()


def outline_of(story: Story) -> str:
    """Return the chapters, each as a line."""
    return "\n".join(
        f"{number}. {chapter_line(chapter)}"
        for number, chapter in enumerate(story.chapters, start=1)
    )


def chapter_line(chapter: StoryChapter) -> str:
    """Return a chapter's title and what happens."""
    return ": ".join(filter(None, (chapter.title, chapter.outline)))


def chapter_of(line: str) -> StoryChapter:
    """Return the chapter of a line; a long text without a colon is what happens."""
    title, colon, outline = line.replace("：", ":").partition(":")
    if not outline.strip() and count_words(title) > LONG_TITLE:
        return StoryChapter("", line.strip())
    title = title.strip(' "“”*《》')
    if len(title) > MAX_TITLE:
        return StoryChapter("", line.strip())
    return StoryChapter(title, outline.strip() if colon else "")


def _bible_text(entries: Sequence[StoryEntry]) -> str:
    return "\n".join(f"{entry.name}: {entry.note}" for entry in entries)


def _relevant(entries: Sequence[StoryEntry], outline: str) -> list[str]:
    """Return the people and places as lines, those that a scene names first."""
    order = sorted(entries, key=lambda entry: entry.name.partition(" ")[0] not in outline)
    return [f"{entry.name}: {entry.note}" for entry in order]


def _scenes_before(story: Story, chapter: int, scene: int) -> list[StoryScene]:
    earlier = [one for part in story.chapters[:chapter] for one in part.scenes]
    return [one for one in (*earlier, *story.chapters[chapter].scenes[:scene]) if one.text]


def _ending(text: str) -> str:
    return " ".join(sentence.text for sentence in split_sentences(text)[-ENDING:])


def _with_chapter(story: Story, number: int, chapter: StoryChapter) -> Story:
    chapters = (*story.chapters[:number], chapter, *story.chapters[number + 1 :])
    return msgspec.structs.replace(story, chapters=chapters)


def _with_scene(story: Story, chapter: int, number: int, scene: StoryScene) -> Story:
    one = story.chapters[chapter]
    scenes = (*one.scenes[:number], scene, *one.scenes[number + 1 :])
    return _with_chapter(story, chapter, msgspec.structs.replace(one, scenes=scenes))
