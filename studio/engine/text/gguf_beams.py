"""Beam search with llama.cpp, which has none of its own; gives what transformers' `generate` gives.

Wu et al., https://arxiv.org/abs/1609.08144; `early_stopping=True` and a length penalty of 1: it
ends when as many beams are complete as there are beams, and a score is the mean log-probability.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.core.events import Progress
from studio.core.requests import TextRequest
from studio.engine.protocol import JobContext
from studio.engine.text.beam_search import candidate_of
from studio.engine.text.constraints.repetition import repeating_tokens
from studio.engine.text.gguf_context import (
    GgufPipeline,
    logits_at,
    new_batch,
    new_context,
)
from studio.engine.text.gguf_prefix import PrefixReader
from studio.engine.text.rows import request_of
from studio.engine.text.streaming import Clock
from studio.library.results import TextResult


@dataclass(frozen=True)
class _Beam:
    ids: tuple[int, ...]
    """The generated tokens."""
    score: float
    """The sum of their log-probabilities; of a complete beam, the mean."""
    parent: int = 0
    """The beam that it continues."""


def beam_search(
    context: JobContext, pipeline: GgufPipeline, prompt: list[int], clock: Clock
) -> list[TextResult]:
    """Return the candidates, best first, with their scores. `prompt`: its token ids."""
    request = request_of(context)
    try:
        complete = _search(context, request, pipeline, prompt, clock)
    finally:
        clock.stop()
    return [
        dataclasses.replace(
            candidate_of(context, pipeline, prompt, list(beam.ids), rank),
            score=round(beam.score, 6),
        )
        for rank, beam in enumerate(complete[: request.num_return_sequences])
    ]


def _search(
    context: JobContext,
    request: TextRequest,
    pipeline: GgufPipeline,
    prompt: list[int],
    clock: Clock,
) -> list[_Beam]:
    """Return the complete beams, best first; none if the job is cancelled before the first step."""
    count, ends = request.num_beams, pipeline.end_tokens
    reader = _Reader(pipeline, prompt, request)
    running, complete = [_Beam((), 0.0)], list[_Beam]()
    if not reader.read_prompt(context):
        return []
    for length in range(1, request.max_new_tokens + 1):
        if clock.tick():
            context.emit(Progress(step=clock.steps, total=request.max_new_tokens, unit="token"))
        is_last = length == request.max_new_tokens or context.is_cancelled()
        scores = np.stack(
            [
                _log_probabilities(reader.logits(place), prompt, beam.ids, request) + beam.score
                for place, beam in enumerate(running)
            ]
        )
        best = list(_best(scores, running, max(2, 1 + len(ends)) * count))
        over = [is_last or beam.ids[-1] in ends for beam in best]
        complete += [
            dataclasses.replace(beam, score=beam.score / length)
            for beam, is_over in zip(best[:count], over, strict=False)
            if is_over
        ]
        complete = sorted(complete, key=lambda beam: -beam.score)[:count]
        if is_last or len(complete) == count:
            break
        running = [beam for beam, is_over in zip(best, over, strict=True) if not is_over][:count]
        reader.step(running)
    return complete


def _best(scores: NDArray[np.float32], running: Sequence[_Beam], count: int) -> Iterator[_Beam]:
    """Yield the best continuations. `scores`: shape (beams, vocabulary size)."""
    flat = scores.reshape(-1)
    count = min(count, flat.size)
    places = np.argpartition(flat, -count)[-count:]
    for place in places[np.argsort(-flat[places], kind="stable")]:
        parent, token = divmod(int(place), scores.shape[-1])
        yield _Beam((*running[parent].ids, token), float(flat[place]), parent)


def _log_probabilities(
    logits: NDArray[np.float32], prompt: list[int], ids: Sequence[int], request: TextRequest
) -> NDArray[np.float32]:
    """Return the log-probabilities of the next token after the penalties."""
    highest = logits.max()
    total = highest + np.log(np.exp(logits - highest).sum(dtype=np.float64))
    scores: NDArray[np.float32] = (logits - total).astype(np.float32)
    before = [*prompt, *ids]
    if request.repetition_penalty != 1:
        scores[list(set(before))] *= request.repetition_penalty  # none is above 0
    scores[repeating_tokens(before, request.no_repeat_ngram_size)] = -np.inf
    return scores


class _Reader:
    """A context whose sequences are the beams; copies of one share their part of the cache."""

    def __init__(self, pipeline: GgufPipeline, prompt: list[int], request: TextRequest) -> None:
        self._pipeline, self._prompt, self._beams = pipeline, prompt, request.num_beams
        # The beams of the next step are copied next to those of this one.
        self._sequences = (range(self._beams), range(self._beams, 2 * self._beams))
        cells = len(prompt) + self._beams * (request.max_new_tokens + 1)
        self._context = new_context(pipeline, 2 * self._beams, cells, shared=True)
        self._batch = new_batch(self._beams)
        self._places = [0]
        """Row of each beam in the last step."""

    def read_prompt(self, job: JobContext) -> bool:
        """Read the prompt; return False if the job was cancelled meanwhile."""
        self._context.set_abort_callback(job.is_cancelled)
        prefixes = PrefixReader(self._pipeline, self._context, self._batch, 1)
        try:
            begin = prefixes.read(self._prompt, 0, job.is_cancelled)
            self._batch.reset()
            for place, token in enumerate(self._prompt[begin:], begin):
                self._batch.add(token, place, [0], place == len(self._prompt) - 1)
            self._context.decode(self._batch)
        except InterruptedError:
            return False
        self._places = [len(self._prompt) - 1 - begin]
        self._context.install_cancel_callback()  # no step calls Python any more
        return not job.is_cancelled()

    def step(self, beams: Sequence[_Beam]) -> None:
        """Let each beam read its last token."""
        now, following = self._sequences
        for number, beam in enumerate(beams):
            self._context.memory_seq_cp(now[beam.parent], following[number], -1, -1)
        for sequence in now:
            self._context.memory_seq_rm(sequence, -1, -1)
        self._sequences = (following, now)
        self._batch.reset()
        for number, beam in enumerate(beams):
            position = len(self._prompt) + len(beam.ids) - 1
            self._batch.add(beam.ids[-1], position, [following[number]], True)
        self._context.decode(self._batch)
        self._places = list(range(len(beams)))

    def logits(self, beam: int) -> NDArray[np.float32]:
        """Return the logits of a beam's next token, shape (vocabulary size,)."""
        return logits_at(self._context, self._places[beam])
