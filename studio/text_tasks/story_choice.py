"""Chooses the best of several plans or scenes of a story by the checks of its task."""

from __future__ import annotations

from collections.abc import Sequence

from studio.core.requests.story import StoryChapter
from studio.core.requests.text_task import TextTask
from studio.text_checks.length import check_length
from studio.text_checks.topic import check_topic, content_words
from studio.text_tasks.passages import split_sentences
from studio.text_tasks.ranking import run_check
from studio.text_tasks.writer import Written

Faults = tuple[int, int, bool, float]
"""How bad a text is, to compare two: what it lacks, places that failed, cut off, other subjects."""


def plan_faults(text: str, chapters: Sequence[StoryChapter], count: int, task: TextTask) -> Faults:
    """Return the faults of a plan: chapters that it lacks, repeats, or says nothing about."""
    titles = {chapter.title.casefold() for chapter in chapters if chapter.title}
    outlines = {chapter.outline.casefold() for chapter in chapters if chapter.outline}
    lacks = 2 * count - len(titles) - len(outlines)
    failed, places = _failed(text, task)
    return max(0, lacks) + failed, places, False, 1 - _shared(task.main_text, text)


def scene_faults(written: Written, outline: str, before: Sequence[str], task: TextTask) -> Faults:
    """Return the faults of a scene: of its checks, length and subject, and what it repeats.

    `before`: the texts of the scenes before it.
    """
    text = written.text
    words = task.number("words") or 0
    failed, places = _failed(text, task)
    checks = [check_topic(text, outline)]
    if words:
        checks.append(check_length(text, "words", at_least=words // 2, at_most=3 * words // 2))
    earlier = {one.text for other in before for one in split_sentences(other)}
    sentences = [one.text for one in split_sentences(text)]
    repeated = len(sentences) - len(set(sentences) - earlier)
    failed += sum(not check.passed for check in checks) + bool(repeated)
    return failed, places + repeated, not written.complete, 1 - _shared(outline, text)


def _failed(text: str, task: TextTask) -> tuple[int, int]:
    """Return how many checks of the task a text fails, and in how many places."""
    failed = [check for rule in task.check if not (check := run_check(rule, text, task)).passed]
    empty = not any(map(str.isalnum, text))
    return len(failed) + 10 * empty, sum(len(check.spans) for check in failed)


def _shared(subject: str, text: str) -> float:
    """Return the share of a subject's words that a text has."""
    wanted = set(content_words(subject))
    return len(wanted & set(content_words(text))) / max(1, len(wanted))
