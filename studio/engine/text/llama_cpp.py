"""Runs GGUF files through llama.cpp: several rows at once, each with its own sampler and seed.

Every row is a sequence with its own cache, so its tokens do not depend on the other rows. Rows with
the same prompt, such as the candidates of one job, read it once. Settings mean the same as in
`sampling.py`, but llama.cpp draws its own random numbers: a seed gives another text than the same
weights do through transformers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Progress
from studio.core.requests import TextRequest
from studio.core.translation import tr
from studio.engine.protocol import CancelCheck
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.text.constraints.repetition import repeating_tokens
from studio.engine.text.constraints.vocabulary import Mask
from studio.engine.text.gguf_context import (
    GgufPipeline,
    logits_at,
    new_batch,
    new_context,
)
from studio.engine.text.gguf_prefix import PrefixReader
from studio.engine.text.sampling import Row
from studio.engine.text.streaming import Clock
from studio.engine.text.thoughts import NO_MARKS, marks_of
from studio.models.card import ModelCard
from studio.models.inspect.checkpoint import checked, checkpoint_in
from studio.models.llama_cpp import REQUIREMENT, Tokenizer, binding, is_installed, open_model
from studio.models.memory.load_plan import LoadPlan

_NO_SEED = 2**32 - 1
"""llama.cpp takes this seed as "none" and draws one."""
_SEED_INSTEAD = 2**31
_SECOND_DRAW = 0x5BD1E995
"""Makes the seed of a draw from allowed tokens differ from that of the free draw."""
_NEVER, _ALWAYS = -1e30, 1e4
"""Added to logits: smaller or larger than any, yet 1e4 keeps three of their decimals."""


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> GgufPipeline:
    """Open the GGUF file of a card.

    Raises StudioError with what to do if llama.cpp or the file is missing.
    """
    checkpoint = checkpoint_in(card.folder)
    if checkpoint is None:
        raise StudioError(
            tr("{model} is damaged.", model=card.title),
            cause="model",
            cure=tr("Remove the model and add it again."),
        )
    path = checked(checkpoint)
    if not is_installed():
        raise StudioError(
            tr(
                "{model} is a GGUF file, and llama.cpp, which runs it, is not installed.",
                model=card.title,
            ),
            cause="model",
            cure=tr(
                "Install it (pip install {package}), or convert the model: studio models add "
                '"{path}"',
                package=REQUIREMENT,
                path=path,
            ),
        )
    model = open_model(path)
    tokenizer = Tokenizer(model, chat=card.chat)
    return GgufPipeline(
        model, tokenizer, plan, marks=marks_of(tokenizer) if card.chat else NO_MARKS
    )


def sample(
    rows: Sequence[Row], request: TextRequest, pipeline: GgufPipeline, clock: Clock
) -> Iterator[Row]:
    """Generate all rows as one batch; yield each when it is over."""
    batch = _Batch(rows, request, pipeline)
    running = dict(enumerate(rows))
    try:
        tokens = batch.read_prompts(lambda: all(row.context.is_cancelled() for row in rows))
        while running:
            pairs = [(row, tokens[number]) for number, row in running.items()]
            _add_tokens(pairs, request, pipeline.tokenizer, clock)
            for number in [number for number, row in running.items() if row.over]:
                row = running.pop(number)
                row.finish()
                batch.remove(number)
                clock.stop()
                yield row
            tokens = batch.step({number: row.ids for number, row in running.items()})
    except InterruptedError:  # cancelled while prompts were read
        clock.stop()
        for row in running.values():
            row.over = row.partial = True
            yield row


def _add_tokens(
    rows: Sequence[tuple[Row, int]],
    request: TextRequest,
    tokenizer: Tokenizer,
    clock: Clock,
) -> None:
    """Add to each row its next token."""
    progress_due = clock.tick(len(rows))
    for row, token in rows:
        row.ids.append(token)
        row.add_token(token, tokenizer.is_end(token))
        if progress_due and row.candidate == 0:
            row.context.emit(Progress(step=row.tokens, total=request.max_new_tokens, unit="token"))
        row.over = row.over or row.tokens >= request.max_new_tokens
        if not row.over and row.context.is_cancelled():
            row.over = row.partial = True


class _Batch:
    """A llama.cpp context with one sequence a row, by the row's number."""

    def __init__(self, rows: Sequence[Row], request: TextRequest, pipeline: GgufPipeline) -> None:
        longest = max(len(row.ids) for row in rows) + request.max_new_tokens
        # A cache for each row: in a shared one, rounding would make a row depend on the others.
        self._context = new_context(pipeline, len(rows), longest)
        self._batch = new_batch(len(rows))
        self._prefixes = PrefixReader(pipeline, self._context, self._batch, len(rows))
        self._rows = list(rows)
        self._prompts = [tuple(row.ids) for row in rows]
        vocabulary_size = len(pipeline.tokenizer)
        self._samplers = [_Sampler(row, request, vocabulary_size) for row in rows]

    def read_prompts(self, is_cancelled: CancelCheck) -> dict[int, int]:
        """Decode every prompt; return row number → its first token.

        Raises InterruptedError if `is_cancelled()` became true meanwhile.
        """
        rows_of: dict[tuple[int, ...], list[int]] = {}
        for number, prompt in enumerate(self._prompts):
            rows_of.setdefault(prompt, []).append(number)
        self._context.set_abort_callback(is_cancelled)
        first: dict[int, int] = {}
        for prompt, numbers in rows_of.items():
            begin = self._prefixes.read(prompt, numbers[0], is_cancelled)
            if is_cancelled():
                raise InterruptedError
            # A step of its own: which of llama.cpp's kernels reads a token, and so its rounding,
            # depends on the number of tokens in a step.
            self._batch.reset()
            for place, token in enumerate(prompt[begin:], begin):
                self._batch.add(token, place, [numbers[0]], place == len(prompt) - 1)
            self._context.decode(self._batch)
            first |= self._start_rows(numbers, len(prompt) - 1 - begin)
        self._context.install_cancel_callback()  # no step calls Python any more
        return first

    def _start_rows(self, numbers: list[int], place: int) -> dict[int, int]:
        """Copy a prompt's cache to the other rows with it; return row number → first token."""
        for other in numbers[1:]:
            self._context.memory_seq_cp(numbers[0], other, -1, -1)
        self._offer_logits(numbers, place)
        return {number: self._samplers[number].sample(self._context, place) for number in numbers}

    def _offer_logits(self, numbers: Iterable[int], place: int) -> None:
        """Offer one output of the last step to the recorders of these rows."""
        recorders = [recorder for number in numbers if (recorder := self._rows[number].logprobs)]
        if recorders:
            logits = logits_at(self._context, place)
            for recorder in recorders:
                recorder.offer(logits)

    def step(self, rows: dict[int, list[int]]) -> dict[int, int]:
        """Decode the last token of each row (row number → ids); return the next ones."""
        if not rows:
            return {}
        self._batch.reset()
        for number, ids in rows.items():
            self._batch.add(ids[-1], len(ids) - 1, [number], True)
        self._context.decode(self._batch)
        for place, number in enumerate(rows):
            self._offer_logits([number], place)
        return {
            number: self._samplers[number].sample(self._context, place, ids)
            for place, (number, ids) in enumerate(rows.items())
        }

    def remove(self, number: int) -> None:
        """Empty the cache of a row that is over."""
        self._context.memory_seq_rm(number, -1, -1)


class _Sampler:
    """Chooses the tokens of one row."""

    def __init__(self, row: Row, request: TextRequest, vocabulary_size: int) -> None:
        self._request = request
        self._seed = row.seed
        self._constraint = row.constraint
        self._vocabulary_size = vocabulary_size
        self._prompt = list(row.ids)
        self._chain = self._make_chain(self._seed, self._prompt)

    def sample(self, context: Any, place: int, ids: list[int] | None = None) -> int:
        """Return the token for one output of the last step. `ids`: prompt and text so far."""
        ids = self._prompt if ids is None else ids
        banned = repeating_tokens(ids, self._request.no_repeat_ngram_size)
        allowed = None if self._constraint is None else self._constraint.allowed()
        if allowed is not None:
            return self._sample_allowed(context, place, ids, banned, allowed)
        if banned:  # a chain of its own, whose seed depends on the length so far
            chain = self._make_chain(self._seed + len(ids), ids, _biases(banned, _NEVER))
            token = int(chain.sample(context, place))
            self._chain.accept(token)
            return token
        return int(self._chain.sample(context, place))

    def _sample_allowed(
        self, context: Any, place: int, ids: list[int], banned: list[int], allowed: Mask
    ) -> int:
        """Return one of the allowed tokens, if possible one that is not banned.

        Samples freely first: that most often gives one of them, and the binding takes a
        list of biases slowly. Drawing again from these alone keeps their probabilities.
        """
        free = allowed.copy()
        free[banned] = False
        tokens = np.flatnonzero(free if free.any() else allowed)
        if len(tokens) == 1:
            self._chain.accept(int(tokens[0]))
            return int(tokens[0])
        token = int(self._chain.sample(context, place))
        if token not in tokens:
            seed = self._seed + len(ids)
            chain = self._make_chain(seed ^ _SECOND_DRAW, ids, self._biases_for(tokens))
            token = int(chain.sample(context, place))
            self._chain = self._make_chain(seed, [*ids, token])
        return token

    def _biases_for(self, tokens: NDArray[np.intp]) -> list[tuple[int, float]]:
        """Return the shorter list of biases that lets only these tokens be drawn."""
        if 2 * len(tokens) < self._vocabulary_size:
            return _biases(tokens.tolist(), _ALWAYS)
        others = np.setdiff1d(np.arange(self._vocabulary_size), tokens, assume_unique=True)
        return _biases(others.tolist(), _NEVER)

    def _make_chain(
        self, seed: int, ids: list[int], biases: Sequence[tuple[int, float]] = ()
    ) -> Any:
        """Return a sampler chain that does what transformers' sampling does."""
        llama, request = binding(), self._request
        chain = llama.LlamaSampler(llama.LlamaSamplerChainParams())
        if request.repetition_penalty != 1:
            chain.add_penalties(
                len(self._prompt) + request.max_new_tokens, request.repetition_penalty, 0.0, 0.0
            )
        if biases:
            chain.add_logit_bias(self._vocabulary_size, list(biases))
        if request.temperature == 0:
            chain.add_greedy()
        else:
            if request.top_k:
                chain.add_top_k(request.top_k)
            chain.add_temp(request.temperature)
            if request.top_p < 1:
                chain.add_top_p(request.top_p, 1)
            chain.add_dist(_SEED_INSTEAD if seed % 2**32 == _NO_SEED else seed % 2**32)
        if request.repetition_penalty != 1:
            for token in ids:
                chain.accept(token)
        return chain


def _biases(tokens: Iterable[int], bias: float) -> list[tuple[int, float]]:
    return [(token, bias) for token in tokens]
