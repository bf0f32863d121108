"""What the benchmarks share: CPU time of a process and its children, and one way to print."""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable


def cpu_seconds() -> float:
    """Return the CPU time of this process."""
    return time.process_time()


def child_cpu_seconds() -> float:
    """Return the CPU time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def median_of(function: Callable[[], float], rounds: int) -> float:
    """Return the median of several calls."""
    return statistics.median(function() for _ in range(rounds))


def report(name: str, limit: str, value: float, ok: bool, **more: object) -> None:
    """Print one benchmark's result as a line of JSON."""
    sys.stdout.write(
        json.dumps(
            {"name": name, "limit": limit, "value": round(float(value), 4), "ok": bool(ok), **more}
        )
        + "\n"
    )
