"""Generation through Studio's engine with live previews or streaming, against a bare script of the
same pipeline.

Alternating in one process on one thread; CPU time, because machines are shared.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.measure import cpu_seconds, report

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROUNDS = 15
STEPS = 30
SIDES = (256, 1024)
"""The starter's own size, where a step takes 12 ms, and one where a step takes as long as a small
real model's.
"""
TOKENS = 200


def main() -> None:
    """Measure and print."""
    from studio.core import environment

    environment.prepare()
    for side in SIDES:
        _image(side)
    _text()


def _ratio(bare: Any, ours: Any) -> tuple[float, float, float]:
    bare(), ours()
    pairs = []
    for _ in range(ROUNDS):
        start = cpu_seconds()
        bare()
        middle = cpu_seconds()
        ours()
        pairs.append((middle - start, cpu_seconds() - middle))
    bare_seconds, our_seconds = (
        min(part) for part in zip(*pairs, strict=True)
    )  # the least disturbed of each
    return bare_seconds / our_seconds, bare_seconds, our_seconds


def _run(module: Any, card: Any, request: Any, pipeline: Any) -> None:
    from studio.core.jobs import new_job
    from studio.engine.protocol import JobContext

    list(
        module.generate(
            JobContext(new_job(request, "/nowhere"), card, lambda _event: None, lambda: False),
            pipeline,
        )
    )


def _image(side: int) -> None:
    import torch

    from studio.core.requests import ImageRequest
    from studio.engine.image import generate as image
    from studio.models.catalog import entry_named

    # The larger side is only for its time; no clear thing is drawn there.
    card = msgspec.structs.replace(entry_named("starter-image").card, min_side=0, max_side=0)
    pipeline = image.load(card)
    request = ImageRequest(
        prompt="a red apple",
        width=side,
        height=side,
        num_inference_steps=STEPS,
        guidance_scale=3.0,
        seed=1,
    )

    def bare() -> None:
        with torch.inference_mode():
            pipeline.pipe(
                "a red apple",
                width=side,
                height=side,
                num_inference_steps=STEPS,
                guidance_scale=3.0,
                generator=torch.Generator().manual_seed(1),
                output_type="np",
            )

    ratio, bare_seconds, our_seconds = _ratio(bare, lambda: _run(image, card, request, pipeline))
    report(
        f"image {side}² throughput / bare script",
        ">= 0.99",
        ratio,
        ratio >= 0.99,
        bare_cpu_s=bare_seconds,
        studio_cpu_s=our_seconds,
    )


def _text() -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from studio.core.requests import TextRequest
    from studio.engine.text import generate as text
    from studio.models.inspect.model import inspect
    from tests.checkpoints.text import make_tokenizer

    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        tokenizer = make_tokenizer()
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=576,
            intermediate_size=1536,
            num_hidden_layers=12,
            num_attention_heads=9,
            num_key_value_heads=3,
            max_position_embeddings=512,
            bos_token_id=0,
            eos_token_id=None,
        )
        path = Path(folder) / "model"
        LlamaForCausalLM(config).save_pretrained(path)
        tokenizer.save_pretrained(path)
        card = inspect(path)
        pipeline = text.load(card)
        pipeline.model.generation_config.eos_token_id = None
    request = TextRequest(
        prompt="The quick brown fox",
        max_new_tokens=TOKENS,
        temperature=0,
        repetition_penalty=1.0,
        seed=1,
    )
    inputs = torch.tensor([tokenizer(request.prompt).input_ids])

    def bare() -> None:
        with torch.inference_mode():
            pipeline.model.generate(
                inputs,
                attention_mask=torch.ones_like(inputs),
                max_new_tokens=TOKENS,
                do_sample=False,
            )

    ratio, bare_seconds, our_seconds = _ratio(bare, lambda: _run(text, card, request, pipeline))
    report(
        "text throughput / bare script",
        ">= 0.99",
        ratio,
        ratio >= 0.99,
        bare_cpu_s=bare_seconds,
        studio_cpu_s=our_seconds,
    )


if __name__ == "__main__":
    main()
