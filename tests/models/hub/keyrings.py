"""Keyrings as the library defines them: one that forgets at its end, one in a file for other
processes, one that is locked.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

FILE_VARIABLE = "STUDIO_TEST_KEYRING"


class MemoryKeyring(KeyringBackend):
    priority = 5

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


class FileKeyring(KeyringBackend):
    """Chosen by PYTHON_KEYRING_BACKEND."""

    priority = 5

    def _all(self):
        path = Path(os.environ[FILE_VARIABLE])
        return json.loads(path.read_text()) if path.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        Path(os.environ[FILE_VARIABLE]).write_text(
            json.dumps(self._all() | {f"{service} {username}": password})
        )

    def delete_password(self, service, username):
        Path(os.environ[FILE_VARIABLE]).write_text(json.dumps({}))


class LockedKeyring(MemoryKeyring):
    def get_password(self, service, username):
        raise KeyringLocked("the person pressed Cancel")

    def set_password(self, service, username, password):
        raise KeyringLocked("the person pressed Cancel")


class PlainKeyring(MemoryKeyring):
    """As those that keep secrets in plain text."""

    priority = 0.5


@contextlib.contextmanager
def in_use(backend):
    """This keyring is the desktop's."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield backend
    finally:
        keyring.set_keyring(before)
