"""Export all settings of the catalog to a JSON file, and import them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from studio import __version__
from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.regular_file import IrregularFileError, read_regular
from studio.core.settings import Settings
from studio.core.settings_catalog.catalog import BY_KEY, SETTINGS
from studio.core.settings_catalog.values import checked_value, value_change
from studio.core.translation import tr

MAX_BYTES = 1 << 20


class SettingsFile(msgspec.Struct, kw_only=True):
    """The content of a file of exported settings."""

    studio: str
    """The version that wrote it."""
    settings: dict[str, Any]


class ImportedSettings(msgspec.Struct, kw_only=True):
    """What an imported file would change."""

    change: dict[str, Any]
    """For `settings_store.update`."""
    values: dict[str, Any]
    """Key → new value, only where it differs."""
    refused: dict[str, str]
    """Key → why its value is not used."""


def export_settings(settings: Settings) -> bytes:
    """Return all settings of the catalog as a JSON file."""
    values = {setting.key: getattr(settings, setting.key) for setting in SETTINGS}
    content = SettingsFile(studio=__version__, settings=values)
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def read_settings_file(path: Path, settings: Settings) -> ImportedSettings:
    """Return what a file of exported settings would change. Raises StudioError and OSError."""
    try:
        return import_settings(read_regular(path, MAX_BYTES), settings)
    except IrregularFileError:
        raise _no_settings() from None


def import_settings(content: bytes, settings: Settings) -> ImportedSettings:
    """Return what exported settings would change. Raises StudioError."""
    try:
        file = msgspec.json.decode(content, type=SettingsFile)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise _no_settings() from None
    imported = ImportedSettings(change={}, values={}, refused={})
    for key, value in file.settings.items():
        _import_value(imported, key, value, settings)
    return imported


def _import_value(imported: ImportedSettings, key: str, value: Any, settings: Settings) -> None:
    setting = BY_KEY.get(key)
    if setting is None:
        imported.refused[printable(key[:80])] = tr("This version of Studio has no such setting.")
        return
    try:
        value = checked_value(setting, value)
    except StudioError as error:
        imported.refused[key] = error.message
        return
    if value != getattr(settings, key):
        imported.values[key] = value
        imported.change |= value_change(setting, value, settings)


def _no_settings() -> StudioError:
    return StudioError(
        tr("This is not a file of exported settings."),
        cause="invalid",
        cure=tr("Choose a file that was written with Export… or `studio settings export`."),
    )
