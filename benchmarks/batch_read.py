"""A batch file of 100 000 rows: how long until every row is understood, and how much memory that
takes.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import cpu_seconds, report

ROWS = 100_000
MAX_SECONDS = 10.0


def main() -> None:
    """Measure and print."""
    if len(sys.argv) > 1:
        measure(sys.argv[1], Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        plain, templated = Path(folder) / "plain.csv", Path(folder) / "templated.csv"
        with plain.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["prompt", "steps", "width", "height", "seed"])
            writer.writerows([f"a cat of number {n}, sitting", 20, 64, 64, n] for n in range(ROWS))
        with templated.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["animal", "place"])
            writer.writerows([f"cat {n}", "{garden|street|house}"] for n in range(ROWS))
        for how, path in (
            ("plain", plain),
            ("templated", templated),
        ):  # each in a process of its own, for the memory
            subprocess.run(
                [sys.executable, "-m", "benchmarks.batch_read", how, str(path)], check=True
            )


def measure(how: str, path: Path) -> None:
    """Read one file in this process and print."""
    from studio.batch.plan import plan, read_batch
    from studio.models.card import fake_card

    template = "a {red|blue} {{animal}} in the {{place}}" if how == "templated" else ""
    before, begun, clock = peak_mb(), cpu_seconds(), time.perf_counter()
    found = read_batch(
        path,
        lambda kind, _name: fake_card(kind),
        kind="image",
        template=template,
        name_template="{row}",
    )
    seconds = cpu_seconds() - begun
    assert len(found.good) == ROWS
    more = {
        "rows_a_second": round(ROWS / seconds),
        "wall_seconds": round(time.perf_counter() - clock, 1),
    }
    told = f"100 000 rows understood ({how}), CPU s"
    report(
        told,
        f"<= {MAX_SECONDS:g}",
        seconds,
        seconds <= MAX_SECONDS,
        **more,
        memory_mb=round(peak_mb() - before),
    )
    begun = cpu_seconds()
    plan(found, path.parent / "out", "{row}")
    seconds = cpu_seconds() - begun
    report(
        f"100 000 jobs planned ({how}), CPU s",
        f"<= {MAX_SECONDS:g}",
        seconds,
        seconds <= MAX_SECONDS,
    )


def peak_mb() -> float:
    """Return the most memory that this process ever had."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 if sys.platform == "linux" else 2**20
    )


if __name__ == "__main__":
    main()
