"""Saving a 1024² PNG with its metadata against Pillow's default, and what a preview costs on its
way through the pipe.
"""

from __future__ import annotations

import io
import tempfile

import msgspec
import numpy as np

from benchmarks.measure import cpu_seconds, median_of, report


def main() -> None:
    """Measure and print."""
    from PIL import Image

    from studio.core.events import AnyEvent, Preview, Progress
    from studio.core.jobs import new_job
    from studio.core.requests import ImageRequest
    from studio.library import artifacts
    from studio.library.results import ImageResult
    from studio.models.card import ModelCard

    chance = np.random.default_rng(0)
    coarse = Image.fromarray(chance.integers(0, 256, (32, 32, 3), dtype=np.uint8)).resize(
        (1024, 1024), Image.Resampling.BICUBIC
    )
    photo = np.clip(
        np.asarray(coarse, np.int16) + chance.normal(0, 4, (1024, 1024, 3)), 0, 255
    ).astype(np.uint8)
    card = ModelCard(name="m", title="M", kind="image", runner="diffusers")

    def pillow() -> float:
        start = cpu_seconds()
        Image.fromarray(photo).save(io.BytesIO(), "PNG")
        return cpu_seconds() - start

    with tempfile.TemporaryDirectory() as folder:

        def ours() -> float:
            job = new_job(ImageRequest(prompt="a photo", width=1024, height=1024), folder)
            start = cpu_seconds()
            artifacts.save(ImageResult(pixels=photo), job=job, card=card, versions={})
            return cpu_seconds() - start

        ours()
        slow, fast = median_of(pillow, 5), median_of(ours, 9)
    report(
        "PNG save, times faster than Pillow's default",
        ">= 10",
        slow / fast,
        slow / fast >= 10,
        pillow_cpu_s=slow,
        studio_cpu_s=fast,
    )

    event = Progress(step=1, total=2, preview=Preview(128, 128, bytes(128 * 128 * 3)))
    decoder = msgspec.msgpack.Decoder(AnyEvent)

    def there_and_back() -> float:
        start = cpu_seconds()
        for _ in range(200):
            decoder.decode(msgspec.msgpack.encode(event))
        return (cpu_seconds() - start) / 200

    cost = median_of(there_and_back, 5) * 1e6
    report("preview 128² encoded and decoded, µs", "<= 1000", cost, cost <= 1000)


if __name__ == "__main__":
    main()
