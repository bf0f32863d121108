"""Beam search: shows its steps, then ranked candidates (`generate` with beams cannot stream)."""

from __future__ import annotations

import dataclasses
from typing import Any

from studio.core.artifact import FinishReason
from studio.core.events import Progress
from studio.core.requests import TextRequest
from studio.engine.protocol import JobContext
from studio.engine.text.chat_template import stop_strings
from studio.engine.text.constraints.stop_strings import StopStrings
from studio.engine.text.load import Pipeline
from studio.engine.text.pipeline import TextPipeline
from studio.engine.text.rows import (
    marks_for,
    new_row,
    prefix_of,
    request_of,
    result_of,
    tokens_before,
)
from studio.engine.text.streaming import Clock, cancel_criteria
from studio.library.results import TextResult


def beam_search(
    context: JobContext, pipeline: TextPipeline, prompt: list[int], clock: Clock
) -> list[TextResult]:
    """Return the candidates, best first, with their scores. `prompt`: its token ids."""
    output = _generate(context, request_of(context), pipeline, prompt, clock)
    start = 0 if context.card.encoder_decoder else len(prompt)
    scores = output.sequences_scores.cpu().tolist()
    sequences = [row[start:].tolist() for row in output.sequences.cpu()]
    return [
        dataclasses.replace(
            candidate_of(context, pipeline, prompt, ids, rank), score=round(score, 6)
        )
        for rank, (ids, score) in enumerate(zip(sequences, scores, strict=True))
    ]


def candidate_of(
    context: JobContext, pipeline: Pipeline, prompt: list[int], ids: list[int], rank: int
) -> TextResult:
    """Return the result of a beam, whose ids may end with an end token and padding."""
    seed = context.job.request.seed
    ends = pipeline.end_tokens
    length = next((place for place, token in enumerate(ids) if token in ends and place), len(ids))
    stopped, partial = length < len(ids), context.is_cancelled()
    request = request_of(context)
    if not marks_for(request, pipeline).known:
        before = tokens_before(context, prompt)
        decoded = [
            pipeline.tokenizer.decode(
                tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
            for tokens in (before, before + ids)
        ]
        text = decoded[1][len(decoded[0]) :]
        stop = StopStrings(stop_strings(context.card, request))
        stop.push(text)
        stop.finish()
        reason: FinishReason = "cancelled" if partial else "stop" if stopped else "length"
        return TextResult(
            text=prefix_of(context) + stop.text,
            ordinal=rank,
            seed=seed,
            partial=partial,
            finish_reason="stop_string" if stop.found and not partial else reason,
        )
    row = new_row(dataclasses.replace(context, emit=lambda _event: None), pipeline, prompt, rank)
    for token in ids[:length]:
        if not row.over:
            row.add_token(token, is_end=False)
    row.stopped, row.partial = stopped, partial
    row.finish()
    return dataclasses.replace(result_of(row), seed=seed)


def _generate(
    context: JobContext,
    request: TextRequest,
    pipeline: TextPipeline,
    prompt: list[int],
    clock: Clock,
) -> Any:
    import torch
    from transformers import StoppingCriteriaList

    def step() -> None:
        if clock.tick():
            context.emit(Progress(step=clock.steps, total=request.max_new_tokens, unit="token"))

    inputs = torch.tensor([prompt], device=pipeline.device)
    torch.manual_seed(request.seed or 0)  # generate() takes no generator
    try:
        return pipeline.model.generate(
            inputs,
            attention_mask=torch.ones_like(inputs),
            stopping_criteria=StoppingCriteriaList([cancel_criteria(context.is_cancelled, step)]),
            max_new_tokens=request.max_new_tokens,
            num_beams=request.num_beams,
            num_return_sequences=request.num_return_sequences,
            repetition_penalty=request.repetition_penalty,
            no_repeat_ngram_size=request.no_repeat_ngram_size,
            early_stopping=True,
            output_scores=True,
            return_dict_in_generate=True,
        )
    finally:
        clock.stop()
