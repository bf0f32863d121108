"""How long jobs will take, from how long the same model took on this machine before, at this size
where it ran at it.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterable, Mapping

import msgspec

from studio.core.requests import Request

KEPT = 20
"""Runs of a model at a size that count; older ones were on another driver, another load, another
version.
"""
Size = tuple[str, str, int]
"""(kind, model, work as a power of two): within one, seconds are about proportional to the work."""
Paces = Mapping[Size, float]
"""Seconds for one unit of work."""


class PastRun(msgspec.Struct, frozen=True):
    """One job that was completed."""

    kind: str
    model: str
    work: float
    """See `Request.work`."""
    seconds: float
    """Wall time in the queue, with a load where there was one."""


class Estimates:
    """The medians of past runs."""

    def __init__(self, past: Iterable[PastRun] = ()) -> None:
        self._paces: dict[Size, deque[float]] = {}
        self._medians: dict[Size, float] = {}
        for run in past:
            self.learn(run)

    def learn(self, run: PastRun) -> None:
        """Count one more run."""
        size = _size(run.kind, run.model, run.work)
        self._paces.setdefault(size, deque(maxlen=KEPT)).append(run.seconds / max(run.work, 1e-9))
        self._medians.pop(size, None)

    def seconds(self, request: Request) -> float | None:
        """Return the likely seconds for a request; None where its model never ran here."""
        pace = _pace(self.medians(), size_of(request))
        return None if pace is None else pace * request.work

    def medians(self) -> dict[Size, float]:
        """Return the paces as they are now."""
        for size in self._paces.keys() - self._medians.keys():
            self._medians[size] = statistics.median(self._paces[size])
        return dict(self._medians)


def size_of(request: Request) -> Size:
    """Return what a request is measured with."""
    return _size(request.kind, request.model, request.work)


def total(paces: Paces, requests: Iterable[Request]) -> tuple[float, int]:
    """Return the likely seconds of all requests whose model ran before, and how many of them are
    unknown.
    """
    work: dict[Size, tuple[int, float]] = {}
    for request in requests:
        size = size_of(request)
        count, sum_ = work.get(size, (0, 0.0))
        work[size] = count + 1, sum_ + request.work
    return total_of(paces, work)


def total_of(paces: Paces, work: Mapping[Size, tuple[int, float]]) -> tuple[float, int]:
    """Return the same for requests that are counted already: size → (how many, their work)."""
    known, unknown = 0.0, 0
    for size, (count, amount) in work.items():
        pace = _pace(paces, size)
        if pace is None:
            unknown += count
        else:
            known += pace * amount
    return known, unknown


def _size(kind: str, model: str, work: float) -> Size:
    return kind, model, round(math.log2(max(work, 1e-9)))


def _pace(paces: Paces, size: Size) -> float | None:
    """Return the pace at a size, or at the nearest one that the model ran at."""
    found = paces.get(size)
    if found is None:
        others = [other for other in paces if other[:2] == size[:2]]
        found = paces[min(others, key=lambda other: abs(other[2] - size[2]))] if others else None
    return found
