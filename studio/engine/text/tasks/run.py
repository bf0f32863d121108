"""Makes the results of a guided task of the texts that a model wrote, and corrects the best one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import msgspec

from studio.core.errors import StudioError
from studio.core.events import Loading, Progress, ThoughtDelta
from studio.core.requests import TextRequest
from studio.core.requests.story import Story
from studio.core.requests.text_task import PartNote, TaskReview, TextTask
from studio.core.translation import mark, tr
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.text.tasks.results import continued_text, no_usable_text, task_results
from studio.library.results import TextResult
from studio.text_tasks.correction import Corrected, correct
from studio.text_tasks.passages import link_sentences
from studio.text_tasks.ranking import RankedText, run_check
from studio.text_tasks.story import StoryWriter, outline_of, story_text
from studio.text_tasks.summarize import Summary
from studio.text_tasks.writer import Writer


def draft_result(request: TextRequest, task: TextTask) -> TextResult:
    """Return the text that the job corrects as if it were written now."""
    return TextResult(text=continued_text(request) + task.draft, seed=request.seed)


def write_story(context: JobContext, task: TextTask, writer: Writer) -> Iterator[TextResult]:
    """Yield the story with the steps that the task names; what is complete if it is cancelled."""
    request = context.job.request
    assert isinstance(request, TextRequest)
    assert task.story_prompts is not None
    steps: list[Story] = []
    done = 0

    def report(story: Story, text: str) -> None:
        nonlocal done
        done += 1
        steps.append(story)
        context.emit(ThoughtDelta(text=f"{text}\n\n"))
        context.emit(Progress(step=done, total=max(done, _step_count(story)), unit="part"))

    try:
        story = StoryWriter(request, task, task.story_prompts, writer, report).write()
    except JobCancelledError:
        if steps:
            yield _story_result(request, task, steps[-1], partial=True)
        raise
    yield _story_result(request, task, story)


def _step_count(story: Story) -> int:
    """Return about how many steps a whole story takes: plan, people, chapters, scenes."""
    return 2 + len(story.chapters) + sum(max(1, len(one.scenes)) for one in story.chapters)


def _story_result(
    request: TextRequest, task: TextTask, story: Story, *, partial: bool = False
) -> TextResult:
    text = story_text(story, task.language) or outline_of(story)
    checks = tuple(run_check(rule, text, task) for rule in task.check)
    return TextResult(
        text=text,
        seed=request.seed,
        partial=partial,
        finish_reason="cancelled" if partial else "stop",
        review=TaskReview(unedited=text, checks=checks, story=story),
    )


def summary_of(context: JobContext, task: TextTask, writer: Writer) -> Summary | None:
    """Return the summary of a text that is read in parts; None if the model reads it at once."""
    if task.parts is None or task.draft:
        return None
    request = context.job.request
    assert isinstance(request, TextRequest)

    def report(done: int, total: int, text: str) -> None:
        context.emit(ThoughtDelta(text=f"[{done}/{total}] {text}\n\n"))
        context.emit(Progress(step=done, total=total, unit="part"))

    notes = context.retained.setdefault("notes", [])  # kept while the model is loaded again
    summary = Summary(request, task, task.parts, writer, report, notes)
    return None if summary.fits() else summary


def write_summary(context: JobContext, task: TextTask, summary: Summary) -> Iterator[TextResult]:
    """Yield the summary of a text that is read in parts; the notes so far if it is cancelled."""
    try:
        results = _summarize(context, task, summary)
    except JobCancelledError:
        yield from _partial_summary(context, summary)
        raise
    yield from results
    if error := no_usable_text(results):
        raise error


def _summarize(context: JobContext, task: TextTask, summary: Summary) -> list[TextResult]:
    """Return the summary of a text that is read in parts."""
    seed = context.job.request.seed
    texts = [
        TextResult(text=text, ordinal=place, seed=seed, finish_reason="stop")
        for place, text in enumerate(summary.write())
    ]
    one = msgspec.structs.replace(task, count=1)
    # The texts of a model that continues its prompt come without the prompt.
    request = msgspec.structs.replace(summary.request, mode="chat", prefix="")
    results = task_results(request, one, texts)
    if len(texts) > 1 and results and results[0].review is not None:
        results = [_more_covering(results[0], texts, one, request)]
    return [with_links(result, task, tuple(summary.notes)) for result in results]


def _more_covering(
    best: TextResult, texts: Sequence[TextResult], task: TextTask, request: TextRequest
) -> TextResult:
    """Return the sentences as they are, if the model lost half of the text in joining them."""
    plain = texts[-1]
    covered = [len(link_sentences(one.text, task.main_text).covered) for one in (best, plain)]
    if best.text == plain.text or 2 * covered[0] > covered[1]:
        return best
    return next(iter(task_results(request, task, [plain])), best)


def _partial_summary(context: JobContext, summary: Summary) -> list[TextResult]:
    """Return the notes so far of a job that is cancelled."""
    text = "\n".join(note.text for note in summary.notes)
    if not text:
        return []
    review = TaskReview(unedited=text, notes=tuple(summary.notes))
    return [
        TextResult(
            text=text,
            seed=context.job.request.seed,
            partial=True,
            finish_reason="cancelled",
            review=review,
        )
    ]


def with_links(result: TextResult, task: TextTask, notes: tuple[PartNote, ...] = ()) -> TextResult:
    """Return a summary whose review links its sentences to their passages."""
    if task.parts is None or result.review is None:
        return result
    coverage = link_sentences(result.text, task.main_text)
    review = msgspec.structs.replace(result.review, coverage=coverage, notes=notes)
    return dataclasses.replace(result, review=review)


def finish_task(
    context: JobContext, task: TextTask, texts: Sequence[TextResult], writer: Writer
) -> list[TextResult]:
    """Return the results of a task, the best one corrected as often as the task asks for."""
    request = context.job.request
    assert isinstance(request, TextRequest)
    results = task_results(request, task, texts)
    results = [with_links(result, task) for result in results]
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
        left_out=review.left_out,
        added=review.added,
        missing=review.missing,
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
    return [with_links(_with_correction(best, corrected), task), *results[1:]]


def _with_correction(best: TextResult, corrected: Corrected) -> TextResult:
    assert best.review is not None
    review = msgspec.structs.replace(
        best.review,
        unedited=corrected.best.unedited,
        checks=corrected.best.checks,
        left_out=corrected.best.left_out,
        added=corrected.best.added,
        missing=corrected.best.missing,
        fixes=corrected.attempts,
    )
    reason = best.finish_reason if corrected.best.unedited == best.review.unedited else "stop"
    if not corrected.best.complete:
        reason = "length"
    return dataclasses.replace(best, text=corrected.best.text, review=review, finish_reason=reason)
