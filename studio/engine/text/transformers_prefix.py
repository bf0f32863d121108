"""Takes the beginning of a prompt from the prompt cache, for models that transformers runs.

Only on a CPU in float32: with less precision, a text could depend on what the cache holds, and a
GPU reads a prompt quickly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.engine.runtime.device import free_bytes
from studio.engine.text.pipeline import TextPipeline
from studio.engine.text.prompt_cache import whole_blocks


def restored_cache(prompts: Sequence[Sequence[int]], pipeline: TextPipeline) -> Any:
    """Return a cache with the beginning of the rows' prompt, or None.

    None if the rows have different prompts, or none of theirs is kept.
    """
    from transformers import DynamicCache

    prompt = prompts[0]
    if not _is_exact(pipeline) or any(other != prompt for other in prompts):
        return None
    found = pipeline.prompts.find(prompt[: whole_blocks(len(prompt))])
    if found is None:
        return None
    length, layers = found
    cache, rows = DynamicCache(), (len(prompts), -1, -1, -1)
    for number, (keys, values) in enumerate(layers):
        cache.update(keys[:, :, :length].expand(rows), values[:, :, :length].expand(rows), number)
    return cache


def keep_prefix(prompts: Sequence[Sequence[int]], cache: Any, pipeline: TextPipeline) -> None:
    """Keep the beginning of the rows' prompt, which the cache holds, for the next turn."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    prompt, whole = prompts[0], whole_blocks(len(prompts[0]))
    if (
        not whole
        or not _is_exact(pipeline)
        or any(other != prompt for other in prompts)
        or not isinstance(cache, DynamicCache)
        # Other layers forget old tokens or keep one state.
        or not all(type(layer) is DynamicLayer and layer.is_initialized for layer in cache.layers)
    ):
        return
    found = pipeline.prompts.find(prompt[:whole])
    if found is not None and found[0] == whole:
        return
    parts = [(layer.keys[:1, :, :whole], layer.values[:1, :, :whole]) for layer in cache.layers]
    size = sum(part.numel() * part.element_size() for pair in parts for part in pair)
    pipeline.prompts.keep(
        prompt[:whole],
        size,
        free_bytes(pipeline.device),
        lambda: [(keys.clone(), values.clone()) for keys, values in parts],
    )


def _is_exact(pipeline: TextPipeline) -> bool:
    """Return whether the cache changes a model's numbers by no more than float32 rounding."""
    import torch

    return (
        not pipeline.encoder_decoder
        and pipeline.device == "cpu"
        and pipeline.model.dtype == torch.float32
    )
