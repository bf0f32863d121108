"""Read, check and show values of the settings in the catalog."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.file_names import SINGLE_TOKENS, check_template
from studio.core.paths import check_output_folder, user_path
from studio.core.settings import Settings
from studio.core.settings_catalog.catalog import BY_KEY
from studio.core.settings_catalog.endpoint import checked_endpoint
from studio.core.settings_catalog.setting import Setting
from studio.core.translation import tr

MAX_SHORTCUTS = 500
MAX_SHORTCUT_CHARACTERS = 100
_SWITCH = {"on": True, "yes": True, "true": True, "1": True}
_SWITCH |= {"off": False, "no": False, "false": False, "0": False}


def find_setting(key: str) -> Setting:
    """Return the setting of this name, with dashes or underscores. Raises StudioError."""
    setting = BY_KEY.get(key.strip().replace("-", "_"))
    if setting is None:
        raise _invalid(
            tr("There is no setting {key!r}.", key=key[:40]), tr("See `studio settings list`.")
        )
    return setting


def read_value(setting: Setting, text: str) -> Any:
    """Return the value that a text stands for. Raises StudioError."""
    text = text.strip()
    if setting.editor == "switch":
        if text.lower() not in _SWITCH:
            raise _invalid(
                tr("{key} cannot be {text!r}.", key=setting.key, text=text[:40]),
                tr("Use on or off."),
            )
        return _SWITCH[text.lower()]
    if setting.editor in ("number", "gpu"):
        return checked_value(setting, _number(setting, text))
    if setting.editor == "shortcuts":
        try:
            return checked_value(setting, msgspec.json.decode(text.encode()))
        except (msgspec.DecodeError, UnicodeError):
            raise _invalid(
                tr("This is not a JSON object."), tr('Write it like \'{"generate": "Ctrl+G"}\'.')
            ) from None
    return checked_value(setting, text)


def checked_value(setting: Setting, value: Any) -> Any:
    """Return a valid value in its normal form. Raises StudioError with what is allowed."""
    try:
        value = msgspec.convert(value, setting.type)
        msgspec.json.encode(value)
    except (msgspec.ValidationError, UnicodeEncodeError, OverflowError):
        raise _invalid(
            tr("{key} cannot be {value!r}.", key=setting.key, value=str(value)[:40]),
            _allowed(setting),
        ) from None
    if setting.key == "output_folder" and value:
        return _folder(value)
    if setting.key == "endpoint" and value:
        return checked_endpoint(value)
    if setting.key == "file_name" and (problem := _template_problem(value)):
        raise _invalid(
            tr("The file name {problem}.", problem=problem), tr("Write it like {date}-{prompt:30}.")
        )
    if setting.editor == "shortcuts":
        _check_shortcuts(value)
    return value


def value_text(setting: Setting, value: Any) -> str:
    """Return a value as `read_value` reads it."""
    if setting.editor == "switch":
        return "on" if value else "off"
    if setting.editor in ("number", "gpu"):
        return f"{value:g}"
    if setting.editor == "shortcuts":
        return msgspec.json.encode(value).decode()
    return str(value)


def reset_change(setting: Setting, settings: Settings) -> dict[str, Any]:
    """Return the change that gives a setting its default."""
    if setting.editor == "shortcuts":
        return {setting.key: dict.fromkeys(settings.shortcuts)}
    return {setting.key: setting.default}


def value_change(setting: Setting, value: Any, settings: Settings) -> dict[str, Any]:
    """Return the change that gives a setting a value, replacing a table as a whole."""
    if setting.editor == "shortcuts":
        return {setting.key: {**dict.fromkeys(settings.shortcuts), **value}}
    return {setting.key: value}


def is_changed(setting: Setting, settings: Settings) -> bool:
    """True if a setting differs from its default."""
    return bool(getattr(settings, setting.key) != setting.default)


def _number(setting: Setting, text: str) -> float:
    try:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError
        return int(text) if setting.is_whole else number
    except (ValueError, OverflowError):
        raise _invalid(
            tr("{key} cannot be {text!r}.", key=setting.key, text=text[:40]), _allowed(setting)
        ) from None


def _allowed(setting: Setting) -> str:
    if setting.choices:
        return tr(
            "Use one of: {choices}.",
            choices=", ".join(value for value, _title in setting.choices),
        )
    if setting.editor in ("number", "gpu"):
        low, high = setting.limits
        if setting.is_whole:
            return tr("Use a whole number from {low:g} to {high:g}.", low=low, high=high)
        return tr("Use a number from {low:g} to {high:g}.", low=low, high=high)
    return {
        "switch": tr("Use on or off."),
        "shortcuts": tr("Use an object of action and shortcut."),
    }.get(setting.editor, tr("Use a text without control characters."))


def _folder(text: str) -> str:
    folder = user_path(text).absolute()
    check_output_folder(folder)
    return str(folder)


def _template_problem(template: str) -> str:
    problem = check_template(template, tokens=SINGLE_TOKENS) if template else None
    return problem.message if problem else ""


def _check_shortcuts(shortcuts: Mapping[str, str]) -> None:
    """Check sizes, and that no two actions have the same keys."""
    texts = [*shortcuts.keys(), *shortcuts.values()]
    if len(texts) > 2 * MAX_SHORTCUTS or max(map(len, texts), default=0) > MAX_SHORTCUT_CHARACTERS:
        raise _invalid(
            tr("These are too many or too long shortcuts."), tr("Use those of the window.")
        )
    owners: dict[str, str] = {}
    for action, keys in shortcuts.items():
        folded = keys.replace(" ", "").casefold()
        if folded and owners.setdefault(folded, action) != action:
            raise _invalid(
                tr(
                    "{keys} is the shortcut of both {first} and {second}.",
                    keys=repr(keys),
                    first=repr(owners[folded]),
                    second=repr(action),
                ),
                tr("Give each action keys of its own."),
            )


def _invalid(message: str, cure: str) -> StudioError:
    return StudioError(message, cause="invalid", cure=cure)
