"""Switching between two warm models: from the job to the pipeline's call, against the same model
again.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import report

ROUNDS = 40
LIMIT = 0.05


def main() -> None:
    """Measure and print. Both models are those that come with Studio: pictures by diffusers, music
    by transformers.
    """
    from studio.core import environment

    environment.prepare()
    from studio.core.jobs import Job, new_job
    from studio.core.paths import DataFolder
    from studio.core.requests import ImageRequest, MusicRequest
    from studio.engine.image import generate as image
    from studio.engine.local import LocalEngine
    from studio.engine.music import generate as music

    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(root=Path(folder))
        data.create()
        engine = LocalEngine(data)
        called: list[float] = []
        kinds: tuple[Any, ...] = (image, music)
        for kind in kinds:
            kind.generate = _noted(kind.generate, called)

        def picture() -> Job:
            size = {"width": 64, "height": 64, "num_inference_steps": 1}
            return new_job(
                ImageRequest(prompt="a red apple", model="starter-image", seed=1, **size),
                str(data.outputs),
            )

        def song() -> Job:
            return new_job(
                MusicRequest(prompt="a song", model="starter-music", seconds=1, seed=1),
                str(data.outputs),
            )

        def time_of(job: Job) -> float:
            begun = time.perf_counter()
            engine.run([job], lambda _event: None, lambda _job_id: False)
            return called[-1] - begun

        loads = [time_of(picture()), time_of(song())]
        same, switched = [], []
        for _ in range(ROUNDS):
            switched.append(time_of(picture()))
            same.append(time_of(picture()))
            switched.append(time_of(song()))
            same.append(time_of(song()))
        engine.close()
    again, other = statistics.median(same), statistics.median(switched)
    report(
        "switching between two warm models, s",
        f"<= {LIMIT}",
        other - again,
        other - again <= LIMIT,
        same_model_s=round(again, 4),
        other_model_s=round(other, 4),
        p95_s=round(statistics.quantiles(switched, n=20)[-1], 4),
        cold_s=[round(load, 2) for load in loads],
    )


def _noted(generate: Any, called: list[float]) -> Any:
    def noted(*arguments: Any) -> Any:
        called.append(time.perf_counter())
        return (yield from generate(*arguments))

    return noted


if __name__ == "__main__":
    main()
