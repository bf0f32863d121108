"""Runner of text requests: causal and encoder-decoder language models.

A chat model's result is its answer. A model without chat continues the prompt, and its result is
prompt and continuation. Sampling streams; beam search shows its steps, then ranked candidates.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator, Sequence
from typing import TypeVar

from studio.core.errors import StudioError
from studio.core.events import Statistics
from studio.core.requests import TextRequest
from studio.core.requests.text_task import TextTask
from studio.core.translation import mark, tr
from studio.engine.protocol import BatchOutcome, JobCancelledError, JobContext, UnusableResultError
from studio.engine.runtime.placement import DEFAULT_PLAN, inference_context
from studio.engine.text import gguf_beams, llama_cpp
from studio.engine.text.beam_search import beam_search
from studio.engine.text.gguf_context import GgufPipeline
from studio.engine.text.load import Pipeline
from studio.engine.text.load import load as load_language_model
from studio.engine.text.quatrain import generate as quatrain
from studio.engine.text.quatrain.model import QuatrainModel
from studio.engine.text.rows import (
    batch_token_capacity,
    new_row,
    note_mismatch,
    prompt_ids,
    request_of,
    result_of,
)
from studio.engine.text.sampling import Row, sample_with_halving
from studio.engine.text.streaming import Clock
from studio.engine.text.tasks.results import emit_shown, no_usable_text, task_results
from studio.engine.text.tasks.run import (
    draft_result,
    finish_task,
    summary_of,
    write_story,
    write_summary,
)
from studio.engine.text.tasks.writer import ModelWriter
from studio.library.results import Result, TextResult
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

T = TypeVar("T")
__all__ = ["Pipeline", "generate", "load", "run_batch"]


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> Pipeline | QuatrainModel:
    """Load a model by `plan`; the starter poem model has a way of its own."""
    return quatrain.load(card) if card.only_task else load_language_model(card, plan)


def generate(
    context: JobContext, pipeline: Pipeline | QuatrainModel
) -> Generator[Result, None, Statistics]:
    """Yield the candidates, best first. See `protocol.Runner.generate`."""
    if isinstance(pipeline, QuatrainModel):
        return (yield from quatrain.generate(context, pipeline))
    request = request_of(context)
    if request.task is not None:
        return (yield from _run_task(context, request, request.task, pipeline))
    ids, clock = prompt_ids(context, pipeline), Clock()
    yield from _distinct(context, _write(context, request, pipeline, ids, clock))
    if context.is_cancelled():
        raise JobCancelledError
    return _statistics(clock, clock.tokens, len(ids))


def _run_task(
    context: JobContext, request: TextRequest, task: TextTask, pipeline: Pipeline
) -> Generator[Result, None, Statistics]:
    """Yield the texts that a guided task keeps."""
    context = dataclasses.replace(context, emit=emit_shown(context.emit, task))
    clock = Clock()
    writer = ModelWriter(context, pipeline, clock, _sample)
    if task.story_prompts is not None:
        yield from _within_context(write_story(context, task, writer), pipeline)
        return _statistics(clock, clock.tokens, 0)
    if summary := summary_of(context, task, writer):
        yield from _within_context(write_summary(context, task, summary), pipeline)
        return _statistics(clock, clock.tokens, 0)
    ids = prompt_ids(context, pipeline)
    if task.draft:
        texts = [draft_result(request, task)]
    else:
        texts = _answers(context, _write(context, request, pipeline, ids, clock))
    with inference_context(pipeline.plan):
        results = finish_task(context, task, texts, writer)
    yield from results
    if context.is_cancelled():
        raise JobCancelledError
    if error := no_usable_text(results):
        raise error
    return _statistics(clock, clock.tokens, len(ids))


def _within_context(made: Iterator[T], pipeline: Pipeline) -> Iterator[T]:
    """Yield what is made where the model runs; the caller does its own work outside of that.

    torch's context belongs to the thread: it would hold there until the next result.
    """
    while True:
        with inference_context(pipeline.plan):
            try:
                result = next(made)
            except StopIteration:
                return
        yield result


def _write(
    context: JobContext, request: TextRequest, pipeline: Pipeline, ids: list[int], clock: Clock
) -> list[TextResult]:
    """Return the candidates, best first; `ids`: the prompt's tokens."""
    if request.num_beams > 1:
        with inference_context(pipeline.plan):
            if isinstance(pipeline, GgufPipeline):
                return gguf_beams.beam_search(context, pipeline, ids, clock)
            return beam_search(context, pipeline, ids, clock)
    candidates = range(request.num_return_sequences)
    rows = [new_row(context, pipeline, ids, candidate) for candidate in candidates]
    with inference_context(pipeline.plan):
        for row in _sample(rows, request, pipeline, clock):
            if request.task is None:
                note_mismatch(row)
    return [result_of(row) for row in rows if row.tokens or not row.partial]


def run_batch(
    contexts: Sequence[JobContext], pipeline: Pipeline | QuatrainModel
) -> Iterator[BatchOutcome]:
    """Yield each job when it is over. See `protocol.Runner.run_batch`."""
    if isinstance(pipeline, QuatrainModel):
        yield from quatrain.run_batch(contexts, pipeline)
        return
    rows: dict[int, Row] = {}
    for number, context in enumerate(contexts):
        try:
            context.check()
            rows[number] = new_row(context, pipeline, prompt_ids(context, pipeline), 0)
        except (StudioError, JobCancelledError) as error:
            yield number, error, Statistics()
    numbers = {id(row): number for number, row in rows.items()}
    request, capacity = request_of(contexts[0]), batch_token_capacity(pipeline)
    for part in _parts(list(rows.values()), request, capacity):
        clock = Clock()
        lengths = {id(row): len(row.ids) for row in part}
        for row in _within_context(_sample(part, request, pipeline, clock), pipeline):
            statistics = _statistics(clock, row.tokens, lengths[id(row)])
            yield numbers[id(row)], _outcome_of(row), statistics


def _sample(
    rows: Sequence[Row], request: TextRequest, pipeline: Pipeline, clock: Clock
) -> Iterator[Row]:
    sample = llama_cpp.sample if isinstance(pipeline, GgufPipeline) else None
    return sample_with_halving(rows, request, pipeline, clock, sample)


def _parts(rows: list[Row], request: TextRequest, capacity: int) -> Iterator[list[Row]]:
    """Split rows, sorted by length, into parts of at most `capacity` tokens with padding."""
    part: list[Row] = []
    for row in sorted(rows, key=lambda row: len(row.ids)):
        if part and (len(part) + 1) * (len(row.ids) + request.max_new_tokens) > capacity:
            yield part
            part = []
        part.append(row)
    if part:
        yield part


def _outcome_of(row: Row) -> TextResult | StudioError | JobCancelledError:
    """Return the outcome of a batch's row that is over."""
    result = result_of(row)
    if not _is_only_thought(result):
        if row.partial and not row.tokens:
            return JobCancelledError()
        request = request_of(row.context)
        if request.task is None:
            note_mismatch(row)
            return result
        results = task_results(request, request.task, [result])
        error = None if row.partial else no_usable_text(results)
        return results[0] if error is None else UnusableResultError(error, results[0])
    return JobCancelledError() if row.partial else _no_answer(row.context, [result])


def _is_only_thought(result: TextResult) -> bool:
    return bool(result.thought_tokens) and not result.text.strip()


def _answers(context: JobContext, results: list[TextResult]) -> list[TextResult]:
    """Return the results that hold an answer.

    Raises StudioError if there are results but none holds one, unless the job was cancelled.
    """
    answers = [result for result in results if not _is_only_thought(result)]
    if results and not answers and not context.is_cancelled():
        raise _no_answer(context, results)
    return answers


def _distinct(context: JobContext, results: list[TextResult]) -> Iterator[TextResult]:
    """Yield the answers that differ in more than white space.

    Raises StudioError if there are results but none holds an answer.
    """
    answers = _answers(context, results)
    distinct: dict[str, TextResult] = {}
    for result in answers:
        distinct.setdefault("".join(result.text.split()), result)
    unanswered, duplicates = len(results) - len(answers), len(answers) - len(distinct)
    if unanswered and not context.is_cancelled():
        context.add_note(
            mark("{count} of {total} candidates ended before their answer and are left out"),
            count=unanswered,
            total=len(results),
        )
    if duplicates:
        context.add_note(
            mark("{count} of {total} candidates differ only in blanks and are left out"),
            count=duplicates,
            total=len(results),
        )
    for result in distinct.values():
        if len(distinct) < len(results):
            yield dataclasses.replace(result, distinct=len(distinct))
        else:
            yield result


def _no_answer(context: JobContext, results: list[TextResult]) -> StudioError:
    """Return the error for a model that did not get beyond its thoughts."""
    if any(result.finish_reason == "length" for result in results):
        limit = request_of(context).max_new_tokens
        return StudioError(
            tr(
                "The answer did not begin: {model} was still thinking at its limit of "
                "{limit:,} tokens.",
                model=context.card.title,
                limit=limit,
            ),
            cause="invalid",
            cure=tr("Raise Length (max_new_tokens) above {limit:,}.", limit=limit),
        )
    return StudioError(
        tr("{model} stopped while thinking, before an answer began.", model=context.card.title),
        cause="model",
        cure=tr("Try another seed or another model."),
    )


def _statistics(clock: Clock, tokens: int, prompt_length: int) -> Statistics:
    return Statistics(
        run_seconds=clock.seconds,
        first_seconds=clock.first,
        units=tokens,
        unit="token",
        prompt_tokens=prompt_length,
    )
