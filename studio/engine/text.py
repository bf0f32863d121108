"""Text: any causal or encoder-decoder language model that transformers loads from a folder.

A chat model's result is its answer. A model without chat continues the prompt, and its result is prompt and continuation.
Sampling streams; beam search cannot (`generate` refuses a streamer), so it shows its steps and then the ranked candidates.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics, TextDelta
from studio.core.requests import TextRequest
from studio.engine.chat import prompt_tokens
from studio.engine.device import best_device, best_dtype
from studio.engine.protocol import JobCancelledError, Run
from studio.engine.text_stream import Clock, TokenStreamer, stop_when
from studio.library.results import Result, TextResult
from studio.models.card import ModelCard
from studio.models.tokens import too_long

_KEPT_IDS = (
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "decoder_start_token_id",
    "forced_bos_token_id",
    "forced_eos_token_id",
)


@dataclass(frozen=True)
class TextPipeline:
    """A loaded language model."""

    model: Any
    tokenizer: Any
    device: str


def load(card: ModelCard) -> TextPipeline:
    """Load model and tokenizer from the card's folder. Only safetensors; never code from the folder."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig

    device = best_device()
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    loader = AutoModelForSeq2SeqLM if card.encoder_decoder else AutoModelForCausalLM
    model = loader.from_pretrained(card.folder, dtype=best_dtype(device), use_safetensors=True, **local).to(device).eval()
    tokenizer = AutoTokenizer.from_pretrained(card.folder, **local)
    # Only ids are kept of the checkpoint's own settings: the request says everything else, so that it can be repeated anywhere.
    known = model.generation_config
    ids = {name: getattr(known, name, None) for name in _KEPT_IDS}
    ids["eos_token_id"] = ids["eos_token_id"] if ids["eos_token_id"] is not None else tokenizer.eos_token_id
    if ids["pad_token_id"] is None:
        end = ids["eos_token_id"][0] if isinstance(ids["eos_token_id"], list) else ids["eos_token_id"]
        ids["pad_token_id"] = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (end or 0)
    model.generation_config = GenerationConfig(**{name: value for name, value in ids.items() if value is not None})
    return TextPipeline(model, tokenizer, device)


def generate(run: Run, pipeline: TextPipeline) -> Generator[Result, None, Statistics]:
    """Yield the candidates, best first; see `protocol.Kind.generate`."""
    import torch

    request = run.job.request
    assert isinstance(request, TextRequest)
    ids = prompt_tokens(pipeline.tokenizer, run.card, request)
    limit = run.card.max_positions or _positions(pipeline.model, run.card)
    problem = too_long(len(ids), request.max_new_tokens, limit, encoder_decoder=run.card.encoder_decoder)
    if problem:
        raise StudioError(
            problem, cause="prompt_too_long", cure="Shorten the prompt, ask for fewer tokens, or choose a model that takes more."
        )
    prefix = "" if run.card.chat or run.card.encoder_decoder else request.prompt
    clock = Clock()
    torch.manual_seed(request.seed or 0)  # generate() takes no generator
    inputs = torch.tensor([ids], device=pipeline.device)
    with torch.inference_mode():
        if request.num_beams > 1:
            results = _search(run, request, pipeline, inputs, prefix, clock)
        else:
            results = _sample(run, request, pipeline, inputs, prefix, clock)
    yield from results
    if run.cancelled():
        raise JobCancelledError
    return Statistics(
        run_seconds=clock.seconds, first_seconds=clock.first, units=clock.tokens, unit="token", prompt_tokens=len(ids)
    )  # fmt: skip


def _sample(run: Run, request: TextRequest, pipeline: TextPipeline, inputs: Any, prefix: str, clock: Clock) -> list[TextResult]:
    count = request.num_return_sequences
    if prefix:
        for row in range(count):
            run.emit(TextDelta(text=prefix, candidate=row))
    ends = pipeline.model.generation_config.eos_token_id
    streamer = TokenStreamer(run, pipeline.tokenizer, count, request.max_new_tokens, ends, clock)
    sampling: dict[str, Any] = {"do_sample": False}
    if request.temperature > 0:
        sampling = {"do_sample": True, "temperature": request.temperature, "top_p": request.top_p, "top_k": request.top_k}
    _generate(run, request, pipeline, inputs, clock, streamer=streamer, **sampling)
    partial = run.cancelled()
    return [
        TextResult(text=prefix + text, ordinal=row, seed=request.seed, partial=partial)
        for row, text in enumerate(streamer.texts())
    ]


def _search(run: Run, request: TextRequest, pipeline: TextPipeline, inputs: Any, prefix: str, clock: Clock) -> list[TextResult]:
    found = _generate(
        run, request, pipeline, inputs, clock, early_stopping=True, output_scores=True, return_dict_in_generate=True
    )
    start = 0 if run.card.encoder_decoder else inputs.shape[1]
    partial = run.cancelled()
    return [
        TextResult(
            text=prefix + pipeline.tokenizer.decode(row[start:], skip_special_tokens=True, clean_up_tokenization_spaces=False),
            ordinal=rank,
            seed=request.seed,
            score=round(float(score), 6),
            partial=partial,
        )
        for rank, (row, score) in enumerate(zip(found.sequences.cpu(), found.sequences_scores.cpu(), strict=True))
    ]


def _generate(run: Run, request: TextRequest, pipeline: TextPipeline, inputs: Any, clock: Clock, **more: Any) -> Any:
    import torch
    from transformers import StoppingCriteriaList

    def step() -> None:
        if clock.tick():
            run.emit(Progress(step=clock.steps, total=request.max_new_tokens, unit="token"))

    try:
        return pipeline.model.generate(
            inputs,
            attention_mask=torch.ones_like(inputs),
            stopping_criteria=StoppingCriteriaList([stop_when(run.cancelled, step)]),
            max_new_tokens=request.max_new_tokens,
            num_beams=request.num_beams,
            num_return_sequences=request.num_return_sequences,
            repetition_penalty=request.repetition_penalty,
            no_repeat_ngram_size=request.no_repeat_ngram_size,
            **more,
        )
    finally:
        clock.stop()


def _positions(model: Any, card: ModelCard) -> int:
    if card.family in ("t5", "mt5", "umt5", "longt5"):
        return 0  # relative positions: no limit
    for name in ("max_position_embeddings", "n_positions", "max_seq_len"):
        value = getattr(model.config.get_text_config(), name, None)
        if isinstance(value, int) and value > 0:
            return value
    return 0
