"""The description of a setting for the user, and how the window shows it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from studio.core.settings import Settings

Editor = Literal["switch", "choice", "number", "text", "folder", "gpu", "audio device", "shortcuts"]
"""How the window shows a setting."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One field of `Settings`, described for the user with texts to show with `tr_marked`."""

    key: str
    """Name of the field."""
    title: str
    description: str
    editor: Editor
    group: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """Value and title of each choice."""
    unit: str = ""
    lowest: str = ""
    """Shown for the lowest number, if it has a meaning of its own."""
    placeholder: str = ""
    """Shown in an empty text field: what then applies."""
    at_restart: bool = False
    """True if a change applies when Studio is started again."""

    @property
    def type(self) -> Any:
        """The field's type, with its limits."""
        return _FIELDS[self.key].type

    @property
    def default(self) -> Any:
        """The value of a new installation."""
        return getattr(_DEFAULTS, self.key)

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest number."""
        (meta,) = self.type.__metadata__
        return meta.ge, meta.le

    @property
    def is_whole(self) -> bool:
        """True for a number without decimals."""
        return self.type.__origin__ is int


_FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}
_DEFAULTS = Settings()


def setting(
    key: str,
    title: str,
    description: str,
    *,
    editor: Editor | None = None,
    choices: Mapping[str, str] = MappingProxyType({}),
    unit: str = "",
    lowest: str = "",
    placeholder: str = "",
    at_restart: bool = False,
) -> Setting:
    """Describe a setting. Without `editor`, the field's type decides; `choices`: value → title."""
    return Setting(
        key=key,
        title=title,
        description=description,
        editor=editor or ("choice" if choices else _editor_for(getattr(_DEFAULTS, key))),
        choices=tuple(choices.items()),
        unit=unit,
        lowest=lowest,
        placeholder=placeholder,
        at_restart=at_restart,
    )


def _editor_for(default: object) -> Editor:
    if isinstance(default, bool):
        return "switch"
    if isinstance(default, int | float):
        return "number"
    return "shortcuts" if isinstance(default, dict) else "text"


def in_group(group: str, *settings: Setting) -> tuple[Setting, ...]:
    """Return settings of a group."""
    return tuple(msgspec.structs.replace(one, group=group) for one in settings)
