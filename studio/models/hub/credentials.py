"""The token of the user's account on a hub, stored in the desktop's keyring and nowhere else.

It is never written to settings, logs, arguments or a process's environment. A mirror never receives
the token of another hub.
"""

from __future__ import annotations

import os
from typing import Any

from studio.core.errors import StudioError
from studio.models.hub.repository import ENDPOINT, ENDPOINT_VARIABLE, Hub

SERVICE = "Studio: models"
VARIABLE = "HF_TOKEN"
_SECURE_PRIORITY = 1
"""Lowest priority of recommended keyrings; those that store secrets in plain text are below."""


def token_for(hub: Hub) -> str:
    """Return the token to send to a hub; empty without one, or if the connection is unencrypted.

    $HF_TOKEN belongs to the hub of $HF_ENDPOINT, and comes before the keyring.
    """
    if hub.token is not None:
        return hub.token
    if not hub.is_encrypted:
        return ""
    endpoint = os.environ.get(ENDPOINT_VARIABLE, ENDPOINT).rstrip("/")
    if hub.endpoint == endpoint and os.environ.get(VARIABLE):
        return os.environ[VARIABLE].strip()
    return stored_token(hub)


def stored_token(hub: Hub) -> str:
    """Return the token in the keyring; empty without a token or a keyring."""
    backend = _backend()
    if backend is None:
        return ""
    try:
        return str(backend.get_password(SERVICE, hub.endpoint) or "")
    # a keyring that is locked, or whose desktop is gone: each backend raises errors of its own
    except Exception:  # noqa: BLE001
        return ""


def store_token(hub: Hub, token: str) -> None:
    """Store a token for a hub; an empty one deletes the stored one. Raises StudioError."""
    token = token.strip()
    if token and (
        not token.isascii() or any(letter.isspace() or not letter.isprintable() for letter in token)
    ):
        raise StudioError(
            "This is not a token.",
            cause="invalid",
            cure="Copy it from the hub's site; it begins with hf_.",
        )
    if token and not hub.is_encrypted:
        raise StudioError(
            f"{hub.endpoint} is not encrypted, so others could read a token sent to it.",
            cause="invalid",
            cure="Use its https address.",
        )
    backend = _backend()
    if backend is None:
        raise _no_keyring()
    try:
        if token:
            backend.set_password(SERVICE, hub.endpoint, token)
        elif backend.get_password(SERVICE, hub.endpoint):
            backend.delete_password(SERVICE, hub.endpoint)
    except Exception as error:  # as above
        raise StudioError(
            f"The desktop's keyring cannot store the token ({type(error).__name__}).",
            cause="disk",
            cure="Unlock the keyring, and try again.",
        ) from error


def _backend() -> Any:
    try:
        import keyring

        backend = keyring.get_keyring()
        return backend if float(backend.priority) >= _SECURE_PRIORITY else None
    # no library, or a backend that fails while it looks for its desktop
    except Exception:  # noqa: BLE001
        return None


def _no_keyring() -> StudioError:
    return StudioError(
        "This desktop has no keyring, so the token cannot be stored.",
        cause="disk",
        cure=f"Start Studio with {VARIABLE} set, or install a keyring (GNOME Keyring, KWallet).",
    )
