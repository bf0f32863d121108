"""Details for a problem report: versions, platform, hardware. No prompts, no names, no paths."""

from __future__ import annotations

import contextlib
import getpass
import locale
import os
import platform
import re
import socket
from collections.abc import Iterable
from pathlib import Path

from studio import __version__
from studio.core.kinds import KINDS
from studio.core.paths import DataFolder
from studio.core.settings import Settings
from studio.core.settings_catalog.catalog import SETTINGS
from studio.core.settings_catalog.values import is_changed, value_text
from studio.doctor import Check, examine

MARKS = {"ok": "ok", "warn": "note", "bad": "PROBLEM"}
_NAMED = ("output_folder", "file_name", "endpoint", "audio_device")
"""Settings whose value may identify the user: only that they were changed is reported."""
# not translated: names of checks
_LOCAL = {"Data folder", *(f"Models for {kind}" for kind in KINDS)}
"""Checks that name folders or the user's models."""
_PATHS = re.compile(r"(?:[A-Za-z]:)?[\\/](?:[^\s,;:)]| (?=(?:[^\s,;:)]* ){0,3}[^\s,;:)]*[\\/]))+")
"""A space belongs to a path if a separator follows within 4 words: `C:\\Users\\Ann Lee\\data`."""


def collect_report(data: DataFolder, settings: Settings, screens: str) -> str:
    """Run the checks and return the report; takes some seconds, for another thread."""
    return report_text(examine(data), settings, screens)


def report_text(checks: Iterable[Check], settings: Settings, screens: str) -> str:
    """Return the report as plain text. `screens`: sizes and scale of the screens."""
    desktop = os.environ.get("XDG_CURRENT_DESKTOP", "") or os.environ.get("DESKTOP_SESSION", "")
    session = os.environ.get("XDG_SESSION_TYPE", "")
    lines = [
        f"Studio {__version__}",
        f"System: {platform.platform()}",
        f"Desktop: {desktop or 'unknown'} {session}".rstrip(),
        f"Screens: {screens}",
        f"Language: {locale.getlocale()[0] or 'unknown'}",
        "",
    ]
    known = {check.name: check for check in checks}
    for name, check in known.items():
        if name in _LOCAL:
            found = "problem" if check.state == "bad" else check.state
            lines.append(f"{name}: {found}")
        elif name.split(":")[0] in _GENERAL:
            lines.append(f"{name}: {redact(check.found)} ({MARKS[check.state]})")
    lines.append("")
    changed = [setting for setting in SETTINGS if is_changed(setting, settings)]
    for setting in changed:
        value = (
            "changed"
            if setting.key in _NAMED
            else redact(value_text(setting, getattr(settings, setting.key)))
        )
        lines.append(f"{setting.key} = {value}")
    return "\n".join(lines).strip() + "\n"


_GENERAL = {  # not translated: names of checks
    "Python",
    "Qt",
    "Window libraries",
    "torch",
    "GPU",
    "transformers",
    "diffusers",
    "accelerate",
    "onnxruntime",
    "soundfile",
    "Pillow",
    "Jinja2",
    "torchvision",
    "torchaudio",
    "torchcodec",
    "Memory",
    "Disk",
    "Video files",
}
"""Checks whose text can contain no name that the user chose."""


def redact(text: str) -> str:
    """Return the text without paths, and without the names of user, home folder and computer."""
    home = str(Path.home())
    text = _PATHS.sub("(path)", text.replace(home, "/home") if len(home) > 1 else text)
    for name in _own_names():
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "(name)", text, flags=re.IGNORECASE)
    return text


def _own_names() -> set[str]:
    names = {Path.home().name, *Path.home().name.split(), socket.gethostname()}
    with contextlib.suppress(OSError, KeyError):  # a user without an entry
        names.add(getpass.getuser())
    return {name for name in names if len(name) > 2}
