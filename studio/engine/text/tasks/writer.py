"""A loaded model as the writer of a guided task."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import msgspec

from studio.core.requests import TextRequest
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.text.load import Pipeline
from studio.engine.text.rows import (
    batch_token_capacity,
    new_row,
    position_limit,
    prompt_ids,
    result_of,
)
from studio.engine.text.sampling import Row
from studio.engine.text.streaming import Clock
from studio.text_tasks.writer import Written

Sample = Callable[[Sequence[Row], TextRequest, Pipeline, Clock], Iterator[Row]]
MAX_ROWS = 8
"""Texts that are written at once: more would make a cancel wait for them."""


class ModelWriter:
    """See `text_tasks.writer.Writer`."""

    def __init__(
        self, context: JobContext, pipeline: Pipeline, clock: Clock, sample: Sample
    ) -> None:
        self._context = dataclasses.replace(context, emit=lambda _event: None)
        self._pipeline = pipeline
        self._clock = clock
        self._sample = sample
        self.chat = context.card.chat
        self.encoder_decoder = context.card.encoder_decoder
        self.limit = position_limit(context, pipeline)

    def count_tokens(self, text: str) -> int:
        """See `Writer`."""
        return len(self._pipeline.tokenizer(text).input_ids)

    def write(
        self,
        requests: Sequence[TextRequest],
        done: Callable[[int, Written], None] = lambda _number, _text: None,
    ) -> list[Written]:
        """See `Writer`. Raises JobCancelledError, and StudioError for too long a prompt."""
        rows = [self._row(request) for request in requests]
        numbers = {id(row): number for number, row in enumerate(rows)}
        found: dict[int, Written] = {}
        for part in self._parts(rows, requests):
            self._context.check()
            for row in self._sample(part, requests[0], self._pipeline, self._clock):
                if row.partial:
                    raise JobCancelledError
                result = result_of(row)
                written = Written(text=result.text, complete=result.finish_reason != "length")
                found[numbers[id(row)]] = written
                done(numbers[id(row)], written)
        return [found[number] for number in range(len(rows))]

    def _row(self, request: TextRequest) -> Row:
        job = msgspec.structs.replace(self._context.job, request=request)
        context = dataclasses.replace(self._context, job=job)
        return new_row(context, self._pipeline, prompt_ids(context, self._pipeline), 0)

    def _parts(self, rows: list[Row], requests: Sequence[TextRequest]) -> Iterator[list[Row]]:
        """Yield parts that fit the memory, in order, so that the first texts come first."""
        capacity, new = batch_token_capacity(self._pipeline), requests[0].max_new_tokens
        part: list[Row] = []
        for row in rows:
            longest = max(len(one.ids) for one in [*part, row])
            if part and (len(part) == MAX_ROWS or (len(part) + 1) * (longest + new) > capacity):
                yield part
                part = []
            part.append(row)
        yield part
