"""Drafts: the values of the window's forms, in a file that only the window with the lock writes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from studio.core.files import write_whole
from studio.core.paths import DataFolder
from studio.core.settings_store import (
    DamagedFileError,
    drop_former_fields,
    former_drafts,
    read_object,
    set_aside,
)

Drafts = dict[str, Any]
"""Kind → the values of its form. Names of other versions stay."""


def load_drafts(data: DataFolder) -> Drafts:
    """Read the drafts, or those that an earlier version stored in the settings.

    Rename a damaged file and return no drafts.
    """
    try:
        drafts = read_object(data.drafts)
    except DamagedFileError:
        with contextlib.suppress(OSError):
            set_aside(data.drafts)
        return {}
    except OSError:
        return {}
    former = None if drafts or data.drafts.exists() else former_drafts(data)
    return former if isinstance(former, dict) else drafts


def save_drafts(data: DataFolder, drafts: Mapping[str, Any]) -> None:
    """Write the drafts, readable by this user only. Raises OSError."""
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        content = msgspec.json.encode(drafts)
    except UnicodeEncodeError:  # half of a surrogate pair, from another program's clipboard
        content = msgspec.json.encode(_replaced(drafts))
    write_whole(data.drafts, msgspec.json.format(content, indent=1), replace=True, mode=0o600)


def move_former_drafts(data: DataFolder) -> None:
    """Move the drafts that an earlier version stored in the settings to their own file.

    The file is written first: after a kill in between, the next start removes the settings' copy.
    Raises OSError.
    """
    former = former_drafts(data)
    if isinstance(former, dict) and not data.drafts.exists():
        save_drafts(data, former)
    drop_former_fields(data)


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {_replaced(key): _replaced(entry) for key, entry in value.items()}
    return [_replaced(entry) for entry in value] if isinstance(value, (list, tuple)) else value
