"""Text: any causal or encoder-decoder language model that transformers loads from a folder; also
those that can see pictures, and a GGUF as it is through llama.cpp (`llama_cpp.py`).

A chat model's result is its answer. A model without chat continues the prompt, and its result is
prompt and continuation. Sampling streams; beam search cannot (`generate` refuses a streamer), so it
shows its steps and then the ranked candidates.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from studio.core.artifact import FinishReason
from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics, TextDelta
from studio.core.requests import MAX_SEED, TextRequest
from studio.engine.protocol import BatchOutcome, JobCancelledError, JobContext
from studio.engine.runtime.device import free_bytes
from studio.engine.runtime.placement import (
    DEFAULT_PLAN,
    device_map_kwargs,
    device_of,
    dtype_of,
    inference_context,
    quantization_kwargs,
)
from studio.engine.text import llama_cpp
from studio.engine.text.chat_template import prompt_end, prompt_tokens
from studio.engine.text.llama_cpp import GgufPipeline
from studio.engine.text.pipeline import TextPipeline
from studio.engine.text.sampling import Row, sample_with_halving
from studio.engine.text.streaming import Clock, RowDecoder, cancel_criteria
from studio.engine.text.thoughts import NO_MARKS, Splitter, marks_of, splitter_for
from studio.library.results import Result, TextResult
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.models.llama_cpp import RUNNER
from studio.models.memory.load_plan import LoadPlan
from studio.preflight.tokens import too_long

_KEPT_IDS = (
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "decoder_start_token_id",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "suppress_tokens",
)


CACHE_SHARE = 0.25
"""Of the free memory, for the keys and values of one padded batch."""


Pipeline = TextPipeline | GgufPipeline


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> Pipeline:
    """Load model and tokenizer from the card's folder, as `plan` says. Only safetensors or a GGUF;
    never code from the folder.
    """
    if card.runner == RUNNER:
        return llama_cpp.load(card, plan)
    from transformers import AutoTokenizer, GenerationConfig

    model = load_model(card, plan)
    tokenizer = AutoTokenizer.from_pretrained(
        card.folder, local_files_only=True, trust_remote_code=False
    )
    # Only ids are kept of the checkpoint's own settings: the request says everything else, so that
    # it can be repeated anywhere.
    known = model.generation_config
    ids = {name: getattr(known, name, None) for name in _KEPT_IDS}
    ids["eos_token_id"] = (
        ids["eos_token_id"] if ids["eos_token_id"] is not None else tokenizer.eos_token_id
    )
    if ids["pad_token_id"] is None:
        end = (
            ids["eos_token_id"][0] if isinstance(ids["eos_token_id"], list) else ids["eos_token_id"]
        )
        ids["pad_token_id"] = (
            tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (end or 0)
        )
    model.generation_config = GenerationConfig(
        **{name: value for name, value in ids.items() if value is not None}
    )
    marks = marks_of(tokenizer) if card.chat and not card.encoder_decoder else NO_MARKS
    return TextPipeline(model, tokenizer, device_of(plan), card.encoder_decoder, plan, marks)


def load_model(card: ModelCard, plan: LoadPlan) -> Any:
    """Return the model alone. A multimodal one is loaded for its text: without what sees pictures,
    where its family has that.
    """
    from transformers import (
        AutoConfig,
        AutoModelForCausalLM,
        AutoModelForImageTextToText,
        AutoModelForSeq2SeqLM,
    )
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    loader: Any = AutoModelForCausalLM
    if card.encoder_decoder:
        loader = AutoModelForSeq2SeqLM
    elif _is_multimodal(card) and card.family not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        loader = AutoModelForImageTextToText
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    config = AutoConfig.from_pretrained(card.folder, **local)
    packed = getattr(config, "quantization_config", None)
    if isinstance(packed, dict) and packed.get("quant_method") == "fp8":
        packed["dequantize"] = (
            True  # running on the 8 bits needs kernels that are fetched from a hub
        )
    spread = {**quantization_kwargs(plan), **device_map_kwargs(plan)}
    model = loader.from_pretrained(
        card.folder, config=config, dtype=dtype_of(plan), use_safetensors=True, **spread, **local
    ).eval()
    return model if spread else model.to(device_of(plan))


def _is_multimodal(card: ModelCard) -> bool:
    family = find_family(card.family)
    return family is not None and family.multimodal


def generate(run: JobContext, pipeline: Pipeline) -> Generator[Result, None, Statistics]:
    """Yield the candidates, best first; see `protocol.Runner.generate`."""
    import torch

    request = _request(run)
    ids = _prompt(run, pipeline)
    clock = Clock()
    if request.num_beams > 1:
        if isinstance(pipeline, GgufPipeline):
            raise _no_beams(run.card)
        with inference_context(pipeline.plan):
            found = _search(
                run, request, pipeline, torch.tensor([ids], device=pipeline.device), clock
            )
        yield from _distinct(run, found)
    else:
        rows = [
            _row(run, pipeline, ids, candidate) for candidate in range(request.num_return_sequences)
        ]
        with inference_context(pipeline.plan):
            for _row_over in _sample(rows, request, pipeline, clock):
                pass
        yield from _distinct(run, [_result(row) for row in rows if row.tokens or not row.partial])
    if run.is_cancelled():
        raise JobCancelledError
    return _statistics(clock, clock.tokens, len(ids))


def run_batch(runs: Sequence[JobContext], pipeline: Pipeline) -> Iterator[BatchOutcome]:
    """Yield every run's result, or why it has none, when it is over; see `protocol.Runner`."""
    rows: dict[int, Row] = {}
    for number, run in enumerate(runs):
        try:
            run.check()
            rows[number] = _row(run, pipeline, _prompt(run, pipeline), 0)
        except (StudioError, JobCancelledError) as error:
            yield number, error, Statistics()
    numbers = {id(row): number for number, row in rows.items()}
    room = batch_token_capacity(pipeline)
    for part in _parts(list(rows.values()), _request(runs[0]), room):
        clock = Clock()
        lengths = {id(row): len(row.ids) for row in part}
        with inference_context(pipeline.plan):
            for row in _sample(part, _request(runs[0]), pipeline, clock):
                yield (
                    numbers[id(row)],
                    _end_of(row),
                    _statistics(clock, row.tokens, lengths[id(row)]),
                )


def _sample(
    rows: Sequence[Row], request: TextRequest, pipeline: Pipeline, clock: Clock
) -> Iterator[Row]:
    way = llama_cpp.sample if isinstance(pipeline, GgufPipeline) else None
    return sample_with_halving(rows, request, pipeline, clock, way)


def _no_beams(card: ModelCard) -> StudioError:
    return StudioError(
        f"{card.title} is a GGUF that runs as it is, and llama.cpp has no beams.",
        cause="invalid",
        cure="Set Beams to 1, or convert the model: studio models add --convert FILE",
    )


def batch_token_capacity(pipeline: Pipeline) -> int:
    """Return how many tokens, prompts and results, fit beside each other into `CACHE_SHARE` of the
    free memory.
    """
    if isinstance(pipeline, GgufPipeline):
        return int(CACHE_SHARE * free_bytes(pipeline.device) / pipeline.bytes_per_token)
    config = pipeline.model.config.get_text_config()
    heads = getattr(config, "num_attention_heads", 0) or 1
    width = getattr(config, "head_dim", None) or getattr(config, "hidden_size", 1024) // heads
    kept = getattr(config, "num_key_value_heads", None) or heads
    layers = getattr(config, "num_hidden_layers", None) or 32
    bytes_each = 2 * layers * kept * width * pipeline.model.dtype.itemsize
    return int(CACHE_SHARE * free_bytes(pipeline.device) / bytes_each)


def _parts(rows: list[Row], request: TextRequest, room: int) -> Iterator[list[Row]]:
    """Split rows, sorted by length, so that no part has more than `room` tokens with its
    padding.
    """
    part: list[Row] = []
    for row in sorted(rows, key=lambda row: len(row.ids)):
        if part and (len(part) + 1) * (len(row.ids) + request.max_new_tokens) > room:
            yield part
            part = []
        part.append(row)
    if part:
        yield part


def _request(run: JobContext) -> TextRequest:
    request = run.job.request
    assert isinstance(request, TextRequest)
    return request


def _prompt(run: JobContext, pipeline: Pipeline) -> list[int]:
    request = _request(run)
    ids = prompt_tokens(pipeline.tokenizer, run.card, request)
    limit = run.card.max_positions or (
        0 if isinstance(pipeline, GgufPipeline) else _positions(pipeline.model, run.card)
    )
    problem = too_long(
        len(ids), request.max_new_tokens, limit, encoder_decoder=run.card.encoder_decoder
    )
    if problem:
        raise StudioError(
            problem,
            cause="prompt_too_long",
            cure="Shorten the prompt, ask for fewer tokens, or choose a model that takes more.",
        )
    return ids


def _prefix(run: JobContext) -> str:
    return "" if run.card.chat or run.card.encoder_decoder else run.job.request.prompt


def _row(run: JobContext, pipeline: Pipeline, ids: list[int], candidate: int) -> Row:
    if _prefix(run):
        run.emit(TextDelta(text=_prefix(run), candidate=candidate))
    seed = ((run.job.request.seed or 0) + candidate) % (MAX_SEED + 1)
    marks = pipeline.marks
    splitter = (
        splitter_for(marks, prompt_end(pipeline.tokenizer, ids)) if marks.known else Splitter()
    )
    return Row(
        run, candidate, seed, list(ids), RowDecoder(pipeline.tokenizer, marks.tokens), splitter
    )


def _result(row: Row) -> TextResult:
    return TextResult(
        text=_prefix(row.run) + row.splitter.answer,
        ordinal=row.candidate,
        seed=row.seed,
        partial=row.partial,
        finish_reason=row.finish_reason,
        thought_tokens=row.thought_tokens,
    )


def _end_of(row: Row) -> TextResult | StudioError | JobCancelledError:
    """Return what became of a row of a group."""
    result = _result(row)
    if not _is_only_thought(result):
        return result if row.tokens or not row.partial else JobCancelledError()
    return JobCancelledError() if row.partial else _no_answer(row.run, [result])


def _is_only_thought(result: TextResult) -> bool:
    return bool(result.thought_tokens) and not result.text.strip()


def _distinct(run: JobContext, results: list[TextResult]) -> Iterator[TextResult]:
    """Yield results that differ in more than blanks, and that hold an answer. Raises StudioError
    where none does.
    """
    answers = [result for result in results if not _is_only_thought(result)]
    if results and not answers:
        if run.is_cancelled():
            return
        raise _no_answer(run, results)
    seen: dict[str, TextResult] = {}
    for result in answers:
        seen.setdefault("".join(result.text.split()), result)
    lost, alike = len(results) - len(answers), len(answers) - len(seen)
    if lost and not run.is_cancelled():
        run.notes.append(
            f"{lost} of {len(results)} candidates ended within their thoughts and are left out"
        )
    if alike:
        run.notes.append(
            f"{alike} of {len(results)} candidates differ only in blanks and are left out"
        )
    for result in seen.values():
        yield (
            dataclasses.replace(result, distinct=len(seen)) if len(seen) < len(results) else result
        )


def _no_answer(run: JobContext, results: list[TextResult]) -> StudioError:
    """Return the error for a model whose thoughts left no room for an answer, or that ended within
    them.
    """
    if any(result.finish_reason == "length" for result in results):
        limit = _request(run).max_new_tokens
        return StudioError(
            f"The answer did not begin: {run.card.title} was still thinking at its limit of "
            f"{limit:,} tokens.",
            cause="invalid",
            cure=f"Raise Length (max_new_tokens) above {limit:,}.",
        )
    return StudioError(
        f"{run.card.title} ended within its thoughts, and no answer began.",
        cause="model",
        cure="Try another seed, or another model.",
    )


def _statistics(clock: Clock, tokens: int, prompt: int) -> Statistics:
    return Statistics(
        run_seconds=clock.seconds,
        first_seconds=clock.first,
        units=tokens,
        unit="token",
        prompt_tokens=prompt,
    )


def _search(
    run: JobContext, request: TextRequest, pipeline: TextPipeline, inputs: Any, clock: Clock
) -> list[TextResult]:
    found = _beams(run, request, pipeline, inputs, clock)
    start = 0 if run.card.encoder_decoder else inputs.shape[1]
    prompt = inputs[0].tolist()
    scores = found.sequences_scores.cpu().tolist()
    sequences = [row[start:].tolist() for row in found.sequences.cpu()]
    return [
        dataclasses.replace(
            _candidate(run, request, pipeline, prompt, ids, rank), score=round(score, 6)
        )
        for rank, (ids, score) in enumerate(zip(sequences, scores, strict=True))
    ]


def _candidate(
    run: JobContext,
    request: TextRequest,
    pipeline: TextPipeline,
    prompt: list[int],
    ids: list[int],
    rank: int,
) -> TextResult:
    """Return the result of a beam. Its tokens end with the model's own end, or with padding behind
    it.
    """
    ends = pipeline.model.generation_config.eos_token_id
    ends = set(ends if isinstance(ends, list) else [] if ends is None else [ends])
    length = next((place for place, token in enumerate(ids) if token in ends and place), len(ids))
    if not pipeline.marks.known:
        text = pipeline.tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        partial = run.is_cancelled()
        reason: FinishReason = "cancelled" if partial else "stop" if length < len(ids) else "length"
        return TextResult(
            text=_prefix(run) + text,
            ordinal=rank,
            seed=request.seed,
            partial=partial,
            finish_reason=reason,
        )
    row = _row(dataclasses.replace(run, emit=lambda _event: None), pipeline, prompt, rank)
    for token in ids[:length]:
        row.take(token, ends=False)
    row.stopped, row.partial = length < len(ids), run.is_cancelled()
    row.finish()
    return dataclasses.replace(_result(row), seed=request.seed)


def _beams(
    run: JobContext, request: TextRequest, pipeline: TextPipeline, inputs: Any, clock: Clock
) -> Any:
    import torch
    from transformers import StoppingCriteriaList

    def step() -> None:
        if clock.tick():
            run.emit(Progress(step=clock.steps, total=request.max_new_tokens, unit="token"))

    torch.manual_seed(request.seed or 0)  # generate() takes no generator
    try:
        return pipeline.model.generate(
            inputs,
            attention_mask=torch.ones_like(inputs),
            stopping_criteria=StoppingCriteriaList([cancel_criteria(run.is_cancelled, step)]),
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


def _positions(model: Any, card: ModelCard) -> int:
    family = find_family(card.family)
    if family is not None and family.relative_positions:
        return 0
    for name in ("max_position_embeddings", "n_positions", "max_seq_len"):
        value = getattr(model.config.get_text_config(), name, None)
        if isinstance(value, int) and value > 0:
            return value
    return 0
