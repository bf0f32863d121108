"""Estimate how long jobs take, from past runs of the same model on this computer."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping

import msgspec

from studio.core.requests import Request

KEPT = 20
"""Past runs per model and size; older ones may stem from other drivers or versions."""
Size = tuple[str, str, int]
"""(kind, model, work as a power of two). Seconds are about proportional to the work within one."""
Paces = Mapping[Size, float]
"""Seconds per unit of work."""


class PastRun(msgspec.Struct, frozen=True):
    """One completed job."""

    kind: str
    model: str
    work: float
    """See `Request.work`."""
    seconds: float
    """Wall time, including loading the model."""


class Estimates:
    """Medians of past runs."""

    def __init__(self, past: Iterable[PastRun] = ()) -> None:
        self._paces: dict[Size, deque[float]] = {}
        self._medians: dict[Size, float] = {}
        for run in past:
            self.learn(run)

    def learn(self, run: PastRun) -> None:
        """Add a run."""
        size = _size(run.kind, run.model, run.work)
        self._paces.setdefault(size, deque(maxlen=KEPT)).append(run.seconds / max(run.work, 1e-9))
        self._medians.pop(size, None)

    def seconds(self, request: Request) -> float | None:
        """Return the estimated seconds for a request, or None if its model never ran here."""
        pace = _pace(self.medians(), size_of(request))
        return None if pace is None else pace * request.work

    def medians(self) -> dict[Size, float]:
        """Return the current paces."""
        for size in self._paces.keys() - self._medians.keys():
            self._medians[size] = _median(self._paces[size])
        return dict(self._medians)


def size_of(request: Request) -> Size:
    """Return the model and size of a request."""
    return _size(request.kind, request.model, request.work)


def total(paces: Paces, requests: Iterable[Request]) -> tuple[float, int]:
    """Return the estimated seconds of all requests, and the number of requests without estimate."""
    work: dict[Size, tuple[int, float]] = {}
    for request in requests:
        size = size_of(request)
        count, sum_ = work.get(size, (0, 0.0))
        work[size] = count + 1, sum_ + request.work
    return total_of(paces, work)


def total_of(paces: Paces, work: Mapping[Size, tuple[int, float]]) -> tuple[float, int]:
    """Return the same for counted requests: size → (number, their work)."""
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
    """Return the pace at a size, or at the nearest known size of the model."""
    found = paces.get(size)
    if found is None:
        others = [other for other in paces if other[:2] == size[:2]]
        found = paces[min(others, key=lambda other: abs(other[2] - size[2]))] if others else None
    return found


def _median(values: Iterable[float]) -> float:
    import statistics  # imports decimal and fractions, which no start needs

    return statistics.median(values)
