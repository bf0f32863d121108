"""Seeds of a batch's rows, and rows that run several times; drawn before anything runs, and shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from studio.core.errors import StudioError
from studio.core.requests import MAX_SEED, Request
from studio.core.requests.base import draw_seed

Policy = Literal["random", "fixed", "step"]
POLICIES: dict[str, str] = {
    "random": "each row a seed of its own",
    "fixed": "all rows the same seed",
    "step": "each row the seed after the one before",
}
MAX_REPEATS = 1_000


def check(policy: str, repeat: int) -> None:
    """Raise StudioError where policy or repeats are none."""
    if policy not in POLICIES:
        raise StudioError(f"{policy[:40]!r} is no seed policy.", cause="invalid", cure=f"There are: {', '.join(POLICIES)}.")
    if not 1 <= repeat <= MAX_REPEATS:
        raise StudioError(f"{repeat} repeats are not possible.", cause="invalid", cure=f"Between 1 and {MAX_REPEATS}.")


def spread(requests: Sequence[Request | None], policy: str, repeat: int) -> Iterator[tuple[int, Request | None]]:
    """Yield (index, request) for every run, repeats one after the other.

    A seed that a row gives itself holds; its repeats count on from it. None stands for a row that cannot run.
    """
    check(policy, repeat)
    first, run = draw_seed(), 0
    for index, request in enumerate(requests):
        if request is None:
            yield index, None
            continue
        for number in range(repeat):
            if request.seed is not None:
                seed = request.seed if policy == "fixed" else request.seed + number
            else:
                seed = {"random": draw_seed(), "fixed": first, "step": first + run}[policy]
            run += 1
            yield index, msgspec.structs.replace(request, seed=seed % (MAX_SEED + 1))
