"""Reads and changes `settings.json`, which the window and every command may write at the same time.

A change names fields. It is applied under a lock to what is on disk at that moment, so that no
program overwrites another one's fields. Unknown keys and values stay in the file; for unknown
values the defaults hold.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from studio.core.file_lock import hold
from studio.core.files import PART_SUFFIX, write_whole
from studio.core.paths import DataFolder
from studio.core.regular_file import IrregularFileError, read_regular
from studio.core.settings import Settings
from studio.core.translation import tr

Change = Mapping[str, Any]
"""Field → new value. For a field that is a dict: entries to set, or None to delete one (as RFC 7396
merges).
"""
LIMIT_BYTES = 32 << 20
"""Files of earlier versions contained up to 20 MB of prompts."""
ABANDONED_SECONDS = 3_600
_FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}
_TABLES = {
    name: field.type.__args__[1]
    for name, field in _FIELDS.items()
    if getattr(field.type, "__origin__", None) is dict
}
"""Fields that are dicts → the type of their values."""
_REMOVED = ("drafts", "recent_prompts")
"""Keys of earlier versions. Drafts have their own file now (`core/drafts.py`); the prompts were
never read.
"""
_RENAMED = {"play_while_made": "play_while_generating", "run_together": "batch_jobs"}
"""Key of an earlier version → field of today."""
_RENAMED_STRATEGIES = {"processor": "cpu"}
"""Value of `memory` and `model_memory` in an earlier version → value of today."""


class DamagedFileError(Exception):
    """The file is not a JSON object, or not a regular file."""


def load_settings(data: DataFolder) -> Settings:
    """Read the settings without changing the file; return defaults for what cannot be read."""
    try:
        return _settings(_migrated(read_object(data.settings)))
    except (DamagedFileError, OSError):
        return Settings()


def update(data: DataFolder, change: Change) -> Settings:
    """Change the named fields on disk and return all settings.

    Raises OSError if they cannot be written, and ValueError for an invalid change.
    """
    check_change(change)
    with _locked(data):
        try:
            document = read_object(data.settings)
        except DamagedFileError:
            set_aside(data.settings)
            document = {}
        before = msgspec.json.encode(document)
        document = _migrated(document)
        _merge(document, change)
        if msgspec.json.encode(document) != before:
            _write(data, document)
    return _settings(document)


def apply_change(settings: Settings, change: Change) -> None:
    """Apply the change to settings in memory."""
    for name, value in change.items():
        setattr(
            settings, name, _merged(getattr(settings, name), value) if name in _TABLES else value
        )


def merge_changes(first: Change, second: Change) -> dict[str, Any]:
    """Return one change with the effect of both, in order."""
    both = dict(first)
    for name, value in second.items():
        both[name] = {**both.get(name, {}), **value} if name in _TABLES else value
    return both


def check_change(change: Change) -> None:
    """Raise ValueError for an unknown field, or a value that is invalid or cannot be encoded."""
    for name, value in change.items():
        if name not in _FIELDS:
            raise ValueError(f"There is no setting {name!r}.")
        entries = (
            {key: entry for key, entry in value.items() if entry is not None}
            if name in _TABLES
            else value
        )
        msgspec.convert(entries, _FIELDS[name].type)  # ValidationError is a ValueError
        msgspec.json.encode(value)  # UnicodeEncodeError is one, too


def set_aside_damaged(data: DataFolder) -> str:
    """Rename a damaged file; return a message for the user, or an empty string."""
    if not _is_damaged(data.settings):
        return ""
    try:
        with _locked(data):
            if not _is_damaged(data.settings):  # another program renamed it in between
                return ""
            aside = set_aside(data.settings)
    except OSError:
        return tr("{path} cannot be read; the default settings are used.", path=data.settings)
    return tr(
        "The settings could not be read. They are kept as {name}, and the default "
        "settings are used.",
        name=aside.name,
    )


def former_drafts(data: DataFolder) -> Any:
    """Return the drafts that an earlier version stored in the settings, or None."""
    try:
        return read_object(data.settings).get("drafts")
    except (DamagedFileError, OSError):
        return None


def drop_former_fields(data: DataFolder) -> None:
    """Remove keys of earlier versions from the file. Raises OSError."""
    try:
        if not any(name in read_object(data.settings) for name in _REMOVED):
            return
        with _locked(data):
            document = read_object(data.settings)
            for name in _REMOVED:
                document.pop(name, None)
            _write(data, document)
    except DamagedFileError:
        return


def remove_abandoned_parts(data: DataFolder) -> None:
    """Delete temporary files in the data folder that a killed program left behind."""
    for part in data.root.glob(f".*{PART_SUFFIX}"):
        with contextlib.suppress(OSError):
            if part.lstat().st_mtime < time.time() - ABANDONED_SECONDS:
                part.unlink()


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; `{}` if the file is missing.

    Raises DamagedFileError and OSError.
    """
    try:
        document = msgspec.json.decode(read_regular(path, LIMIT_BYTES))
    except FileNotFoundError:
        return {}
    except (IrregularFileError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedFileError(str(error)) from None
    if not isinstance(document, dict):
        raise DamagedFileError("not a JSON object")
    return document


def set_aside(path: Path) -> Path:
    """Rename a damaged file to `<stem>.damaged-<time>`; return the new path. Raises OSError."""
    stem = f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    aside = next(
        name
        for number in range(1, 1_000)
        if not os.path.lexists(
            name := path.with_name(f"{stem}{f'-{number}' if number > 1 else ''}{path.suffix}")
        )
    )
    path.rename(aside)
    return aside


def _locked(data: DataFolder) -> contextlib.AbstractContextManager[None]:
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return hold(data.settings_lock)


def _write(data: DataFolder, document: Mapping[str, Any]) -> None:
    content = msgspec.json.format(msgspec.json.encode(document), indent=1)
    target = Path(os.path.realpath(data.settings))  # a symlink stays a symlink
    write_whole(target, content, replace=True)


def _is_damaged(path: Path) -> bool:
    try:
        read_object(path)
    except DamagedFileError:
        return True
    except OSError:  # a missing permission, for example; the file may be intact
        return False
    return False


def _migrated(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with the keys and values of today's version."""
    migrated = {
        _RENAMED.get(name, name): value
        for name, value in document.items()
        if _RENAMED.get(name) not in document
    }
    if isinstance(strategy := migrated.get("memory"), str):
        migrated["memory"] = _RENAMED_STRATEGIES.get(strategy, strategy)
    if isinstance(strategies := migrated.get("model_memory"), dict):
        migrated["model_memory"] = {
            model: _RENAMED_STRATEGIES.get(strategy, strategy)
            if isinstance(strategy, str)
            else strategy
            for model, strategy in strategies.items()
        }
    return migrated


def _settings(document: Mapping[str, Any]) -> Settings:
    """Return the settings in the document, with the default for each invalid value."""
    valid: dict[str, Any] = {}
    for name, field in _FIELDS.items():
        if name not in document:
            continue
        value = document[name]
        if name in _TABLES and isinstance(value, dict):
            value = dict(_valid_entries(value.items(), _TABLES[name]))
        with contextlib.suppress(msgspec.ValidationError):
            valid[name] = msgspec.convert(value, field.type)
    return Settings(**valid)


def _valid_entries(entries: Iterable[tuple[str, Any]], kind: Any) -> Iterable[tuple[str, Any]]:
    for key, value in entries:
        with contextlib.suppress(msgspec.ValidationError):
            yield key, msgspec.convert(value, kind)


def _merge(document: dict[str, Any], change: Change) -> None:
    for name, value in change.items():
        if name in _TABLES:
            kept = document.get(name)
            document[name] = _merged(kept if isinstance(kept, dict) else {}, value)
        else:
            document[name] = value


def _merged(table: Mapping[str, Any], entries: Mapping[str, Any]) -> dict[str, Any]:
    both = {**table, **entries}
    return {key: value for key, value in both.items() if key not in entries or value is not None}
