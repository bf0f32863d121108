"""What stands in the forms and was not sent yet, in a file of its own. Only the window that holds
the data folder writes it.
"""

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
"""Kind → the values of its form. What another version wrote under other names stays."""


def load_drafts(data: DataFolder) -> Drafts:
    """Read the drafts; those that an earlier version kept in the settings, where there is no file
    of them yet.

    A damaged file is renamed, and there are no drafts then.
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
    """Write the drafts whole, readable by this person only. Raises OSError."""
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        content = msgspec.json.encode(drafts)
    except UnicodeEncodeError:  # half of a surrogate pair, from another program's clipboard
        content = msgspec.json.encode(_replaced(drafts))
    write_whole(data.drafts, msgspec.json.format(content, indent=1), replace=True, mode=0o600)


def move_former_drafts(data: DataFolder) -> None:
    """Move the drafts that an earlier version kept in the settings to their own file. Raises
    OSError.

    The file comes first: a kill in between leaves both, and the next start removes the fields from
    the settings.
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
