"""Turns the texts of a guided task into its results: cleaned, checked, the best first."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from studio.core.errors import StudioError
from studio.core.events import AnyEvent, TextDelta, ThoughtDelta
from studio.core.requests import TextRequest
from studio.core.requests.text_task import OmittedText, Reason, TaskReview, TextTask
from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.engine.protocol import EmitEvent
from studio.library.results import TextResult
from studio.text_tasks.ranking import RankedText, rank, run_check
from studio.text_tasks.writer import Written

_REASONS: dict[Reason, str] = {
    "empty": mark("empty"),
    "refusal": mark("refused"),
    "repeated": mark("repeated"),
    "echo": mark("only the prompt"),
    "failed_check": mark("without what the task requires"),
}


def task_results(
    request: TextRequest, task: TextTask, results: Sequence[TextResult]
) -> list[TextResult]:
    """Return the results that the task keeps, numbered from the best one.

    What is left out stands in the review of the first one. If there are texts but none can be
    used, the only result is a partial one that holds them; see `no_usable_text`.
    """
    if not results:
        return []
    candidates = [
        Written(text=result.text, complete=result.finish_reason != "length", score=result.score)
        for result in results
    ]
    ranking = rank(candidates, task, prompt=continued_text(request))
    if not ranking.results:
        return [_unusable(results, task, ranking.omitted)]
    return [
        dataclasses.replace(
            results[ranked.index],
            text=ranked.text,
            ordinal=place,
            distinct=len(ranking.results) if len(ranking.results) < task.count else 0,
            logprobs=None,  # their places are those of the unedited text
            review=_review(ranked, ranking.omitted if place == 0 else ()),
        )
        for place, ranked in enumerate(ranking.results)
    ]


def continued_text(request: TextRequest) -> str:
    """Return the prompt that each text begins with because the model continued it.

    The beginning of an answer is a part of the result; cleaning removes a label or a quote.
    """
    return request.prompt.rstrip(" \t") if request.mode == "complete" else ""


def _review(ranked: RankedText, omitted: tuple[OmittedText, ...]) -> TaskReview:
    return TaskReview(
        unedited=ranked.unedited,
        index=ranked.index,
        checks=ranked.checks,
        omitted=omitted,
        left_out=ranked.left_out,
        added=ranked.added,
        missing=ranked.missing,
    )


def _unusable(
    results: Sequence[TextResult], task: TextTask, omitted: Sequence[OmittedText]
) -> TextResult:
    """Return the first text as the model wrote it, with what its checks found."""
    text = results[0].text
    checks = tuple(run_check(rule, text, task) for rule in task.check)
    review = TaskReview(unedited=text, checks=checks, omitted=tuple(omitted))
    return dataclasses.replace(results[0], ordinal=0, partial=True, review=review, logprobs=None)


def no_usable_text(results: Sequence[TextResult]) -> StudioError | None:
    """Return the error for a task of whose texts none can be used; None if some can."""
    review = results[0].review if len(results) == 1 else None
    if review is None or not results[0].partial:
        return None
    if review.index not in (one.index for one in review.omitted):
        return None
    counts: dict[Reason, int] = {}
    for omitted in review.omitted:
        counts[omitted.reason] = counts.get(omitted.reason, 0) + 1
    reasons = ", ".join(
        f"{count} {tr_marked(_REASONS[reason])}"
        for reason, count in counts.items()
        if reason in _REASONS
    )
    return StudioError(
        tr_plural(
            "The text that the model wrote cannot be used: {reasons}.",
            "None of the {count} texts that the model wrote can be used: {reasons}.",
            len(review.omitted),
            reasons=reasons,
        ),
        cause="model",
        cure=tr("Try another seed, or a larger model. The library keeps what it wrote."),
    )


def emit_shown(emit: EmitEvent, task: TextTask) -> EmitEvent:
    """Return `emit` without the texts that have no place among the results."""

    def passed(event: AnyEvent) -> None:
        if not isinstance(event, (TextDelta, ThoughtDelta)) or event.candidate < task.count:
            emit(event)

    return passed
