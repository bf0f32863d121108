"""A model's JSON configuration, read with limits and typed access to its values."""

from __future__ import annotations

from collections.abc import ItemsView
from pathlib import Path
from typing import Any

import msgspec

from studio.core.regular_file import HeaderError, opened
from studio.core.translation import tr
from studio.models.files.weights_header import parse_json

MAX_CONFIG_BYTES = 20 * 2**20
LARGEST_INTEGER = 2**31 - 1


class Config(msgspec.Struct, frozen=True):
    """The object in a configuration file. Keys of the wrong type count as missing."""

    values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        """Return a value of any type, or None."""
        return self.values.get(key)

    def items(self) -> ItemsView[str, Any]:
        """Return all keys and values."""
        return self.values.items()

    def text(self, key: str) -> str:
        """Return a string, or ""."""
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    def positive(self, key: str) -> int:
        """Return a positive 31-bit integer, or 0."""
        value = self.values.get(key)
        return value if type(value) is int and 0 < value <= LARGEST_INTEGER else 0

    def is_true(self, key: str) -> bool:
        """Return whether the value is the JSON literal true."""
        return self.values.get(key) is True

    def section(self, key: str) -> Config:
        """Return a nested object; an empty one if it is missing."""
        value = self.values.get(key)
        return Config(value if isinstance(value, dict) else {})


def read_config(path: Path) -> Config:
    """Return a configuration. Raises HeaderError if it is damaged or too large, and OSError."""
    return Config(read_json(path))


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a configuration. Raises HeaderError and OSError as `read_config`."""
    try:
        value = read_value(path)
    except HeaderError:
        raise
    except (ValueError, RecursionError) as error:
        raise HeaderError(tr("{name} is damaged", name=path.name)) from error
    if not isinstance(value, dict):
        raise HeaderError(tr("{name} is damaged", name=path.name))
    return value


def read_value(path: Path) -> Any:
    """Return any JSON value. Raises ValueError, RecursionError, HeaderError and OSError."""
    with opened(path) as (file, _size):
        data = file.read(MAX_CONFIG_BYTES + 1)
    if len(data) > MAX_CONFIG_BYTES:
        raise HeaderError(tr("{name} is larger than any configuration", name=path.name))
    return parse_json(data)


def read_config_if_present(path: Path) -> Config:
    """Return a configuration; an empty one if the file is missing. Raises HeaderError, OSError."""
    return read_config(path) if path.is_file() else Config()
