"""Eight image jobs as one batch, against the pipeline called directly and one job at a time."""

from __future__ import annotations

from typing import Any

from benchmarks.measure import cpu_seconds, report

ROUNDS = 5
COUNT = 8
SIDE = 256
STEPS = 12


def main() -> None:
    """Measure and print."""
    from studio.core import environment

    environment.prepare()
    from studio.core.jobs import new_job
    from studio.core.requests import ImageRequest
    from studio.engine.image import generate as image
    from studio.engine.protocol import JobContext
    from studio.models.catalog import entry_named

    card = entry_named("starter-image").card
    pipeline = image.load(card)
    size = {"width": SIDE, "height": SIDE, "num_inference_steps": STEPS, "guidance_scale": 3.0}
    requests = [ImageRequest(prompt="a red apple", seed=number, **size) for number in range(COUNT)]

    def runs() -> list[Any]:
        return [
            JobContext(new_job(request, "/nowhere"), card, lambda _event: None, lambda: False)
            for request in requests
        ]

    def batch() -> None:
        assert len(list(image.run_batch(runs(), pipeline))) == COUNT

    def alone() -> None:
        for run in runs():
            list(image.generate(run, pipeline))

    times: dict[str, list[float]] = {"batch": [], "bare": [], "alone": []}
    batch()
    for _ in range(ROUNDS):
        for name, work in (("batch", batch), ("bare", lambda: _bare(pipeline)), ("alone", alone)):
            start = cpu_seconds()
            work()
            times[name].append(cpu_seconds() - start)
    best = {name: min(seconds) for name, seconds in times.items()}
    ratio = best["bare"] / best["batch"]
    report(
        "image batch of 8 / hand-written batch",
        ">= 0.95",
        ratio,
        ratio >= 0.95,
        alone=best["alone"] / best["batch"],
    )


def _bare(pipeline: Any) -> None:
    import torch

    with torch.inference_mode():
        pipeline.pipe(
            ["a red apple"] * COUNT,
            width=SIDE,
            height=SIDE,
            num_inference_steps=STEPS,
            guidance_scale=3.0,
            generator=[torch.Generator().manual_seed(number) for number in range(COUNT)],
            output_type="np",
        )


if __name__ == "__main__":
    main()
