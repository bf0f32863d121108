"""Text from a GGUF as it is, through llama.cpp: several rows at once, each with a choice and a seed
of its own.

Every row is a sequence with its own cache, so its tokens do not depend on the rows beside it. Rows
that begin alike, as the candidates of one job do, read their prompt once. What a setting means is
the same as in `sampling.py`; the numbers that chance draws are llama.cpp's own, so that a seed
gives another text than the same weights do through transformers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from studio.core.environment import thread_count
from studio.core.errors import StudioError
from studio.core.events import Progress
from studio.core.requests import TextRequest
from studio.engine.protocol import CancelCheck
from studio.engine.runtime.device import free_bytes
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.text.sampling import Row
from studio.engine.text.streaming import Clock
from studio.engine.text.thoughts import NO_MARKS, Marks, marks_of
from studio.models.card import ModelCard
from studio.models.inspect.checkpoint import checked, checkpoint_in
from studio.models.llama_cpp import Tokenizer, binding, is_there, open_model
from studio.models.memory.load_plan import LoadPlan

BATCH_TOKENS = 512
"""Of prompts, read in one go."""
_NO_SEED = 2**32 - 1
"""llama.cpp takes this seed for none and draws one."""
_SEED_INSTEAD = 2**31
_CACHE_BYTES = 2
"""Of a number in the cache: float16."""


@dataclass(frozen=True)
class GgufPipeline:
    """A GGUF that llama.cpp has open."""

    model: Any
    tokenizer: Tokenizer
    plan: LoadPlan = DEFAULT_PLAN
    device: str = "cpu"
    encoder_decoder: bool = False
    marks: Marks = NO_MARKS

    @property
    def bytes_per_token(self) -> int:
        """What keys and values of one token take in the cache."""
        width = self.model.n_embd // max(1, self.model.n_head)
        return (
            2
            * _CACHE_BYTES
            * int(self.model.n_layer)
            * int(self.model.n_head_kv or self.model.n_head)
            * int(width)
        )


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> GgufPipeline:
    """Open the file that the card's folder names. Raises StudioError with what to do where the
    extra is gone, or the file.
    """
    found = checkpoint_in(card.folder)
    if found is None:
        raise StudioError(
            f"{card.title} is damaged.", cause="model", cure="Remove the model and add it again."
        )
    path = checked(found)
    if not is_there():
        raise StudioError(
            f"{card.title} is a GGUF that was added as it is, and llama.cpp, which runs it, is not "
            "installed.",
            cause="model",
            cure='Install it (pip install "studio[gguf]"), or convert the model: studio models '
            f'add "{path}"',
        )
    model = open_model(path)
    tokenizer = Tokenizer(model, chat=card.chat)
    return GgufPipeline(
        model, tokenizer, plan, marks=marks_of(tokenizer) if card.chat else NO_MARKS
    )


def sample(
    rows: Sequence[Row], request: TextRequest, pipeline: GgufPipeline, clock: Clock
) -> Iterator[Row]:
    """Generate all rows together with the settings of `request`; yield each when it is over."""
    batch = _Batch(rows, request, pipeline)
    going = dict(enumerate(rows))
    try:
        tokens = batch.read_prompts(lambda: all(row.run.is_cancelled() for row in rows))
        while going:
            _take(going, tokens, request, pipeline.tokenizer, clock)
            for number in [number for number, row in going.items() if row.over]:
                row = going.pop(number)
                row.finish()
                batch.forget(number)
                clock.stop()
                yield row
            tokens = batch.step({number: row.ids for number, row in going.items()})
    except InterruptedError:  # cancelled while prompts were read
        clock.stop()
        for row in going.values():
            row.over = row.partial = True
            yield row


def _take(
    going: dict[int, Row],
    tokens: dict[int, int],
    request: TextRequest,
    tokenizer: Tokenizer,
    clock: Clock,
) -> None:
    """Add each row's next token."""
    tell_now = clock.tick(len(going))
    for number, row in going.items():
        token = tokens[number]
        row.ids.append(token)
        row.take(token, tokenizer.is_end(token))
        if tell_now and row.candidate == 0:
            row.run.emit(Progress(step=row.tokens, total=request.max_new_tokens, unit="token"))
        row.over = row.over or row.tokens >= request.max_new_tokens
        if not row.over and row.run.is_cancelled():
            row.over = row.partial = True


class _Batch:
    """The sequences of llama.cpp that rows are, by their number."""

    def __init__(self, rows: Sequence[Row], request: TextRequest, pipeline: GgufPipeline) -> None:
        llama, longest = binding(), max(len(row.ids) for row in rows) + request.max_new_tokens
        params = llama.LlamaContextParams()
        params.n_seq_max, params.n_ctx, params.n_batch = (
            len(rows),
            longest * len(rows),
            BATCH_TOKENS,
        )
        params.n_threads = params.n_threads_batch = thread_count()
        params.kv_unified = (
            False  # a cache for each: rounding would make a row depend on those beside it
        )
        need = pipeline.bytes_per_token * longest * len(rows)
        too_much = MemoryError(
            f"not enough memory for {longest:,} tokens × {len(rows)} ({need / 1e9:.1f} GB)"
        )
        if need > free_bytes(
            pipeline.device
        ):  # the system would promise it, and end this process when it is used
            raise too_much
        try:
            self._context = llama.LlamaContext(pipeline.model, params, False)
        except (ValueError, RuntimeError) as error:
            raise too_much from error
        self._batch = llama.LlamaBatch(n_tokens=max(BATCH_TOKENS, len(rows)), embd=0, n_seq_max=1)
        self._prompts = [tuple(row.ids) for row in rows]
        words = len(pipeline.tokenizer)
        self._choices = [_Choice(row.ids, row.seed, request, words) for row in rows]

    def read_prompts(self, is_cancelled: CancelCheck) -> dict[int, int]:
        """Read every prompt; return the first token of each row. Raises InterruptedError where all
        were cancelled meanwhile.
        """
        alike: dict[tuple[int, ...], list[int]] = {}
        for number, prompt in enumerate(self._prompts):
            alike.setdefault(prompt, []).append(number)
        self._context.set_abort_callback(is_cancelled)
        found: dict[int, int] = {}
        wanted = [
            (prompt, at, numbers) for prompt, numbers in alike.items() for at in range(len(prompt))
        ]
        for begin in range(0, len(wanted), BATCH_TOKENS):
            if is_cancelled():
                raise InterruptedError
            part = wanted[begin : begin + BATCH_TOKENS]
            self._batch.reset()
            for prompt, at, numbers in part:
                self._batch.add(prompt[at], at, [numbers[0]], at == len(prompt) - 1)
            self._context.decode(self._batch)
            for place, (prompt, at, numbers) in enumerate(part):
                if at == len(prompt) - 1:
                    found |= self._begin_alike(numbers, place)
        self._context.install_cancel_callback()  # nothing of Python is asked any more inside a step
        return found

    def _begin_alike(self, numbers: list[int], place: int) -> dict[int, int]:
        for other in numbers[1:]:
            self._context.memory_seq_cp(numbers[0], other, -1, -1)
        return {number: self._choices[number].choose(self._context, place) for number in numbers}

    def step(self, rows: dict[int, list[int]]) -> dict[int, int]:
        """Read the last token of each row; return the next ones."""
        if not rows:
            return {}
        self._batch.reset()
        for number, ids in rows.items():
            self._batch.add(ids[-1], len(ids) - 1, [number], True)
        self._context.decode(self._batch)
        return {
            number: self._choices[number].choose(self._context, place, ids)
            for place, (number, ids) in enumerate(rows.items())
        }

    def forget(self, number: int) -> None:
        """Empty the cache of a row that is over."""
        self._context.memory_seq_rm(number, -1, -1)


class _Choice:
    """Chooses the tokens of one row."""

    def __init__(self, prompt: list[int], seed: int, request: TextRequest, words: int) -> None:
        self._request = request
        self._seed = seed
        self._words = words
        self._prompt = list(prompt)
        self._chain = self._make_chain(seed, self._prompt, [])

    def choose(self, context: Any, place: int, ids: list[int] | None = None) -> int:
        """Return the token for one output of the last step."""
        ids = self._prompt if ids is None else ids
        unwanted = _repeating(ids, self._request.no_repeat_ngram_size)
        if unwanted:  # a chain of its own, whose seed says how far the text is
            chain = self._make_chain(self._seed + len(ids), ids, unwanted)
            token = int(chain.sample(context, place))
            self._chain.accept(token)
            return token
        return int(self._chain.sample(context, place))

    def _make_chain(self, seed: int, ids: list[int], unwanted: list[int]) -> Any:
        """Return what stands between numbers and token, in the order of transformers: penalties,
        temperature, top-k, top-p.
        """
        llama, request = binding(), self._request
        chain = llama.LlamaSampler(llama.LlamaSamplerChainParams())
        if unwanted:
            chain.add_logit_bias(self._words, [(token, -1e30) for token in unwanted])
        if request.repetition_penalty != 1:
            chain.add_penalties(
                len(self._prompt) + request.max_new_tokens, request.repetition_penalty, 0.0, 0.0
            )
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


def _repeating(ids: list[int], size: int) -> list[int]:
    """Return the tokens that would repeat `size` tokens in a row; none where it is 0."""
    if not size or len(ids) < size:
        return []
    begin = ids[len(ids) - size + 1 :] if size > 1 else []
    places = range(len(ids) - size + 1)
    return sorted(
        {ids[place + size - 1] for place in places if ids[place : place + size - 1] == begin}
    )
