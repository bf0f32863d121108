"""Random numbers of the operating system.

The module `secrets` does the same, but its import loads OpenSSL: 3.5 MB at every start.
"""

from __future__ import annotations

import random

_SYSTEM = random.SystemRandom()


def draw_number(limit: int) -> int:
    """Return a random number in 0..limit − 1."""
    return _SYSTEM.randrange(limit)
