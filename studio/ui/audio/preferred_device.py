"""The audio device that the user chose, for all outputs of the window. Imports nothing heavy."""

from __future__ import annotations

_names = [""]


def use_device(name: str) -> None:
    """Play on the device of this name from now on; empty for the system's default one."""
    _names[0] = name


def preferred_device() -> str:
    """Return the name of the chosen device; empty for the system's default one."""
    return _names[0]
