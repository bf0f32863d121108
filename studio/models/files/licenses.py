"""Reads a model's license from the front matter of its README or the header of its weights."""

from __future__ import annotations

import re
from pathlib import Path

from studio.core.file_names import printable
from studio.core.regular_file import HeaderError, opened
from studio.models.files.weights_header import Metadata

MAX_README_BYTES = 64 * 2**10
"""The front matter is at the beginning; the rest is not read."""
MAX_NAME = 60
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^(license_name|license)[ \t]*:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_ITEM = re.compile(r"^license[ \t]*:[ \t]*\n[ \t]*-[ \t]*(\S[^\n]*?)[ \t]*$", re.MULTILINE)
_SPELT = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "openrail": "OpenRAIL",
    "openrail++": "OpenRAIL++",
    "creativeml-openrail-m": "CreativeML OpenRAIL-M",
    "bsd-3-clause": "BSD-3-Clause",
    "cc0-1.0": "CC0-1.0",
}
_NONE = {"", "unknown", "none", "null", "[]", "other"}


def of_folder(folder: Path) -> str:
    """Return the license in a folder's README; empty if it names none."""
    try:
        with opened(folder / "README.md") as (file, _size):
            text = file.read(MAX_README_BYTES).decode(errors="replace")
    except (OSError, HeaderError):
        return ""
    front = _FRONT.match(text.replace("\r\n", "\n"))
    if front is None:
        return ""
    named = dict(reversed(_LINE.findall(front[1])))
    item = _ITEM.search(front[1])
    return (
        _spelt(named.get("license_name", ""))
        or _spelt(named.get("license", ""))
        or _spelt(item[1] if item else "")
    )


def of_header(metadata: Metadata) -> str:
    """Return the license in the header of a weights file; empty if it names none."""
    names = (
        metadata.get(key)
        for key in ("general.license.name", "general.license", "modelspec.license", "license")
    )
    return next((name for one in names if isinstance(one, str) and (name := _spelt(one))), "")


def _spelt(text: str) -> str:
    name = printable(text.strip().strip("\"'").strip())[:MAX_NAME].strip()
    return "" if name.lower() in _NONE else _SPELT.get(name.lower(), name)
