"""Text jobs as one batch, against one job at a time and against a hand-written padded batch of the
same model.

The starter text model (from STUDIO_STARTER_DIR, or where it is installed), greedy, so that all
three make the same tokens. CPU time, because machines are shared; alternating in one process.
"""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.measure import cpu_seconds, report
from benchmarks.starter_gguf import starter_text_model

ROUNDS = 3
ROWS = (16, 64)
TOKENS = 64
THINGS = (
    "the sea",
    "a small town",
    "trains",
    "the moon",
    "coffee",
    "winter",
    "a lost key",
    "music",
    "bread",
    "an old house",
    "birds",
    "a market",
    "rain",
    "the news",
    "a garden",
    "chess",
)


def main() -> None:
    """Measure and print."""
    from studio.core import environment

    environment.prepare()
    from studio.core.requests import TextRequest
    from studio.engine.text import generate as text

    card = starter_text_model()
    pipeline = text.load(card)
    for count in ROWS:
        greedy = {"temperature": 0, "repetition_penalty": 1, "max_new_tokens": TOKENS}
        requests = [
            TextRequest(prompt=f"Write {n} lines about {THINGS[n % 16]}.", seed=n, **greedy)
            for n in range(count)
        ]
        _compare(card, pipeline, requests)


def _compare(card: Any, pipeline: Any, requests: list[Any]) -> None:
    alone, ours, bare = [], [], []
    for _ in range(ROUNDS):
        alone.append(
            _timed(lambda: [_alone(card, pipeline, request) for request in requests[:8]])
            / 8
            * len(requests)
        )
        ours.append(_timed(lambda: _together(card, pipeline, requests)))
        bare.append(_timed(lambda: _bare(card, pipeline, requests)))
    faster, script = min(alone) / min(ours), min(bare) / min(ours)
    name = f"text batch of {len(requests)}"
    report(
        f"{name} / one prompt at a time",
        ">= 4",
        faster,
        faster >= 4,
        alone_cpu_s=min(alone),
        cpu_s=min(ours),
    )
    report(
        f"{name} / hand-written padded batch",
        ">= 0.95",
        script,
        script >= 0.95,
        bare_cpu_s=min(bare),
        median=statistics.median(bare),
    )


def _timed(work: Any) -> float:
    begun = cpu_seconds()
    work()
    return cpu_seconds() - begun


def _run(card: Any, request: Any) -> Any:
    from studio.core.jobs import new_job
    from studio.engine.protocol import JobContext

    return JobContext(new_job(request, "/nowhere"), card, lambda _event: None, lambda: False)


def _alone(card: Any, pipeline: Any, request: Any) -> None:
    from studio.engine.text import generate as text

    list(text.generate(_run(card, request), pipeline))


def _together(card: Any, pipeline: Any, requests: list[Any]) -> None:
    from studio.engine.text import generate as text
    from studio.jobs.queue import MAX_BATCH

    for start in range(0, len(requests), MAX_BATCH):
        list(
            text.run_batch(
                [_run(card, request) for request in requests[start : start + MAX_BATCH]], pipeline
            )
        )


def _bare(card: Any, pipeline: Any, requests: list[Any]) -> None:
    import torch

    from studio.engine.text.chat_template import prompt_tokens
    from studio.jobs.queue import MAX_BATCH

    tokenizer = pipeline.tokenizer
    tokenizer.padding_side = "left"
    for start in range(0, len(requests), MAX_BATCH):
        ids = [
            prompt_tokens(tokenizer, card, request)
            for request in requests[start : start + MAX_BATCH]
        ]
        padded = tokenizer.pad({"input_ids": ids}, return_tensors="pt")
        with torch.inference_mode():
            made = pipeline.model.generate(**padded, max_new_tokens=TOKENS, do_sample=False)
        tokenizer.batch_decode(made[:, padded.input_ids.shape[1] :], skip_special_tokens=True)


if __name__ == "__main__":
    main()
