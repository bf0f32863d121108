"""The token of the user's account on a hub, stored in the desktop's keyring and nowhere else.

It is never written to settings, logs, arguments or a process's environment. A mirror never receives
the token of another hub.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from studio.core.errors import StudioError
from studio.core.settings_catalog.endpoint import ENDPOINT
from studio.core.translation import tr
from studio.models.hub.repository import ENDPOINT_VARIABLE, Hub

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
        return str(_call(backend.get_password, SERVICE, hub.endpoint) or "")
    except _KeyringError:
        return ""


def store_token(hub: Hub, token: str) -> None:
    """Store a token for a hub; an empty one deletes the stored one. Raises StudioError."""
    token = token.strip()
    if token and (
        not token.isascii() or any(letter.isspace() or not letter.isprintable() for letter in token)
    ):
        raise StudioError(
            tr("This is not a token."),
            cause="invalid",
            cure=tr("Copy it from the hub's site; it begins with hf_."),
        )
    if token and not hub.is_encrypted:
        raise StudioError(
            tr(
                "{endpoint} is not encrypted, so others could read a token sent to it.",
                endpoint=hub.endpoint,
            ),
            cause="invalid",
            cure=tr("Use its https address."),
        )
    backend = _backend()
    if backend is None:
        raise _no_keyring()
    try:
        if token:
            _call(backend.set_password, SERVICE, hub.endpoint, token)
        elif _call(backend.get_password, SERVICE, hub.endpoint):
            _call(backend.delete_password, SERVICE, hub.endpoint)
    except _KeyringError as error:
        raise StudioError(
            tr("The desktop's keyring cannot store the token ({reason}).", reason=error),
            cause="disk",
            cure=tr("Unlock the keyring, and try again."),
        ) from error


def _backend() -> Any:
    try:
        return _call(_secure_backend)
    except _KeyringError:
        return None


def _secure_backend() -> Any:
    import keyring

    backend = keyring.get_keyring()
    return backend if float(backend.priority) >= _SECURE_PRIORITY else None


def _call(function: Callable[..., Any], *arguments: str) -> Any:
    """Call a function of the keyring. Raises _KeyringError, and nothing else.

    A missing library, a locked keyring, a desktop that is gone: each backend has its own errors.
    """
    try:
        return function(*arguments)
    # boundary to the backends
    except Exception as error:
        raise _KeyringError(type(error).__name__) from error


class _KeyringError(Exception):
    """The keyring cannot be used; the message is the type of the backend's error."""


def _no_keyring() -> StudioError:
    return StudioError(
        tr("This desktop has no keyring, so the token cannot be stored."),
        cause="disk",
        cure=tr(
            "Start Studio with {variable} set, or install a keyring (GNOME Keyring, KWallet).",
            variable=VARIABLE,
        ),
    )
