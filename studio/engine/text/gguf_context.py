"""A GGUF file that llama.cpp has opened, and the contexts in which it reads tokens."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.environment import thread_count
from studio.engine.runtime.device import free_bytes
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.text.constraints.vocabulary import Vocabulary, read_vocabulary
from studio.engine.text.prompt_cache import BLOCK_TOKENS, PromptCache
from studio.engine.text.thoughts import NO_MARKS, Marks
from studio.models.llama_cpp import Tokenizer, binding
from studio.models.memory.load_plan import LoadPlan

_CACHE_BYTES = 2
"""Bytes of a number in the cache: float16."""
_SCORE_BYTES = 4
"""Bytes of a token's attention to another: float32."""
_NO_FLASH_ATTENTION = 0
"""On a CPU, llama.cpp's flash attention takes one of three kernels, by the number of tokens and
sequences in a step: a text would depend on the others. It also writes more slowly.
"""


@dataclass(frozen=True)
class GgufPipeline:
    """A GGUF file that llama.cpp has opened."""

    model: Any
    tokenizer: Tokenizer
    plan: LoadPlan = DEFAULT_PLAN
    device: str = "cpu"
    encoder_decoder: bool = False
    marks: Marks = NO_MARKS
    prompts: PromptCache[bytes] = field(default_factory=PromptCache)

    @property
    def bytes_per_token(self) -> int:
        """The bytes of one token's keys and values in the cache."""
        width = self.model.n_embd // max(1, self.model.n_head)
        return (
            2
            * _CACHE_BYTES
            * int(self.model.n_layer)
            * int(self.model.n_head_kv or self.model.n_head)
            * int(width)
        )

    @functools.cached_property
    def end_tokens(self) -> set[int]:
        """The token ids that end a text."""
        return {token for token in range(len(self.tokenizer)) if self.tokenizer.is_end(token)}

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens, as grammars need them."""
        return read_vocabulary(self.tokenizer, self.end_tokens, self.marks.tokens)


def new_context(
    pipeline: GgufPipeline, sequences: int, tokens: int, *, shared: bool = False
) -> Any:
    """Return a context for this many sequences of at most `tokens` tokens each.

    `shared`: they have one cache of `tokens` in all, and copies of a sequence share its part.
    Raises MemoryError.
    """
    params = binding().LlamaContextParams()
    total = tokens if shared else tokens * sequences
    params.n_seq_max, params.n_ctx = sequences, total
    params.n_batch = params.n_ubatch = _step_tokens(sequences)
    params.n_threads = params.n_threads_batch = thread_count()
    params.kv_unified = shared
    if sys.platform != "darwin":  # there it runs on the GPU
        params.flash_attn_type = _NO_FLASH_ATTENTION
    need = context_bytes(pipeline, sequences, tokens, shared=shared)
    out_of_memory = MemoryError(
        f"not enough memory for {total:,} tokens of {sequences} texts ({need / 1e9:.1f} GB)"
    )
    if need > free_bytes(pipeline.device):
        pipeline.prompts.clear()
    # The system would overcommit, and kill this process when the memory is used.
    if need > free_bytes(pipeline.device):
        raise out_of_memory
    try:
        return binding().LlamaContext(pipeline.model, params, False)
    except (ValueError, RuntimeError) as error:
        raise out_of_memory from error


def context_bytes(
    pipeline: GgufPipeline, sequences: int, tokens: int, *, shared: bool = False
) -> int:
    """Return the bytes of such a context: keys, values, and the attention of one step."""
    attention = _step_tokens(sequences) * tokens * int(pipeline.model.n_head) * _SCORE_BYTES
    return pipeline.bytes_per_token * (tokens if shared else tokens * sequences) + attention


def new_batch(rows: int) -> Any:
    """Return a batch with room for a part of a prompt, or for the next tokens of `rows` rows."""
    return binding().LlamaBatch(n_tokens=_step_tokens(rows), embd=0, n_seq_max=1)


def _step_tokens(sequences: int) -> int:
    """Return how many tokens a step reads at most: a block of a prompt, or one of each sequence."""
    return max(BLOCK_TOKENS, sequences)


def logits_at(context: Any, place: int) -> NDArray[np.float32]:
    """Return a copy of one output of the last step, shape (vocabulary size,)."""
    return np.array(context.get_logits_ith(place), dtype=np.float32)
