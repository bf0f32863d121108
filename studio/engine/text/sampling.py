"""Samples several rows at once: candidates of one job, or jobs that share model and settings.

A row's tokens do not depend on the other rows (within rounding): every row draws one number a step
from its own seeded generator, and the token is where that number falls in the row's distribution.
So a seed gives the same text alone and in a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.core.artifact import FinishReason
from studio.core.events import Progress, TextDelta, ThoughtDelta
from studio.core.requests import TextRequest
from studio.core.translation import mark
from studio.engine.protocol import JobContext
from studio.engine.runtime.memory import OutOfMemoryGuard
from studio.engine.text.constraints.logits import constrained_choice
from studio.engine.text.constraints.row_constraint import RowConstraint
from studio.engine.text.constraints.stop_strings import StopStrings
from studio.engine.text.logprobs import LogprobRecorder, recorded_logits
from studio.engine.text.streaming import Clock, RowDecoder
from studio.engine.text.thoughts import Piece, Splitter
from studio.engine.text.transformers_prefix import keep_prefix, restored_cache

if TYPE_CHECKING:
    from studio.engine.text.pipeline import TextPipeline

_LEAVE_SHARE = 0.25
"""Share of a batch that is over when its rows are removed: pruning the cache copies it."""


@dataclass
class Row:
    """One continuation that is being generated."""

    context: JobContext
    candidate: int
    seed: int
    ids: list[int]
    """The prompt, then the generated tokens."""
    decoder: RowDecoder
    splitter: Splitter = field(default_factory=Splitter)
    prefix: str = ""
    """The text before the model's own, which is part of the result."""
    stop: StopStrings = field(default_factory=StopStrings)
    logprobs: LogprobRecorder | None = None
    constraint: RowConstraint | None = None
    tokens: int = 0
    thought_tokens: int = 0
    over: bool = False
    partial: bool = False
    stopped: bool = False
    """The model ended the text itself."""
    generator: Any = field(default=None)
    sent_characters: int = 0
    """Characters that were sent before a restart and are not sent again."""

    def restart(self) -> None:
        """Discard the generated text; the same seed generates it again."""
        self.sent_characters += len(self.decoder.text)
        self.tokens, self.generator, self.decoder = 0, None, self.decoder.fresh()
        if self.logprobs is not None:
            self.logprobs.restart()

    @property
    def finish_reason(self) -> FinishReason:
        """Why the row is over."""
        if self.partial:
            return "cancelled"
        if self.stop.found:
            return "stop_string"
        return "stop" if self.stopped else "length"

    def add_token(self, token: int, is_end: bool) -> None:
        """Add the model's next token and emit the new text. `is_end`: the token ends the text."""
        self.tokens += 1
        if self.constraint is not None:
            self.constraint.add(token)
        if self.splitter.thinking:
            self.thought_tokens += 1
        elif self.logprobs is not None and not is_end:
            self.logprobs.add(token, len(self.prefix) + len(self.splitter.answer))
        if is_end:
            self.over = self.stopped = True
        else:
            emit_delta(self, self.decoder.push(token))
            self.over = self.over or bool(self.stop.found)
            if not self.over and self.constraint is not None and self.constraint.complete:
                self.over = self.stopped = True

    def finish(self) -> None:
        """Emit the text that was held back."""
        emit_delta(self, self.decoder.finish())
        emit_pieces(self, self.splitter.finish())
        emit_text(self, self.stop.finish())

    def draw(self) -> float:
        """Return the row's next random number, 0 to 1."""
        import torch

        if self.generator is None:
            self.generator = torch.Generator().manual_seed(self.seed)
        return float(torch.rand((), generator=self.generator, dtype=torch.float64))


Sample = Callable[[Sequence[Row], TextRequest, Any, Clock], Iterator[Row]]


def sample_with_halving(
    rows: Sequence[Row],
    request: TextRequest,
    pipeline: Any,
    clock: Clock,
    sample: Sample | None = None,
) -> Iterator[Row]:
    """Call `sample`; when memory runs out, again with each half of the remaining rows.

    Raises the out-of-memory error of a single row.
    """
    parts, over = [list(rows)], set[int]()
    while parts:
        part = parts.pop(0)
        with OutOfMemoryGuard(is_enabled=len(part) > 1) as guard:
            for row in (sample or sample_batch)(part, request, pipeline, clock):
                over.add(id(row))
                yield row
        if guard.ran_out:
            parts[:0] = yield from _halves(part, over, pipeline)


def _halves(
    part: list[Row], over: set[int], pipeline: TextPipeline
) -> Generator[Row, None, list[list[Row]]]:
    """Yield the rows that are over but were not yielded; return the others in two parts."""
    pipeline.prompts.clear()
    part[0].context.free_memory()
    left = [row for row in part if id(row) not in over]
    for row in left:
        if row.over:
            over.add(id(row))
            row.finish()
            yield row
    left = [row for row in left if not row.over]
    for row in left:
        row.context.note(mark("Memory ran out; the batch continues in halves"))
        if pipeline.encoder_decoder:  # its inputs do not hold the generated tokens
            row.restart()
    middle = (len(left) + 1) // 2
    return [half for half in (left[:middle], left[middle:]) if half]


def sample_batch(
    rows: Sequence[Row], request: TextRequest, pipeline: TextPipeline, clock: Clock
) -> Iterator[Row]:
    """Generate all rows as one padded batch; yield each when it is over."""
    import torch

    going = list(rows)
    prompts = [tuple(row.ids) for row in rows]
    cache, is_new = restored_cache(prompts, pipeline), True
    while going:
        cache = _generate(going, request, pipeline, clock, cache, is_new=is_new)
        if is_new:
            keep_prefix(prompts, cache, pipeline)
        is_new = False
        for row in going:
            row.over = row.over or row.tokens >= request.max_new_tokens
            if not row.over and row.context.is_cancelled():
                row.over = row.partial = True
        kept = [number for number, row in enumerate(going) if not row.over]
        for row in going:
            if row.over:
                row.finish()
                yield row
        going = [going[number] for number in kept]
        if cache is not None and going:
            # Layers with a state (Qwen3.5, Granite) lack batch_select_indices.
            cache.reorder_cache(torch.tensor(kept))


def _generate(
    rows: list[Row],
    request: TextRequest,
    pipeline: TextPipeline,
    clock: Clock,
    cache: Any,
    *,
    is_new: bool,
) -> Any:
    """Run the model until a share of the rows is over.

    `is_new`: `cache` holds at most the beginning of the prompts. Returns the model's cache, None if
    it cannot continue from one.
    """
    from transformers import DynamicCache, LogitsProcessorList, StoppingCriteriaList
    from transformers.generation.utils import GenerateDecoderOnlyOutput

    # The argument is named `cache` since transformers 5.24, `past_key_values` before.
    cache_name = (
        "cache" if "cache" in GenerateDecoderOnlyOutput.__dataclass_fields__ else "past_key_values"
    )

    # The cache keeps its padding after the longest row has left. The last token is not in it yet.
    length = 0 if cache is None or is_new else cache.get_seq_length() + 1
    inputs, mask = _padded(rows, pipeline, length)
    watch = _Watch(rows, request, pipeline, clock)
    choice = [constrained_choice(rows)] if any(row.constraint for row in rows) else []
    choice += [seeded_choice(rows, request)] if request.temperature > 0 else []
    try:
        with recorded_logits([row.logprobs for row in rows], pipeline.model):
            output = pipeline.model.generate(
                inputs,
                attention_mask=mask,
                **{cache_name: cache},
                streamer=watch,
                stopping_criteria=StoppingCriteriaList([_stop_when(watch.enough)]),
                logits_processor=LogitsProcessorList(choice),
                max_new_tokens=request.max_new_tokens - max(row.tokens for row in rows),
                do_sample=False,
                repetition_penalty=request.repetition_penalty,
                no_repeat_ngram_size=request.no_repeat_ngram_size,
                return_dict_in_generate=True,
            )
    finally:
        clock.stop()
    cache = output.get(cache_name)
    return cache if isinstance(cache, DynamicCache) else None


def _padded(rows: list[Row], pipeline: TextPipeline, length: int) -> tuple[Any, Any]:
    """Return the rows' tokens and attention mask, both (rows, length).

    Length 0 means the longest row's. Causal models are padded on the left.
    """
    import torch

    longest = length or max(len(row.ids) for row in rows)
    pad = pipeline.model.generation_config.pad_token_id or 0
    inputs = torch.full((len(rows), longest), pad)
    mask = torch.zeros_like(inputs)
    for number, row in enumerate(rows):
        place = (
            slice(0, len(row.ids))
            if pipeline.encoder_decoder
            else slice(longest - len(row.ids), longest)
        )
        inputs[number, place] = torch.tensor(row.ids)
        mask[number, place] = 1
    return inputs.to(pipeline.device), mask.to(pipeline.device)


class _Watch:
    """Streamer for batches (transformers' own takes one row), and when generation stops."""

    def __init__(
        self, rows: list[Row], request: TextRequest, pipeline: TextPipeline, clock: Clock
    ) -> None:
        self._ends = pipeline.end_tokens
        self._rows = rows
        self._total = request.max_new_tokens
        self._grows = not pipeline.encoder_decoder
        self._clock = clock
        self._has_prompt = False

    def put(self, tokens: Any) -> None:
        """Receive the prompt (once), then one token a row."""
        if not self._has_prompt:
            self._has_prompt = True
            return
        going = [
            (row, token)
            for row, token in zip(self._rows, tokens.reshape(-1).tolist(), strict=True)
            if not row.over
        ]
        progress_due = self._clock.tick(len(going))
        for row, token in going:
            if self._grows:
                row.ids.append(token)
            row.add_token(token, token in self._ends)
            if progress_due and row.candidate == 0:
                row.context.emit(Progress(step=row.tokens, total=self._total, unit="token"))

    def end(self) -> None:
        """Called by `generate` at the end; nothing is held back here."""

    def enough(self) -> bool:
        """True if enough rows are over to remove them from the batch."""
        for row in self._rows:
            if not row.over and row.context.is_cancelled():
                row.over = row.partial = True
        over = sum(row.over for row in self._rows)
        return over == len(self._rows) or (
            self._grows and over >= max(1, _LEAVE_SHARE * len(self._rows))
        )


def emit_delta(row: Row, piece: str) -> None:
    """Emit the new text of a row, without what was sent before a restart."""
    new = piece[row.sent_characters :]
    row.sent_characters = max(0, row.sent_characters - len(piece))
    if new:
        emit_pieces(row, row.splitter.push(new))


def emit_pieces(row: Row, pieces: Iterable[Piece]) -> None:
    """Emit thoughts and answer as events of their own."""
    for kind, text in pieces:
        if kind == "answer":
            emit_text(row, row.stop.push(text))
        else:
            if not text:
                row.stop.restart()
                if row.logprobs is not None:
                    row.logprobs.restart()
            row.thought_tokens = row.thought_tokens if text else row.tokens
            row.context.emit(ThoughtDelta(text=text, candidate=row.candidate, takes_text=not text))


def emit_text(row: Row, text: str) -> None:
    """Emit a piece of the answer."""
    if text:
        row.context.emit(TextDelta(text=text, candidate=row.candidate))


def _stop_when(enough: Callable[[], bool]) -> Any:
    import torch
    from transformers import StoppingCriteria

    class _StopWhenEnough(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped here
        def __call__(self, input_ids: Any, scores: Any, **_more: Any) -> Any:
            return torch.full(
                (input_ids.shape[0],), enough(), dtype=torch.bool, device=input_ids.device
            )

    return _StopWhenEnough()


def seeded_choice(rows: Sequence[Row], request: TextRequest) -> Any:
    """Return a logits processor that chooses each row's token with its own generator.

    Applies temperature, top-k and top-p (Holtzman et al., https://arxiv.org/abs/1904.09751), then
    sets all logits but the chosen token's to −∞.
    """
    import torch
    from transformers import generation

    class _SeededChoice(generation.LogitsProcessor):  # type: ignore[misc]  # untyped
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            width = min(request.top_k or scores.shape[-1], scores.shape[-1])
            best, tokens = scores.float().topk(width)  # sorted, most likely first
            shares = (best / request.temperature).softmax(-1)
            before = shares.cumsum(-1) - shares
            # The first token always stays: nothing is before it.
            shares = shares.masked_fill(before >= request.top_p, 0.0)
            reached = shares.cumsum(-1)
            drawn = torch.tensor(
                [row.draw() for row in rows], device=scores.device, dtype=reached.dtype
            )
            place = (reached <= drawn[:, None] * reached[:, -1:]).sum(-1)
            place = place.minimum((shares > 0).sum(-1) - 1)  # a number may be rounded to 1
            chosen = tokens.gather(-1, place[:, None])
            return torch.full_like(scores, -torch.inf).scatter(-1, chosen, 0.0)

    return _SeededChoice()
