"""Cleans, checks and ranks the texts of a task; leaves out refusals and repeated ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from studio.core.requests.text_task import (
    AddedFact,
    CheckName,
    Coverage,
    FixAttempt,
    LeftOut,
    OmittedText,
    PartNote,
    Reason,
    TaskCheck,
    TextTask,
)
from studio.text_checks.article import check_article
from studio.text_checks.check import Check
from studio.text_checks.claims import check_call, check_claims
from studio.text_checks.facts import check_facts
from studio.text_checks.language import check_language
from studio.text_checks.length import check_length
from studio.text_checks.list_form import check_list, check_prose
from studio.text_checks.python_code import check_python
from studio.text_checks.refusal import check_refusal
from studio.text_checks.repetition import check_repetition
from studio.text_checks.tones import check_tones
from studio.text_checks.topic import check_topic, content_words
from studio.text_checks.verse import FORMS, check_form
from studio.text_tasks.cleanup import clean
from studio.text_tasks.missing_facts import add_missing_facts
from studio.text_tasks.omission import omit_unsupported
from studio.text_tasks.writer import Written

NEAR = 0.75
"""Share of the words that two texts have in common, from which one of them is left out."""


class RankedText(msgspec.Struct, frozen=True, kw_only=True):
    """A cleaned text with its checks."""

    text: str
    index: int
    """Its place among the candidates."""
    complete: bool
    unedited: str
    """As the model wrote it."""
    checks: tuple[Check, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    added: tuple[AddedFact, ...] = ()
    """Facts in the user's words that the model's text lacked."""
    missing: tuple[str, ...] = ()
    """Facts for which there was no room."""
    fixes: tuple[FixAttempt, ...] = ()
    """What the model did to correct it."""
    coverage: Coverage | None = None
    """Of a summary."""
    notes: tuple[PartNote, ...] = ()
    """What the model wrote about each part of a long text."""

    @property
    def failed(self) -> int:
        """Checks that it does not pass."""
        return sum(not check.passed for check in self.checks)

    @property
    def faults(self) -> tuple[int, int, bool, int]:
        """How bad it is, to compare it with others: see `rank`."""
        places = sum(len(check.spans) for check in self.checks if not check.passed)
        edits = len(self.left_out) + len(self.added) + len(self.missing)
        return self.failed, places, not self.complete, edits


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """What a task shows: the best first."""

    results: tuple[RankedText, ...]
    omitted: tuple[OmittedText, ...] = ()


def rank(candidates: Sequence[Written], task: TextTask, *, prompt: str = "") -> Ranking:
    """Return at most `task.count` texts, best first, and the others.

    `prompt`: what each text begins with, if the model continued it. Order: fewest failed checks,
    fewest places that failed, complete ones first, fewest sentences left out and facts added, then
    score, then the model's order.
    """
    omitted: list[OmittedText] = []
    texts: list[RankedText] = []
    for index, candidate in enumerate(candidates):
        ranked = review_text(candidate, index, task, prompt)
        if reason := _reason_to_omit(ranked.text, task, ranked.checks):
            omitted.append(OmittedText(text=candidate.text, index=index, reason=reason))
        else:
            texts.append(ranked)
    scores = [candidate.score or 0.0 for candidate in candidates]
    texts.sort(key=lambda ranked: (*ranked.faults, -scores[ranked.index]))
    results: list[RankedText] = []
    for ranked in texts:
        omit: Reason | None = "surplus" if len(results) >= task.count else None
        if any(are_near(ranked.text, other.text) for other in results):
            omit = "repeated"
        if omit:
            omitted.append(OmittedText(text=ranked.unedited, index=ranked.index, reason=omit))
        else:
            results.append(ranked)
    return Ranking(results=tuple(results), omitted=tuple(omitted))


def review_text(candidate: Written, index: int, task: TextTask, prompt: str = "") -> RankedText:
    """Return a text, cleaned, without what its task leaves out and with the facts that it adds.

    Sentences stay if the text fails more checks without them.
    """
    text = clean(candidate.text.removeprefix(prompt), task.clean, complete=candidate.complete)
    shorter = omit_unsupported(text, task)
    revisions = [add_missing_facts(text, task)]
    if shorter.left_out:
        revisions.insert(0, add_missing_facts(shorter.text, task, shorter.left_out))
    reviewed = [
        RankedText(
            text=one.text,
            index=index,
            complete=candidate.complete,
            unedited=candidate.text,
            checks=tuple(run_check(check, one.text, task) for check in task.check),
            left_out=one.left_out,
            added=one.added,
            missing=one.missing,
        )
        for one in revisions
    ]
    return min(reviewed, key=lambda one: one.failed)  # the first of equals


def is_usable(ranked: RankedText, task: TextTask) -> bool:
    """Return whether a text may be a result."""
    return _reason_to_omit(ranked.text, task, ranked.checks) is None


def _reason_to_omit(text: str, task: TextTask, checks: Sequence[Check]) -> Reason | None:
    if not any(character.isalnum() for character in text):
        return "empty"
    if not check_refusal(text).passed:
        return "refusal"
    if task.parts is None and _folded(text) == _folded(task.main_text):
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


def run_check(rule: TaskCheck, text: str, task: TextTask) -> Check:
    """Run one of a task's checks on a text."""
    return _CHECKS[rule.use](rule, text, task)


def _check_length(rule: TaskCheck, text: str, task: TextTask) -> Check:
    least, most = task.number(rule.at_least) or 0, task.number(rule.at_most)
    return check_length(text, rule.unit, at_least=least, at_most=most)


def _check_form(rule: TaskCheck, text: str, task: TextTask) -> Check:
    form = task.value(rule.field)
    if form in FORMS:
        return check_form(text, form) if rule.use == "form" else check_tones(text, form)
    # not translated: messages of checks are English
    return Check(name=rule.use, passed=True, message="This form has no rules.")


_CHECKS: dict[CheckName, Callable[[TaskCheck, str, TextTask], Check]] = {
    "article": lambda _rule, text, _task: check_article(text),
    "call": lambda _rule, text, _task: check_call(text),
    "claims": lambda rule, text, task: check_claims(text, task.value(rule.field)),
    "facts": lambda rule, text, task: check_facts(text, task.value(rule.field)),
    "form": _check_form,
    "language": lambda _rule, text, task: check_language(text, task.language),
    "length": _check_length,
    "list": lambda _rule, text, _task: check_list(text),
    "prose": lambda _rule, text, _task: check_prose(text),
    "python": lambda _rule, text, _task: check_python(text),
    "refusal": lambda _rule, text, _task: check_refusal(text),
    "repetition": lambda rule, text, _task: check_repetition(text, rule.size, rule.most),
    "tones": _check_form,
    "topic": lambda rule, text, task: check_topic(text, task.value(rule.field)),
}
