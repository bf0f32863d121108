"""Runs a request for quatrains; see `protocol.Runner`."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics
from studio.core.requests import TextRequest
from studio.core.translation import tr
from studio.engine.protocol import BatchOutcome, JobCancelledError, JobContext
from studio.engine.text.quatrain.model import QuatrainModel, load
from studio.engine.text.quatrain.sampling import Poem, Wanted, write_poems
from studio.engine.text.streaming import Clock
from studio.engine.text.tasks.results import no_usable_text, task_results
from studio.library.results import Result, TextResult
from studio.preflight.quatrain import check_quatrain, form_of
from studio.text_tasks.model_prompts.quatrain.layout import FORMS
from studio.text_tasks.model_prompts.quatrain.subject import read_lexicon, read_subject

__all__ = ["generate", "load", "run_batch"]


def generate(context: JobContext, model: QuatrainModel) -> Generator[Result, None, Statistics]:
    """Yield the poems, best first. A cancelled job has none: it takes about a second."""
    request = context.job.request
    assert isinstance(request, TextRequest)
    if problem := check_quatrain(context.card, request):
        raise StudioError(
            f"{problem.message}.", cause="invalid", cure=tr("Choose another model or form.")
        )
    clock = Clock()
    results = _write(context, request, model, clock)
    if request.task is not None:
        results = task_results(request, request.task, results)
    yield from results
    if error := no_usable_text(results):
        raise error
    return Statistics(
        run_seconds=clock.seconds, first_seconds=clock.first, units=clock.steps, unit="token"
    )


def run_batch(contexts: Sequence[JobContext], model: QuatrainModel) -> Iterator[BatchOutcome]:
    """Yield each job when it is over; one after the other, since each fills the CPU."""
    for number, context in enumerate(contexts):
        made = generate(context, model)
        result: Result | None = None
        try:
            while True:
                result = next(made)
        except StopIteration as end:
            assert result is not None
            yield number, result, end.value
        except (StudioError, JobCancelledError) as error:
            yield number, error, Statistics()


def _write(
    context: JobContext, request: TextRequest, model: QuatrainModel, clock: Clock
) -> list[TextResult]:
    form = form_of(request)
    subject = read_subject(request.prompt, read_lexicon(context.card.folder))
    length = 4 * FORMS[form][1]

    def report(done: int, total: int) -> None:
        context.check()
        if clock.tick():
            context.emit(Progress(step=done, total=total, unit="token"))

    poems = write_poems(
        model,
        Wanted(form, subject.title, subject.words),
        request.num_return_sequences,
        request.seed or 0,
        request.temperature,
        report,
    )
    context.emit(Progress(step=length, total=length, unit="token"))
    clock.stop()
    return [_result(poem, place, request) for place, poem in enumerate(poems)]


def _result(poem: Poem, place: int, request: TextRequest) -> TextResult:
    return TextResult(
        text=poem.text, ordinal=place, seed=request.seed, score=poem.score, finish_reason="stop"
    )
