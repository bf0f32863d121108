"""Makes a batch's rows of requests, and results of rows."""

from __future__ import annotations

from typing import Any

from studio.core.errors import StudioError
from studio.core.events import TextDelta
from studio.core.requests import MAX_SEED, TextRequest
from studio.core.translation import mark, tr
from studio.engine.protocol import JobContext
from studio.engine.runtime.device import free_bytes
from studio.engine.text.chat_template import (
    continued_text,
    prompt_end,
    prompt_tokens,
    stop_strings,
)
from studio.engine.text.constraints.row_constraint import RowConstraint
from studio.engine.text.constraints.stop_strings import StopStrings
from studio.engine.text.gguf_context import GgufPipeline
from studio.engine.text.load import Pipeline
from studio.engine.text.logprobs import LogprobRecorder
from studio.engine.text.sampling import Row
from studio.engine.text.streaming import RowDecoder
from studio.engine.text.thoughts import NO_MARKS, Marks, Splitter, splitter_for
from studio.library.results import TextResult
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.preflight.grammar import check_grammar, grammar_of
from studio.preflight.tokens import too_long

CACHE_SHARE = 0.25
"""Share of the free memory for the keys and values of one padded batch."""

TOKENS_BEFORE = 4
"""Tokens of a continued text that are decoded with the model's first one."""


def request_of(context: JobContext) -> TextRequest:
    """Return the job's request."""
    request = context.job.request
    assert isinstance(request, TextRequest)
    return request


def prompt_ids(context: JobContext, pipeline: Pipeline) -> list[int]:
    """Return the token ids of the prompt. Raises StudioError if the model has too few positions."""
    request = request_of(context)
    ids = prompt_tokens(pipeline.tokenizer, context.card, request, pipeline.marks)
    limit = position_limit(context, pipeline)
    problem = too_long(
        len(ids), request.max_new_tokens, limit, encoder_decoder=context.card.encoder_decoder
    )
    if problem:
        raise StudioError(
            problem,
            cause="prompt_too_long",
            cure=tr("Shorten the prompt, ask for fewer tokens, or choose a model that takes more."),
        )
    return ids


def position_limit(context: JobContext, pipeline: Pipeline) -> int:
    """Return how many tokens the model takes; 0 for no limit, or an unknown one."""
    if context.card.max_positions or isinstance(pipeline, GgufPipeline):
        return context.card.max_positions
    return _max_positions(pipeline.model, context.card)


def new_row(context: JobContext, pipeline: Pipeline, ids: list[int], candidate: int) -> Row:
    """Return the row of a candidate, whose prompt has these token ids."""
    request, prefix = request_of(context), prefix_of(context)
    seed = ((request.seed or 0) + candidate) % (MAX_SEED + 1)
    marks = marks_for(request, pipeline)
    splitter = (
        splitter_for(marks, prompt_end(pipeline.tokenizer, ids)) if marks.known else Splitter()
    )
    constraint = _constraint_for(context, pipeline, splitter)
    if prefix:
        context.emit(TextDelta(text=prefix, candidate=candidate))
    decoder = RowDecoder(pipeline.tokenizer, marks.tokens, tokens_before(context, ids))
    recorder = None
    if request.top_logprobs:
        recorder = LogprobRecorder(request.top_logprobs, pipeline.tokenizer.decode)
    return Row(
        context,
        candidate,
        seed,
        list(ids),
        decoder,
        splitter,
        prefix=prefix,
        stop=StopStrings(stop_strings(context.card, request)),
        logprobs=recorder,
        constraint=constraint,
    )


def _constraint_for(
    context: JobContext, pipeline: Pipeline, splitter: Splitter
) -> RowConstraint | None:
    """Return what keeps the answer within the request's grammar; None if it is free.

    Raises StudioError if the grammar is invalid, or the answer's beginning does not fit it.
    """
    request = request_of(context)
    if not request.constraint:
        return None
    cure = tr("Correct {field}, or leave it out.", field=request.constraint)
    if problem := check_grammar(context.card, request, thorough=True):
        message = f"{problem.field}: {problem.message}"  # not translated: a name and a translation
        raise StudioError(message, cause="invalid", cure=cure)
    begin = constrained_beginning(request)
    grammar = grammar_of(request, after_text=bool(prefix_of(context)) and not begin)
    constraint = RowConstraint(pipeline.vocabulary, grammar, splitter, begin)
    if not constraint.fits:
        raise StudioError(
            tr(
                "A text that begins with “{begin}” cannot match the field {field}.",
                begin=begin[:60],
                field=request.constraint,
            ),
            cause="invalid",
            cure=cure,
        )
    return constraint


def constrained_beginning(request: TextRequest) -> str:
    """Return the beginning of a constrained text that the request already has."""
    return request.prefix.rstrip(" \t")


def note_mismatch(row: Row) -> None:
    """Add a note if the text of a row ended before it matched its grammar."""
    request = request_of(row.context)
    whole = constrained_beginning(request) + row.stop.text
    if row.constraint is not None and not row.partial and not row.constraint.matches(whole):
        row.context.add_note(
            mark("The text ended before it matched the field {field}"), field=request.constraint
        )


def marks_for(request: TextRequest, pipeline: Pipeline) -> Marks:
    """Return the marks of thoughts; a text that the model continues has none."""
    return NO_MARKS if request.mode == "complete" else pipeline.marks


def prefix_of(context: JobContext) -> str:
    """Return the text before the model's own: what it continues."""
    card = context.card
    return "" if card.encoder_decoder else continued_text(card, request_of(context))


def tokens_before(context: JobContext, ids: list[int]) -> list[int]:
    """Return the prompt's last tokens if the model continues a text, else none."""
    return ids[-TOKENS_BEFORE:] if prefix_of(context) else []


def result_of(row: Row) -> TextResult:
    """Return the result of a row that is over."""
    text = row.prefix + row.stop.text
    return TextResult(
        text=text,
        ordinal=row.candidate,
        seed=row.seed,
        partial=row.partial,
        finish_reason=row.finish_reason,
        thought_tokens=row.thought_tokens,
        logprobs=row.logprobs.result(len(text)) if row.logprobs is not None else None,
    )


def batch_token_capacity(pipeline: Pipeline) -> int:
    """Return how many tokens of prompts and results fit into `CACHE_SHARE` of the free memory."""
    if isinstance(pipeline, GgufPipeline):
        token_bytes = pipeline.bytes_per_token
    else:
        config = pipeline.model.config.get_text_config()
        heads = _setting(config, "num_attention_heads") or 1
        width = _setting(config, "head_dim") or (_setting(config, "hidden_size") or 1024) // heads
        cached_heads = _setting(config, "num_key_value_heads") or heads
        layers = _setting(config, "num_hidden_layers") or 32
        token_bytes = 2 * layers * cached_heads * width * pipeline.model.dtype.itemsize
    return int(CACHE_SHARE * free_bytes(pipeline.device) / token_bytes)


def _max_positions(model: Any, card: ModelCard) -> int:
    """Return how many tokens the model can read; 0 for no limit."""
    family = find_family(card.family)
    if family is not None and family.relative_positions:
        return 0
    config = model.config.get_text_config()
    return _setting(config, "max_position_embeddings", "n_positions", "max_seq_len")


def _setting(config: Any, *names: str) -> int:
    """Return the first of these settings that is a positive number, else 0."""
    for name in names:
        value = getattr(config, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return 0
