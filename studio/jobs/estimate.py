"""How long jobs will take, from how long the same model took on this machine before."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable, Mapping

import msgspec

from studio.core.requests import Request

KEPT = 20
"""Runs of a model that count; older ones were on another driver, another load, another version."""


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
        self._paces: dict[tuple[str, str], deque[float]] = {}
        for run in past:
            self.learn(run)

    def learn(self, run: PastRun) -> None:
        """Count one more run."""
        self._paces.setdefault((run.kind, run.model), deque(maxlen=KEPT)).append(run.seconds / max(run.work, 1e-9))

    def seconds(self, request: Request) -> float | None:
        """Return the likely seconds for a request; None where its model never ran here."""
        paces = self._paces.get((request.kind, request.model))
        return statistics.median(paces) * request.work if paces else None

    def medians(self) -> dict[tuple[str, str], float]:
        """Return seconds per unit of work by kind and model, as they are now."""
        return {key: statistics.median(paces) for key, paces in self._paces.items()}


def total(medians: Mapping[tuple[str, str], float], requests: Iterable[Request]) -> tuple[float, int]:
    """Return the likely seconds of all requests whose model ran before, and how many of them are unknown."""
    known, unknown = 0.0, 0
    for request in requests:
        pace = medians.get((request.kind, request.model))
        if pace is None:
            unknown += 1
        else:
            known += pace * request.work
    return known, unknown
