"""Makes the results of a guided task of the texts that a model wrote, and corrects the best one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import msgspec

from studio.core.errors import StudioError
from studio.core.events import Loading
from studio.core.requests import TextRequest
from studio.core.requests.text_task import TextTask
from studio.core.translation import mark, tr
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.text.tasks.results import continued_text, task_results
from studio.library.results import TextResult
from studio.text_tasks.correction import Corrected, correct
from studio.text_tasks.ranking import RankedText
from studio.text_tasks.writer import Writer


def draft_result(request: TextRequest, task: TextTask) -> TextResult:
    """Return the text that the job corrects as if it were written now."""
    return TextResult(text=continued_text(request) + task.draft, seed=request.seed)


def finish_task(
    context: JobContext, task: TextTask, texts: Sequence[TextResult], writer: Writer
) -> list[TextResult]:
    """Return the results of a task, the best one corrected as often as the task asks for."""
    request = context.job.request
    assert isinstance(request, TextRequest)
    results = task_results(request, task, texts)
    if not task.fix or not results or results[0].partial or results[0].review is None:
        return results
    best = results[0]
    review = results[0].review
    ranked = RankedText(
        text=best.text,
        index=review.index,
        complete=best.finish_reason != "length",
        unedited=review.unedited,
        checks=review.checks,
    )
    if ranked.failed:
        context.emit(Loading(phase=tr("Correcting the text")))
    try:
        corrected = correct(ranked, request, task, writer)
    except JobCancelledError:  # what was written before is complete
        return results
    except StudioError as error:
        if error.cause != "prompt_too_long":
            raise
        context.add_note(mark("the text is too long for the model to correct it"))
        return results
    return [_with_correction(best, corrected), *results[1:]]


def _with_correction(best: TextResult, corrected: Corrected) -> TextResult:
    assert best.review is not None
    review = msgspec.structs.replace(
        best.review,
        unedited=corrected.best.unedited,
        checks=corrected.best.checks,
        fixes=corrected.attempts,
    )
    reason = best.finish_reason if corrected.best.unedited == best.review.unedited else "stop"
    if not corrected.best.complete:
        reason = "length"
    return dataclasses.replace(best, text=corrected.best.text, review=review, finish_reason=reason)
