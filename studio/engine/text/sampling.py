"""Sampling several rows at once: candidates of one job, or jobs that share model and settings, each
with its own seed.

A row's tokens do not depend on the rows beside it (within rounding): every row draws one number a
step from its own generator, and the token is where that number falls in the row's own distribution.
So a seed gives the same text alone and in a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.core.artifact import FinishReason
from studio.core.events import Progress, TextDelta, ThoughtDelta
from studio.core.requests import TextRequest
from studio.engine.protocol import JobContext
from studio.engine.runtime.memory import is_out_of_memory
from studio.engine.text.streaming import Clock, RowDecoder
from studio.engine.text.thoughts import Piece, Splitter

if TYPE_CHECKING:
    from studio.engine.text.pipeline import TextPipeline

_LEAVE_SHARE = 0.25
"""Rows leave a batch together, when this share of it is over: pruning the cache copies it."""


@dataclass
class Row:
    """One continuation that is being made."""

    run: JobContext
    candidate: int
    seed: int
    ids: list[int]
    """The prompt, then what was made."""
    decoder: RowDecoder
    splitter: Splitter = field(default_factory=Splitter)
    tokens: int = 0
    thought_tokens: int = 0
    over: bool = False
    partial: bool = False
    stopped: bool = False
    """The model ended the text itself."""
    generator: Any = field(default=None)
    told: int = 0
    """Characters that were made and told before it began anew."""

    def begin_anew(self) -> None:
        """Forget what was made; the same seed makes it again, and what was told is not told
        twice.
        """
        self.told += len(self.decoder.text)
        self.tokens, self.generator, self.decoder = 0, None, self.decoder.anew()

    @property
    def finish_reason(self) -> FinishReason:
        """Why it is over."""
        return "cancelled" if self.partial else "stop" if self.stopped else "length"

    def take(self, token: int, ends: bool) -> None:
        """Add the model's next token."""
        self.tokens += 1
        if self.splitter.thinking:
            self.thought_tokens += 1
        if ends:
            self.over = self.stopped = True
        else:
            emit_delta(self, self.decoder.push(token))

    def finish(self) -> None:
        """Send what was held back."""
        emit_delta(self, self.decoder.finish())
        emit_pieces(self, self.splitter.finish())

    def draw(self) -> float:
        """Return the next number of this row, 0 to 1."""
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
    """`sample`, and where memory runs out with half of the rows that are left, as long as there are
    two.
    """
    parts, over = [list(rows)], set[int]()
    while parts:
        part = parts.pop(0)
        enough = True
        try:
            for row in (sample or sample_batch)(part, request, pipeline, clock):
                over.add(id(row))
                yield row
        except Exception as error:
            if len(part) < 2 or not is_out_of_memory(error):
                raise
            enough = False
        if not enough:  # here the exception is gone, and with it what it kept
            parts[:0] = yield from _halves(part, over, pipeline)


def _halves(
    part: list[Row], over: set[int], pipeline: TextPipeline
) -> Generator[Row, None, list[list[Row]]]:
    """Yield the rows that were over and not told yet; return the others in two parts."""
    part[0].run.free()
    left = [row for row in part if id(row) not in over]
    for row in left:
        if row.over:
            over.add(id(row))
            row.finish()
            yield row
    left = [row for row in left if not row.over]
    for row in left:
        row.run.note("Memory ran out; the batch goes on in halves")
        if pipeline.encoder_decoder:  # what it made is not among its inputs
            row.begin_anew()
    middle = (len(left) + 1) // 2
    return [half for half in (left[:middle], left[middle:]) if half]


def sample_batch(
    rows: Sequence[Row], request: TextRequest, pipeline: TextPipeline, clock: Clock
) -> Iterator[Row]:
    """Generate all rows as one padded batch with the settings of `request`; yield each when it is
    over.
    """
    import torch

    going = list(rows)
    cache = None
    while going:
        cache = _generate(going, request, pipeline, clock, cache)
        for row in going:
            row.over = row.over or row.tokens >= request.max_new_tokens
            if not row.over and row.run.is_cancelled():
                row.over = row.partial = True
        kept = [number for number, row in enumerate(going) if not row.over]
        for row in going:
            if row.over:
                row.finish()
                yield row
        going = [going[number] for number in kept]
        if cache is not None and going:
            cache.reorder_cache(
                torch.tensor(kept)
            )  # batch_select_indices is not there for layers with a state (Qwen3.5, Granite)


def _generate(
    rows: list[Row], request: TextRequest, pipeline: TextPipeline, clock: Clock, cache: Any
) -> Any:
    """Run the model until a share of the rows is over. Returns its cache, or None where it cannot
    go on from one.
    """
    from transformers import DynamicCache, LogitsProcessorList, StoppingCriteriaList
    from transformers.generation.utils import GenerateDecoderOnlyOutput

    # transformers 5.24 calls the cache so; before, and until 6.0 with a warning, it is
    # `past_key_values`.
    cache_name = (
        "cache" if "cache" in GenerateDecoderOnlyOutput.__dataclass_fields__ else "past_key_values"
    )

    # The cache keeps the padding that it was made with, also where the longest row has left; the
    # last token is not in it yet.
    inputs, mask = _padded(rows, pipeline, cache.get_seq_length() + 1 if cache is not None else 0)
    watch = _Watch(rows, request, pipeline, clock)
    choice = [seeded_choice(rows, request)] if request.temperature > 0 else []
    try:
        found = pipeline.model.generate(
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
    after = found.get(cache_name)
    return after if isinstance(after, DynamicCache) else None


def _padded(rows: list[Row], pipeline: TextPipeline, length: int) -> tuple[Any, Any]:
    """Return the rows' tokens and their mask, (rows, length); 0 takes the longest row's. A causal
    model is padded on the left.
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
    """What `generate(streamer=…)` hands tokens to; transformers' own takes a batch of one only."""

    def __init__(
        self, rows: list[Row], request: TextRequest, pipeline: TextPipeline, clock: Clock
    ) -> None:
        ends = pipeline.model.generation_config.eos_token_id
        self._ends = set(ends if isinstance(ends, list) else [] if ends is None else [ends])
        self._rows = rows
        self._total = request.max_new_tokens
        self._grows = not pipeline.encoder_decoder
        self._clock = clock
        self._prompt_seen = False

    def put(self, tokens: Any) -> None:
        """Take the prompt (once), then one token a row."""
        if not self._prompt_seen:
            self._prompt_seen = True
            return
        going = [
            (row, token)
            for row, token in zip(self._rows, tokens.reshape(-1).tolist(), strict=True)
            if not row.over
        ]
        tell_now = self._clock.tick(len(going))
        for row, token in going:
            if self._grows:
                row.ids.append(token)
            row.take(token, token in self._ends)
            if tell_now and row.candidate == 0:
                row.run.emit(Progress(step=row.tokens, total=self._total, unit="token"))

    def end(self) -> None:
        """Nothing is held back here."""

    def enough(self) -> bool:
        """True where rows should leave the batch, or the model can stop."""
        for row in self._rows:
            if not row.over and row.run.is_cancelled():
                row.over = row.partial = True
        over = sum(row.over for row in self._rows)
        return over == len(self._rows) or (
            self._grows and over >= max(1, _LEAVE_SHARE * len(self._rows))
        )


def emit_delta(row: Row, piece: str) -> None:
    """Say what is new of a row, if anything."""
    known, row.told = piece[: row.told], max(0, row.told - len(piece))
    if piece[len(known) :]:
        emit_pieces(row, row.splitter.push(piece[len(known) :]))


def emit_pieces(row: Row, pieces: Iterable[Piece]) -> None:
    """Emit what is thought and what is answer as events of their own."""
    for sort, text in pieces:
        if sort == "answer":
            row.run.emit(TextDelta(text=text, candidate=row.candidate))
        else:
            row.thought_tokens = row.thought_tokens if text else row.tokens
            row.run.emit(ThoughtDelta(text=text, candidate=row.candidate, takes_text=not text))


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
    """Return a logits processor that chooses each row's token: temperature, top-k, top-p (Holtzman
    et al., https://arxiv.org/abs/1904.09751), then one number of the row's own generator. All but
    the chosen token become −∞.
    """
    import torch
    from transformers import LogitsProcessor

    class _SeededChoice(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped here
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            width = min(request.top_k or scores.shape[-1], scores.shape[-1])
            best, tokens = scores.float().topk(width)  # sorted, the likeliest first
            shares = (best / request.temperature).softmax(-1)
            before = shares.cumsum(-1) - shares
            shares = shares.masked_fill(
                before >= request.top_p, 0.0
            )  # the first one always stays: nothing is before it
            reached = shares.cumsum(-1)
            drawn = torch.tensor(
                [row.draw() for row in rows], device=scores.device, dtype=reached.dtype
            )
            place = (reached <= drawn[:, None] * reached[:, -1:]).sum(-1).clamp(max=width - 1)
            chosen = tokens.gather(-1, place[:, None])
            return torch.full_like(scores, -torch.inf).scatter(-1, chosen, 0.0)

    return _SeededChoice()
