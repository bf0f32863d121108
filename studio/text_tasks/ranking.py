"""Cleans, checks and ranks the texts of a task; leaves out refusals and repeated ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from studio.text_checks.check import Check
from studio.text_checks.facts import check_facts
from studio.text_checks.language import check_language
from studio.text_checks.length import check_length
from studio.text_checks.python_code import check_python
from studio.text_checks.refusal import check_refusal
from studio.text_checks.repetition import check_repetition
from studio.text_checks.topic import check_topic, content_words
from studio.text_checks.verse import FORMS, check_form
from studio.text_tasks.cleanup import clean
from studio.text_tasks.requests import TaskValues
from studio.text_tasks.task import Task, TaskCheck

NEAR = 0.75
"""Share of the words that two texts have in common, from which one of them is left out."""
Reason = Literal["empty", "refusal", "repeated", "echo", "failed_check", "surplus"]
"""Why a text is left out: nothing is left after cleaning, a refusal or a sentence about the answer,
nearly the same as a better one, the prompt itself, a required check, or more than were asked for.
"""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One text of the model."""

    text: str
    complete: bool = True
    """False if it stopped at its limit of tokens."""
    score: float | None = None
    """Of a beam search; higher is better."""


class RankedText(msgspec.Struct, frozen=True, kw_only=True):
    """A cleaned text with its checks."""

    text: str
    index: int
    """Its place among the candidates."""
    complete: bool
    checks: tuple[Check, ...] = ()

    @property
    def failed(self) -> int:
        """Checks that it does not pass."""
        return sum(not check.passed for check in self.checks)


class OmittedText(msgspec.Struct, frozen=True, kw_only=True):
    """A text that is not among the results."""

    text: str
    index: int
    reason: Reason


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """What a task shows: the best first."""

    results: tuple[RankedText, ...]
    omitted: tuple[OmittedText, ...] = ()


def rank(
    candidates: Sequence[Candidate],
    task: Task,
    values: TaskValues,
    *,
    count: int = 0,
    prompt: str = "",
) -> Ranking:
    """Return at most `count` texts (0 for the task's number), best first, and the others.

    `prompt`: what each text begins with, if the model continued it. Order: fewest failed checks,
    complete ones first, then score, then the model's order.
    """
    omitted: list[OmittedText] = []
    texts: list[RankedText] = []
    for index, candidate in enumerate(candidates):
        text = clean(candidate.text.removeprefix(prompt), task.clean)
        checks = tuple(run_check(check, text, values) for check in task.check)
        if reason := _reason_to_omit(text, task, values, checks):
            omitted.append(OmittedText(text=text, index=index, reason=reason))
        else:
            texts.append(
                RankedText(text=text, index=index, complete=candidate.complete, checks=checks)
            )
    scores = [candidate.score or 0.0 for candidate in candidates]
    texts.sort(key=lambda ranked: (ranked.failed, not ranked.complete, -scores[ranked.index]))
    results: list[RankedText] = []
    wanted = count or task.candidates
    for ranked in texts:
        omit: Reason | None = "surplus" if len(results) >= wanted else None
        if any(are_near(ranked.text, other.text) for other in results):
            omit = "repeated"
        if omit:
            omitted.append(OmittedText(text=ranked.text, index=ranked.index, reason=omit))
        else:
            results.append(ranked)
    return Ranking(results=tuple(results), omitted=tuple(omitted))


def _reason_to_omit(
    text: str, task: Task, values: TaskValues, checks: Sequence[Check]
) -> Reason | None:
    if not any(character.isalnum() for character in text):
        return "empty"
    if not check_refusal(text).passed:
        return "refusal"
    if _folded(text) == _folded(values.texts[task.main.name]):
        return "echo"
    required = zip(task.check, checks, strict=True)
    fails = any(rule.required and not check.passed for rule, check in required)
    return "failed_check" if fails else None


def _folded(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def are_near(first: str, second: str) -> bool:
    """True for texts that are equal but for case and punctuation, or share nearly all words."""
    one, other = _folded(first), _folded(second)
    if one == other:
        return True
    if min(len(one), len(other)) >= 12 and (one.startswith(other) or other.startswith(one)):
        return True  # two beams, one cut earlier
    words, others = set(content_words(first)), set(content_words(second))
    return bool(words | others) and len(words & others) >= NEAR * len(words | others)


def run_check(rule: TaskCheck, text: str, values: TaskValues) -> Check:
    """Run a task's check on a text."""
    field = values.texts.get(rule.field, "")
    match rule.use:
        case "length":
            least, most = values.number(rule.at_least) or 0, values.number(rule.at_most)
            return check_length(text, rule.unit, at_least=least, at_most=most)
        case "language":
            return check_language(text, values.language)
        case "form":
            if field in FORMS:
                return check_form(text, field)
            # not translated: messages of checks are English
            return Check(name="form", passed=True, message="This form has no rules.")
        case "repetition":
            return check_repetition(text, rule.size, rule.most)
        case "facts":
            return check_facts(text, field)
        case "topic":
            return check_topic(text, field)
        case "python":
            return check_python(text)
    return check_refusal(text)
