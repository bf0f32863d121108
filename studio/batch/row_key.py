"""What a row is known by from one run of a file to the next."""

from __future__ import annotations

import hashlib

import msgspec

from studio.core.requests import Request


def key_of(request: Request) -> str:
    """Return a hash of everything in a request but its seed: 32 hex digits. A seed of the row's own
    is compared beside it.
    """
    values = msgspec.to_builtins(request)
    values.pop("seed", None)
    return hashlib.sha256(msgspec.json.encode(values, order="sorted")).hexdigest()[:32]
