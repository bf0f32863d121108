"""Seeds of a batch's rows, and rows that run several times; drawn before anything runs, and
shown.
"""

from __future__ import annotations

from typing import Literal

from studio.core.errors import StudioError
from studio.core.requests import MAX_SEED
from studio.core.requests.base import draw_seed

Policy = Literal["random", "fixed", "step"]
POLICIES: dict[str, str] = {
    "random": "each row a seed of its own",
    "fixed": "all rows the same seed",
    "step": "each row the seed after the one before",
}
MAX_REPEATS = 1_000


def check(policy: str, repeat: int, first: int | None = None) -> None:
    """Raise StudioError where policy, repeats or the first seed are not possible."""
    if policy not in POLICIES:
        raise StudioError(
            f"{policy[:40]!r} is no seed policy.",
            cause="invalid",
            cure=f"There are: {', '.join(POLICIES)}.",
        )
    if not 1 <= repeat <= MAX_REPEATS:
        raise StudioError(
            f"{repeat} repeats are not possible.",
            cause="invalid",
            cure=f"Between 1 and {MAX_REPEATS}.",
        )
    if first is not None and not 0 <= first <= MAX_SEED:
        raise StudioError(
            f"The first seed cannot be {first}.",
            cause="invalid",
            cure=f"Choose one from 0 to {MAX_SEED}.",
        )


class Seeds:
    """The seeds of one file's runs, in their order."""

    def __init__(self, policy: str, first: int | None = None) -> None:
        self._policy = policy
        self._run = 0
        self.first = draw_seed() if first is None else first
        """What "fixed" and "step" begin with."""

    def draw(self) -> int:
        """Return the seed of the next run that has none of its own."""
        self._run += 1
        if self._policy == "random":
            return draw_seed()
        return (self.first + (self._run - 1 if self._policy == "step" else 0)) % (MAX_SEED + 1)

    def own(self, seed: int, number: int) -> int:
        """Return the seed of repeat `number`, from 0, of a row that names one."""
        self._run += 1
        return seed if self._policy == "fixed" else (seed + number) % (MAX_SEED + 1)
