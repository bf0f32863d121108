"""Seeds and repeats of a batch's rows. Seeds are drawn and shown before anything runs."""

from __future__ import annotations

from typing import Literal

from studio.core.errors import StudioError
from studio.core.requests import MAX_SEED
from studio.core.requests.base import draw_seed
from studio.core.translation import mark, tr

Policy = Literal["random", "fixed", "step"]
POLICIES: dict[str, str] = {
    "random": mark("a seed for each row"),
    "fixed": mark("one seed for all rows"),
    "step": mark("one more from row to row"),
}
MAX_REPEATS = 1_000


def check(policy: str, repeat: int, first: int | None = None) -> None:
    """Raise StudioError for an invalid policy, number of repeats, or first seed."""
    if policy not in POLICIES:
        raise StudioError(
            tr("{name} is not a seed policy.", name=repr(policy[:40])),
            cause="invalid",
            cure=tr("Use one of: {names}.", names=", ".join(POLICIES)),
        )
    if not 1 <= repeat <= MAX_REPEATS:
        raise StudioError(
            tr("{repeats} repeats are not possible.", repeats=repeat),
            cause="invalid",
            cure=tr("Choose a number from 1 to {maximum}.", maximum=MAX_REPEATS),
        )
    if first is not None and not 0 <= first <= MAX_SEED:
        raise StudioError(
            tr("The first seed cannot be {seed}.", seed=first),
            cause="invalid",
            cure=tr("Choose a number from 0 to {maximum}.", maximum=MAX_SEED),
        )


class Seeds:
    """Assigns the seeds of one file's runs, in order."""

    def __init__(self, policy: str, first: int | None = None) -> None:
        self._policy = policy
        self._run = 0
        self.first = draw_seed() if first is None else first
        """The start value of "fixed" and "step"."""

    def draw(self) -> int:
        """Return the seed of the next run without one of its own."""
        self._run += 1
        if self._policy == "random":
            return draw_seed()
        return (self.first + (self._run - 1 if self._policy == "step" else 0)) % (MAX_SEED + 1)

    def own(self, seed: int, number: int) -> int:
        """Return the seed of repeat `number`, counted from 0, for a row that names a seed."""
        self._run += 1
        return seed if self._policy == "fixed" else (seed + number) % (MAX_SEED + 1)
