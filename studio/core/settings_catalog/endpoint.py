"""The address of the hub that models are downloaded from."""

from __future__ import annotations

from urllib.parse import urlsplit

from studio.core.errors import StudioError
from studio.core.translation import tr

ENDPOINT = "https://huggingface.co"
"""The default one."""


def checked_endpoint(text: str) -> str:
    """Return the normalized address of a hub. Raises StudioError if it is not an address."""
    try:
        parts = urlsplit(text.strip())
        is_address = (
            parts.scheme in ("http", "https")
            and parts.hostname
            and (parts.port is None or parts.port)
        )
    except ValueError:  # a port that is no number, brackets that do not close
        is_address = False
    if (
        not is_address
        or parts.username is not None
        or parts.query
        or parts.fragment
        or any(letter.isspace() for letter in text.strip())
    ):
        raise StudioError(
            tr("{address!r} is not the address of a hub.", address=text.strip()[:200]),
            cause="invalid",
            cure=tr(
                "Write it like {endpoint}, without a user name or password.", endpoint=ENDPOINT
            ),
        )
    return text.strip().rstrip("/")
